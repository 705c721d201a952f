//! The address of a database, and opening a connection to it.

use std::fmt;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;

#[cfg(feature = "mysql")]
use super::mysql;
#[cfg(feature = "postgres")]
use super::postgres;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use super::server::Server;
use super::server::Waits;
use super::{AnyConnection, Engine, ReadFrom, ReadLimit};
#[cfg(feature = "sqlite")]
use super::{SqliteAccess, open_sqlite, server::milliseconds, sqlite_file, sqlite_file::Made};
use crate::error::Result;

/// What a database is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Access {
    /// Reading only. A file is opened so that the engine itself refuses every write.
    Read,
    /// Reading and writing of an existing database.
    #[default]
    Write,
    /// Reading and writing; a missing file or server database is created.
    Create,
}

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// A new SQLite database in memory, which exists as long as its one connection.
    #[cfg(feature = "sqlite")]
    SqliteMemory,
    /// An SQLite file.
    #[cfg(feature = "sqlite")]
    SqliteFile(PathBuf),
    /// An SQLite file that, as the caller guarantees, nobody writes while it is open. It can only be read.
    #[cfg(feature = "sqlite")]
    SqliteImmutable(PathBuf),
    /// A database on a PostgreSQL server, or on several of which one takes over for another.
    #[cfg(feature = "postgres")]
    Postgres(Server),
    /// A database on a MySQL or MariaDB server.
    #[cfg(feature = "mysql")]
    Mysql(Server),
}

/// A connection, and whether opening it created the database.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The connection.
    pub connection: AnyConnection,
    /// The database did not exist before.
    pub created: bool,
    /// The connection reads a copy of the database, taken when the connection was opened.
    pub copy: bool,
    /// How long a server may take to answer on this connection.
    pub(crate) read_limit: ReadLimit,
}

