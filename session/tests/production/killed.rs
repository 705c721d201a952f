//! Units whose server is killed around their COMMIT, on each engine that has a server (190).

#[cfg(feature = "mysql")]
#[path = "m_killed.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "m_killed.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "m_killed.rs"]
mod postgres;
