//! What tables a database has.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_session::connection::{AnyConnection, Engine, SessionConnection as _};

use crate::error::Result;
use crate::quoting::quoted;

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    row_count: i64,
}

/// The tables of the database ordered by name, without the engine's own: on SQLite, without those in which a virtual table
/// keeps its data, and without full-text indexes of another table's texts. One SELECT.
pub(crate) fn tables(connection: &mut AnyConnection) -> Result<Vec<String>> {
    let names = match connection.engine() {
        Engine::Sqlite => {
            "SELECT t.name FROM sqlite_schema t JOIN pragma_table_list(t.name) l ON l.schema = 'main' \
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND l.type <> 'shadow' \
             AND NOT (l.type = 'virtual' AND (t.sql LIKE '%content=%' OR t.sql LIKE '%content =%')) ORDER BY t.name"
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

/// How many rows a table has. One SELECT.
pub(crate) fn rows(connection: &mut AnyConnection, table: &str) -> Result<u64> {
    diesel::sql_query(format!("SELECT COUNT(*) AS row_count FROM {}", quoted(connection.engine(), table)))
        .get_result::<Count>(connection)
        .map(|count| u64::try_from(count.row_count).unwrap_or(0))
        .map_err(|e| connection.explain(e, table, "counting rows").into())
}

/// Whether a name in a script refers to a table of the database, as the engine compares table names.
pub(crate) fn is_same_table(engine: Engine, written: &str, table: &str) -> bool {
    // In a quoted name, two quotes stand for one.
    match engine {
        // PostgreSQL folds a name that is not quoted to lower case.
        Engine::Sqlite | Engine::Postgres => written.replace("\"\"", "\"").eq_ignore_ascii_case(table),
        Engine::Mysql => written.replace("``", "`") == table,
    }
}
