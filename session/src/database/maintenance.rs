//! A connection for maintenance, such as migrations, which may take long.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::PooledConnection;
use crate::connection::{AnyConnection, DatabaseConnection, Turn};
use crate::error::Result;

/// A connection with the turn to write and without a read timeout, from
/// [`Database::maintenance`](super::Database::maintenance).
pub struct Maintenance<C: DatabaseConnection = AnyConnection> {
    /// Dropped before the connection returns to the pool.
    pub(super) _no_limit: Box<dyn Send>,
    pub(super) connection: PooledConnection<C>,
    pub(super) _turn: Option<Turn>,
}

impl<C: DatabaseConnection> Maintenance<C> {
    /// Makes the settings that are stored in the database rather than in the connection: on SQLite the write-ahead log
    /// (`PRAGMA journal_mode = WAL`), on a server none. Outside a transaction.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`](crate::Error::Locked) while another connection uses the file, and the database's refusals.
    pub fn set_persistent(&mut self) -> Result<()> {
        self.connection.set_persistent()
    }
}

impl<C: DatabaseConnection> Deref for Maintenance<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.connection
    }
}

impl<C: DatabaseConnection> DerefMut for Maintenance<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.connection
    }
}

impl<C: DatabaseConnection> fmt::Debug for Maintenance<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maintenance").finish_non_exhaustive()
    }
}
