//! The session's behaviours over each engine's own connection type, and over one that the crate does not know. A binary of its
//! own, so that it is compiled beside that of `AnyConnection`.

#[cfg(feature = "sqlite")]
mod foreign;
#[allow(dead_code, reason = "those of AnyConnection are for session/")]
#[path = "../support/harness.rs"]
mod harness;

#[cfg(feature = "sqlite")]
diesel_session_conformance::suite!(mod counted on crate::foreign::Counting);
#[cfg(feature = "sqlite")]
diesel_session_conformance::suite!(mod sqlite on crate::harness::Sqlite);
#[cfg(feature = "postgres")]
diesel_session_conformance::suite!(mod postgres on crate::harness::Postgres);
#[cfg(feature = "mysql")]
diesel_session_conformance::suite! {
    mod mysql_client on diesel::MysqlConnection {
        mod mariadb on crate::harness::Mariadb;
        mod mysql on crate::harness::Mysql;
    }
}
