//! Which errors are worth another try of the whole unit of work.

use super::Error;

impl Error {
    /// The same unit of work, run again from its beginning, may well succeed, and nothing of the failed one was kept:
    /// a conflict, a lock that was not to be had, a server that was not ready or not there, a connection lost before the
    /// commit.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use folio::Error;
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

    /// Another unit of work stood in the way: the database undid this one for it, or it held a lock for too long.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self.root(), Self::Conflict { .. } | Self::Locked { .. })
    }

    /// The connection was lost, and nothing of the unit of work was kept.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        matches!(self.root(), Self::Disconnected { .. })
    }

    /// The connection or the cluster behind it was lost during COMMIT, or SQLite met an I/O error in it: the work may have
    /// been kept, or not. Never retried by itself.
    #[must_use]
    pub fn is_commit_unknown(&self) -> bool {
        matches!(self.root(), Self::CommitUnknown { .. })
    }

    /// The database has ended the whole transaction, whatever savepoint the statement was in.
    pub(crate) fn ends_transaction(&self) -> bool {
        matches!(self.root(), Self::Conflict { .. } | Self::Disconnected { .. })
    }
}
