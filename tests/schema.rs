//! The tables that the migrations make, on every engine compiled in.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[cfg(feature = "mysql")]
#[path = "schema/tables.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "schema/tables.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "schema/tables.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "schema/tables.rs"]
mod sqlite;
mod support;
