//! What a column's collation takes for equal, on each engine.

#[cfg(feature = "mysql")]
#[path = "b_collations.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "b_collations.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "b_collations.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "b_collations.rs"]
mod sqlite;
