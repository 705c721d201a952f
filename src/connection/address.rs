//! Where a database is, and the way from there to a connection.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::AnyConnection;
#[cfg(feature = "sqlite")]
use super::{SqliteAccess, open_sqlite, sqlite_file};
use crate::error::{Error, Result};

/// What a database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Access {
    /// Reading only. A file is opened so that the engine itself refuses every write.
    Read,
    /// Reading and writing of a database that is there.
    #[default]
    Write,
    /// Reading and writing; a file that is missing is made.
    Create,
}

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// A new SQLite database in memory, which lives and dies with one connection.
    #[cfg(feature = "sqlite")]
    SqliteMemory,
    /// An SQLite file.
    #[cfg(feature = "sqlite")]
    SqliteFile(PathBuf),
}

/// A connection, and whether opening it made the database.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The connection.
    pub connection: AnyConnection,
    /// The database was not there before.
    pub created: bool,
}

impl Address {
    /// The same address, free of the current folder: a relative path is joined to it now.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] where there is no current folder.
    pub fn absolute(self) -> Result<Self> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory => Ok(self),
            #[cfg(feature = "sqlite")]
            Self::SqliteFile(path) => match std::path::absolute(&path) {
                Ok(path) => Ok(Self::SqliteFile(path)),
                Err(e) => Err(Error::Open { place: path.display().to_string(), problem: e.to_string() }),
            },
        }
    }

    /// Whether only the connection that opened the database can see it.
    #[must_use]
    pub fn is_private(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory => true,
            #[cfg(feature = "sqlite")]
            Self::SqliteFile(_) => false,
        }
    }

    /// Opens a connection, set up as Folio relies on; a statement waits at most `busy_timeout` for another's lock.
    ///
    /// A file that [`Access::Create`] makes is its owner's alone (mode 0600 on Unix, which SQLite's side files inherit)
    /// and keeps a write-ahead log. [`Access::Read`] of such a file in a folder that cannot be written, with no log
    /// beside it, falls back to reading the bare file without locks: nobody may be writing it meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::NoDatabase`] where there is none to read or write; [`Error::Open`] for a directory, a file that is no
    /// database, a file or folder that this user may not use; [`Error::Locked`].
    pub fn open(&self, access: Access, busy_timeout: Duration) -> Result<Opened> {
        let busy_ms = u32::try_from(busy_timeout.as_millis()).unwrap_or(u32::MAX).min(i32::MAX.unsigned_abs());
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory => {
                let connection = AnyConnection::Sqlite(open_sqlite(None, SqliteAccess::Create, busy_ms)?);
                Ok(Opened { connection, created: true })
            }
            #[cfg(feature = "sqlite")]
            Self::SqliteFile(path) => {
                let (connection, created) = sqlite_file::open(path, access, busy_ms)?;
                Ok(Opened { connection: AnyConnection::Sqlite(connection), created })
            }
        }
    }
}

/// The place, as messages name it: no password is ever in it.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory => f.write_str(":memory:"),
            #[cfg(feature = "sqlite")]
            Self::SqliteFile(path) => path.display().fmt(f),
        }
    }
}
