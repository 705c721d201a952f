//! `AnyConnection`: the enum over the engines compiled in.

use diesel::QueryResult;

use super::{Backend, Mode, SessionConnection};
use crate::error::{Error, Result};

/// A connection to whichever engine the URL names, among those compiled in.
///
/// Statements of entities match on the variant once and then run on the concrete connection; queries in Diesel's words
/// go through the enum.
#[derive(diesel::MultiConnection)]
#[non_exhaustive]
pub enum AnyConnection {
    /// SQLite.
    #[cfg(feature = "sqlite")]
    Sqlite(diesel::SqliteConnection),
}

/// Runs an expression on the concrete connection in an [`AnyConnection`].
macro_rules! on_variant {
    ($connection:expr, $concrete:ident => $run:expr) => {
        match $connection {
            #[cfg(feature = "sqlite")]
            $crate::connection::AnyConnection::Sqlite($concrete) => $run,
        }
    };
}
pub(crate) use on_variant;

/// Declares a trait that stands for `$bound<C>` with `C` every concrete connection compiled in.
macro_rules! on_every_connection {
    ($(#[$doc:meta])* trait $name:ident: $bound:ident) => {
        $(#[$doc])*
        pub trait $name: $bound<diesel::SqliteConnection> {}

        impl<E: $bound<diesel::SqliteConnection>> $name for E {}
    };
}
pub(crate) use on_every_connection;

impl AnyConnection {
    /// Sets what stays with the database rather than the connection: on SQLite the write-ahead log
    /// (`PRAGMA journal_mode = WAL`).
    pub(crate) fn set_lasting(&mut self) -> Result<()> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(connection) => super::sqlite_file::keep_log(connection),
        }
    }
}

impl std::fmt::Debug for AnyConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AnyConnection({:?})", self.backend())
    }
}

impl SessionConnection for AnyConnection {
    fn backend(&self) -> Backend {
        on_variant!(self, connection => connection.backend())
    }

    fn max_binds(&self) -> usize {
        on_variant!(self, connection => connection.max_binds())
    }

    fn begin(&mut self, mode: Mode) -> QueryResult<()> {
        on_variant!(self, connection => connection.begin(mode))
    }

    fn explain(&self, error: diesel::result::Error, table: &str, doing: &str) -> Error {
        on_variant!(self, connection => connection.explain(error, table, doing))
    }
}
