//! Limits, on each engine (183 to 186).

#[cfg(feature = "mysql")]
#[path = "m_limits.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "m_limits.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "m_limits.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "m_limits.rs"]
mod sqlite;
