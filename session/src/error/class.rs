//! A coarse class for each error, for programs that answer requests.

use super::{Error, ViolationKind};

/// What an error means to a program that answers a request.
///
/// ```
/// use diesel_session::error::{Error, ErrorClass};
///
/// fn status(error: &Error) -> u16 {
///     match error.class() {
///         ErrorClass::NotFound => 404,
///         ErrorClass::Conflict => 409,
///         ErrorClass::Invalid => 422,
///         ErrorClass::Busy | ErrorClass::Unavailable => 503,
///         _ => 500,
///     }
/// }
///
/// assert_eq!(status(&Error::NoRows { what: "user 7".to_owned() }), 404);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The requested row or record does not exist.
    NotFound,
    /// Another unit of work, or a row that exists already, is in the way. Reading again and deciding again may help.
    Conflict,
    /// The request itself cannot be fulfilled: a value that its type or the database refuses.
    Invalid,
    /// The database or the pool is busy; the same request may succeed later.
    Busy,
    /// The database cannot be reached, or does not accept work at present; the same request may succeed later.
    Unavailable,
    /// COMMIT failed, and whether its changes were kept is unknown: [`Error::CommitUnknown`].
    CommitUnknown,
    /// A mistake in the program, in its configuration or in the database's state.
    Internal,
}

impl Error {
    /// The class of the [`root`](Self::root) of this error.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self.root() {
            Self::NoRows { .. } | Self::RowDeleted { .. } => ErrorClass::NotFound,
            Self::Conflict { .. }
            | Self::StaleRow { .. }
            | Self::AlreadyPresent { .. }
            | Self::UnknownChange { .. }
            | Self::ChangedSince { .. } => ErrorClass::Conflict,
            Self::Violation(violation) => match violation.kind {
                ViolationKind::Unique { .. } | ViolationKind::StillReferenced { .. } | ViolationKind::ForeignKey => {
                    ErrorClass::Conflict
                }
                _ => ErrorClass::Invalid,
            },
            Self::Value { .. } | Self::StatementTooLarge { .. } | Self::TooManyRows { .. } => ErrorClass::Invalid,
            Self::Locked { .. }
            | Self::Pool { .. }
            | Self::Busy { .. }
            | Self::StatementTimeout { .. }
            | Self::TransactionTimeout { .. }
            | Self::Cancelled => ErrorClass::Busy,
            Self::NotReady { .. } | Self::Disconnected { .. } | Self::Unreachable { .. } | Self::Closed { .. } => {
                ErrorClass::Unavailable
            }
            Self::CommitUnknown { .. } => ErrorClass::CommitUnknown,
            _ => ErrorClass::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::error::Violation;

    #[test]
    fn the_cause_under_another_error_decides() {
        let stale = Error::StaleRow { table: "users", key: "7".to_owned() };
        assert_eq!(Error::Poisoned { cause: Arc::new(stale) }.class(), ErrorClass::Conflict);
        let of = |kind| Error::from(Violation::new(kind, "users")).class();
        assert_eq!(of(ViolationKind::Unique { given_up_later: false }), ErrorClass::Conflict);
        assert_eq!(of(ViolationKind::NotNull), ErrorClass::Invalid);
        assert_eq!(of(ViolationKind::MissingParent { parent: "teams".to_owned() }), ErrorClass::Invalid);
        assert_eq!(Error::ReadOnlySession.class(), ErrorClass::Internal);
    }
}
