//! Importing, on every engine compiled in.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[cfg(feature = "mysql")]
#[path = "import/applying.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "import/applying.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "import/applying.rs"]
mod sqlite;
mod support;
