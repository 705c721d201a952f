//! The tables that the migrations make, on every engine compiled in.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[cfg(feature = "mysql")]
#[path = "tables.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "tables.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "tables.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "tables.rs"]
mod sqlite;
#[path = "../support/mod.rs"]
mod support;
