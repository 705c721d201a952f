//! The history table of applied migrations, `__diesel_schema_migrations`: Diesel's own, read and written as Diesel
//! does.

use chrono::NaiveDateTime;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::script::Script;
use crate::connection::{AnyConnection, Engine, SessionConnection as _};
use crate::error::Result;

/// The table's name.
pub(super) const NAME: &str = "__diesel_schema_migrations";

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
        run_on -> Timestamp,
    }
}

/// A row of the history table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// The migration's version, as Diesel writes it: the folder's, without dashes.
    pub version: String,
    /// When it was applied, in UTC.
    pub run_on: NaiveDateTime,
}

/// The tables of the database ordered by name, without the engine's own. One SELECT.
pub(super) fn tables(connection: &mut AnyConnection) -> Result<Vec<String>> {
    let names = match connection.engine() {
        Engine::Sqlite => {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
             ORDER BY name"
        }
        Engine::Postgres => {
            "SELECT tablename::text AS name FROM pg_catalog.pg_tables WHERE schemaname = current_schema() \
             ORDER BY tablename"
        }
        Engine::Mysql => {
            "SELECT table_name AS name FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY table_name"
        }
    };
    diesel::sql_query(names)
        .load::<Table>(connection)
        .map(|tables| tables.into_iter().map(|table| table.name).collect())
        .map_err(|e| connection.explain(e, "", "reading the names of the tables").into())
}

/// Whether two names refer to the same table, as the engine compares table names.
pub(super) fn is_same_table(engine: Engine, one: &str, other: &str) -> bool {
    match engine {
        Engine::Sqlite => one.eq_ignore_ascii_case(other),
        Engine::Postgres | Engine::Mysql => one == other,
    }
}

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

/// All rows of the history table, oldest version first. One SELECT; the table must exist.
pub(super) fn read(connection: &mut AnyConnection) -> Result<Vec<Recorded>> {
    __diesel_schema_migrations::table
        .select((__diesel_schema_migrations::version, __diesel_schema_migrations::run_on))
        .order(__diesel_schema_migrations::version)
        .load(connection)
        .map(|rows| rows.into_iter().map(|(version, run_on)| Recorded { version, run_on }).collect())
        .map_err(|e| connection.explain(e, NAME, "reading which migrations are applied").into())
}

/// Records migrations as applied now, in one INSERT: all of them or none.
pub(super) fn record(connection: &mut AnyConnection, scripts: &[&Script]) -> QueryResult<()> {
    let versions: Vec<_> = scripts.iter().map(|script| format!("('{}')", script.version)).collect();
    connection.batch_execute(&format!("INSERT INTO {NAME} (version) VALUES {}", versions.join(", ")))
}

/// Removes a migration from the history table.
pub(super) fn unrecord(connection: &mut AnyConnection, version: &str) -> QueryResult<()> {
    diesel::delete(__diesel_schema_migrations::table.find(version)).execute(connection).map(drop)
}
