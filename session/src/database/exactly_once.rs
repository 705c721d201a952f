//! `exactly_once`: units of work whose outcome is known even if the answer to their COMMIT was lost.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{AsyncUnit, Database, Retry, Unit};
use crate::connection::DatabaseConnection;
use crate::error::{Error, Result};
use crate::session::once::{OnceRow, forget_expired, run};
use crate::session::{Persist, Session};

/// The key of a unit of work that runs exactly once, and how long its result is remembered.
///
/// ```
/// use std::time::Duration;
/// use diesel_session::database::Once;
///
/// let once = Once::new("payment 4711", Duration::from_secs(24 * 60 * 60));
/// ```
#[derive(Debug, Clone)]
pub struct Once {
    key: String,
    remembered: Duration,
    retry: Retry,
}

impl Once {
    /// The `key` identifies the request, for instance by an id that the client chose, and has at most 256 characters;
    /// its result is remembered for that time from the beginning of the unit on.
    #[must_use]
    pub fn new(key: impl Into<String>, remembered: Duration) -> Self {
        Self { key: key.into(), remembered, retry: Retry::default() }
    }

    /// Sets how often and how long the unit is tried. Default: as [`Retry::default`].
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }
}

impl<C: DatabaseConnection> Database<C> {
    /// Runs `work` as one unit that is committed exactly once for its key, and returns its result: the first time by
    /// running it, and from then on as it was stored, for as long as it is remembered. A unit with the same key that
    /// runs at the same time waits for the first one and gets its result.
    ///
    /// The key is written by the unit itself, in its transaction. So if the outcome of a COMMIT is unknown
    /// ([`Error::CommitUnknown`]), the unit is run again: it finds its key, or does its work. After other failures it is
    /// run again as [`retrying`](Self::retrying) does. If it returns an error, nothing of it is kept, and the next call
    /// with the key runs it again. After [`Error::CommitUnknown`], call it again with the same key.
    ///
    /// The result is stored as JSON in the table of
    /// [`OnceMigrations`](crate::session::once::OnceMigrations). Statements: a SELECT and an INSERT of the key before
    /// the work, and an UPDATE after it; for a key that is known, a SELECT.
    ///
    /// ```
    /// use std::time::Duration;
    /// use diesel::connection::SimpleConnection as _;
    /// use diesel_session::connection::Engine;
    /// use diesel_session::database::Once;
    /// use diesel_session::session::once::create_table;
    /// # include!("../../docs/example_tables.rs");
    ///
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// db.connection()?.batch_execute(create_table(Engine::Sqlite))?; // or OnceMigrations
    /// let once = Once::new("request 4711", Duration::from_secs(60 * 60));
    /// let register = |session: &mut Session<'static>| -> Result<Id<User>> {
    ///     let user = session.add(NewUser::new(1, "step")?);
    ///     session.flush()?;
    ///     session.key(user)
    /// };
    /// assert_eq!(db.exactly_once(&once, register)?, Id::new(1));
    /// assert_eq!(db.exactly_once(&once, register)?, Id::new(1));
    /// assert_eq!(db.read(|session| session.query(User::query()).count())?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`retrying`](Self::retrying); [`Error::Value`] for a key that is too long, and for a result that cannot
    /// be written as JSON; [`Error::Unreadable`] if the stored result is not a `T`.
    pub fn exactly_once<T, E>(
        &self,
        once: &Once,
        work: impl FnMut(&mut Session<'static, C>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        OnceRow: Persist<C>,
        T: Serialize + DeserializeOwned,
        E: From<Error>,
    {
        self.unit().exactly_once(once, work)
    }

    /// Like [`exactly_once`](Self::exactly_once), as [`begin_async`](Self::begin_async). If the future is dropped, it is
    /// rolled back or committed as any other unit; calling it again with the same key tells which.
    ///
    /// # Errors
    ///
    /// Those of [`exactly_once`](Self::exactly_once) and [`begin_async`](Self::begin_async).
    pub fn exactly_once_async<T, E>(
        &self,
        once: Once,
        work: impl FnMut(&mut Session<'static, C>) -> Result<T, E> + Send + 'static,
    ) -> AsyncUnit<T, E>
    where
        OnceRow: Persist<C>,
        T: Serialize + DeserializeOwned + Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.unit().exactly_once_async(once, work)
    }

    /// Deletes the keys of [`exactly_once`](Self::exactly_once) whose time has passed, and returns their number. One
    /// DELETE. Without it they stay, and are replaced when they are used again.
    ///
    /// # Errors
    ///
    /// Those of [`begin`](Self::begin).
    pub fn forget_expired(&self) -> Result<usize> {
        self.begin(forget_expired)
    }
}

impl<C: DatabaseConnection> Unit<'_, C> {
    /// Like [`Database::exactly_once`], with the settings of this unit.
    ///
    /// # Errors
    ///
    /// Those of [`Database::exactly_once`].
    pub fn exactly_once<T, E>(
        &self,
        once: &Once,
        mut work: impl FnMut(&mut Session<'static, C>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        OnceRow: Persist<C>,
        T: Serialize + DeserializeOwned,
        E: From<Error>,
    {
        self.attempts(once.retry, true, |session| run(session, &once.key, once.remembered, &mut work))
    }

    /// Like [`Database::exactly_once_async`], with the settings of this unit.
    ///
    /// # Errors
    ///
    /// Those of [`Database::exactly_once_async`].
    pub fn exactly_once_async<T, E>(
        &self,
        once: Once,
        work: impl FnMut(&mut Session<'static, C>) -> Result<T, E> + Send + 'static,
    ) -> AsyncUnit<T, E>
    where
        OnceRow: Persist<C>,
        T: Serialize + DeserializeOwned + Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.on_thread(move |unit| unit.exactly_once(&once, work))
    }
}
