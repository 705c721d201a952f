//! What the engines' catalogues are read with.

use diesel::prelude::*;
use diesel::query_builder::QueryId;
use diesel::query_builder::SqlQuery;
use diesel::query_dsl::LoadQuery;
use diesel_session::connection::AnyConnection;

use super::model::{Check, ForeignKey, Schema, Table};
use crate::{history, journal};

/// Between the names that a catalogue's SELECT puts into one text: the ASCII character for that.
pub(super) const SEPARATOR: char = '\u{1f}';

/// All rows of a SELECT.
pub(super) fn load<R>(connection: &mut AnyConnection, sql: &str) -> QueryResult<Vec<R>>
where
    SqlQuery: QueryId + for<'q> LoadQuery<'q, AnyConnection, R>,
{
    diesel::sql_query(sql).load(connection)
}

/// The names in a text of the catalogue's.
pub(super) fn names(joined: &str) -> Vec<String> {
    if joined.is_empty() { Vec::new() } else { joined.split(SEPARATOR).map(str::to_owned).collect() }
}

/// Whether a table is one of the two of the migrations.
pub(super) fn is_of_migrations(table: &str) -> bool {
    table == history::NAME || table == journal::NAME
}

/// The table of that name, to add to it; `None` for one that is left out.
pub(super) fn table<'t>(tables: &'t mut [Table], name: &str) -> Option<&'t mut Table> {
    tables.iter_mut().find(|table| table.name == name)
}

/// Orders what a catalogue has in no order of its own.
pub(super) fn sorted(mut schema: Schema) -> Schema {
    for table in &mut schema.tables {
        table.uniques.sort_by(|one, other| one.columns.cmp(&other.columns));
        table.indexes.sort_by(|one, other| one.name.cmp(&other.name));
        let key = |key: &ForeignKey| (key.columns.clone(), key.table.clone(), key.references.clone());
        table.foreign_keys.sort_by_key(key);
        let check = |check: &Check| (check.expression.clone(), check.column.clone());
        table.checks.sort_by_key(check);
    }
    schema.tables.sort_by(|one, other| one.name.cmp(&other.name));
    schema.views.sort_by(|one, other| one.name.cmp(&other.name));
    schema.triggers.sort_by(|one, other| (&one.table, &one.name).cmp(&(&other.table, &other.name)));
    schema
}
