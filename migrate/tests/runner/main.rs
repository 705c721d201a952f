//! The migration runner on an application's own tables, on every engine compiled in.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

mod everything;
#[cfg(feature = "mysql")]
#[path = "suite.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "suite.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "suite.rs"]
mod postgres;
mod source;
mod spoils;
#[cfg(feature = "sqlite")]
#[path = "suite.rs"]
mod sqlite;
mod support;
