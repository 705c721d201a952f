//! Why a command did not succeed, and its exit code.

use std::io;

use diesel_session::Error as SessionError;

use crate::error::Error;

/// Why a command did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// An error of the runner or the database.
    #[error(transparent)]
    Migrate(#[from] Error),
    /// The command line asks for something that it must also permit.
    #[error("{0}")]
    Usage(String),
    /// The person said no.
    #[error("nothing was changed")]
    Declined,
    /// What was looked for was found, and is on standard output.
    #[error("{0}")]
    Found(String),
    /// What the program that the command is part of says, which cannot open its database.
    #[error(transparent)]
    Program(Box<dyn std::error::Error + Send + Sync>),
    /// The output cannot be written, or the answer not read.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl From<diesel_session::Error> for Failure {
    fn from(error: diesel_session::Error) -> Self {
        Self::Migrate(error.into())
    }
}

impl Failure {
    /// The verb, with its option, that is the way out.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Migrate(Error::Pending { .. }) => Some("up"),
            Self::Migrate(Error::Foreign { .. }) => Some("up --into-existing"),
            Self::Migrate(Error::OutOfOrder { .. }) => Some("up --out-of-order"),
            Self::Migrate(Error::Session(SessionError::NoDatabase { .. })) => Some("up"),
            _ => None,
        }
    }

    /// Whether the database could not be opened, as happens while its server is starting.
    pub(super) fn may_pass(&self) -> bool {
        let Self::Migrate(Error::Session(error)) = self else { return false };
        error.is_retryable() || matches!(error, SessionError::Open { .. })
    }

    /// The exit code: 2 for a mistake on the command line, 3 for pending migrations, 0 if only the reader of the output
    /// is gone, otherwise 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Migrate(error) if error.is_pending() => 3,
            Self::Usage(_) => 2,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            _ => 1,
        }
    }
}
