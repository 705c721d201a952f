//! Units of work on a database: each on a session of its own, over a connection from the pool.

use super::Database;
use crate::connection::Mode;
use crate::error::{Error, Result};
use crate::session::Session;

impl Database {
    /// A session that may write. Nothing is sent until it is used; dropped without
    /// [`commit`](Session::commit), it rolls back.
    ///
    /// # Errors
    ///
    /// [`Error::Pool`] when the pool gives no connection.
    pub fn session(&self) -> Result<Session<'static>> {
        self.session_for(Mode::Write)
    }

    /// Runs `work` as one unit on a session of its own: see [`Session::begin`]. On SQLite the write lock is taken at
    /// the first statement.
    ///
    /// ```
    /// use folio::models::{NewResume, NewUser, User};
    /// use folio::{Database, Result};
    ///
    /// let db = Database::open("sqlite::memory:")?;
    /// db.migrate()?;
    /// let id = db.begin(|session| -> Result<_> {
    ///     let user = session.add(NewUser::new(1, "step")?);
    ///     session.add(NewResume::new(user, "Junior Rust developer")?);
    ///     session.flush()?;
    ///     Ok(session.key(user))
    /// })?;
    /// assert!(id.is_some());
    /// # Ok::<(), folio::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Pool`], and those of [`Session::begin`].
    pub fn begin<T, E>(&self, work: impl FnOnce(&mut Session<'static>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.session()?.begin(work)
    }

    /// Runs `work` on a session that only reads: one transaction, so that all it reads is of one moment, and no write
    /// lock. A flush with something to send, `edit` and `execute` are errors in it.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin), and [`Error::ReadOnlySession`].
    pub fn read<T, E>(&self, work: impl FnOnce(&mut Session<'static>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.session_for(Mode::Read)?.begin(work)
    }

    /// Gives the unit of work that follows a name, which stands on its `tracing` span: `unit{name="import"}`.
    #[must_use]
    pub fn named<'d>(&'d self, name: &'d str) -> Named<'d> {
        Named { database: self, name }
    }

    fn session_for(&self, mode: Mode) -> Result<Session<'static>> {
        let connection = self.connection()?;
        let echo = connection.echo();
        Ok(Session::new(Box::new(connection), echo, mode))
    }
}

/// A database and the name of the unit of work that is about to run on it.
#[derive(Debug, Clone, Copy)]
pub struct Named<'d> {
    database: &'d Database,
    name: &'d str,
}

impl Named<'_> {
    /// As [`Database::begin`].
    ///
    /// # Errors
    ///
    /// Those of [`Database::begin`].
    pub fn begin<T, E>(&self, work: impl FnOnce(&mut Session<'static>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        tracing::info_span!("unit", name = self.name).in_scope(|| self.database.begin(work))
    }

    /// As [`Database::read`].
    ///
    /// # Errors
    ///
    /// Those of [`Database::read`].
    pub fn read<T, E>(&self, work: impl FnOnce(&mut Session<'static>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        tracing::info_span!("unit", name = self.name).in_scope(|| self.database.read(work))
    }
}
