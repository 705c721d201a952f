//! A connection for maintenance, such as migrations, which may take long.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::PooledConnection;
use crate::connection::{AnyConnection, Turn};

/// A connection with the turn to write and without a read timeout, from
/// [`Database::maintenance`](super::Database::maintenance).
pub struct Maintenance {
    /// Dropped before the connection returns to the pool.
    pub(super) _no_limit: Box<dyn Send>,
    pub(super) connection: PooledConnection,
    pub(super) _turn: Option<Turn>,
}

impl Deref for Maintenance {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.connection
    }
}

impl DerefMut for Maintenance {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}

impl fmt::Debug for Maintenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maintenance").finish_non_exhaustive()
    }
}
