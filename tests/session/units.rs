//! What a `Database` adds to its sessions, on each engine.

#[cfg(feature = "mysql")]
#[path = "b_units.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "b_units.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "b_units.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "b_units.rs"]
mod sqlite;
