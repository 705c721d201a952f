//! The rows of a scratch database, to find out which are lost.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_session::connection::{AnyConnection, Engine, SessionConnection as _};

use super::proof::Lost;
use crate::error::Result;
use crate::quoting::quoted;
use crate::schema::Schema;

/// Between the values of a row in the text of it: the ASCII character for that.
const SEPARATOR: char = '\u{1f}';

/// The values of each column of some tables.
pub(super) struct Content(BTreeMap<String, BTreeMap<String, Vec<String>>>);

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Content {
    /// Reads the tables and columns that both schemas have. One SELECT for each table.
    pub(super) fn read(connection: &mut AnyConnection, schema: &Schema, before: &Schema) -> Result<Self> {
        let mut tables = BTreeMap::new();
        for table in &schema.tables {
            let Some(earlier) = before.table(&table.name) else { continue };
            let names = table.columns.iter().map(|column| &*column.name).filter(|name| earlier.column(name).is_some());
            let names: Vec<&str> = names.collect();
            if names.is_empty() {
                continue;
            }
            let sql = lines(connection.engine(), &table.name, &names);
            let rows = diesel::sql_query(sql).load::<Row>(connection);
            let rows = rows.map_err(|e| connection.explain(e, &table.name, "reading the rows"))?;
            let mut columns: Vec<Vec<String>> = vec![Vec::new(); names.len()];
            for row in &rows {
                for (column, value) in columns.iter_mut().zip(row.line.split(SEPARATOR)) {
                    column.push(value.to_owned());
                }
            }
            tables.insert(table.name.clone(), names.into_iter().map(str::to_owned).zip(columns).collect());
        }
        Ok(Self(tables))
    }

    /// What is in this and no longer in the other.
    pub(super) fn lost(&self, later: &Self) -> Vec<Lost> {
        let mut lost = Vec::new();
        for (table, columns) in &self.0 {
            let now = later.0.get(table);
            let number = |columns: &BTreeMap<String, Vec<_>>| columns.values().map(Vec::len).max().unwrap_or(0);
            let (before, after) = (number(columns), now.map_or(0, number));
            if after < before {
                lost.push(Lost::Rows { table: table.clone(), before, after });
                continue;
            }
            for (column, values) in columns {
                let mut left = now.and_then(|columns| columns.get(column)).cloned().unwrap_or_default();
                let is_left = |value: &String| {
                    let at = left.iter().position(|other| other == value);
                    at.map(|at| left.swap_remove(at)).is_some()
                };
                if !values.iter().all(is_left) {
                    lost.push(Lost::Values { table: table.clone(), column: column.clone() });
                }
            }
        }
        lost
    }
}

/// A SELECT of each row as a text of its values.
fn lines(engine: Engine, table: &str, columns: &[&str]) -> String {
    let values = columns.iter().map(|column| {
        let name = quoted(engine, column);
        match engine {
            Engine::Sqlite => format!("quote({name})"),
            Engine::Postgres => format!("quote_nullable({name}::text)"),
            Engine::Mysql => format!("COALESCE(HEX(CAST({name} AS CHAR)), 'NULL')"),
        }
    });
    let values: Vec<String> = values.collect();
    let line = match engine {
        Engine::Sqlite => values.join(" || char(31) || "),
        Engine::Postgres => values.join(" || E'\\x1f' || "),
        Engine::Mysql => format!("CONCAT_WS(CHAR(31 USING utf8mb4), {})", values.join(", ")),
    };
    format!("SELECT {line} AS line FROM {}", quoted(engine, table))
}
