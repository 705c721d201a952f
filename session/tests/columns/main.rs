//! Columns that the program does not simply set, on every engine: those that the database computes or fills, versions, and
//! keys of several columns or of bytes.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[path = "../support/fixture.rs"]
mod fixture;
mod guarded;
#[cfg(feature = "mysql")]
#[path = "suite.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "suite.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "suite.rs"]
mod postgres;
mod rows;
#[cfg(feature = "sqlite")]
#[path = "suite.rs"]
mod sqlite;
