//! Units of work on a database: each has its own session, over a connection from the pool.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::pool::Pool;
use super::unit_span::UnitSpan;
use super::{Database, PooledConnection};
use crate::connection::{AnyConnection, Cancellation, DatabaseConnection, Isolation, Mode};
use crate::error::{Error, Result};
use crate::session::{Session, Spare};

impl<C: DatabaseConnection> Database<C> {
    /// A session that may write. Nothing is sent until it is used; dropped without
    /// [`commit`](Session::commit), it rolls back.
    ///
    /// # Errors
    ///
    /// [`Error::Pool`] if the pool has no connection.
    pub fn session(&self) -> Result<Session<'static, C>> {
        self.unit().session(Mode::Write)
    }

    /// Runs `work` as one unit on a new session: see [`Session::begin`]. On SQLite the first statement takes the write
    /// lock. `diesel_session::Ok` tells the compiler the closure's error type.
    ///
    /// ```
    /// # include!("../../docs/example_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// let id = db.begin(|session| {
    ///     let user = session.add(NewUser::new(1, "step")?);
    ///     session.add(NewResume::new(user, "Junior Rust developer")?);
    ///     session.flush()?;
    ///     session.key(user)
    /// })?;
    /// assert_eq!(id, Id::new(1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Pool`], and those of [`Session::begin`].
    pub fn begin<T, E>(&self, work: impl FnOnce(&mut Session<'static, C>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.unit().begin(work)
    }

    /// Runs `work` on a read-only session: one transaction, so that all reads see one snapshot, and no write lock. A
    /// flush with something to send, `edit` and `execute` are errors in it; writes by plain Diesel are refused or
    /// undone, because it ends with ROLLBACK.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin), and [`Error::ReadOnlySession`].
    pub fn read<T, E>(&self, work: impl FnOnce(&mut Session<'static, C>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.unit().read(work)
    }

    /// Names the unit of work that follows, in its `tracing` span, `unit{name="import"}`, and in the history of the
    /// entities that keep one. When the unit ends, the span has the fields `attempts`, `statements` (without BEGIN, COMMIT
    /// and those of plain Diesel), `rows`, which they returned or changed, and `micros`.
    #[must_use]
    pub fn named<'d>(&'d self, name: &'d str) -> Unit<'d, C> {
        self.unit().named(name)
    }

    /// Sets on whose behalf the unit of work that follows is done: its changes have this author in the
    /// [history](crate::session::history).
    ///
    /// ```
    /// # include!("../../docs/history_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// db.by("ann").named("price list").begin(|session| -> Result<()> {
    ///     session.add(NewPrice::new("tea", 250)?);
    ///     Ok(())
    /// })?;
    /// let change = &db.read(|session| session.history_of::<Price>(1))?[0];
    /// assert_eq!((change.author.as_deref(), change.unit_name.as_deref()), (Some("ann"), Some("price list")));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn by<'d>(&'d self, author: &'d str) -> Unit<'d, C> {
        self.unit().by(author)
    }

    /// The unit of work that follows records the changes of all entities with a history, also of those with
    /// `#[entity(history(on_request))]`: see [`Session::record_history`].
    #[must_use]
    pub fn recording(&self) -> Unit<'_, C> {
        self.unit().recording()
    }

    /// Sets the isolation level of the unit of work that follows: see [`Session::set_isolation`].
    /// [`Options::isolation`](super::Options::isolation) sets it for all units of a database.
    ///
    /// ```
    /// use diesel_session::database::Retry;
    /// # include!("../../docs/example_tables.rs");
    ///
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// // As if no other unit ran meanwhile; what would violate that is a conflict, and is retried.
    /// db.isolated(Isolation::Serializable).named("first come").retrying(Retry::default(), |session| -> Result<()> {
    ///     if session.query(User::query()).count()? == 0 {
    ///         session.add(NewUser::new(1, "step")?);
    ///     }
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn isolated(&self, isolation: Isolation) -> Unit<'_, C> {
        self.unit().isolated(isolation)
    }

    pub(super) fn unit(&self) -> Unit<'_, C> {
        Unit { database: self, name: None, author: None, records: false, isolation: self.isolation, cancellation: None }
    }
}

/// A database with the settings of a unit of work that is about to run on it: its name and isolation level.
pub struct Unit<'d, C: DatabaseConnection = AnyConnection> {
    pub(super) database: &'d Database<C>,
    pub(super) name: Option<&'d str>,
    pub(super) author: Option<&'d str>,
    /// Whether it records histories that are kept on request.
    pub(super) records: bool,
    pub(super) isolation: Option<Isolation>,
    /// What may end it from another thread.
    pub(super) cancellation: Option<&'d Arc<Cancellation>>,
}

