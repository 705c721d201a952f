//! What a refusal names, on each engine.

#[cfg(feature = "mysql")]
#[path = "b_refusals.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "b_refusals.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "b_refusals.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "b_refusals.rs"]
mod sqlite;
