//! Importing, on every engine compiled in.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[cfg(feature = "mysql")]
#[path = "import/suite.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "import/suite.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "import/suite.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "import/suite.rs"]
mod sqlite;
mod support;
