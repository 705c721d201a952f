//! Predicates for the kinds of errors that programs act on.

use super::{Error, ViolationKind};

impl Error {
    /// A query that must have a result has none.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.root(), Self::NoRows { .. })
    }

    /// A UNIQUE constraint of the database.
    #[must_use]
    pub fn is_unique(&self) -> bool {
        matches!(self.root(), Self::Violation(violation) if matches!(violation.kind, ViolationKind::Unique { .. }))
    }

    /// A foreign key of the database.
    #[must_use]
    pub fn is_foreign_key(&self) -> bool {
        matches!(self.root(), Self::Violation(violation) if violation.is_foreign_key())
    }

    /// The connection's user lacks a privilege.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self.root(), Self::Denied { .. })
    }

    /// The row was changed or deleted since it was read; read it again and decide again.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self.root(), Self::StaleRow { .. })
    }

    /// The row is deleted.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        matches!(self.root(), Self::RowDeleted { .. })
    }

    /// The handle does not belong to a row of this session: the row was removed from it, or the handle is another
    /// session's.
    #[must_use]
    pub fn is_bad_handle(&self) -> bool {
        matches!(self.root(), Self::Gone { .. } | Self::ForeignHandle { .. })
    }

    /// The session does no work until its transaction is rolled back; [`root`](Self::root) is the first cause.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        matches!(self, Self::Poisoned { .. })
    }

    /// The database, or the host that the connection leads to, is read-only.
    #[must_use]
    pub fn is_read_only_database(&self) -> bool {
        matches!(self.root(), Self::ReadOnlyDatabase { .. })
    }

    /// Another writer holds the database.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self.root(), Self::Locked { .. })
    }

    /// A statement or a transaction took longer than it may.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.root(), Self::StatementTimeout { .. } | Self::TransactionTimeout { .. })
    }

    /// The future of the unit of work was dropped.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.root(), Self::Cancelled)
    }

    /// The error under [`Poisoned`](Self::Poisoned) and [`Autoflush`](Self::Autoflush), or the error itself.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use diesel_session::Error;
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
}
