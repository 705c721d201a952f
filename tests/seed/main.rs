//! The ideas that Folio grew from, on every engine compiled in.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[cfg(feature = "mysql")]
#[path = "ideas.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "ideas.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "ideas.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "ideas.rs"]
mod sqlite;
#[path = "../support/mod.rs"]
mod support;
