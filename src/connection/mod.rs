//! The connections that a session runs on, and what each engine does its own way.
//!
//! This is the one room that knows how an engine opens a transaction, gives generated keys back, limits binds, and what
//! its errors mean. Everything above asks a [`SessionConnection`] or a [`Engine`] and names no engine.

mod address;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod advice;
// What the derive of the enum writes has no docs of its own.
#[allow(missing_docs)]
mod any;
mod array;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod door;
mod echo;
mod executor;
mod failure;
mod isolation;
mod keys;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod line;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "mysql")]
mod mysql_cluster;
#[cfg(feature = "mysql")]
mod mysql_keys;
#[cfg(feature = "mysql")]
mod mysql_relay;
#[cfg(feature = "mysql")]
mod packet;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_relays;
mod queue;
mod read_limit;
mod refusal;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod relay;
mod server;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod sqlite_copy;
#[cfg(feature = "sqlite")]
mod sqlite_file;
#[cfg(feature = "mysql")]
mod tls_gate;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod unanswered;

pub use address::{Access, Address, Opened};
pub use any::{AnyConnection, MultiBackend};
pub(crate) use any::{concrete, on_every_connection, on_variant};
pub use array::{ArrayOf, Values};
pub use echo::{Echo, EchoOptions};
pub use executor::Executor;
pub(crate) use failure::only_says_it_is_over;
pub use isolation::Isolation;
pub use keys::{KeySource, KeySources, Replaced};
#[cfg(feature = "mysql")]
pub use mysql::open_mysql;
#[cfg(feature = "postgres")]
pub use postgres::open_postgres;
pub(crate) use queue::{Turn, WriteQueue};
pub(crate) use read_limit::ReadLimit;
pub use server::{Server, Waits};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteAccess, open_sqlite};

use diesel::QueryResult;
use diesel::connection::{Connection, LoadConnection, TransactionManager};
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::sql_types::HasSqlType;

use crate::error::Error;

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
compile_error!("folio needs a database engine: enable at least one of the features `sqlite`, `postgres` and `mysql`");

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Engine {
    /// SQLite, compiled in from source.
    Sqlite,
    /// PostgreSQL, through libpq.
    Postgres,
    /// MySQL and MariaDB, through MariaDB's client library.
    Mysql,
}

impl Engine {
    /// Every engine that Folio knows.
    pub const ALL: &'static [Self] = &[Self::Sqlite, Self::Postgres, Self::Mysql];

    /// Whether a transaction can go on reading after one of its statements was refused.
    #[must_use]
    pub fn reads_after_error(self) -> bool {
        match self {
            Self::Sqlite | Self::Mysql => true,
            Self::Postgres => false,
        }
    }

    /// Whether a rollback undoes CREATE TABLE and DROP TABLE. Where it does not, each of them is committed at once.
    #[must_use]
    pub fn undoes_tables(self) -> bool {
        match self {
            Self::Sqlite | Self::Postgres => true,
            Self::Mysql => false,
        }
    }

    /// Whether a foreign key is checked when a statement ends, so that its rows may refer to each other in any order. Where
    /// it is not, it is checked row by row.
    #[must_use]
    pub fn checks_after_statement(self) -> bool {
        match self {
            Self::Sqlite | Self::Postgres => true,
            Self::Mysql => false,
        }
    }

    /// Whether rows are found by several columns from a list that is selected from (`VALUES (?, ?), (?, ?)`). Where they are
    /// not, the list stands in `IN` itself.
    #[must_use]
    pub fn lists_rows(self) -> bool {
        match self {
            Self::Sqlite | Self::Postgres => true,
            Self::Mysql => false,
        }
    }

    /// What ends a SELECT that locks its rows against others until the transaction ends; nothing where a transaction
    /// that may write excludes all other writers anyway.
    #[must_use]
    pub fn row_lock(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres | Self::Mysql => " FOR UPDATE",
        }
    }

    /// The name of the feature that compiles it in.
    #[must_use]
    pub const fn feature(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }

    /// The versions that Folio's own tests run on.
    #[must_use]
    pub const fn tested_on(self) -> &'static str {
        match self {
            Self::Sqlite => "the SQLite that is compiled in",
            Self::Postgres => "PostgreSQL 15",
            Self::Mysql => "MariaDB 10.11, MySQL 9.7",
        }
    }

    /// Whether this build can open its databases.
    ///
    /// ```
    /// use folio::connection::Engine;
    ///
    /// assert!(Engine::ALL.iter().any(|engine| engine.is_compiled_in()));
    /// ```
    #[must_use]
    pub const fn is_compiled_in(self) -> bool {
        match self {
            Self::Sqlite => cfg!(feature = "sqlite"),
            Self::Postgres => cfg!(feature = "postgres"),
            Self::Mysql => cfg!(feature = "mysql"),
        }
    }
}

