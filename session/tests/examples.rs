//! The programs in `session/examples/` run to their end on every engine that they are for.

#![allow(dead_code, reason = "their `main` only reads the arguments")]

#[cfg(feature = "sqlite")]
#[path = "../examples/own_connection.rs"]
mod own_connection;
#[path = "../examples/own_tables.rs"]
mod own_tables;
#[cfg(feature = "postgres")]
#[path = "../examples/own_types.rs"]
mod own_types;

use folio_testing::{TestEngine, address};

fn own_tables_on(engine: TestEngine) -> diesel_migrate::Result<()> {
    let (url, _folder) = address(engine);
    own_tables::run(&url)
}

#[test]
#[cfg(feature = "sqlite")]
fn own_tables_runs_on_an_sqlite_database_in_memory_and_in_a_file() -> diesel_migrate::Result<()> {
    own_tables::run("sqlite::memory:")?;
    own_tables_on(TestEngine::Sqlite)
}

#[test]
#[cfg(feature = "postgres")]
fn own_tables_runs_on_postgresql() -> diesel_migrate::Result<()> {
    own_tables_on(TestEngine::Postgres)
}

#[test]
#[cfg(feature = "mysql")]
fn own_tables_runs_on_mariadb_and_mysql() -> diesel_migrate::Result<()> {
    own_tables_on(TestEngine::Mariadb)?;
    own_tables_on(TestEngine::Mysql)
}

#[test]
#[cfg(feature = "postgres")]
fn own_types_runs_on_postgresql() -> diesel_session::Result<()> {
    own_types::run(&address(TestEngine::Postgres).0)
}

#[test]
#[cfg(feature = "sqlite")]
fn own_connection_runs_to_its_end() -> diesel_session::Result<()> {
    own_connection::run()
}
