//! The services on every engine compiled in.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "mysql")]
#[path = "rules.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "rules.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "rules.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "rules.rs"]
mod sqlite;
