//! `Executor`: a connection while one statement after the other runs on it, with the echo told of their rows.

use std::any::TypeId;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::connection::LoadConnection;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Untyped;

use super::{Echo, KeySource, KeySources, SessionConnection};

/// A borrowed connection and its echo.
#[derive(Debug)]
pub struct Executor<'a, C> {
    /// The connection.
    pub(crate) connection: &'a mut C,
    /// Its echo, where there is one.
    pub(crate) echo: Option<&'a Echo>,
    /// What is known of where keys come from, where that is remembered.
    pub(crate) keys: Option<&'a KeySources>,
}

impl<'a, C: SessionConnection> Executor<'a, C> {
    pub(crate) fn new(connection: &'a mut C, echo: Option<&'a Echo>) -> Self {
        Self { connection, echo, keys: None }
    }

    /// This executor, with what is known of where keys come from.
    pub(crate) fn knowing(self, keys: Option<&'a KeySources>) -> Self {
        Self { keys, ..self }
    }

    /// Where the keys of an entity type's rows come from, if that is known.
    pub(crate) fn key_source(&self, entity: TypeId) -> Option<KeySource> {
        self.keys.and_then(|keys| keys.get(entity))
    }

    /// Remembers it.
    pub(crate) fn set_key_source(&self, entity: TypeId, source: KeySource) {
        if let Some(keys) = self.keys {
            keys.set(entity, source);
        }
    }

    /// Runs something on the connection and tells the echo how many rows it met.
    pub(crate) fn run<T>(
        &mut self,
        work: impl FnOnce(&mut C) -> QueryResult<T>,
        rows: impl FnOnce(&T) -> usize,
    ) -> QueryResult<T> {
        let Some(echo) = self.echo else { return work(self.connection) };
        echo.expect_rows();
        let done = work(self.connection);
        echo.came_of_it(done.as_ref().map(rows));
        done
    }

    /// Runs a statement and gives the number of rows it touched or matched.
    pub(crate) fn execute(&mut self, statement: &impl QueryFragment<C::Backend>) -> QueryResult<usize> {
        let statement = Erased(statement);
        self.run(
            |connection| {
                let executed = connection.execute_returning_count(&statement);
                executed.map_err(|error| connection.blame_size(&statement, error))
            },
            |rows| *rows,
        )
    }

    /// Runs a query that has at most one row, and gives what `read` makes of it. Its type is kept, because a statement
    /// with a static query id is found in Diesel's cache without making its SQL.
    pub(crate) fn first<S, T>(
        &mut self,
        query: S,
        read: impl for<'c, 'q> FnOnce(&<C as LoadConnection>::Row<'c, 'q>) -> QueryResult<T>,
    ) -> QueryResult<Option<T>>
    where
        S: Query<SqlType = Untyped> + QueryFragment<C::Backend> + QueryId,
    {
        self.run(
            |connection| connection.load(query)?.next().map(|row| read(&row?)).transpose(),
            |found| usize::from(found.is_some()),
        )
    }

    /// Runs a query and hands each of its rows to `each`; gives their number.
    pub(crate) fn each(
        &mut self,
        query: impl QueryFragment<C::Backend>,
        mut each: impl for<'c, 'q> FnMut(<C as LoadConnection>::Row<'c, 'q>) -> QueryResult<()>,
    ) -> QueryResult<usize> {
        self.run(
            |connection| {
                let mut rows = 0;
                for row in connection.load(Erased(&query))? {
                    each(row?)?;
                    rows += 1;
                }
                Ok(rows)
            },
            |rows| *rows,
        )
    }
}

/// A statement whose type is forgotten, so that what Diesel compiles for each type of statement is compiled once for all of
/// the session's. Diesel caches it by its SQL.
struct Erased<'s, DB>(&'s dyn QueryFragment<DB>);

impl<DB: Backend> QueryFragment<DB> for Erased<'_, DB> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }
}

impl<DB> QueryId for Erased<'_, DB> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB> Query for Erased<'_, DB> {
    type SqlType = Untyped;
}
