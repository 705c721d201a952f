//! What a server adds to the story: opening it, making its database, lines that break, and conflicts.

#![cfg(any(feature = "postgres", feature = "mysql"))]
#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[cfg(feature = "mysql")]
#[path = "engines/server.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "engines/server.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "engines/server.rs"]
mod postgres;
mod support;
#[cfg(feature = "mysql")]
#[path = "engines/tls.rs"]
mod tls;