/// Its name as people write it.
impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL and MariaDB",
        })
    }
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It may write; SQLite takes its write lock at the first statement.
    Write,
    /// It only reads, and all that it reads is of one moment.
    Read,
}

/// How far the keys of a table have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceState {
    /// The greatest that the engine remembers to have given, or met, whether its row is still there or not; else 0.
    pub given: i64,
    /// The greatest that a row has; 0 where there are none.
    pub held: i64,
}

/// What the session asks of a connection, concrete or [`AnyConnection`].
pub trait SessionConnection: Connection + LoadConnection + Send + 'static {
    /// The engine at the other end.
    fn engine(&self) -> Engine;

    /// How many binds a statement may have.
    fn max_parameters(&self) -> usize;

    /// Whether a column sorts its values otherwise than it compares them with others, as an ENUM of MySQL's does.
    ///
    /// # Errors
    ///
    /// What the database says against reading its catalogue.
    fn sorts_by_index(&mut self, _table: &str, _column: &str) -> QueryResult<bool> {
        Ok(false)
    }

    /// How many bytes the values of a statement may take together; a single row is sent whatever its size.
    fn max_bytes(&self) -> usize {
        usize::MAX
    }

    /// Opens a transaction: the engine's `BEGIN`, or a savepoint where one is open already, unless it is to be of a level
    /// of its own.
    fn begin(&mut self, mode: Mode, isolation: Option<Isolation>) -> QueryResult<()>;

    /// The keys that `table` has given so far, which are in `column`. Only for copying rows with their keys.
    ///
    /// # Errors
    ///
    /// What the database says against looking; that it cannot be said, unless the connection type does it.
    fn sequence_state(&mut self, _table: &str, _column: &str) -> QueryResult<SequenceState> {
        Err(diesel::result::Error::QueryBuilderError("this connection cannot say which keys were given".into()))
    }

    /// Has the keys of new rows of `table` go on behind those that another database has used, whose rows are about to be
    /// inserted with the keys they have. A server does not undo this by a rollback, and MySQL ends an open transaction.
    ///
    /// # Errors
    ///
    /// What the database says against it; that it cannot be done, unless the connection type does it.
    fn advance_sequence(&mut self, _table: &str, _column: &str, _used: SequenceState) -> QueryResult<()> {
        Err(diesel::result::Error::QueryBuilderError("this connection cannot set the next key".into()))
    }

    /// Says in a user's words what the database refused while `doing` something with `table`.
    fn explain(&self, error: diesel::result::Error, table: &str, doing: &str) -> Error;

    /// The error that a statement met, replaced where the connection was lost because of the statement's size and the
    /// error does not say that.
    fn blame_size<S: QueryFragment<Self::Backend>>(
        &self,
        _statement: &S,
        error: diesel::result::Error,
    ) -> diesel::result::Error {
        error
    }

    /// Says in a user's words why COMMIT failed. Where the connection was lost, or SQLite met an I/O error, it is unknown
    /// what became of the work.
    fn explain_commit(&self, error: diesel::result::Error) -> Error {
        match self.explain(error, "at COMMIT", "committing") {
            Error::Disconnected { source } => Error::CommitUnknown { source },
            other => other,
        }
    }

    /// Opens a savepoint.
    fn savepoint(&mut self) -> QueryResult<()> {
        Self::TransactionManager::begin_transaction(self)
    }

    /// Commits the innermost level: `RELEASE` of a savepoint, else `COMMIT`.
    fn commit(&mut self) -> QueryResult<()> {
        Self::TransactionManager::commit_transaction(self)
    }

    /// Undoes the innermost level: `ROLLBACK TO` a savepoint, else `ROLLBACK`.
    fn rollback(&mut self) -> QueryResult<()> {
        Self::TransactionManager::rollback_transaction(self)
    }
}

