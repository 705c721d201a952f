//! Which kind an error is, for programs that act on it.

use std::sync::Arc;

use super::Error;

impl Error {
    /// A row, record or query result that was asked for is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.root(), Self::NotFound { .. } | Self::NoRows { .. })
    }

    /// The database lacks migrations that this program has.
    #[must_use]
    pub fn is_migrations_pending(&self) -> bool {
        matches!(self, Self::MigrationsPending { .. })
    }

    /// A UNIQUE rule of the database.
    #[must_use]
    pub fn is_unique(&self) -> bool {
        matches!(self.root(), Self::Unique { .. })
    }

    /// A foreign key of the database.
    #[must_use]
    pub fn is_foreign_key(&self) -> bool {
        matches!(self.root(), Self::ForeignKey { .. })
    }

    /// The user of the connection lacks a right.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self.root(), Self::Denied { .. })
    }

    /// The row changed or went since it was read; read it again and decide anew.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self.root(), Self::StaleRow { .. })
    }

    /// The row is deleted.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        matches!(self.root(), Self::RowDeleted { .. })
    }

    /// The handle names no row of this session: let go of, or another session's.
    #[must_use]
    pub fn is_bad_handle(&self) -> bool {
        matches!(self.root(), Self::Gone { .. } | Self::ForeignHandle { .. })
    }

    /// The session waits for its transaction to be left; [`root`](Self::root) is the first cause.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        matches!(self, Self::Poisoned { .. })
    }

    /// Another writer holds the database.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self.root(), Self::Locked { .. })
    }

    /// The error under [`Poisoned`](Self::Poisoned) and [`Autoflush`](Self::Autoflush), or the error itself.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use folio::Error;
    ///
    /// let first = Error::ReadOnlySession;
    /// let later = Error::Poisoned { cause: Arc::new(first) };
    /// assert!(matches!(later.root(), Error::ReadOnlySession));
    /// ```
    #[must_use]
    pub fn root(&self) -> &Self {
        match self {
            Self::Poisoned { cause } | Self::Autoflush { cause } => cause.root(),
            other => other,
        }
    }

    /// A file that cannot be read or written.
    pub fn io(path: impl std::fmt::Display, source: std::io::Error) -> Self {
        Self::Io { path: path.to_string(), source: Arc::new(source) }
    }
}
