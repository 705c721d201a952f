//! How the program ends: its exit codes, and which of them an error comes to.

use std::process::ExitCode;

use super::{output, stderr};
use crate::error::Error;

/// What the program ends with; scripts rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All was done. Also where the reader of the output went away.
    Done = 0,
    /// Something stood against it; it is said on standard error.
    Failed = 1,
    /// The command line cannot be understood.
    Usage = 2,
    /// The database lacks migrations.
    Pending = 3,
    /// The record that was asked for is not there.
    NotFound = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A mistake on the command line that only shows after its parsing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub String);

/// Says of an output that failed that the work it tells of is done, and was kept.
pub(super) fn after(done: &str, error: anyhow::Error) -> anyhow::Error {
    let said = format!("{error}; the work itself is done: {done}");
    error.context(said)
}

/// Says what went wrong, if anything did, and gives the code for it.
pub(super) fn of(done: anyhow::Result<()>) -> Exit {
    let Err(error) = done else { return Exit::Done };
    if output::is_closed_pipe(&error) {
        return Exit::Done;
    }
    // An error of ours tells its causes itself, so that only its own words are shown.
    stderr::complain(&error.to_string());
    if error.is::<Usage>() {
        return Exit::Usage;
    }
    match error.downcast_ref::<Error>() {
        Some(error) if error.is_migrations_pending() => Exit::Pending,
        Some(error) if error.is_not_found() => Exit::NotFound,
        _ => Exit::Failed,
    }
}