impl Address {
    /// The same address, independent of the current folder: a relative path is joined to that folder now.
    ///
    /// # Errors
    ///
    /// [`Open`](crate::Error::Open) where there is no current folder.
    pub fn absolute(self) -> Result<Self> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory => Ok(self),
            #[cfg(feature = "sqlite")]
            Self::SqliteFile(path) => sqlite_file::absolute(&path).map(Self::SqliteFile),
            #[cfg(feature = "sqlite")]
            Self::SqliteImmutable(path) => sqlite_file::absolute(&path).map(Self::SqliteImmutable),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Ok(self),
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => Ok(self),
        }
    }

    /// The address of another database of the same server, with the same login and parameters; for SQLite that of a new
    /// database in memory.
    #[must_use]
    pub fn sibling(&self, name: &str) -> Self {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory | Self::SqliteFile(_) | Self::SqliteImmutable(_) => {
                let _ = name; // The one in memory has none.
                Self::SqliteMemory
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => Self::Postgres(server.sibling(name)),
            #[cfg(feature = "mysql")]
            Self::Mysql(server) => Self::Mysql(server.sibling(name)),
        }
    }

    /// The address of a test's own database of that name: on a server beside this one; instead of a file, one in the
    /// system's folder for temporary files.
    #[cfg(feature = "testing")]
    pub(crate) fn for_test(&self, name: &str) -> Self {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteFile(_) | Self::SqliteImmutable(_) => {
                Self::SqliteFile(std::env::temp_dir().join(name).with_extension("db"))
            }
            other => other.sibling(name),
        }
    }

    /// The file that the database is in.
    #[cfg(feature = "testing")]
    pub(crate) fn file(&self) -> Option<&std::path::Path> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteFile(path) | Self::SqliteImmutable(path) => Some(path),
            #[allow(unreachable_patterns, reason = "with one engine there may be no other")]
            _ => None,
        }
    }

    /// The engine of the database.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory | Self::SqliteFile(_) | Self::SqliteImmutable(_) => Engine::Sqlite,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Engine::Postgres,
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => Engine::Mysql,
        }
    }

    /// Whether only the connection that opened the database can see it.
    #[must_use]
    pub fn is_private(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory => true,
            #[cfg(feature = "sqlite")]
            Self::SqliteFile(_) | Self::SqliteImmutable(_) => false,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => false,
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => false,
        }
    }

    /// Whether the caller guarantees that nobody writes the database, so that it can only be read.
    #[must_use]
    pub fn is_immutable(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory | Self::SqliteFile(_) => false,
            #[cfg(feature = "sqlite")]
            Self::SqliteImmutable(_) => true,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => false,
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => false,
        }
    }

    /// Whether it names several hosts, of which one takes over for another.
    #[must_use]
    pub fn has_several_hosts(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory | Self::SqliteFile(_) | Self::SqliteImmutable(_) => false,
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => postgres::has_several_hosts(server),
            #[cfg(feature = "mysql")]
            Self::Mysql(server) => mysql::has_several_hosts(server),
        }
    }

    /// Whether the host that connections lead to may stop taking writes, and another begin to, while they stay open.
    /// PostgreSQL ends them.
    pub(crate) fn writer_may_move(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory | Self::SqliteFile(_) | Self::SqliteImmutable(_) => false,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => false,
            #[cfg(feature = "mysql")]
            Self::Mysql(server) => mysql::has_several_hosts(server) && server.role() == ReadFrom::Primary,
        }
    }

    /// Where units that only read go, if the URL says so.
    pub(crate) fn read_from(&self) -> Option<ReadFrom> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory | Self::SqliteFile(_) | Self::SqliteImmutable(_) => None,
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.read_from(),
            #[cfg(feature = "mysql")]
            Self::Mysql(server) => server.read_from(),
        }
    }

    /// The address for connections that only read, on a standby if one answers.
    pub(crate) fn on_standby(&self) -> Self {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory | Self::SqliteFile(_) | Self::SqliteImmutable(_) => self.clone(),
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => Self::Postgres(server.on_standby()),
            #[cfg(feature = "mysql")]
            Self::Mysql(server) => Self::Mysql(server.on_standby()),
        }
    }

    /// Where the client library looks for a password that the URL leaves out.
    #[must_use]
    pub fn password_elsewhere(&self) -> Option<&'static str> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory | Self::SqliteFile(_) | Self::SqliteImmutable(_) => None,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => Some("PGPASSWORD or ~/.pgpass"),
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => Some("MYSQL_PWD"),
        }
    }

    /// Whether it is reached over a network connection or socket, which can drop unnoticed while it is idle.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory | Self::SqliteFile(_) | Self::SqliteImmutable(_) => false,
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => true,
            #[cfg(feature = "mysql")]
            Self::Mysql(_) => true,
        }
    }

    /// Opens a connection with the settings that Folio relies on; a statement waits at most `waits.lock` for another
    /// connection's lock, and a server has `waits.connect` to answer here and `waits.read` for each statement.
    ///
    /// A file that [`Access::Create`] creates is accessible to its owner only (mode 0600 on Unix, which SQLite's side
    /// files inherit) and uses a write-ahead log. In a folder where this user may not write, [`Access::Read`] of such a
    /// file works while another program has it open; otherwise it reads a consistent copy in memory, if the file is not
    /// larger than 256 MiB and there is no log beside it. A larger one can be read as [`Address::SqliteImmutable`].
    ///
    /// # Errors
    ///
    /// [`NoDatabase`](crate::Error::NoDatabase) where there is none to read or write; [`Open`](crate::Error::Open) for
    /// a directory, a file that is not a database, a file or folder that this user may not use;
    /// [`Locked`](crate::Error::Locked); [`ReadOnlyDatabase`](crate::Error::ReadOnlyDatabase) where one that can only
    /// be read is opened for writing.
    pub fn open(&self, access: Access, waits: Waits) -> Result<Opened> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory => {
                let connection =
                    AnyConnection::Sqlite(open_sqlite(None, SqliteAccess::Create, milliseconds(waits.lock))?);
                Ok(Opened { connection, created: true, copy: false, read_limit: ReadLimit::default() })
            }
            #[cfg(feature = "sqlite")]
            Self::SqliteFile(path) => {
                let (connection, made) = sqlite_file::open(path, access, milliseconds(waits.lock))?;
                let connection = AnyConnection::Sqlite(connection);
                let (created, copy) = (made == Made::File, made == Made::Copy);
                Ok(Opened { connection, created, copy, read_limit: ReadLimit::default() })
            }
            #[cfg(feature = "sqlite")]
            Self::SqliteImmutable(path) => {
                let connection = AnyConnection::Sqlite(sqlite_file::open_immutable(path, access)?);
                Ok(Opened { connection, created: false, copy: false, read_limit: ReadLimit::default() })
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => {
                let (connection, created, read_limit) = postgres::open(server, access, waits)?;
                Ok(Opened { connection: AnyConnection::Postgres(connection), created, copy: false, read_limit })
            }
            #[cfg(feature = "mysql")]
            Self::Mysql(server) => {
                let (connection, created, read_limit) = mysql::open(server, access, waits)?;
                Ok(Opened { connection: AnyConnection::Mysql(connection), created, copy: false, read_limit })
            }
        }
    }
}

/// The address as messages show it, never with a password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "sqlite")]
            Self::SqliteMemory => f.write_str(":memory:"),
            #[cfg(feature = "sqlite")]
            Self::SqliteFile(path) | Self::SqliteImmutable(path) => path.display().fmt(f),
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.fmt(f),
            #[cfg(feature = "mysql")]
            Self::Mysql(server) => server.fmt(f),
        }
    }
}
