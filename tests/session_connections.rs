//! The session's behaviours over each engine's own connection type, and over one that Folio does not know. A binary of its
//! own, so that it is compiled beside that of `AnyConnection`.

#[cfg(feature = "sqlite")]
#[path = "session/foreign.rs"]
mod foreign;
#[allow(dead_code, reason = "those of AnyConnection are for session.rs")]
#[path = "session/harness.rs"]
mod harness;
mod support;

#[cfg(feature = "sqlite")]
folio_conformance::suite!(mod counted on crate::foreign::Counting);
#[cfg(feature = "sqlite")]
folio_conformance::suite!(mod sqlite on crate::harness::Sqlite);
#[cfg(feature = "postgres")]
folio_conformance::suite!(mod postgres on crate::harness::Postgres);
#[cfg(feature = "mysql")]
folio_conformance::suite! {
    mod mysql_client on diesel::MysqlConnection {
        mod mariadb on crate::harness::Mariadb;
        mod mysql on crate::harness::Mysql;
    }
}
