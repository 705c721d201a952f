//! A database: opening it by its URL, its connection pool, and its migrations.

mod options;
mod pool;
mod redact;
mod retry;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod server_url;
mod url;
mod work;

use std::fmt;
use std::sync::Arc;

pub use options::Options;
pub use pool::PooledConnection;
pub use redact::redact;
pub use retry::Retry;
pub use url::DatabaseUrl;
pub use work::Unit;

pub use crate::connection::{Access, EchoOptions, Engine, Isolation};

use crate::connection::{KeySources, Turn, WriteQueue};
use crate::error::{Error, Result};
use crate::migrations::{self, Existing, Loss, SchemaState, Script, Status, Target};
use pool::Pool;

/// A database and a pool of connections to it. Clones share the pool.
///
/// ```
/// use folio::database::Database;
/// use folio::migrations::SchemaState;
///
/// let database = Database::open("sqlite::memory:")?;
/// assert_eq!(database.schema_state()?, SchemaState::Empty);
/// database.migrate()?;
/// assert_eq!(database.schema_state()?, SchemaState::Current);
/// # Ok::<(), folio::Error>(())
/// ```
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    place: Arc<str>,
    created: bool,
    isolation: Option<Isolation>,
    keys: KeySources,
}

impl Database {
    /// Opens the database at a URL or bare path for reading and writing; a file must exist.
    ///
    /// One connection is opened immediately, so that a database that cannot be opened is an error here. It is set up
    /// (on SQLite `PRAGMA busy_timeout`, `synchronous = FULL`, `foreign_keys = ON`);
    /// [`schema_state`](Self::schema_state) checks whether the database has Folio's tables.
    ///
    /// # Errors
    ///
    /// [`Error::Url`], [`Error::EngineMissing`], [`Error::NoDatabase`], [`Error::Open`], [`Error::Locked`].
    pub fn open(url: &str) -> Result<Self> {
        Self::open_with(url, Options::default())
    }

    /// Like [`open`](Self::open), with [`Options`].
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_with(url: &str, options: Options) -> Result<Self> {
        let address = DatabaseUrl::parse(url)?.address().clone().absolute()?;
        let place = address.to_string();
        let (isolation, keys) = (options.isolation, KeySources::default());
        let (pool, created) = Pool::open(address, options)?;
        Ok(Self { pool, place: place.into(), created, isolation, keys })
    }

    /// A connection, from the pool or new, which returns to the pool when it is dropped. No transaction is open on it.
    ///
    /// On SQLite, writes on it do not take turns with the units of work of this process: see `docs/engines.md`.
    ///
    /// # Errors
    ///
    /// [`Error::Pool`] if all are in use for longer than [`Options::pool_timeout`]; [`Error::Unreachable`] if no server
    /// accepted a new connection in that time.
    pub fn connection(&self) -> Result<PooledConnection> {
        self.pool.get(&self.place)
    }

    /// The database's address, for messages: an absolute path, `:memory:`, or a URL without its password.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Whether opening it created it: a new file, a new database on a server, or a database in memory.
    #[must_use]
    pub fn created(&self) -> bool {
        self.created
    }

    /// Whether `other` is the same database, however the two addresses are written: one file, or one database of one
    /// server. If a server does not identify itself, the two count as different. At most one SELECT each.
    ///
    /// ```
    /// use folio::Database;
    ///
    /// // Each is a separate database in memory.
    /// let (one, other) = (Database::open("sqlite::memory:")?, Database::open("sqlite::memory:")?);
    /// assert!(!one.is_same(&other)?);
    /// # Ok::<(), folio::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Pool`].
    pub fn is_same(&self, other: &Self) -> Result<bool> {
        let own = self.connection()?.identity();
        Ok(own.is_some() && own == other.connection()?.identity())
    }

    /// Which migrations are applied and which are pending. At most two SELECTs; it writes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Pool`], and the database's errors while reading.
    pub fn status(&self) -> Result<Status> {
        migrations::status(&mut *self.connection()?).map_err(|e| self.placed(e))
    }

    /// Whether the schema is Folio's, and how far it is migrated. At most two SELECTs; it writes nothing.
    ///
    /// # Errors
    ///
    /// As [`status`](Self::status).
    pub fn schema_state(&self) -> Result<SchemaState> {
        Ok(self.status()?.schema_state())
    }

