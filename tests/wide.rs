//! A table of 60 columns, on every engine: many rows under the engine's limit of binds, and UPDATEs that stay narrow.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[cfg(feature = "mysql")]
#[path = "wide/rows.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "wide/rows.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "wide/rows.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "wide/rows.rs"]
mod sqlite;
mod support;