/// How an engine changes many rows, each to values of its own, by one statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Updates {
    /// From a table of binds: `UPDATE … FROM (VALUES …)`.
    FromValues,
    /// From arrays, one a column: `UPDATE … FROM unnest(…)`; from VALUES where a column does not fit an array.
    FromArrays,
    /// From a table of binds that is joined: `UPDATE … JOIN (SELECT ? … UNION ALL …)`.
    FromJoin,
}

/// A foreign key of one column that keeps the row it refers to from being deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// Its table.
    pub table: String,
    /// Its column.
    pub column: String,
    /// The column that it refers to; `None` for the key.
    pub to: Option<String>,
}

/// A concrete connection: one engine, known when the program is compiled.
pub trait EngineConnection:
    SessionConnection<Backend: Default + diesel::backend::Backend<QueryBuilder: Default>>
{
    /// Whether an INSERT gives back what the database made (`RETURNING`); without it the rows are read back, from
    /// `LAST_INSERT_ID()` on or by keys that were asked for, as [`key_source`](Self::key_source) says.
    const RETURNING: bool;

    /// How many rows are changed.
    const UPDATES: Updates;

    /// What an INSERT says that leaves every column to the database.
    const ALL_DEFAULTS: &'static str;

    /// Whether values of SQL type `ST` can stand in an array, each as one element.
    fn fits_array<ST>(&mut self) -> bool
    where
        Self::Backend: HasSqlType<ST>,
    {
        false
    }

    /// The foreign keys that may stand against deleting rows of `table`, where the engine's own refusal does not name the
    /// one that does.
    ///
    /// # Errors
    ///
    /// What the database says against reading its catalogue.
    fn unnamed_referrers(&mut self, table: &str) -> QueryResult<Vec<Referrer>> {
        let _ = table;
        Ok(Vec::new())
    }

    /// The columns of the UNIQUE constraint that the engine's refusal calls `named`, where it tells a name alone and no
    /// columns; `None` where the refusal tells them, or there is no such constraint.
    ///
    /// # Errors
    ///
    /// What the database says against reading its catalogue.
    fn unique_columns(&mut self, table: &str, named: &str) -> QueryResult<Option<Vec<String>>> {
        let _ = (table, named);
        Ok(None)
    }

    /// Where the key in `column` of `table` (its name as SQL writes it) comes from, on an engine without RETURNING; a
    /// connection around another one passes the question on. Without an answer the program must give every key.
    ///
    /// # Errors
    ///
    /// What the database says against reading its catalogue.
    fn key_source(&mut self, table: &str, column: &str) -> QueryResult<KeySource> {
        let (_, _) = (table, column);
        Ok(KeySource::Unknown)
    }

    /// Has the engine forget the last key that a counter gave, so that the next one is known to be of the next INSERT.
    ///
    /// # Errors
    ///
    /// What the database says against it.
    fn forget_last_key(&mut self) -> QueryResult<()> {
        Ok(())
    }

    /// Whether a row that this transaction has just inserted may be missing because a conflict with another node of a
    /// cluster has undone the transaction, without an error.
    fn undoes_silently(&self) -> bool {
        false
    }

    /// Whether the key in `column` of `table` (its name as SQL writes it) comes from a counter whose keys ascend, and no
    /// trigger puts another in its place. Asked once an entity, before an INSERT of several rows that are told apart by their
    /// keys alone.
    ///
    /// # Errors
    ///
    /// What the database says against reading its catalogue.
    fn counts_keys(&mut self, table: &str, column: &str) -> QueryResult<bool> {
        Ok(self.last_counted(table, column)?.is_some())
    }

    /// Where the key in `column` of `table` (its name as SQL writes it) comes from a counter whose keys ascend: SQL for the
    /// last that it gave on this connection. Asked only after an INSERT of several rows whose order is in doubt.
    ///
    /// # Errors
    ///
    /// What the database says against reading its catalogue.
    fn last_counted(&mut self, table: &str, column: &str) -> QueryResult<Option<String>> {
        let (_, _) = (table, column);
        Ok(None)
    }

    /// Binds the values as one array of `ST`.
    ///
    /// # Errors
    ///
    /// Where the engine has no arrays.
    fn push_array<'b, ST: 'static, V>(_: &'b ArrayOf<V>, _: &mut AstPass<'_, 'b, Self::Backend>) -> QueryResult<()>
    where
        Self::Backend: HasSqlType<ST>,
        V: Values<Self::Backend>,
    {
        Err(diesel::result::Error::QueryBuilderError("this engine has no arrays".into()))
    }
}
