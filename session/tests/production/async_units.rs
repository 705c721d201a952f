//! Asynchronous units, on each engine (176 to 182).

#[cfg(feature = "mysql")]
#[path = "m_async.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "m_async.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "m_async.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "m_async.rs"]
mod sqlite;
