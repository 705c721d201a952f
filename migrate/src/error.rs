//! The errors of the runner, worded for users.

use diesel::result::Error as DieselError;
use diesel_session::Error as SessionError;
use diesel_session::connection::{AnyConnection, SessionConnection as _};
use diesel_session::error::ErrorClass;

use crate::migration::Direction;
use crate::words::counted;

/// What errors call the database before its opener fills in the address.
pub(crate) const THIS_DATABASE: &str = "this database";

/// The result of every fallible function here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of the connection or the database.
    #[error(transparent)]
    Session(#[from] diesel_session::Error),
    /// The migrations themselves cannot be read.
    #[error("{place}: {problem}")]
    Source {
        /// The file or folder.
        place: String,
        /// Why they cannot be read.
        problem: String,
    },
    /// A migration cannot have the name.
    #[error("{name:?} cannot name a migration: {problem}")]
    InvalidName {
        /// The name.
        name: String,
        /// Why it cannot, and what can.
        problem: String,
    },
    /// The database contains tables or migrations of other applications and none of this one's.
    #[error("{place} contains tables that {application} did not create ({}), so it was not changed", few(.tables))]
    Foreign {
        /// The path or the redacted URL.
        place: String,
        /// The application whose migrations these are.
        application: String,
        /// The database's tables.
        tables: Vec<String>,
    },
    /// Tables with the names of this application's exist already.
    #[error(
        "{place} contains tables that {application} did not create and whose names its own would have ({}); give \
         {application} a database of its own", few(.tables)
    )]
    Taken {
        /// The path or the redacted URL.
        place: String,
        /// The application whose migrations these are.
        application: String,
        /// The tables.
        tables: Vec<String>,
    },
    /// Another application has applied a migration of the same version.
    #[error(
        "{place}: version {version} of {application} is recorded for {other}; the history of migrations holds each \
         version once, so one of the two must get another"
    )]
    VersionTaken {
        /// The path or the redacted URL.
        place: String,
        /// The application whose migrations these are.
        application: String,
        /// The version.
        version: String,
        /// The application that applied it.
        other: String,
    },
    /// A table under the name of the history or of the journal is not one that the runner or Diesel made.
    #[error(
        "{place} has a table {table} that cannot be read as one of migrations: {problem}; give that table another name"
    )]
    OtherTable {
        /// The path or the redacted URL.
        place: String,
        /// The table's name.
        table: &'static str,
        /// The database's error.
        problem: String,
    },
    /// The version to go to is none of the application's.
    #[error("{application} has no migration {version}")]
    NoVersion {
        /// The application whose migrations these are.
        application: String,
        /// The version.
        version: String,
    },
    /// The database lacks migrations that this program has.
    #[error("{place} is {} behind", counted(*.pending, "migration"))]
    Pending {
        /// The path or the redacted URL.
        place: String,
        /// How many are missing.
        pending: usize,
    },
    /// A newer version of this program has migrated the database.
    #[error(
        "{place} was migrated by a newer version of {application} (unknown migrations: {}); use that version",
        few(.versions)
    )]
    Newer {
        /// The path or the redacted URL.
        place: String,
        /// The application whose migrations these are.
        application: String,
        /// The versions that this program does not know.
        versions: Vec<String>,
    },
    /// A migration is older than the newest one applied.
    #[error(
        "{place} has {newest}, which is newer than what is to be applied ({}): give {} a later version, or allow \
         migrations out of order", few(.migrations), it(.migrations)
    )]
    OutOfOrder {
        /// The path or the redacted URL.
        place: String,
        /// The application whose migrations these are.
        application: String,
        /// The migrations that would be applied too late.
        migrations: Vec<String>,
        /// The newest one applied.
        newest: String,
    },
    /// Another runner has the lock, and kept it for longer than the busy timeout.
    #[error("{place} is being migrated by another program{}; try again when it has finished", by(.holder.as_deref()))]
    Migrating {
        /// The path or the redacted URL.
        place: String,
        /// The process or connection, where the engine tells it.
        holder: Option<String>,
    },
    /// There is no scratch database to play migrations in.
    #[error("{place} has no scratch database to try the migrations in: {problem}; {way_out}")]
    Scratch {
        /// The path or the redacted URL of the database that it would be beside, or of the one that was supplied.
        place: String,
        /// The database's error, or why the supplied one cannot be used.
        problem: String,
        /// What helps.
        way_out: &'static str,
    },
    /// The connection was lost. The database's error is [`session`](Self::session).
    #[error(
        "lost the connection to the database {}; {}: {}",
        at(.migration.as_deref(), *.direction), left(*.transaction, *.direction), cause(.error)
    )]
    Disconnected {
        /// The version and name of the migration that was executed; `None` before the first and between two.
        migration: Option<String>,
        /// Which of its scripts.
        direction: Direction,
        /// Whether all that was begun is undone; otherwise the script was executed statement by statement.
        transaction: bool,
        /// The session's error.
        error: diesel_session::Error,
    },
    /// A migration failed.
    #[error("migration {migration} failed going {direction}: {problem}{}", kept(.direction, *.done, *.statements))]
    Failed {
        /// Its version and name.
        migration: String,
        /// Which of its scripts.
        direction: Direction,
        /// How many of its statements were executed before and could not be undone; 0 where a rollback undid them.
        done: usize,
        /// How many statements the script has, where they were executed one by one; otherwise 0.
        statements: usize,
        /// The database's error.
        problem: String,
    },
}

