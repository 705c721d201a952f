//! What `diesel_session::testing` promises to the tests of programs, on every engine compiled in.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

mod clock;
#[cfg(feature = "mysql")]
#[path = "suite.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "suite.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "suite.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "suite.rs"]
mod sqlite;
mod tags;
