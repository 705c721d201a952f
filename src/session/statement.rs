//! Statements in Diesel's words run through the session, and the way out to plain Diesel.

use std::any::TypeId;

use diesel::QuerySource;
use diesel::query_builder::{DeleteStatement, InsertStatement, UpdateStatement};
use diesel::query_dsl::methods::ExecuteDsl;

use super::Session;
use super::written::Write;
use crate::connection::SessionConnection;
use crate::error::{Error, Result};

/// An UPDATE, DELETE or INSERT in Diesel's words, whose type says which table it changes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a statement on a table",
    note = "`execute` takes `diesel::update`, `diesel::delete` and `diesel::insert_into`; for anything else use `connection`"
)]
pub trait Statement {
    /// The table it changes.
    type Table: 'static;
}

impl<T: QuerySource + 'static, U, V, R> Statement for UpdateStatement<T, U, V, R> {
    type Table = T;
}

impl<T: QuerySource + 'static, U, R> Statement for DeleteStatement<T, U, R> {
    type Table = T;
}

impl<T: QuerySource + 'static, U, O, R> Statement for InsertStatement<T, U, O, R> {
    type Table = T;
}

/// The name of a statement's table, as Diesel's module for it is called.
fn table_of<S: Statement>() -> &'static str {
    std::any::type_name::<S::Table>().rsplit("::").nth(1).unwrap_or("a table")
}

impl<C: SessionConnection> Session<'_, C> {
    /// Flushes, runs the statement and gives how many rows it matched. The session's rows of that table, and of the
    /// tables that refer to it, are expired: their next use reads them again.
    ///
    /// # Errors
    ///
    /// What the flush or the statement fails with; a failed statement undoes and poisons the innermost level.
    pub fn execute<S>(&mut self, statement: S) -> Result<usize>
    where
        S: Statement + ExecuteDsl<C>,
    {
        let matched = self.execute_unsynchronized(statement)?;
        let write = Write::Statement(TypeId::of::<S::Table>());
        self.maps.iter_mut().filter(|map| write.reaches(map.table())).for_each(|map| map.expire_since(0));
        Ok(matched)
    }

    /// As [`execute`](Self::execute), and leaves the session's rows as they are: they show the values from before
    /// until they are expired or the transaction ends.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute).
    pub fn execute_unsynchronized<S>(&mut self, statement: S) -> Result<usize>
    where
        S: Statement + ExecuteDsl<C>,
    {
        if self.transaction.is_read() {
            return Err(Error::ReadOnlySession);
        }
        self.check()?;
        // Also where automatic flushes are off: what is pending came before the statement, and would undo it.
        self.flush().map_err(|cause| Error::Autoflush { cause: cause.into() })?;
        self.open()?;
        self.writes(Write::Statement(TypeId::of::<S::Table>()));
        let executed = self.executor().run(|connection| S::execute(statement, connection), |rows| *rows);
        let table = table_of::<S>();
        executed.map_err(|error| self.fail(error, table, &format!("changing {table}")))
    }

    /// Flushes and lends the connection, inside the session's transaction, for anything that Diesel can do. What it is
    /// used for is not known, so every row in the session counts as stale afterwards.
    ///
    /// Pass on every error of Diesel's that is met there: the session does not see it, so it poisons nothing and is not
    /// tried again. After a conflict MySQL has ended the transaction, and what is done in spite of it is kept for itself.
    ///
    /// # Errors
    ///
    /// What the flush or BEGIN fails with.
    pub fn connection(&mut self) -> Result<&mut C> {
        self.flush()?;
        self.open()?;
        self.writes(Write::Unknown);
        self.transaction.age();
        Ok(&mut **self.connection)
    }
}
