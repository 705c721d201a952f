//! Converts Diesel's errors into ones that name the table, the column and what to do: the part that all engines share.

use std::sync::Arc;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};

use super::failure::Failure;
use super::stop::Stop;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use super::unanswered;
use crate::error::Error;

/// An engine's interpretation of an error from its database.
pub(super) enum Meaning {
    /// The database refuses the statement.
    Refused(Error),
    /// The connection's user lacks the privilege.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    Denied,
    /// The database could not execute it this time.
    Failed(Failure),
    /// An error that is not recognized here.
    Unknown,
}

impl From<Failure> for Meaning {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The database, or the server, is read-only. A connection has no name for the database that a user would recognize;
/// its opener fills that in.
pub(super) fn read_only(message: &str) -> Error {
    Error::ReadOnlyDatabase { place: "behind this connection".to_owned(), problem: message.to_owned() }
}

/// Turns an error while `doing` something with `table` into one that a user understands. `interpret` interprets the
/// engine's messages, and gets the name to show for the table.
pub(super) fn explain(
    error: DieselError,
    table: &str,
    doing: &str,
    interpret: impl FnOnce(DatabaseErrorKind, &dyn DatabaseErrorInformation, &str) -> Meaning,
) -> Error {
    // Where no table is known, the description of the operation takes its place.
    let named = if table.is_empty() { doing } else { table };
    if let Some(stop) = Stop::of(&error) {
        return stop.clone().into();
    }
    let meaning = match error {
        // The commit's own error matters more than that of the rollback tried after it.
        DieselError::RollbackErrorOnCommit { commit_error, .. } => {
            return explain(*commit_error, table, doing, interpret);
        }
        DieselError::DeserializationError(cause) => {
            return Error::Unreadable { table: table.to_owned(), problem: in_full(&*cause) };
        }
        DieselError::BrokenTransactionManager => Meaning::Failed(Failure::Disconnected),
        DieselError::DatabaseError(kind, ref information) => interpret(kind, &**information, named),
        _ => Meaning::Unknown,
    };
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    let error =
        if matches!(meaning, Meaning::Failed(Failure::Disconnected)) { unanswered::explain_lost(error) } else { error };
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
        #[cfg(any(feature = "postgres", feature = "mysql"))]
        Meaning::Failed(Failure::StatementTimeout) => Error::StatementTimeout { source },
        Meaning::Failed(Failure::TooLarge(hint)) => Error::StatementTooLarge { hint, source },
        #[cfg(any(feature = "sqlite", feature = "mysql"))]
        Meaning::Failed(Failure::CommitUnknown) => Error::CommitUnknown { source },
        Meaning::Unknown => Error::Database { doing: doing.to_owned(), source },
    }
}

/// An error with its causes: Diesel's names the field that could not be read, and its cause gives the reason.
fn in_full(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
