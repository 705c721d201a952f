//! A database: opening it by its URL, its connection pool, and its migrations.

mod async_unit;
mod async_work;
mod canceller;
mod exactly_once;
mod filters;
mod hooks;
mod live;
mod maintenance;
mod metrics;
mod open;
mod options;
mod pool;
mod redact;
mod retry;
#[cfg(feature = "testing")]
mod rolled_back;
mod scheme;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod server_url;
mod standbys;
mod unit_span;
mod url;
mod work;
mod workers;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use async_unit::AsyncUnit;
pub use exactly_once::Once;
pub use maintenance::Maintenance;
pub use metrics::Metrics;
pub use open::OpenDatabase;
pub use options::Options;
pub use pool::PooledConnection;
pub use redact::redact;
pub use retry::Retry;
pub use url::DatabaseUrl;
pub use work::Unit;

pub use crate::connection::{Access, DatabaseConnection, EchoOptions, Engine, Isolation, ReadFrom};

use crate::connection::{Address, AnyConnection, KeySources, WriteQueue};
use crate::error::{Error, Result};
use crate::session::{FilterSettings, Hooks};
use pool::Pool;
use standbys::Standbys;
use workers::Workers;

/// A database and a pool of connections to it. Clones share the pool.
///
/// `C` is the type of its connections: [`AnyConnection`], whose engine the URL decides, or that of one engine, for
/// column types and statements that only this engine has (see [`OpenDatabase`]).
///
/// ```
/// use diesel_session::Database;
///
/// let database = Database::open("sqlite::memory:")?;
/// assert_eq!(database.place(), ":memory:");
/// assert!(database.created());
/// # Ok::<(), diesel_session::Error>(())
/// ```
pub struct Database<C: DatabaseConnection = AnyConnection> {
    pool: Pool<C>,
    /// Where units read, if not where they write.
    standbys: Option<Arc<Standbys<C>>>,
    workers: Arc<Workers>,
    place: Arc<str>,
    created: bool,
    isolation: Option<Isolation>,
    keys: KeySources,
    hooks: Option<Arc<Hooks<C>>>,
    filters: FilterSettings,
}

impl Database {
    /// Opens the database at a URL or bare path for reading and writing; a file must exist.
    ///
    /// One connection is opened immediately, so that a database that cannot be opened is an error here. It is set up
    /// (on SQLite `PRAGMA busy_timeout`, `synchronous = FULL`, `foreign_keys = ON`).
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
        Self::open_pool(url, options)
    }
}

impl<C: DatabaseConnection> Database<C> {
    fn open_pool(url: &str, options: Options) -> Result<Self> {
        Self::open_address(DatabaseUrl::parse(url)?.address().clone().absolute()?, options)
    }

    fn open_address(address: Address, options: Options) -> Result<Self> {
        let place: Arc<str> = address.to_string().into();
        let (isolation, keys) = (options.isolation, KeySources::default());
        let (queue, canceller) = (options.queue, pool::canceller(&address, &options));
        let reads_from = address.read_from().unwrap_or(options.read_from);
        let (mut address, mut standbys) = (address, None);
        if reads_from == ReadFrom::Standby && address.has_several_hosts() {
            match options.access {
                Access::Read => address = address.on_standby(),
                Access::Write | Access::Create => standbys = Some(Arc::new(Standbys::new(&address, &options))),
            }
        }
        let (pool, created) = Pool::open(address, options)?;
        let workers = Arc::new(Workers::new(Arc::clone(&place), pool.size(), queue, canceller));
        let filters = FilterSettings::default();
        Ok(Self { pool, standbys, workers, place, created, isolation, keys, hooks: None, filters })
    }

    /// A connection, from the pool or new, to the host that takes writes. It returns to the pool when it is dropped. No
    /// transaction is open on it.
    ///
    /// On SQLite, writes on it do not take turns with the units of work of this process: see `docs/engines.md`.
    ///
    /// # Errors
    ///
    /// [`Error::Pool`] if all are in use for longer than [`Options::pool_timeout`]; [`Error::Unreachable`] if no server
    /// accepted a new connection in that time.
    pub fn connection(&self) -> Result<PooledConnection<C>> {
        self.pool.get(&self.place)
    }

    /// Opens another database of the same server, with the same login and options, and creates it where there is none
    /// of that name; on SQLite a new database in memory, whatever the name.
    ///
    /// ```
    /// use diesel_session::Database;
    ///
    /// let database = Database::open("sqlite::memory:")?;
    /// let scratch = database.sibling("scratch")?;
    /// assert!(scratch.created() && !scratch.is_same(&database)?);
    /// # Ok::<(), diesel_session::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Open`], also where this user may not create a database.
    pub fn sibling(&self, name: &str) -> Result<Self> {
        Self::open_address(self.pool.address().sibling(name), self.pool.options().clone().access(Access::Create))
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
    /// use diesel_session::Database;
    ///
    /// // Each is a separate database in memory.
    /// let (one, other) = (Database::open("sqlite::memory:")?, Database::open("sqlite::memory:")?);
    /// assert!(!one.is_same(&other)?);
    /// # Ok::<(), diesel_session::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Pool`].
    pub fn is_same<D: DatabaseConnection>(&self, other: &Database<D>) -> Result<bool> {
        let own = self.connection()?.identity();
        Ok(own.is_some() && own == other.connection()?.identity())
    }

    /// A connection for maintenance, such as migrations, outside any unit of work. Until it is dropped it holds this
    /// process's turn to write on SQLite, and the server may take as long as it likes to answer. No transaction is open
    /// on it. It is closed when it is dropped, unless the database is in its memory: a setting that a script made on
    /// it, such as `PRAGMA foreign_keys = OFF`, reaches no unit of work.
    ///
    /// # Errors
    ///
    /// As [`connection`](Self::connection), and [`Error::Locked`] if the turn does not come within the busy timeout.
    pub fn maintenance(&self) -> Result<Maintenance<C>> {
        let mut connection = self.connection()?;
        connection.close_after_use();
        if !self.pool.options().statement_timeout.is_zero() {
            let lifted = connection.set_statement_timeout(Duration::ZERO);
            lifted.map_err(|error| connection.explain(error, "", "lifting the statement timeout"))?;
        }
        let no_limit = Box::new(connection.without_read_limit());
        let turn = self.pool.write_queue().map(WriteQueue::wait).transpose();
        let turn = turn.map_err(|source| Error::Locked { source: Arc::new(source) })?;
        Ok(Maintenance { connection, _no_limit: no_limit, _turn: turn })
    }

    /// The error with this database's address filled in, which a connection does not have.
    #[must_use]
    pub fn placed(&self, error: Error) -> Error {
        let place = self.place.to_string();
        match error {
            Error::ReadOnlyDatabase { problem, .. } => Error::ReadOnlyDatabase { place, problem },
            Error::Open { problem, .. } => Error::Open { place, problem },
            other => other,
        }
    }
}

impl<C: DatabaseConnection> Clone for Database<C> {
    fn clone(&self) -> Self {
        let Self { pool, standbys, workers, place, created, isolation, keys, hooks, filters } = self;
        Self {
            pool: pool.clone(),
            standbys: standbys.clone(),
            workers: Arc::clone(workers),
            place: place.clone(),
            created: *created,
            isolation: *isolation,
            keys: keys.clone(),
            hooks: hooks.clone(),
            filters: filters.clone(),
        }
    }
}

impl<C: DatabaseConnection> fmt::Debug for Database<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("place", &self.place).finish_non_exhaustive()
    }
}
