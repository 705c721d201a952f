//! Units that run exactly once, on each engine (187 to 190).

#[cfg(feature = "mysql")]
#[path = "m_once.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "m_once.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "m_once.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "m_once.rs"]
mod sqlite;
