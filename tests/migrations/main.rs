//! The migration runner, on every engine compiled in.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[cfg(feature = "mysql")]
#[path = "runner.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "runner.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "runner.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "runner.rs"]
mod sqlite;
#[path = "../support/mod.rs"]
mod support;
