//! Recovery from an interrupted runner, on an engine that keeps a table even if the transaction is rolled back: a table
//! that was created and not recorded, or a recorded migration whose table is gone.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::script::Script;
use crate::connection::{AnyConnection, SessionConnection as _};
use crate::error::Result;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    /// The table's comment, the same for each of its columns.
    #[diesel(sql_type = Text)]
    comment: String,
}

/// Whether the table of that name is the one that a migration creates, judged by its comment and column names: then an
/// interrupted runner created it. One SELECT.
pub(super) fn is_made_by(connection: &mut AnyConnection, script: &Script, table: &str) -> Result<bool> {
    let columns: Vec<Column> = diesel::sql_query(
        "SELECT c.column_name AS name, t.table_comment AS comment FROM information_schema.tables t \
         JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name \
         WHERE t.table_schema = DATABASE() AND t.table_name = ? ORDER BY c.ordinal_position",
    )
    .bind::<Text, _>(table)
    .load(connection)
    .map_err(|e| connection.explain(e, table, "reading the columns of a table"))?;
    let commented = columns.iter().all(|column| Some(column.comment.as_str()) == script.comment());
    Ok(commented && columns.iter().map(|column| column.name.as_str()).eq(script.columns()))
}
