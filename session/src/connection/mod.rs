//! The connections that a session runs on, and everything that differs between engines.
//!
//! Only this module knows how an engine opens a transaction, returns generated keys and limits parameters, and what its
//! errors mean. Code above it asks a [`SessionConnection`] or an [`Engine`] for a capability and names no engine.

mod address;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod advice;
#[allow(missing_docs, reason = "the code that the enum's derive generates has no docs")]
mod any;
mod array;
mod cancellation;
mod copied;
mod database_connection;
mod dialect;
mod echo;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod endpoint;
mod engine;
mod executor;
mod failure;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod frames;
mod isolation;
mod keys;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "mysql")]
mod mysql_cluster;
#[cfg(feature = "mysql")]
mod mysql_hosts;
#[cfg(feature = "mysql")]
mod mysql_keys;
#[cfg(feature = "mysql")]
mod mysql_relay;
#[cfg(feature = "mysql")]
mod mysql_standby;
mod observers;
#[cfg(feature = "mysql")]
mod packet;
mod plan;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_copy;
#[cfg(feature = "postgres")]
mod postgres_details;
#[cfg(feature = "postgres")]
mod postgres_relays;
#[cfg(feature = "postgres")]
mod postgres_standby;
mod queue;
mod read_from;
mod read_limit;
#[cfg(feature = "testing")]
pub(crate) mod record;
mod refusal;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod relay;
mod server;
mod server_session;
mod slow;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod sqlite_copy;
#[cfg(feature = "sqlite")]
mod sqlite_file;
mod statement_span;
mod stop;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod stream;
#[cfg(feature = "mysql")]
mod tls_gate;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod unanswered;
mod updates;

pub use address::{Access, Address, Opened};
pub use any::{AnyConnection, MultiBackend};
pub(crate) use any::{concrete, on_every_connection, on_variant};
pub(crate) use array::SealedValues;
pub use array::{ArrayOf, Values};
pub(crate) use cancellation::Cancellation;
pub(crate) use copied::Copies;
pub use copied::{CopiedColumn, CopiedInto};
pub use database_connection::DatabaseConnection;
pub(crate) use dialect::TakenKey;
pub use echo::{Echo, EchoOptions};
pub use engine::Engine;
pub use executor::Executor;
pub(crate) use failure::only_says_it_is_over;
pub use isolation::Isolation;
pub use keys::{KeySource, KeySources, Replaced};
#[cfg(feature = "mysql")]
pub use mysql::open_mysql;
pub(crate) use observers::Observers;
#[cfg(feature = "postgres")]
pub use postgres::open_postgres;
pub(crate) use queue::{Turn, WriteQueue};
pub use read_from::ReadFrom;
pub(crate) use read_limit::ReadLimit;
pub use server::{Server, Waits};
pub(crate) use server_session::{Ended, ServerSession};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteAccess, open_sqlite};
pub(crate) use stop::Stop;
pub use updates::Updates;

use diesel::QueryResult;
use diesel::connection::{Connection, LoadConnection, TransactionManager};
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::sql_types::HasSqlType;

use crate::error::Error;

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
compile_error!(
    "diesel-session needs a database engine: enable at least one of the features `sqlite`, `postgres` and `mysql`"
);

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It may write; SQLite takes its write lock at the first statement.
    Write,
    /// It only reads, from one snapshot.
    Read,
}

/// How far the key sequence of a table has advanced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceState {
    /// The greatest key that the engine remembers having generated or seen, whether or not its row still exists; 0 if
    /// none.
    pub given: i64,
    /// The greatest key of an existing row; 0 if there are none.
    pub held: i64,
}

