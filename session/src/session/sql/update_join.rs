//! `UPDATE t JOIN (SELECT … UNION ALL SELECT ?, ? …) AS new ON … SET t.a = new.a`: many rows from a derived table of
//! parameters.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment};

use super::Bind;
use super::edited::Edited;
use crate::session::entity::{ColumnSet, Columns, Entity};

/// The statement for several rows.
pub(super) struct UpdateFromJoin<'a, E: Entity> {
    pub(super) rows: &'a [Edited<'a, E>],
    pub(super) keys: &'a [E::Key],
    pub(super) columns: ColumnSet,
    pub(super) keep: bool,
}

/// The names in the joined table of the columns of the key, the version that was read, and the new values.
fn names<E: Entity>(columns: ColumnSet) -> impl Iterator<Item = (usize, String)> {
    let table = E::table();
    let keys = table.key.iter().enumerate().map(|(position, column)| (*column, format!("key{position}")));
    let version = table.version.map(|column| (column, "read_version".to_owned()));
    keys.chain(version).chain(columns.iter().map(|column| (column, format!("column{column}"))))
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for UpdateFromJoin<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let table = E::table();
        let read = table.key.len() + usize::from(table.version.is_some());
        if !self.keep {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("UPDATE ");
        E::table_name(out.reborrow())?;
        // No row of the table itself, only its columns, which give the parameters below their types and collations.
        out.push_sql(" JOIN (SELECT ");
        for (number, (column, name)) in names::<E>(self.columns).enumerate() {
            if number > 0 {
                out.push_sql(", ");
            }
            out.push_identifier(table.columns[column].name)?;
            out.push_sql(&format!(" AS {name}"));
        }
        out.push_sql(" FROM ");
        E::table_name(out.reborrow())?;
        out.push_sql(" WHERE FALSE");
        for (edited, key) in self.rows.iter().zip(self.keys) {
            out.push_sql(" UNION ALL SELECT ");
            for position in 0..table.key.len() {
                if position > 0 {
                    out.push_sql(", ");
                }
                E::key_column(position, Bind { row: key, out: &mut out })?;
            }
            if let Some(version) = table.version {
                out.push_sql(", ");
                E::column(version, Bind { row: edited.before, out: &mut out })?;
            }
            for column in self.columns.iter() {
                out.push_sql(", ");
                E::column(column, Bind { row: edited.row, out: &mut out })?;
            }
        }
        out.push_sql(") AS new");
        for (number, (column, name)) in names::<E>(self.columns).enumerate() {
            out.push_sql(match number {
                0 => " ON ",
                _ if number < read => " AND ",
                _ if number == read => " SET ",
                _ => ", ",
            });
            E::table_name(out.reborrow())?;
            out.push_sql(".");
            out.push_identifier(table.columns[column].name)?;
            out.push_sql(&format!(" = new.{name}"));
        }
        Ok(())
    }
}
