//! The errors of Folio, worded for users.
//!
//! Every error is one [`Error`]: of the session below it, or of Folio's own rules. Its message names the request, the
//! problem and what to do; there is a predicate (`is_…`) for each kind that a program may want to act on.

use std::sync::Arc;

pub use diesel_session::error::{ErrorClass, Violation, ViolationKind};

/// The result of every fallible function in Folio.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// `Ok` of this [`Result`], for the end of a closure whose error type nothing else names. Write it with the crate's name.
///
/// ```
/// use folio::prelude::*;
///
/// # fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let db = Database::open("sqlite::memory:")?;
/// db.migrate()?;
/// let user = db.begin(|session| {
///     let user = session.add(NewUser::new(1, "step")?);
///     folio::Ok(session.detach(user)?)
/// })?;
/// assert_eq!(user.username, "step");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// None: it is `Ok`.
#[allow(non_snake_case, reason = "it is named as the variant that it makes")]
pub fn Ok<T>(value: T) -> Result<T> {
    Result::Ok(value)
}

/// What went wrong. See the predicates for the kinds that programs act on.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of the session or of the database.
    #[error(transparent)]
    Session(#[from] diesel_session::Error),

    // --- the schema of a database ---
    /// An error of the migrations.
    #[error(transparent)]
    Migrate(diesel_migrate::Error),

    // --- copying a database ---
    /// The target database of a copy contains records.
    #[error("{place} holds {held} already; copy into a database without records; nothing was changed")]
    NotEmpty {
        /// The path or the redacted URL.
        place: String,
        /// The number of records of each kind.
        held: String,
    },
    /// The rows in the target are not those that were read from the source, in a copy or an adoption.
    #[error("{table}: the copied rows differ from the source: {problem}")]
    CopyDiffers {
        /// The table.
        table: &'static str,
        /// How the two differ.
        problem: String,
    },

    // --- adopting a database that SQLAlchemy made ---
    /// A database with other tables than those that can be adopted.
    #[error("cannot adopt {place}: {problem}; nothing was changed")]
    NotAdoptable {
        /// The path or the redacted URL.
        place: String,
        /// What distinguishes it.
        problem: String,
    },
    /// Rows that Folio's tables cannot take.
    #[error("cannot adopt {place}: {rows} of its rows cannot be kept, the first: {first}; nothing was changed")]
    Unfit {
        /// The path.
        place: String,
        /// The number of these rows.
        rows: usize,
        /// The table, the id and the problem of the first.
        first: String,
    },

    // --- the rules of the domain ---
    /// A requested record does not exist.
    #[error("there is no {what}")]
    NotFound {
        /// The record, worded as in the request.
        what: String,
    },
    /// A name that matches several records.
    #[error("{what} matches several records: {candidates}")]
    Ambiguous {
        /// What was asked for.
        what: String,
        /// The candidates, with semicolons between them.
        candidates: String,
    },
    /// A record that conflicts with a new one.
    #[error("{what} already exists: {existing}")]
    Exists {
        /// The kind and the value that collide.
        what: String,
        /// The existing record.
        existing: String,
    },
    /// A record that others depend on.
    #[error("{what} still has {dependents}; {hint}")]
    InUse {
        /// The record.
        what: String,
        /// The dependent records, with counts.
        dependents: String,
        /// What to do.
        hint: String,
    },

    // --- files ---
    /// Input that cannot be used.
    #[error("{place}: {problem}")]
    Input {
        /// The file and the position in it.
        place: String,
        /// Why it cannot be used.
        problem: String,
    },
    /// A file that cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// The system's error.
        source: Arc<std::io::Error>,
    },
}

impl Error {
    /// A requested record, row or query result does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. }) || self.session().is_some_and(diesel_session::Error::is_not_found)
    }

    /// The database lacks migrations that this program has.
    #[must_use]
    pub fn is_migrations_pending(&self) -> bool {
        matches!(self, Self::Migrate(error) if error.is_pending())
    }

    /// What the error means to a program that answers a request.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Session(error) => error.class(),
            Self::Migrate(error) => error.class(),
            Self::NotFound { .. } => ErrorClass::NotFound,
            Self::Exists { .. } | Self::InUse { .. } | Self::NotEmpty { .. } => ErrorClass::Conflict,
            Self::Ambiguous { .. } | Self::Input { .. } | Self::NotAdoptable { .. } | Self::Unfit { .. } => {
                ErrorClass::Invalid
            }
            _ => ErrorClass::Internal,
        }
    }

    /// The session's error under this one, if it is one of the session's: the
    /// [`root`](diesel_session::Error::root), whose variants and predicates tell more.
    #[must_use]
    pub fn session(&self) -> Option<&diesel_session::Error> {
        match self {
            Self::Session(error) => Some(error.root()),
            _ => None,
        }
    }

    /// A value that its type or a rule does not allow: [`diesel_session::Error::Value`].
    pub fn value(what: &'static str, problem: impl Into<String>) -> Self {
        Self::Session(diesel_session::Error::Value { what, problem: problem.into() })
    }

    /// A value that its type or a rule does not allow.
    #[must_use]
    pub fn is_value(&self) -> bool {
        matches!(self.session(), Some(diesel_session::Error::Value { .. }))
    }

    /// A file that cannot be read or written.
    pub fn io(path: impl std::fmt::Display, source: std::io::Error) -> Self {
        Self::Io { path: path.to_string(), source: Arc::new(source) }
    }
}

/// Predicates of the session's error, on Folio's.
macro_rules! as_the_session_says {
    ($($name:ident)*) => {
        impl Error {$(
            #[doc = concat!("See [`diesel_session::Error::", stringify!($name), "`].")]
            #[must_use]
            pub fn $name(&self) -> bool {
                self.session().is_some_and(diesel_session::Error::$name)
            }
        )*}
    };
}

as_the_session_says! {
    is_unique is_foreign_key is_denied is_stale is_deleted is_locked is_conflict is_disconnected is_commit_unknown
    is_retryable
}

/// An error of the session's that the runner of migrations met is the session's here, too.
impl From<diesel_migrate::Error> for Error {
    fn from(error: diesel_migrate::Error) -> Self {
        match error {
            diesel_migrate::Error::Session(error) => Self::Session(error),
            other => Self::Migrate(other),
        }
    }
}

/// The errors of plain Diesel, on the connection that a session lends.
impl From<diesel::result::Error> for Error {
    fn from(source: diesel::result::Error) -> Self {
        Self::Session(source.into())
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
