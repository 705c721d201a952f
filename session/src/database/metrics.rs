//! `Metrics`: what the connections and threads of a database are doing.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::Database;
use crate::connection::DatabaseConnection;

/// The state of a database's pool and threads at one moment: see [`Database::metrics`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// The maximum number of connections.
    pub pool_size: usize,
    /// The connections that are open, in use or not.
    pub connections: usize,
    /// The connections that nobody uses.
    pub idle: usize,
    /// The threads that wait for a connection.
    pub waiting: usize,
    /// The number of connections that were handed out so far.
    pub checkouts: u64,
    /// How long all that asked for a connection have waited for it so far, in total. Divided by
    /// [`checkouts`](Self::checkouts), it is the average wait.
    pub waited: Duration,
    /// The threads that run asynchronous units, at work or not.
    pub threads: usize,
    /// The asynchronous units that run.
    pub running: usize,
    /// The asynchronous units that wait for a thread.
    pub queued: usize,
}

impl<C: DatabaseConnection> Database<C> {
    /// The state of the connections and threads that this database shares with its clones, without the connections that
    /// [`Options::read_from`](super::Options::read_from) opens to standbys. It sends nothing.
    ///
    /// ```
    /// # include!("../../docs/example_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// let session = db.session()?;
    /// let metrics = db.metrics();
    /// assert_eq!((metrics.pool_size, metrics.connections, metrics.idle), (1, 1, 0));
    /// drop(session);
    /// assert_eq!(db.metrics().idle, 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let (pool, workers) = (self.pool.state(), self.workers.state());
        let waits = self.pool.waits();
        Metrics {
            pool_size: self.pool.size(),
            connections: usize::try_from(pool.connections).unwrap_or(usize::MAX),
            idle: usize::try_from(pool.idle_connections).unwrap_or(usize::MAX),
            waiting: waits.waiting.load(Ordering::Relaxed),
            checkouts: waits.checkouts.load(Ordering::Relaxed),
            waited: Duration::from_micros(waits.micros.load(Ordering::Relaxed)),
            threads: workers.threads,
            running: workers.running,
            queued: workers.queued,
        }
    }
}

/// How often and how long connections were waited for.
#[derive(Debug, Default)]
pub(super) struct PoolWaits {
    waiting: AtomicUsize,
    checkouts: AtomicU64,
    micros: AtomicU64,
}

impl PoolWaits {
    /// Counts the wait that `get` is, and what came of it.
    pub(super) fn count<T, E>(&self, get: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let got = get();
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
        self.checkouts.fetch_add(u64::from(got.is_ok()), Ordering::Relaxed);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        got
    }
}

/// What the threads of a database are doing.
#[derive(Debug, Clone, Copy)]
pub(super) struct WorkersState {
    pub(super) threads: usize,
    pub(super) running: usize,
    pub(super) queued: usize,
}
