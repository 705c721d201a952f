//! How a database is opened.

use std::time::Duration;

use crate::connection::{Access, EchoOptions, Isolation, ReadFrom};

/// How a database is opened; every setting has a default.
///
/// ```
/// use diesel_session::connection::{Access, EchoOptions};
/// use diesel_session::database::{Database, Options};
///
/// let options = Options::new().access(Access::Create).echo(EchoOptions::default());
/// let database = Database::open_with("sqlite::memory:", options)?;
/// assert!(database.created());
/// # Ok::<(), diesel_session::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// What it is opened for. Default: reading and writing of an existing database.
    pub access: Access,
    /// Whether, and how, every statement is written to `tracing`. Default: not at all.
    pub echo: Option<EchoOptions>,
    /// The isolation level of units of work. Default: the database's setting.
    pub isolation: Option<Isolation>,
    /// How long a statement waits for a lock that another connection holds; on SQLite this includes the wait for the
    /// turn to write. Default: 5 seconds.
    pub busy_timeout: Duration,
    /// How long a server may take to answer when a connection is opened. Default: 10 seconds.
    pub connect_timeout: Duration,
    /// How long a server may take to begin its answer to a statement, or to go on with it, after which the connection
    /// counts as lost: the unit ends with [`Error::Disconnected`](crate::Error::Disconnected), at COMMIT with
    /// [`Error::CommitUnknown`](crate::Error::CommitUnknown). Zero means forever. `read_timeout=SECONDS` in a server's
    /// URL overrides it; migrations have no such limit. Default: 10 minutes.
    pub read_timeout: Duration,
    /// The maximum number of connections. A database in memory always has one. Default: 8.
    pub pool_size: u32,
    /// How long [`Database::connection`](super::Database::connection) waits for a connection. Default: 30 seconds.
    pub pool_timeout: Duration,
    /// How long a server may take to execute a statement, after which it is [`Error::StatementTimeout`]; zero means
    /// forever. MySQL limits SELECTs only, and SQLite nothing; migrations have no such limit. Default: forever, or what
    /// the server has set.
    ///
    /// [`Error::StatementTimeout`]: crate::Error::StatementTimeout
    pub statement_timeout: Duration,
    /// How long a transaction may be open. After that its next statement, or its COMMIT, is
    /// [`Error::TransactionTimeout`](crate::Error::TransactionTimeout), and it is rolled back; zero means forever.
    /// Default: forever.
    pub transaction_timeout: Duration,
    /// The maximum number of rows that a session may hold; a load that would exceed it is
    /// [`Error::TooManyRows`](crate::Error::TooManyRows). Default: any number.
    pub max_rows: Option<usize>,
    /// Where the units go that only read, if the URL names several hosts. `read_from=standby` in a server's URL overrides
    /// it. Default: to the host that takes writes.
    pub read_from: ReadFrom,
    /// How long a unit that only reads waits for a standby to have what this program has committed, before it reads from
    /// the primary. Default: half a second.
    pub standby_wait: Duration,
    /// How many asynchronous units may wait for a connection; one more is [`Error::Busy`](crate::Error::Busy).
    /// Default: 1,024.
    pub queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            access: Access::default(),
            echo: None,
            isolation: None,
            busy_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(600),
            pool_size: 8,
            pool_timeout: Duration::from_secs(30),
            statement_timeout: Duration::ZERO,
            transaction_timeout: Duration::ZERO,
            max_rows: None,
            read_from: ReadFrom::Primary,
            standby_wait: Duration::from_millis(500),
            queue: 1_024,
        }
    }
}

impl Options {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what the database is opened for.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Writes every statement to `tracing`, target `diesel_session::sql`.
    #[must_use]
    pub fn echo(mut self, echo: impl Into<Option<EchoOptions>>) -> Self {
        self.echo = echo.into();
        self
    }

    /// Sets the isolation level of units of work.
    #[must_use]
    pub fn isolation(mut self, isolation: impl Into<Option<Isolation>>) -> Self {
        self.isolation = isolation.into();
        self
    }

    /// Sets how long a statement waits for another connection's lock.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Sets how long a server may take to answer when a connection is opened.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how long a server may take to begin its answer to a statement, or to go on with it; zero means forever.
    #[must_use]
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Sets the maximum number of connections; zero counts as one.
    #[must_use]
    pub fn pool_size(mut self, size: u32) -> Self {
        self.pool_size = size;
        self
    }

    /// Sets how long to wait for a connection; zero counts as a millisecond.
    #[must_use]
    pub fn pool_timeout(mut self, timeout: Duration) -> Self {
        self.pool_timeout = timeout;
        self
    }

    /// Sets how long a server may take to execute a statement; zero means forever.
    #[must_use]
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout;
        self
    }

    /// Sets how long a transaction may be open; zero means forever.
    #[must_use]
    pub fn transaction_timeout(mut self, timeout: Duration) -> Self {
        self.transaction_timeout = timeout;
        self
    }

    /// Sets the maximum number of rows that a session may hold.
    #[must_use]
    pub fn max_rows(mut self, rows: impl Into<Option<usize>>) -> Self {
        self.max_rows = rows.into();
        self
    }

    /// Sets where the units go that only read, if the URL names several hosts.
    #[must_use]
    pub fn read_from(mut self, read_from: ReadFrom) -> Self {
        self.read_from = read_from;
        self
    }

    /// Sets how long a unit that only reads waits for a standby.
    #[must_use]
    pub fn standby_wait(mut self, wait: Duration) -> Self {
        self.standby_wait = wait;
        self
    }

    /// Sets how many asynchronous units may wait for a connection.
    #[must_use]
    pub fn queue(mut self, units: usize) -> Self {
        self.queue = units;
        self
    }
}
