//! What a server adds to the story: opening it, making its database, lines that break, and conflicts.

#![cfg(any(feature = "postgres", feature = "mysql"))]
#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[cfg(feature = "mysql")]
#[path = "server.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "server.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "server.rs"]
mod postgres;
#[path = "../support/mod.rs"]
mod support;
#[cfg(feature = "mysql")]
mod tls;
