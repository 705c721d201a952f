//! Units of work on a database: each on a session of its own, over a connection from the pool.

use super::Database;
use crate::connection::{Isolation, Mode};
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
        self.unit().session(Mode::Write)
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
        self.unit().begin(work)
    }

    /// Runs `work` on a session that only reads: one transaction, so that all it reads is of one moment, and no write
    /// lock. A flush with something to send, `edit` and `execute` are errors in it; what is written by plain Diesel all the
    /// same is refused or undone, because it ends with ROLLBACK.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin), and [`Error::ReadOnlySession`].
    pub fn read<T, E>(&self, work: impl FnOnce(&mut Session<'static>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.unit().read(work)
    }

    /// Gives the unit of work that follows a name, which stands on its `tracing` span: `unit{name="import"}`.
    #[must_use]
    pub fn named<'d>(&'d self, name: &'d str) -> Unit<'d> {
        self.unit().named(name)
    }

    /// Says how far the unit of work that follows is kept apart from those of others: see
    /// [`Session::set_isolation`]. What holds for all units of a database stands in
    /// [`Options::isolation`](super::Options::isolation).
    ///
    /// ```
    /// use folio::database::Retry;
    /// use folio::prelude::*;
    ///
    /// let db = Database::open("sqlite::memory:")?;
    /// db.migrate()?;
    /// // As if no other unit ran meanwhile; what stands in the way of that is a conflict, and tried again.
    /// db.isolated(Isolation::Serializable).named("first come").retrying(Retry::default(), |session| -> Result<()> {
    ///     if session.query(User::query()).count()? == 0 {
    ///         session.add(NewUser::new(1, "step")?);
    ///     }
    ///     Ok(())
    /// })?;
    /// # Ok::<(), folio::Error>(())
    /// ```
    #[must_use]
    pub fn isolated(&self, isolation: Isolation) -> Unit<'_> {
        self.unit().isolated(isolation)
    }

    pub(super) fn unit(&self) -> Unit<'_> {
        Unit { database: self, name: None, isolation: self.isolation }
    }
}

/// A database and how the unit of work that is about to run on it shall run: what it is called, how far it is kept apart.
#[derive(Debug, Clone, Copy)]
pub struct Unit<'d> {
    database: &'d Database,
    name: Option<&'d str>,
    isolation: Option<Isolation>,
}

impl<'d> Unit<'d> {
    /// As [`Database::named`].
    #[must_use]
    pub fn named(self, name: &'d str) -> Self {
        Self { name: Some(name), ..self }
    }

    /// As [`Database::isolated`].
    #[must_use]
    pub fn isolated(self, isolation: Isolation) -> Self {
        Self { isolation: Some(isolation), ..self }
    }

    /// As [`Database::begin`].
    ///
    /// # Errors
    ///
    /// Those of [`Database::begin`].
    pub fn begin<T, E>(&self, work: impl FnOnce(&mut Session<'static>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.span().in_scope(|| self.session(Mode::Write)?.begin(work))
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
        self.span().in_scope(|| self.session(Mode::Read)?.begin(work))
    }

    /// The span that bears the name; without one there is none.
    pub(super) fn span(&self) -> tracing::Span {
        self.name.map_or_else(tracing::Span::none, |name| tracing::info_span!("unit", name))
    }

    pub(super) fn session(&self, mode: Mode) -> Result<Session<'static>> {
        let connection = self.database.connection()?;
        let echo = connection.echo();
        let queue = self.database.pool.write_queue().cloned();
        let mut session = Session::new(Box::new(connection), echo, mode).in_queue(queue);
        session.set_isolation(self.isolation)?;
        session.share_keys(self.database.keys.clone());
        Ok(session)
    }
}
