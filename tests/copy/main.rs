//! Copying all records from one database into another, from every engine compiled in to every engine.

#![allow(clippy::duplicate_mod, reason = "each pair of engines takes the suite in under its own name")]

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "mysql")]
#[path = "suite.rs"]
mod mariadb_to_mariadb;
#[cfg(feature = "mysql")]
#[path = "suite.rs"]
mod mariadb_to_mysql;
#[cfg(all(feature = "mysql", feature = "postgres"))]
#[path = "suite.rs"]
mod mariadb_to_postgres;
#[cfg(all(feature = "mysql", feature = "sqlite"))]
#[path = "suite.rs"]
mod mariadb_to_sqlite;
#[cfg(feature = "mysql")]
#[path = "suite.rs"]
mod mysql_to_mariadb;
#[cfg(feature = "mysql")]
#[path = "suite.rs"]
mod mysql_to_mysql;
#[cfg(all(feature = "mysql", feature = "postgres"))]
#[path = "suite.rs"]
mod mysql_to_postgres;
#[cfg(all(feature = "mysql", feature = "sqlite"))]
#[path = "suite.rs"]
mod mysql_to_sqlite;
#[cfg(all(feature = "postgres", feature = "mysql"))]
#[path = "suite.rs"]
mod postgres_to_mariadb;
#[cfg(all(feature = "postgres", feature = "mysql"))]
#[path = "suite.rs"]
mod postgres_to_mysql;
#[cfg(feature = "postgres")]
#[path = "suite.rs"]
mod postgres_to_postgres;
#[cfg(all(feature = "postgres", feature = "sqlite"))]
#[path = "suite.rs"]
mod postgres_to_sqlite;
#[cfg(all(feature = "sqlite", feature = "mysql"))]
#[path = "suite.rs"]
mod sqlite_to_mariadb;
#[cfg(all(feature = "sqlite", feature = "mysql"))]
#[path = "suite.rs"]
mod sqlite_to_mysql;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
#[path = "suite.rs"]
mod sqlite_to_postgres;
#[cfg(feature = "sqlite")]
#[path = "suite.rs"]
mod sqlite_to_sqlite;
