//! The rows of a scratch database, to find out which are lost.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_session::connection::{AnyConnection, Engine, SessionConnection as _};

use super::proof::Lost;
use crate::catalogue::quoted;
use crate::error::Result;
use crate::schema::Schema;

/// The values of each column of some tables, ordered.
pub(super) struct Content(BTreeMap<String, BTreeMap<String, Vec<Option<String>>>>);

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

impl Content {
    /// Reads the tables and columns that both schemas have. One SELECT for each column.
    pub(super) fn read(connection: &mut AnyConnection, schema: &Schema, before: &Schema) -> Result<Self> {
        let engine = connection.engine();
        let mut tables = BTreeMap::new();
        for table in &schema.tables {
            let Some(earlier) = before.table(&table.name) else { continue };
            let mut columns = BTreeMap::new();
            for column in table.columns.iter().filter(|column| earlier.column(&column.name).is_some()) {
                let name = quoted(engine, &column.name);
                let value = match engine {
                    Engine::Sqlite => format!("quote({name})"),
                    Engine::Postgres => format!("{name}::text"),
                    Engine::Mysql => format!("HEX(CAST({name} AS CHAR))"),
                };
                let sql = format!("SELECT {value} AS value FROM {}", quoted(engine, &table.name));
                let rows = diesel::sql_query(sql).load::<Value>(connection);
                let rows = rows.map_err(|e| connection.explain(e, &table.name, "reading the rows"))?;
                let mut values: Vec<_> = rows.into_iter().map(|row| row.value).collect();
                values.sort();
                columns.insert(column.name.clone(), values);
            }
            tables.insert(table.name.clone(), columns);
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
                let is_left = |value: &Option<String>| {
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
