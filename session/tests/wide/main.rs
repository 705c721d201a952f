//! A table of 60 columns, on every engine: many rows under the engine's limit of binds, and UPDATEs that stay narrow.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[path = "../support/fixture.rs"]
mod fixture;
#[cfg(feature = "mysql")]
#[path = "rows.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "rows.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "rows.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "rows.rs"]
mod sqlite;
