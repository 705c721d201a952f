//! The ideas that Folio grew from, on every engine compiled in.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[cfg(feature = "mysql")]
#[path = "seed/ideas.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "seed/ideas.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "seed/ideas.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "seed/ideas.rs"]
mod sqlite;
mod support;
