//! The program's exit codes, and the code for each error.

use std::process::ExitCode;

use super::{output, stderr};
use folio::error::Error;

/// The program's exit code; scripts rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Success. Also when the reader of the output has exited.
    Done = 0,
    /// Failure; the error is on standard error.
    Failed = 1,
    /// The command line cannot be understood.
    Usage = 2,
    /// The database lacks migrations.
    Pending = 3,
    /// The requested record does not exist.
    NotFound = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A mistake on the command line that is detected only after parsing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub String);

/// Adds to an output error that the work itself was done and committed.
pub(super) fn after(done: &str, error: anyhow::Error) -> anyhow::Error {
    let said = format!("{error}; the work itself is done: {done}");
    error.context(said)
}

/// Reports the error, if any, and returns the exit code for it.
pub(super) fn of(done: anyhow::Result<()>) -> Exit {
    let Err(error) = done else { return Exit::Done };
    if output::is_closed_pipe(&error) {
        return Exit::Done;
    }
    // Folio's errors include their causes in their own message, so only that is shown.
    stderr::report(&error.to_string());
    if error.is::<Usage>() {
        return Exit::Usage;
    }
    match error.downcast_ref::<Error>() {
        Some(error) if error.is_migrations_pending() => Exit::Pending,
        Some(error) if error.is_not_found() => Exit::NotFound,
        _ if session_error(&error).is_some_and(diesel_session::Error::is_not_found) => Exit::NotFound,
        _ => Exit::Failed,
    }
}

/// The session's error in an error of the program, whether it came by way of Folio's library or directly.
pub(super) fn session_error(error: &anyhow::Error) -> Option<&diesel_session::Error> {
    match error.downcast_ref::<Error>() {
        Some(error) => error.session(),
        None => error.downcast_ref::<diesel_session::Error>().map(diesel_session::Error::root),
    }
}
