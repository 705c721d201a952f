//! The connections that a session runs on, and what each engine does its own way.
//!
//! This is the one room that knows how an engine opens a transaction, gives generated keys back, limits binds, and what
//! its errors mean. Everything above asks a [`SessionConnection`] or a [`Backend`] and names no engine.

mod address;
// What the derive of the enum writes has no docs of its own.
#[allow(missing_docs)]
mod any;
mod echo;
mod link;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod sqlite_file;

pub use address::{Access, Address, Opened};
pub use any::{AnyConnection, MultiBackend};
pub(crate) use any::{on_every_connection, on_variant};
pub use echo::{Echo, EchoOptions};
pub use link::Link;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteAccess, open_sqlite};

use diesel::QueryResult;
use diesel::connection::{Connection, LoadConnection, TransactionManager};

use crate::error::Error;

#[cfg(not(feature = "sqlite"))]
compile_error!("folio needs a database engine: enable the feature `sqlite` (in time also `postgres` or `mysql`)");

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// SQLite, compiled in.
    Sqlite,
}

impl Backend {
    /// Whether a transaction can go on reading after one of its statements was refused.
    #[must_use]
    pub fn reads_after_error(self) -> bool {
        match self {
            Self::Sqlite => true,
        }
    }

    /// What ends a SELECT that locks its rows against others until the transaction ends; nothing where a transaction
    /// that may write excludes all other writers anyway.
    #[must_use]
    pub fn row_lock(self) -> &'static str {
        match self {
            Self::Sqlite => "",
        }
    }
}

/// What a transaction is for; SQLite takes its write lock at the first statement of a [`Write`](Mode::Write) one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It may write.
    Write,
    /// It only reads.
    Read,
}

/// What the session asks of a connection, concrete or [`AnyConnection`].
pub trait SessionConnection: Connection + LoadConnection + Send + 'static {
    /// The engine at the other end.
    fn backend(&self) -> Backend;

    /// How many binds a statement may have.
    fn max_binds(&self) -> usize;

    /// Opens a transaction: the engine's `BEGIN`, or a savepoint where one is open already.
    fn begin(&mut self, mode: Mode) -> QueryResult<()>;

    /// Says in a user's words what the database refused while `doing` something with `table`.
    fn explain(&self, error: diesel::result::Error, table: &str, doing: &str) -> Error;

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

/// A concrete connection: one engine, known when the program is compiled.
pub trait Engine: SessionConnection {}
