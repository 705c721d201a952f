//! `UPDATE t SET a = ? WHERE key = ?`: the changed columns of a row, one cached statement a set of columns.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};

use super::{Bind, push_key};
use crate::connection::{Engine, Link};
use crate::session::entity::{ColumnSet, Columns, Entity};

/// A changed row and what the database has of it.
#[derive(Debug)]
pub struct Edited<'a, E> {
    /// The row as it shall be.
    pub(crate) row: &'a E,
    /// The row as it was read: its key and version say which row is meant.
    pub(crate) before: &'a E,
}

struct Update<'a, E: Entity> {
    edited: &'a Edited<'a, E>,
    key: &'a E::Key,
    columns: ColumnSet,
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Update<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let table = E::table();
        out.push_sql("UPDATE ");
        E::table_name(out.reborrow())?;
        for (number, column) in self.columns.iter().enumerate() {
            out.push_sql(if number > 0 { ", " } else { " SET " });
            out.push_identifier(table.columns[column].name)?;
            out.push_sql(" = ");
            E::column(column, Bind { row: self.edited.row, out: &mut out })?;
        }
        out.push_sql(" WHERE ");
        push_key::<E, DB>(self.key, &mut out)?;
        if let Some(version) = table.version {
            out.push_sql(" AND ");
            out.push_identifier(table.columns[version].name)?;
            out.push_sql(" = ");
            E::column(version, Bind { row: self.edited.before, out: &mut out })?;
        }
        Ok(())
    }
}

impl<E: Entity> QueryId for Update<'_, E> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// Updates `columns` of the rows, in their order; gives the number of the first whose UPDATE matched no row.
pub(super) fn update<E, C>(
    link: &mut Link<'_, C>,
    rows: &[Edited<'_, E>],
    columns: ColumnSet,
) -> QueryResult<Option<usize>>
where
    C: Engine,
    E: Columns<C::Backend>,
{
    for (number, edited) in rows.iter().enumerate() {
        let key = edited.before.key();
        if link.execute(&Update { edited, key: &key, columns })? == 0 {
            return Ok(Some(number));
        }
    }
    Ok(None)
}