/// What the session needs from a connection, concrete or [`AnyConnection`].
pub trait SessionConnection: Connection + LoadConnection + Send + 'static {
    /// The engine at the other end.
    fn engine(&self) -> Engine;

    /// The maximum number of parameters of a statement.
    fn max_parameters(&self) -> usize;

    /// Whether a column's sort order differs from the order in which its values compare, as with MySQL's ENUM.
    ///
    /// # Errors
    ///
    /// The database's error while reading its catalogue.
    fn sorts_by_index(&mut self, _table: &str, _column: &str) -> QueryResult<bool> {
        Ok(false)
    }

    /// The maximum total size in bytes of a statement's values; a single row is sent whatever its size.
    fn max_bytes(&self) -> usize {
        usize::MAX
    }

    /// Opens a transaction: the engine's `BEGIN`, or a savepoint inside an open transaction, where an `isolation` of
    /// its own is refused.
    ///
    /// # Errors
    ///
    /// The database's, and a failed attempt to begin such a savepoint.
    fn begin(&mut self, mode: Mode, isolation: Option<Isolation>) -> QueryResult<()>;

    /// The state of the key sequence of `table`, whose key is `column`. Used only to copy rows with their keys.
    ///
    /// # Errors
    ///
    /// The database's error while reading; by default, that this connection type does not support it.
    fn sequence_state(&mut self, _table: &str, _column: &str) -> QueryResult<SequenceState> {
        Err(diesel::result::Error::QueryBuilderError("this connection cannot say which keys were given".into()))
    }

    /// Advances the key sequence of `table` past the keys used by another database, whose rows are about to be inserted
    /// with their own keys. A rollback does not undo this on a server, and MySQL ends an open transaction.
    ///
    /// # Errors
    ///
    /// The database's error; by default, that this connection type does not support it.
    fn advance_sequence(&mut self, _table: &str, _column: &str, _used: SequenceState) -> QueryResult<()> {
        Err(diesel::result::Error::QueryBuilderError("this connection cannot set the next key".into()))
    }

    /// The engine's plan for a SELECT that has just been run, as text; the SELECT is not run again. Its values are given as
    /// Diesel's debug output has them. `None` if this connection type does not support it.
    ///
    /// # Errors
    ///
    /// The database's; its transaction can be used as before.
    fn plan(&mut self, _select: &str, _values: &str) -> QueryResult<Option<String>> {
        Ok(None)
    }

    /// Turns the database's error while `doing` something with `table` into one that a user understands.
    fn explain(&self, error: diesel::result::Error, table: &str, doing: &str) -> Error;

    /// Turns the error of a failed COMMIT into one that a user understands. After a lost connection, or an I/O error in
    /// SQLite, the outcome is unknown.
    fn explain_commit(&self, error: diesel::result::Error) -> Error {
        match self.explain(error, "at COMMIT", "committing") {
            Error::Disconnected { source } => Error::CommitUnknown { source },
            other => other,
        }
    }

    /// Opens a savepoint.
    ///
    /// # Errors
    ///
    /// The database's.
    fn savepoint(&mut self) -> QueryResult<()> {
        Self::TransactionManager::begin_transaction(self)
    }

    /// Commits the innermost level: `RELEASE` of a savepoint, otherwise `COMMIT`.
    ///
    /// # Errors
    ///
    /// The database's.
    fn commit(&mut self) -> QueryResult<()> {
        Self::TransactionManager::commit_transaction(self)
    }

    /// Undoes the innermost level: `ROLLBACK TO` a savepoint, otherwise `ROLLBACK`.
    ///
    /// # Errors
    ///
    /// The database's.
    fn rollback(&mut self) -> QueryResult<()> {
        Self::TransactionManager::rollback_transaction(self)
    }
}

/// A single-column foreign key that prevents deleting the row it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// The referring table.
    pub table: String,
    /// The referring column.
    pub column: String,
    /// The referenced column; `None` for the primary key.
    pub to: Option<String>,
}

