//! The loans, tested with `diesel_session::testing`: the suite runs on each engine, in a module that is named after it.

#[cfg(feature = "mysql")]
#[path = "suite.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "suite.rs"]
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "suite.rs"]
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "suite.rs"]
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
mod sqlite;
