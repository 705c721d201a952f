//! `DELETE FROM t WHERE key IN (…)`: all doomed rows of a table, versioned ones by key and version.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};

use super::{Bind, chunks, push_key, push_keys, related_rows_per_statement};
use crate::connection::{Engine, Link};
use crate::session::entity::{Columns, Entity};

/// A row to be deleted: its key and, where the session has it, the value it was read with.
#[derive(Debug)]
pub struct Condemned<'a, E: Entity> {
    pub(crate) key: E::Key,
    pub(crate) read: Option<&'a E>,
}

struct Delete<'a, E: Entity> {
    rows: &'a [Condemned<'a, E>],
    keep: bool,
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Delete<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if !self.keep {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("DELETE FROM ");
        E::table_name(out.reborrow())?;
        out.push_sql(" WHERE ");
        let Some(version) = E::table().version else {
            return push_keys::<E, DB>(self.rows.iter().map(|row| &row.key), &mut out);
        };
        for (number, row) in self.rows.iter().enumerate() {
            out.push_sql(if number > 0 { " OR (" } else { "(" });
            push_key::<E, DB>(&row.key, &mut out)?;
            if let Some(read) = row.read {
                out.push_sql(" AND ");
                out.push_identifier(E::table().columns[version].name)?;
                out.push_sql(" = ");
                E::column(version, Bind { row: read, out: &mut out })?;
            }
            out.push_sql(")");
        }
        Ok(())
    }
}

impl<E: Entity> QueryId for Delete<'_, E> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// Deletes the rows; gives how many were there.
pub(super) fn delete<E, C>(link: &mut Link<'_, C>, rows: &[Condemned<'_, E>]) -> QueryResult<usize>
where
    C: Engine,
    E: Columns<C::Backend>,
{
    let binds = E::table().key.len() + usize::from(E::table().version.is_some());
    let size = related_rows_per_statement(E::table(), binds, link.connection);
    let mut deleted = 0;
    for (rows, keep) in chunks(rows, size) {
        // Versions that are known for some rows only make texts of many shapes.
        let keep = keep && rows.iter().all(|row| row.read.is_some() == rows[0].read.is_some());
        deleted += link.execute(&Delete { rows, keep })?;
    }
    Ok(deleted)
}