// Implemented by hand, because a derive would require of the connection what it requires of the unit.

impl<C: DatabaseConnection> Clone for Unit<'_, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: DatabaseConnection> Copy for Unit<'_, C> {}

impl<C: DatabaseConnection> fmt::Debug for Unit<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { database, name, author, isolation, .. } = self;
        let mut unit = f.debug_struct("Unit");
        unit.field("database", database).field("name", name).field("author", author);
        unit.field("isolation", isolation).finish_non_exhaustive()
    }
}

impl<'d, C: DatabaseConnection> Unit<'d, C> {
    /// Like [`Database::named`].
    #[must_use]
    pub fn named(self, name: &'d str) -> Self {
        Self { name: Some(name), ..self }
    }

    /// Like [`Database::by`].
    #[must_use]
    pub fn by(self, author: &'d str) -> Self {
        Self { author: Some(author), ..self }
    }

    /// Like [`Database::recording`].
    #[must_use]
    pub fn recording(self) -> Self {
        Self { records: true, ..self }
    }

    /// Like [`Database::isolated`].
    #[must_use]
    pub fn isolated(self, isolation: Isolation) -> Self {
        Self { isolation: Some(isolation), ..self }
    }

    /// Like [`Database::begin`].
    ///
    /// # Errors
    ///
    /// Those of [`Database::begin`].
    pub fn begin<T, E>(&self, work: impl FnOnce(&mut Session<'static, C>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.run(Mode::Write, work)
    }

    /// Like [`Database::read`].
    ///
    /// # Errors
    ///
    /// Those of [`Database::read`].
    pub fn read<T, E>(&self, work: impl FnOnce(&mut Session<'static, C>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.run(Mode::Read, work)
    }

    /// Runs the unit in its span, once.
    fn run<T, E>(&self, mode: Mode, work: impl FnOnce(&mut Session<'static, C>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        let mut unit = UnitSpan::new(self.name);
        unit.span().in_scope(|| {
            let mut session = self.session(mode)?;
            let done = session.begin(work);
            unit.add(&session);
            done
        })
    }

    pub(super) fn session(&self, mode: Mode) -> Result<Session<'static, C>> {
        let (pool, mut connection) = self.connection(mode)?;
        if let Some(cancellation) = self.cancellation {
            connection.run_on_it(cancellation);
        }
        let (echo, spare) = (connection.echo(), self.spare(pool, &connection));
        let lost = pool.address().writer_may_move().then(|| connection.lost());
        let on_commit =
            self.database.standbys.as_ref().filter(|_| mode == Mode::Write).map(|standbys| standbys.follow());
        let queue = pool.write_queue().cloned();
        let filters = self.database.filters.clone();
        let session = Session::new(Box::new(connection), echo, mode).in_queue(queue).filtered_by(filters);
        let session = session.with_spare(spare).leaving_readers(lost).reporting(on_commit);
        let mut session = session.ended_by(self.cancellation.cloned());
        let options = pool.options();
        session = session.limited_to(options.transaction_timeout, options.max_rows);
        session.set_isolation(self.isolation)?;
        session.share_keys(self.database.keys.clone());
        session.share_hooks(self.database.hooks.clone());
        session.set_author(self.author.map(str::to_owned));
        session.set_unit_name(self.name.map(str::to_owned));
        session.record_history(self.records.then_some(true));
        Ok(session)
    }

    /// A connection to run the unit on, and its pool: a unit that reads goes to a standby that has what this program has
    /// committed, if that is wanted. No standby runs transactions that are serializable.
    fn connection(&self, mode: Mode) -> Result<(&Pool<C>, PooledConnection<C>)> {
        let Database { pool, standbys, place, .. } = self.database;
        if mode == Mode::Read
            && self.isolation != Some(Isolation::Serializable)
            && let Some(standbys) = standbys
            && let Some(connection) = standbys.get(place)?
        {
            return Ok((standbys.pool(), connection));
        }
        Ok((pool, pool.get_untried(place)?))
    }

    /// What replaces the connection if it turns out to be lost, unless the pool has just tried it.
    fn spare(&self, pool: &Pool<C>, connection: &PooledConnection<C>) -> Option<Spare<'static, C>> {
        let (lost, limit) = connection.untried()?;
        let (pool, place, cancellation) = (pool.clone(), Arc::clone(&self.database.place), self.cancellation.cloned());
        let open = move |connection: &mut C| {
            lost.store(true, Ordering::Relaxed);
            let (echo, server);
            (*connection, echo, server) = pool.replacement(&place)?;
            if let Some(cancellation) = &cancellation {
                cancellation.run_on(server);
            }
            Ok(echo)
        };
        let limit = (limit, self.database.pool.options().connect_timeout);
        Some(Spare { limit, open: Box::new(open) })
    }
}
