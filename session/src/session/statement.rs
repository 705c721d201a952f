//! Diesel statements run through the session, and access to plain Diesel.

use std::any::TypeId;

use diesel::QuerySource;
use diesel::query_builder::{DeleteStatement, InsertStatement, UpdateStatement};
use diesel::query_dsl::methods::{ExecuteDsl, FilterDsl};

use super::entity::{Entity, EntityTable};
use super::filter::{HasFilters, Unfiltered};
use super::sql::FilterExpression;
use super::written::Write;
use super::{Session, sealed};
use crate::connection::{Engine, SessionConnection};
use crate::error::{Error, Result};

/// A Diesel UPDATE, DELETE or INSERT, whose type names the table it changes. Only the session implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a statement on a table",
    note = "`execute` takes `diesel::update`, `diesel::delete` and `diesel::insert_into`; for anything else use `connection`"
)]
pub trait Statement: sealed::Statement {
    /// The table it changes.
    type Table: 'static;
}

impl<T: QuerySource, U, V, R> sealed::Statement for UpdateStatement<T, U, V, R> {}
impl<T: QuerySource, U, R> sealed::Statement for DeleteStatement<T, U, R> {}
impl<T: QuerySource, U, O, R> sealed::Statement for InsertStatement<T, U, O, R> {}

impl<T: QuerySource + 'static, U, V, R> Statement for UpdateStatement<T, U, V, R> {
    type Table = T;
}

impl<T: QuerySource + 'static, U, R> Statement for DeleteStatement<T, U, R> {
    type Table = T;
}

impl<T: QuerySource + 'static, U, O, R> Statement for InsertStatement<T, U, O, R> {
    type Table = T;
}

/// A statement on the table of `E` that takes the filters of `E`: an UPDATE or a DELETE as a condition; an INSERT is as
/// it was. Only the session implements it.
#[diagnostic::on_unimplemented(
    message = "the filters of `{E}` cannot be added to `{Self}`",
    label = "not a statement that takes one more condition"
)]
pub trait FilterableStatement<E: Entity, F = <E as Entity>::Filters>: Statement + Sized {
    /// The statement with the filters.
    type Filtered;

    /// Adds the filters.
    #[doc(hidden)]
    fn filtered(self, filter: FilterExpression<E>) -> Self::Filtered;
}

impl<E: Entity, S: Statement> FilterableStatement<E, Unfiltered> for S {
    type Filtered = S;

    fn filtered(self, _: FilterExpression<E>) -> S {
        self
    }
}

impl<E, T, U, V, R> FilterableStatement<E, HasFilters> for UpdateStatement<T, U, V, R>
where
    E: Entity,
    T: QuerySource + 'static,
    Self: FilterDsl<FilterExpression<E>>,
{
    type Filtered = <Self as FilterDsl<FilterExpression<E>>>::Output;

    fn filtered(self, filter: FilterExpression<E>) -> Self::Filtered {
        FilterDsl::filter(self, filter)
    }
}

impl<E, T, U, R> FilterableStatement<E, HasFilters> for DeleteStatement<T, U, R>
where
    E: Entity,
    T: QuerySource + 'static,
    Self: FilterDsl<FilterExpression<E>>,
{
    type Filtered = <Self as FilterDsl<FilterExpression<E>>>::Output;

    fn filtered(self, filter: FilterExpression<E>) -> Self::Filtered {
        FilterDsl::filter(self, filter)
    }
}

impl<E: Entity, T: QuerySource + 'static, U, O, R> FilterableStatement<E, HasFilters> for InsertStatement<T, U, O, R> {
    type Filtered = Self;

    fn filtered(self, _: FilterExpression<E>) -> Self {
        self
    }
}

/// The name of a statement's table, taken from its Diesel module.
fn table_of<S: Statement>() -> &'static str {
    std::any::type_name::<S::Table>().rsplit("::").nth(1).unwrap_or("a table")
}

/// The entity whose table a statement changes.
type Changed<S> = <<S as Statement>::Table as EntityTable>::Entity;

impl<C: SessionConnection> Session<'_, C> {
    /// Flushes, runs the statement and returns the number of rows it matched. An UPDATE or DELETE matches only rows that the
    /// filters of their entity do not exclude. The session's rows of that table, and of
    /// the tables that refer to it, are expired: their next use reloads them.
    ///
    /// # Errors
    ///
    /// [`Error::FilterValue`]; errors of the flush or the statement; a failed statement rolls back and poisons the
    /// innermost level. [`Error::KeepsHistory`] for a table whose entity has `#[entity(history)]`: a statement does not
    /// tell which rows it changes, so its changes could not be recorded. Load the rows by a query, and edit or delete
    /// them.
    pub fn execute<S>(&mut self, statement: S) -> Result<usize>
    where
        S: Statement<Table: EntityTable> + FilterableStatement<Changed<S>>,
        S::Filtered: ExecuteDsl<C>,
    {
        let matched = self.execute_unsynchronized(statement)?;
        let write = Write::Statement(TypeId::of::<S::Table>());
        self.expire_rows(|table| write.reaches(table));
        Ok(matched)
    }

    /// As [`execute`](Self::execute), but leaves the session's rows as they are: they show the old values until they
    /// are expired or the transaction ends.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute).
    pub fn execute_unsynchronized<S>(&mut self, statement: S) -> Result<usize>
    where
        S: Statement<Table: EntityTable> + FilterableStatement<Changed<S>>,
        S::Filtered: ExecuteDsl<C>,
    {
        if self.transaction.is_read() {
            return Err(Error::ReadOnlySession);
        }
        self.check()?;
        self.check_history::<Changed<S>>()?;
        let statement = statement.filtered(self.filter_expression()?);
        // Even if automatic flushes are off: pending changes were made before the statement, and would overwrite its
        // effect.
        self.flush().map_err(|cause| Error::Autoflush { cause: cause.into() })?;
        self.open()?;
        self.writes(Write::Statement(TypeId::of::<S::Table>()));
        let executed = self.executor().run(|connection| ExecuteDsl::execute(statement, connection), |rows| *rows);
        let table = table_of::<S>();
        executed.map_err(|error| self.fail(error, table, &format!("changing {table}")))
    }

    /// The engine that the session's connection leads to. No SQL.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.connection.engine()
    }

    /// Flushes and lends the connection, inside the session's transaction, for anything that Diesel can do. The session
    /// does not know what it is used for, so all of its rows are stale afterwards.
    ///
    /// Return every Diesel error that occurs there: the session does not see it, so the error does not poison it and is
    /// not retried. After a conflict MySQL has ended the transaction, and statements sent after it are committed on
    /// their own.
    ///
    /// # Errors
    ///
    /// Errors of the flush or BEGIN.
    pub fn connection(&mut self) -> Result<&mut C> {
        self.flush()?;
        self.open()?;
        self.writes(Write::Unknown);
        self.transaction.expire_reads();
        self.copies.forget();
        self.observers.enter()?;
        Ok(&mut **self.connection)
    }
}
