//! Which errors justify running the whole unit of work again.

use super::Error;

impl Error {
    /// The same unit of work, run again from its beginning, may succeed, and nothing of the failed one was kept: a
    /// conflict, a lock timeout, a server that was not ready or unreachable, a connection lost before the commit.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use diesel_session::Error;
    ///
    /// let cause = Arc::new(diesel::result::Error::BrokenTransactionManager);
    /// assert!(Error::Conflict { source: cause.clone() }.is_retryable());
    /// assert!(!Error::CommitUnknown { source: cause }.is_retryable());
    /// assert!(!Error::ReadOnlySession.is_retryable());
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.root(),
            Self::Conflict { .. }
                | Self::Locked { .. }
                | Self::NotReady { .. }
                | Self::Disconnected { .. }
                | Self::Unreachable { .. }
        )
    }

    /// Another unit of work interfered: the database rolled this one back in its favor, or it held a lock for too long.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self.root(), Self::Conflict { .. } | Self::Locked { .. })
    }

    /// The connection was lost, and nothing of the unit of work was kept.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        matches!(self.root(), Self::Disconnected { .. })
    }

    /// The connection or the cluster behind it was lost during COMMIT, or SQLite had an I/O error in it: the work may
    /// or may not have been kept. It is never retried automatically.
    #[must_use]
    pub fn is_commit_unknown(&self) -> bool {
        matches!(self.root(), Self::CommitUnknown { .. })
    }

    /// The database has ended the whole transaction, whatever savepoint the statement was in.
    pub(crate) fn ends_transaction(&self) -> bool {
        matches!(
            self.root(),
            Self::Conflict { .. } | Self::Disconnected { .. } | Self::Cancelled | Self::TransactionTimeout { .. }
        )
    }
}