/// A concrete connection: one engine, known at compile time.
pub trait EngineConnection:
    SessionConnection<Backend: Default + diesel::backend::Backend<QueryBuilder: Default>>
{
    /// Whether an INSERT returns generated values (`RETURNING`); without it the rows are read back, starting at
    /// `LAST_INSERT_ID()` or by keys that were evaluated first, depending on [`key_source`](Self::key_source).
    const RETURNING: bool;

    /// Whether a RETURNING clause gives a row as triggers have left it. If not, columns that the database computes are
    /// read by a SELECT after the statement.
    const RETURNS_AFTER_TRIGGERS: bool = false;

    /// How several rows are updated in one statement.
    const UPDATES: Updates;

    /// The clause of an INSERT in which every column takes its default.
    const ALL_DEFAULTS: &'static str;

    /// What is true of a row that `INSERT … ON CONFLICT … RETURNING` inserted, as SQL, and of none that it updated; `None`
    /// where nothing tells the two apart, or the engine has no such statement.
    const INSERTED: Option<&'static str> = None;

    /// Whether a value of SQL type `ST` can be one element of an array.
    fn fits_array<ST>(&mut self) -> bool
    where
        Self::Backend: HasSqlType<ST>,
    {
        false
    }

    /// The foreign keys that may prevent deleting rows of `table`, where the engine's own error does not name the
    /// violated one.
    ///
    /// # Errors
    ///
    /// The database's error while reading its catalogue.
    fn unnamed_referrers(&mut self, table: &str) -> QueryResult<Vec<Referrer>> {
        let _ = table;
        Ok(Vec::new())
    }

    /// The columns of the UNIQUE constraint that the engine's error calls `named`, where the error has a name and no
    /// columns; `None` where the error has the columns, or there is no such constraint.
    ///
    /// # Errors
    ///
    /// The database's error while reading its catalogue.
    fn unique_columns(&mut self, table: &str, named: &str) -> QueryResult<Option<Vec<String>>> {
        let _ = (table, named);
        Ok(None)
    }

    /// The source of the key in `column` of `table` (its name as written in SQL), on an engine without RETURNING; a
    /// connection that wraps another one delegates to it. If it is unknown, the program must supply every key.
    ///
    /// # Errors
    ///
    /// The database's error while reading its catalogue.
    fn key_source(&mut self, table: &str, column: &str) -> QueryResult<KeySource> {
        let (_, _) = (table, column);
        Ok(KeySource::Unknown)
    }

    /// Makes the engine forget the last key that a counter generated, so that the next one is known to come from the
    /// next INSERT.
    ///
    /// # Errors
    ///
    /// The database's error.
    fn forget_last_key(&mut self) -> QueryResult<()> {
        Ok(())
    }

    /// Whether the engine counts the rows of an INSERT into `table` (named as in SQL); not every engine does for a view.
    ///
    /// # Errors
    ///
    /// The database's error while reading its catalogue.
    fn counts_inserted(&mut self, _table: &str) -> QueryResult<bool> {
        Ok(true)
    }

    /// Whether a row that this transaction has just inserted may be missing because a conflict with another node of a
    /// cluster rolled the transaction back without an error.
    fn undoes_silently(&self) -> bool {
        false
    }

    /// Whether the key in `column` of `table` (its name as written in SQL) comes from a counter with ascending keys,
    /// which no trigger replaces. Called once per entity, before an INSERT of several rows that only their keys
    /// distinguish.
    ///
    /// # Errors
    ///
    /// The database's error while reading its catalogue.
    fn counts_keys(&mut self, table: &str, column: &str) -> QueryResult<bool> {
        Ok(self.last_counted(table, column)?.is_some())
    }

    /// If the key in `column` of `table` (its name as written in SQL) comes from a counter with ascending keys, SQL for
    /// the last one generated on this connection. Called only after an INSERT of several rows whose order is in doubt.
    ///
    /// # Errors
    ///
    /// The database's error while reading its catalogue.
    fn last_counted(&mut self, table: &str, column: &str) -> QueryResult<Option<String>> {
        let (_, _) = (table, column);
        Ok(None)
    }

    /// Binds the values as one array of `ST`.
    ///
    /// # Errors
    ///
    /// If the engine has no arrays.
    fn push_array<'b, ST: 'static, V>(_: &'b ArrayOf<V>, _: &mut AstPass<'_, 'b, Self::Backend>) -> QueryResult<()>
    where
        Self::Backend: HasSqlType<ST>,
        V: Values<Self::Backend>,
    {
        Err(diesel::result::Error::QueryBuilderError("this engine has no arrays".into()))
    }

    /// The columns of `table` (its name as written in SQL) that [`copy`](Self::copy) can fill with the same result as an
    /// INSERT; none if the engine cannot copy, or not into this table.
    ///
    /// # Errors
    ///
    /// The database's error while reading its catalogue.
    fn copied_columns(&mut self, _table: &str) -> QueryResult<Vec<CopiedColumn>> {
        Ok(Vec::new())
    }

    /// Whether a value of SQL type `ST` can be copied into this column as it is sent.
    fn fits_column<ST>(&mut self, _column: &CopiedColumn) -> bool
    where
        Self::Backend: HasSqlType<ST>,
    {
        false
    }

    /// Copies rows of `width` columns each into a table, and returns the number of rows that it has taken. `values` binds
    /// their values, row by row.
    ///
    /// # Errors
    ///
    /// The database's, and if the engine cannot copy.
    fn copy<T: CopiedInto<Self::Backend>>(
        &mut self,
        _width: usize,
        _values: &dyn QueryFragment<Self::Backend>,
    ) -> QueryResult<usize> {
        Err(diesel::result::Error::QueryBuilderError("this engine cannot copy rows".into()))
    }
}
