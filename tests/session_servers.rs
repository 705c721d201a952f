//! The session's behaviours on PostgreSQL, MariaDB and MySQL: the suite of `folio-conformance` over `AnyConnection` and over
//! each engine's own connection. A binary of its own, so that it is compiled beside that of SQLite.

#[allow(dead_code, reason = "SQLite's harnesses are for session.rs")]
#[path = "session/harness.rs"]
mod harness;
mod support;

#[cfg(feature = "postgres")]
folio_conformance::suite!(mod any_postgres on crate::harness::AnyPostgres);
#[cfg(feature = "postgres")]
folio_conformance::suite!(mod postgres on crate::harness::Postgres);
#[cfg(feature = "mysql")]
folio_conformance::suite!(mod any_mariadb on crate::harness::AnyMariadb);
#[cfg(feature = "mysql")]
folio_conformance::suite!(mod mariadb on crate::harness::Mariadb);
#[cfg(feature = "mysql")]
folio_conformance::suite!(mod any_mysql on crate::harness::AnyMysql);
#[cfg(feature = "mysql")]
folio_conformance::suite!(mod mysql on crate::harness::Mysql);