    /// Checks that the database has all of this program's migrations and no newer ones. On MySQL, where the tables that
    /// another program is still creating are visible, it waits for that program.
    ///
    /// # Errors
    ///
    /// [`Error::MigrationsPending`], [`Error::SchemaTooNew`] or [`Error::NotFolio`] where it does not; otherwise as
    /// [`status`](Self::status), and [`Error::Locked`].
    pub fn require_current(&self) -> Result<()> {
        let status = migrations::stable_status(&mut *self.connection()?).map_err(|e| self.placed(e))?;
        status.refusal(&self.place).map_or(Ok(()), Err)
    }

    /// Applies every pending migration to a database that is empty or Folio's own, and returns those migrations.
    ///
    /// # Errors
    ///
    /// As [`migrate_up`](Self::migrate_up).
    pub fn migrate(&self) -> Result<Vec<&'static Script>> {
        self.migrate_up(Target::All, Existing::Refuse, |_| ())
    }

    /// Applies pending migrations with [`migrations::up`]; on SQLite then turns the write-ahead log on permanently.
    ///
    /// # Errors
    ///
    /// [`Error::NotFolio`] unless `existing` is [`Existing::Join`], [`Error::SchemaTooNew`], [`Error::Migration`],
    /// [`Error::Locked`], [`Error::ReadOnlyDatabase`], [`Error::Pool`].
    pub fn migrate_up(
        &self,
        target: Target,
        existing: Existing,
        progress: impl FnMut(&Script),
    ) -> Result<Vec<&'static Script>> {
        let mut connection = self.connection()?;
        // An index of a large table takes as long as it takes.
        let _no_limit = connection.without_read_limit();
        let _turn = self.turn()?;
        let migrated = migrations::up(&mut connection, target, existing, progress).map_err(|e| self.placed(e))?;
        connection.set_persistent().map_err(|e| self.placed(e))?;
        Ok(migrated)
    }

    /// Reverts applied migrations with [`migrations::down`].
    ///
    /// # Errors
    ///
    /// [`Error::SchemaTooNew`], [`Error::Migration`], [`Error::Locked`], [`Error::ReadOnlyDatabase`], [`Error::Pool`].
    pub fn migrate_down(&self, target: Target, progress: impl FnMut(&Script)) -> Result<Vec<&'static Script>> {
        let mut connection = self.connection()?;
        // An index of a large table takes as long as it takes.
        let _no_limit = connection.without_read_limit();
        let _turn = self.turn()?;
        migrations::down(&mut connection, target, progress).map_err(|e| self.placed(e))
    }

    /// Waits for the turn to write, where writers of this process take turns.
    fn turn(&self) -> Result<Option<Turn>> {
        let turn = self.pool.write_queue().map(WriteQueue::wait).transpose();
        turn.map_err(|source| Error::Locked { source: Arc::new(source) })
    }

    /// What [`migrate_down`](Self::migrate_down) would remove, from [`migrations::losses`]. It writes nothing.
    ///
    /// ```
    /// use folio::database::Database;
    /// use folio::migrations::Target;
    ///
    /// let database = Database::open("sqlite::memory:")?;
    /// database.migrate()?;
    /// let losses = database.migration_losses(Target::Steps(1))?;
    /// assert_eq!(losses[0].tables, [("notes", 0)]);
    /// # Ok::<(), folio::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::SchemaTooNew`], [`Error::Pool`], and the database's errors while reading.
    pub fn migration_losses(&self, target: Target) -> Result<Vec<Loss>> {
        migrations::losses(&mut *self.connection()?, target).map_err(|e| self.placed(e))
    }

    /// The error with this database's address filled in, which a connection does not have.
    pub(crate) fn placed(&self, error: Error) -> Error {
        let place = self.place.to_string();
        match error {
            Error::NotFolio { tables, .. } => Error::NotFolio { place, tables },
            Error::SchemaTooNew { versions, .. } => Error::SchemaTooNew { place, versions },
            Error::ReadOnlyDatabase { problem, .. } => Error::ReadOnlyDatabase { place, problem },
            Error::Open { problem, .. } => Error::Open { place, problem },
            Error::NotEmpty { held, .. } => Error::NotEmpty { place, held },
            other => other,
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("place", &self.place).finish_non_exhaustive()
    }
}
