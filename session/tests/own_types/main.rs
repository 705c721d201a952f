//! Column types of the program's own in text columns, on every engine: an enum, JSON, a type with `Display` and `FromStr`,
//! a text with a limit of its own.

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
