//! Entities from SQL text.

use diesel::query_builder::QueryFragment;

use super::handle::Handle;
use super::sql::read_by_name;
use super::written::Write;
use super::{Columns, Persist, Session};
use crate::connection::SessionConnection;
use crate::error::Result;

impl<C: SessionConnection> Session<'_, C> {
    /// Runs a query in SQL, `diesel::sql_query` with its parameters, after a flush, and returns the handles of its rows
    /// in their order. The columns of `E` are found by their names, wherever they are; other columns are ignored. The
    /// rows go into the session as those of a [`query`](Self::query) do. The filters of `E` are not added.
    ///
    /// A statement that changes rows and returns them (`UPDATE … RETURNING`) runs as well, but rows that are already in
    /// the session keep the values that they have there: `expire` them before.
    ///
    /// ```
    /// use diesel::sql_query;
    /// use diesel::sql_types::BigInt;
    /// # include!("../../docs/blog_tables.rs");
    ///
    /// # fn main() -> Result<()> {
    /// # let db = blog()?;
    /// db.read(|session| -> Result<()> {
    ///     let thread = sql_query(
    ///         "WITH RECURSIVE thread AS (
    ///             SELECT comments.*, 0 AS depth FROM comments WHERE id = ?
    ///             UNION ALL
    ///             SELECT comments.*, thread.depth + 1 FROM comments JOIN thread ON comments.parent_id = thread.id
    ///         ) SELECT * FROM thread ORDER BY depth, id",
    ///     );
    ///     let thread: Vec<Handle<Comment>> = session.query_sql(thread.bind::<BigInt, _>(1))?;
    ///     assert_eq!(thread.len(), 3);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Unreadable`](crate::Error::Unreadable), which names the columns of `E` that the query lacks or has
    /// twice, or the row and the column of a value that is not of its field's type; errors of the flush or the query.
    pub fn query_sql<E>(&mut self, query: impl QueryFragment<C::Backend>) -> Result<Vec<Handle<E>>>
    where
        E: Persist<C> + Columns<C::Backend>,
    {
        self.autoflush()?;
        self.open()?;
        self.writes(Write::Unknown);
        let rows = read_by_name::<E, C>(&mut self.executor(), query);
        let table = E::table().name;
        let rows = rows.map_err(|error| self.fail(error, table, &format!("reading {table}")))?;
        self.take_all(rows, false)
    }
}
