//! `Stop`: why a statement of a unit of work is not sent, or its answer not taken.

use std::time::Duration;

use diesel::result::Error as DieselError;

use crate::error::Error;

/// Why a unit of work ends, though the database has refused nothing. Statements return Diesel's errors, so it travels
/// inside one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    /// Another thread has requested it.
    #[error("cancelled")]
    Cancelled,
    /// Its transaction has been open for longer than this.
    #[error("the transaction has been open for longer than {0:?}")]
    TransactionTimeout(Duration),
}

impl Stop {
    /// What a statement that failed with `error` was stopped by, if it was.
    pub(crate) fn of(error: &DieselError) -> Option<&Self> {
        match error {
            DieselError::QueryBuilderError(cause) => cause.downcast_ref(),
            _ => None,
        }
    }
}

impl From<Stop> for DieselError {
    fn from(stop: Stop) -> Self {
        Self::QueryBuilderError(Box::new(stop))
    }
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Cancelled => Self::Cancelled,
            Stop::TransactionTimeout(limit) => Self::TransactionTimeout { limit },
        }
    }
}
