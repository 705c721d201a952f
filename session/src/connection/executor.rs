//! `Executor`: runs statements on a borrowed connection, before the eyes of its observers.

use std::any::TypeId;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::connection::LoadConnection;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::Untyped;

use super::{Copies, KeySource, KeySources, Observers, SessionConnection};

/// A borrowed connection and its observers.
#[derive(Debug)]
pub struct Executor<'a, C> {
    /// The connection.
    pub(crate) connection: &'a mut C,
    /// What sees its statements.
    pub(crate) observers: &'a Observers,
    /// The known sources of keys, where they are remembered.
    pub(crate) keys: Option<&'a KeySources>,
    /// The entities whose rows can be copied, where rows may be copied at all.
    pub(crate) copies: Option<&'a Copies>,
}

impl<'a, C: SessionConnection> Executor<'a, C> {
    pub(crate) fn new(connection: &'a mut C, observers: &'a Observers) -> Self {
        Self { connection, observers, keys: None, copies: None }
    }

    /// This executor, with the known sources of keys.
    pub(crate) fn knowing(self, keys: Option<&'a KeySources>) -> Self {
        Self { keys, ..self }
    }

    /// This executor, which may copy rows.
    pub(crate) fn copying(self, copies: Option<&'a Copies>) -> Self {
        Self { copies, ..self }
    }

    /// The source of the keys of an entity type's rows, if it is known.
    pub(crate) fn key_source(&self, entity: TypeId) -> Option<KeySource> {
        self.keys.and_then(|keys| keys.get(entity))
    }

    /// Remembers the source of the keys of an entity type's rows.
    pub(crate) fn set_key_source(&self, entity: TypeId, source: KeySource) {
        if let Some(keys) = self.keys {
            keys.set(entity, source);
        }
    }

    /// Runs a statement by `work` on the connection and reports its row count, unless an observer stops it. If it took too
    /// long, that is a warning, for which a SELECT is explained.
    pub(crate) fn run<T>(
        &mut self,
        work: impl FnOnce(&mut C) -> QueryResult<T>,
        rows: impl FnOnce(&T) -> usize,
    ) -> QueryResult<T> {
        let done = self.observers.see(|| work(self.connection), rows);
        if let Some(slow) = self.observers.take_slow() {
            let plan = if done.is_ok() && slow.has_plan(self.connection.engine()) {
                let plan = self.connection.plan(&slow.sql, &slow.binds);
                plan.unwrap_or_else(|refused| Some(format!("EXPLAIN failed: {refused}")))
            } else {
                None
            };
            slow.warn(plan.as_deref());
        }
        done
    }

    /// Runs a statement and returns the number of rows it changed or matched.
    pub(crate) fn execute(&mut self, statement: &impl QueryFragment<C::Backend>) -> QueryResult<usize> {
        let statement = Erased(statement);
        self.run(|connection| connection.execute_returning_count(&statement), |rows| *rows)
    }

    /// Runs a query that has at most one row, and returns that row converted by `read`.
    pub(crate) fn first<T>(
        &mut self,
        query: impl QueryFragment<C::Backend>,
        read: impl for<'c, 'q> FnOnce(&<C as LoadConnection>::Row<'c, 'q>) -> QueryResult<T>,
    ) -> QueryResult<Option<T>> {
        self.first_by_type(Erased(&query), read)
    }

    /// As [`first`](Self::first), with the query's type kept: Diesel finds a statement with a static query id in its
    /// cache without building its SQL.
    pub(crate) fn first_by_type<S, T>(
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

    /// Runs a query, passes each of its rows to `each` and returns their number.
    pub(crate) fn each(
        &mut self,
        query: impl QueryFragment<C::Backend>,
        mut each: impl for<'c, 'q> FnMut(<C as LoadConnection>::Row<'c, 'q>) -> QueryResult<()>,
    ) -> QueryResult<usize> {
        let observers = self.observers;
        self.run(
            |connection| {
                let mut rows = 0;
                for row in connection.load(Erased(&query))? {
                    observers.check()?;
                    each(row?)?;
                    rows += 1;
                }
                Ok(rows)
            },
            |rows| *rows,
        )
    }
}

/// A statement with its type erased, so that the code that Diesel compiles for each type of statement is compiled once
/// for all of the session's. Diesel caches it by its SQL.
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
