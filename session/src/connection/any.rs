//! `AnyConnection`: the enum over the engines compiled in.

use std::time::Duration;

use diesel::QueryResult;

use super::{Engine, Isolation, Mode, SequenceState, SessionConnection, WriteQueue};
use crate::error::Error;

/// A connection to whichever engine the URL names, among those compiled in.
///
/// Statements of entities match on the variant once and then run on the concrete connection; plain Diesel queries go
/// through the enum.
#[derive(diesel::MultiConnection)]
#[non_exhaustive]
pub enum AnyConnection {
    /// SQLite.
    #[cfg(feature = "sqlite")]
    Sqlite(diesel::SqliteConnection),
    /// PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(diesel::PgConnection),
    /// MySQL or MariaDB.
    #[cfg(feature = "mysql")]
    Mysql(diesel::MysqlConnection),
}

/// Runs an expression on the concrete connection in an [`AnyConnection`].
macro_rules! on_variant {
    ($connection:expr, $concrete:ident => $run:expr) => {
        match $connection {
            #[cfg(feature = "sqlite")]
            $crate::connection::AnyConnection::Sqlite($concrete) => $run,
            #[cfg(feature = "postgres")]
            $crate::connection::AnyConnection::Postgres($concrete) => $run,
            #[cfg(feature = "mysql")]
            $crate::connection::AnyConnection::Mysql($concrete) => $run,
        }
    };
}
pub(crate) use on_variant;

/// The concrete connections compiled in. An engine that is missing is an alias of one that is present, so a list of
/// bounds can name all three, whatever the features.
pub(crate) mod concrete {
    #[cfg(feature = "mysql")]
    pub use diesel::MysqlConnection as Mysql;
    #[cfg(feature = "postgres")]
    pub use diesel::PgConnection as Postgres;
    #[cfg(feature = "sqlite")]
    pub use diesel::SqliteConnection as Sqlite;

    #[cfg(all(not(feature = "postgres"), not(feature = "sqlite")))]
    pub use Mysql as Postgres;
    #[cfg(all(not(feature = "sqlite"), not(feature = "postgres")))]
    pub use Mysql as Sqlite;
    #[cfg(all(not(feature = "mysql"), not(feature = "sqlite")))]
    pub use Postgres as Mysql;
    #[cfg(all(not(feature = "sqlite"), feature = "postgres"))]
    pub use Postgres as Sqlite;
    #[cfg(all(not(feature = "mysql"), feature = "sqlite"))]
    pub use Sqlite as Mysql;
    #[cfg(all(not(feature = "postgres"), feature = "sqlite"))]
    pub use Sqlite as Postgres;
}

/// Declares a trait that means `$bound<C>` for every concrete connection `C` compiled in.
macro_rules! on_every_connection {
    ($(#[$doc:meta])* trait $name:ident: $bound:ident) => {
        $(#[$doc])*
        pub trait $name:
            $bound<$crate::connection::concrete::Sqlite>
            + $bound<$crate::connection::concrete::Postgres>
            + $bound<$crate::connection::concrete::Mysql>
        {
        }

        impl<E> $name for E where
            E: $bound<$crate::connection::concrete::Sqlite>
                + $bound<$crate::connection::concrete::Postgres>
                + $bound<$crate::connection::concrete::Mysql>
        {
        }
    };
}
pub(crate) use on_every_connection;

impl AnyConnection {
    /// The queue in which this database's writers within this process wait for their turn, for at most `timeout`. None
    /// where the engine itself orders writers, or where the database cannot be written.
    #[cfg_attr(not(feature = "sqlite"), allow(unused_variables, reason = "no other engine needs a queue"))]
    pub(crate) fn write_queue(&mut self, timeout: Duration) -> Option<WriteQueue> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(connection) => {
                super::sqlite_file::identity(connection).map(|file| WriteQueue::of(file, timeout))
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => None,
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => None,
        }
    }
}

impl std::fmt::Debug for AnyConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AnyConnection({:?})", self.engine())
    }
}

impl SessionConnection for AnyConnection {
    fn engine(&self) -> Engine {
        on_variant!(self, connection => connection.engine())
    }

    fn max_parameters(&self) -> usize {
        on_variant!(self, connection => connection.max_parameters())
    }

    fn sorts_by_index(&mut self, table: &str, column: &str) -> QueryResult<bool> {
        on_variant!(self, connection => connection.sorts_by_index(table, column))
    }

    fn max_bytes(&self) -> usize {
        on_variant!(self, connection => connection.max_bytes())
    }

    fn begin(&mut self, mode: Mode, isolation: Option<Isolation>) -> QueryResult<()> {
        on_variant!(self, connection => connection.begin(mode, isolation))
    }

    fn sequence_state(&mut self, table: &str, column: &str) -> QueryResult<SequenceState> {
        on_variant!(self, connection => connection.sequence_state(table, column))
    }

    fn advance_sequence(&mut self, table: &str, column: &str, used: SequenceState) -> QueryResult<()> {
        on_variant!(self, connection => connection.advance_sequence(table, column, used))
    }

    fn plan(&mut self, select: &str, values: &str) -> QueryResult<Option<String>> {
        on_variant!(self, connection => connection.plan(select, values))
    }

    fn explain(&self, error: diesel::result::Error, table: &str, doing: &str) -> Error {
        on_variant!(self, connection => connection.explain(error, table, doing))
    }

    fn commit(&mut self) -> QueryResult<()> {
        on_variant!(self, connection => connection.commit())
    }

    fn rollback(&mut self) -> QueryResult<()> {
        on_variant!(self, connection => connection.rollback())
    }

    fn explain_commit(&self, error: diesel::result::Error) -> Error {
        on_variant!(self, connection => connection.explain_commit(error))
    }
}
