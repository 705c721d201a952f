//! From Diesel's error to one that names the table, the column and the way out: the part that all engines share.

use std::sync::Arc;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};

use super::failure::Failure;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use super::unanswered;
use crate::error::Error;

/// What an engine makes of an error that its database sent.
pub(super) enum Meaning {
    /// The database refuses what was asked.
    Refused(Error),
    /// The user of the connection has no right to do it.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    Denied,
    /// It could not do it this time.
    Failed(Failure),
    /// Nothing that is known here.
    Unknown,
}

impl From<Failure> for Meaning {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The database, or the server, only reads. A connection knows no name for it that a user would know; whoever opened it does.
pub(super) fn read_only(message: &str) -> Error {
    Error::ReadOnlyDatabase { place: "behind this connection".to_owned(), problem: message.to_owned() }
}

/// Says in a user's words what stood against `doing` something with `table`; `read` knows the engine's messages, and is told
/// what to call the place.
pub(super) fn explain(
    error: DieselError,
    table: &str,
    doing: &str,
    read: impl FnOnce(DatabaseErrorKind, &dyn DatabaseErrorInformation, &str) -> Meaning,
) -> Error {
    // Where no table is known, what was being done must say it.
    let named = if table.is_empty() { doing } else { table };
    let meaning = match error {
        // The commit's own error comes before that of the rollback which was tried after it.
        DieselError::RollbackErrorOnCommit { commit_error, .. } => return explain(*commit_error, table, doing, read),
        DieselError::DeserializationError(cause) => {
            return Error::Unreadable { table: table.to_owned(), problem: in_full(&*cause) };
        }
        DieselError::BrokenTransactionManager => Meaning::Failed(Failure::Disconnected),
        DieselError::DatabaseError(kind, ref information) => read(kind, &**information, named),
        _ => Meaning::Unknown,
    };
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    let error =
        if matches!(meaning, Meaning::Failed(Failure::Disconnected)) { unanswered::blame(error) } else { error };
    let source = Arc::new(error);
    match meaning {
        Meaning::Refused(error) => error,
        #[cfg(any(feature = "postgres", feature = "mysql"))]
        Meaning::Denied => Error::Denied { doing: doing.to_owned(), source },
        #[cfg(any(feature = "postgres", feature = "mysql"))]
        Meaning::Failed(Failure::Conflict) => Error::Conflict { source },
        Meaning::Failed(Failure::Locked) => Error::Locked { source },
        #[cfg(any(feature = "postgres", feature = "mysql"))]
        Meaning::Failed(Failure::NotReady(hint)) => Error::NotReady { source, hint },
        Meaning::Failed(Failure::Disconnected) => Error::Disconnected { source },
        Meaning::Failed(Failure::TooLarge(hint)) => Error::StatementTooLarge { hint, source },
        #[cfg(any(feature = "sqlite", feature = "mysql"))]
        Meaning::Failed(Failure::CommitUnknown) => Error::CommitUnknown { source },
        Meaning::Unknown => Error::Database { doing: doing.to_owned(), source },
    }
}

/// An error with what caused it: Diesel says which field could not be read, and its cause says why.
fn in_full(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
