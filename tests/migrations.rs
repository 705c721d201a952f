//! The migration runner, on every engine compiled in.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[cfg(feature = "mysql")]
#[path = "migrations/runner.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "migrations/runner.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "migrations/runner.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "migrations/runner.rs"]
mod sqlite;
mod support;