impl Error {
    /// What the error means to a program that answers a request.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Session(error) | Self::Disconnected { error, .. } => error.class(),
            Self::Pending { .. } | Self::Newer { .. } => ErrorClass::Unavailable,
            Self::Migrating { .. } => ErrorClass::Busy,
            Self::NoVersion { .. } | Self::InvalidName { .. } => ErrorClass::Invalid,
            _ => ErrorClass::Internal,
        }
    }

    /// The session's error under this one, if it is one: see [`root`](diesel_session::Error::root).
    #[must_use]
    pub fn session(&self) -> Option<&diesel_session::Error> {
        match self {
            Self::Session(error) | Self::Disconnected { error, .. } => Some(error.root()),
            _ => None,
        }
    }

    /// Another program held the lock for longer than the busy timeout.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        matches!(self, Self::Migrating { .. }) || self.session().is_some_and(diesel_session::Error::is_locked)
    }

    /// The database lacks migrations that this program has.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Pending { .. })
    }

    /// The error of reading the history or the journal.
    pub(crate) fn reading(connection: &AnyConnection, error: DieselError, table: &'static str) -> Self {
        let problem = error.to_string();
        match connection.explain(error, table, "reading which migrations are applied") {
            SessionError::Database { .. } => Self::OtherTable { place: THIS_DATABASE.to_owned(), table, problem },
            other => other.into(),
        }
    }

    /// The error of a run that went in this direction: a connection that was lost between two migrations is not one of a
    /// unit of work.
    pub(crate) fn of_run(self, direction: Direction) -> Self {
        match self {
            Self::Session(error @ SessionError::Disconnected { .. }) => {
                Self::Disconnected { migration: None, direction, transaction: true, error }
            }
            other => other,
        }
    }

    /// The error with the database's address filled in, which a connection does not have.
    pub(crate) fn placed(self, at: &str) -> Self {
        let mut error = self;
        match &mut error {
            Self::Foreign { place, .. }
            | Self::Taken { place, .. }
            | Self::VersionTaken { place, .. }
            | Self::OtherTable { place, .. }
            | Self::OutOfOrder { place, .. }
            | Self::Migrating { place, .. }
            | Self::Pending { place, .. }
            | Self::Newer { place, .. } => at.clone_into(place),
            Self::Session(_)
            | Self::Source { .. }
            | Self::InvalidName { .. }
            | Self::NoVersion { .. }
            | Self::Scratch { .. }
            | Self::Disconnected { .. }
            | Self::Failed { .. } => {}
        }
        error
    }
}

/// The first few names, and how many more there are.
fn few(names: &[String]) -> String {
    const SHOWN: usize = 5;
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..SHOWN].join(", ")),
    }
}

/// The pronoun for one or several.
fn it(names: &[String]) -> &'static str {
    if names.len() == 1 { "it" } else { "them" }
}

/// The holder of the lock, in parentheses.
fn by(holder: Option<&str>) -> String {
    holder.map(|holder| format!(" ({holder})")).unwrap_or_default()
}

/// When a connection was lost.
fn at(migration: Option<&str>, direction: Direction) -> String {
    match migration {
        Some(migration) => format!("while migration {migration} was going {direction}"),
        None => "before the next migration".to_owned(),
    }
}

/// What a lost connection left behind.
fn left(transaction: bool, direction: Direction) -> String {
    let left = if transaction { "nothing of it stands" } else { "what was done is noted" };
    format!("{left}, and going {direction} again continues there")
}

/// The client library's error, without the session's words about units of work.
fn cause(error: &SessionError) -> String {
    match error {
        SessionError::Disconnected { source } => source.to_string(),
        other => other.to_string(),
    }
}

/// What a failure left behind.
fn kept(direction: &Direction, done: usize, statements: usize) -> String {
    match done {
        0 => String::new(),
        1 => format!("; its first statement of {statements} stands: going {direction} again continues after it"),
        done => {
            format!("; its first {done} statements of {statements} stand: going {direction} again continues after them")
        }
    }
}
