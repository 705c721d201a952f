//! The services on every engine compiled in.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

mod support;

#[cfg(feature = "mysql")]
#[path = "services/rules.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "services/rules.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "services/rules.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "services/rules.rs"]
mod sqlite;
