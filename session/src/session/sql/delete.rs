//! `DELETE FROM t WHERE key IN (…)`: the rows of a table marked for deletion, versioned ones by key and version.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment};

use super::limit::{StatementLimit, key_size};
use super::{Found, ambiguous, push_found};
use crate::connection::{EngineConnection, Executor, SessionConnection};
use crate::session::entity::{Columns, Entity, Table};

/// A row to be deleted: its key and, if the session has it, the value it was read with.
#[derive(Debug)]
pub struct RowToDelete<'a, E: Entity> {
    pub(crate) key: E::Key,
    pub(crate) read: Option<&'a E>,
}

/// The statement for some rows, either all with a version or all without.
struct Delete<'a, E: Entity> {
    rows: &'a [&'a RowToDelete<'a, E>],
    lists_rows: bool,
    /// Each row is compared on its own, because the type of the version allows nothing else.
    apart: bool,
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
        let found = |row: &&'b RowToDelete<'b, E>| Found { key: &row.key, version_of: row.guarded_by() };
        if !self.apart {
            return push_found::<E, DB>(self.rows.iter().map(found), self.lists_rows, &mut out);
        }
        for (number, row) in self.rows.iter().map(found).enumerate() {
            out.push_sql(if number > 0 { ") OR (" } else { "(" });
            row.push_equal(&mut out)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

impl<E: Entity> RowToDelete<'_, E> {
    /// The row whose version the database must still have.
    fn guarded_by(&self) -> Option<&E> {
        self.read.filter(|_| E::table().version.is_some())
    }
}

/// Whether rows of one table can be deleted by one statement at whose end foreign keys are checked, so that the values
/// of their references need not be in memory. `known` counts the rows whose value is in memory, `unknown` the others.
pub(crate) fn deletes_together<C: SessionConnection>(
    table: &'static Table,
    known: usize,
    unknown: usize,
    connection: &C,
) -> bool {
    let alike = table.version.is_none() || known == 0;
    connection.engine().checks_after_statement() && alike && known + unknown <= limit(table, connection).rows()
}

/// The limits of one DELETE.
fn limit<C: SessionConnection>(table: &'static Table, connection: &C) -> StatementLimit {
    StatementLimit::of_related(table, table.key.len() + usize::from(table.version.is_some()), connection)
}

/// Deletes the rows; returns the number that existed.
pub(super) fn delete<E, C>(executor: &mut Executor<'_, C>, rows: &[RowToDelete<'_, E>]) -> QueryResult<usize>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let limit = limit(E::table(), executor.connection);
    let size = |row: &&RowToDelete<'_, E>| key_size::<E, C::Backend>(&row.key);
    let lists_rows = executor.connection.engine().lists_rows();
    let (guarded, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.guarded_by().is_some());
    let engine = executor.connection.engine();
    let is_computed = E::table().version.is_some() && E::table().counted_version().is_none();
    let mut deleted = 0;
    for (rows, keep) in [guarded, others].iter().flat_map(|rows| limit.split(rows, size)) {
        let apart = is_computed && !engine.compares_unordered() && rows.iter().any(|row| row.guarded_by().is_some());
        let found = executor.execute(&Delete { rows, lists_rows, apart, keep })?;
        if found > rows.len() {
            return Err(ambiguous::<E>("DELETE", rows.len(), found));
        }
        deleted += found;
    }
    Ok(deleted)
}
