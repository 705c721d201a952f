//! The pool: connections to one database, opened when they are needed and kept.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diesel::r2d2::{self, NopErrorHandler};

use super::Options;
use super::canceller::Canceller;
use super::live::{Live, Manager, later, other_engine, waits};
use super::metrics::PoolWaits;
#[cfg(feature = "testing")]
use crate::connection::Mode;
use crate::connection::{
    Access, Address, AnyConnection, Cancellation, DatabaseConnection, Echo, ReadLimit, ServerSession, WriteQueue,
};
use crate::error::{Error, Result};

/// A connection that is closed instead of returned wakes none of the threads that wait for one: they ask again after this.
const PATIENCE: Duration = Duration::from_millis(50);

/// Who asks again for a connection while the pool may open one makes it open another: that is left this time.
const OPENING: Duration = Duration::from_secs(1);

/// What has the server at `address` cancel statements.
pub(super) fn canceller(address: &Address, options: &Options) -> Canceller {
    Canceller::new(address.clone(), waits(options))
}

pub(super) struct Pool<C: DatabaseConnection> {
    connections: r2d2::Pool<Manager<C>>,
    address: Address,
    options: Options,
    queue: Option<WriteQueue>,
    waits: Arc<PoolWaits>,
}

impl<C: DatabaseConnection> Clone for Pool<C> {
    fn clone(&self) -> Self {
        let Self { connections, address, options, queue, waits } = self;
        let (connections, queue, waits) = (connections.clone(), queue.clone(), Arc::clone(waits));
        Self { connections, address: address.clone(), options: options.clone(), queue, waits }
    }
}

impl<C: DatabaseConnection> Pool<C> {
    /// Opens the first connection, and returns whether that created the database.
    pub(super) fn open(address: Address, options: Options) -> Result<(Self, bool)> {
        Self::of_first(address, options, |_| Ok(()), 0)
    }

    /// A pool of one connection, on which a transaction is open all the time.
    #[cfg(feature = "testing")]
    pub(super) fn in_transaction(address: Address, options: Options) -> Result<Self> {
        let begin = |connection: &mut C| {
            let begun = connection.begin(Mode::Write, None);
            begun.map_err(|error| connection.explain(error, "", "beginning the transaction of a test"))
        };
        Ok(Self::of_first(address, options.pool_size(1), begin, 1)?.0)
    }

    /// A pool whose connections have `levels` of transactions open while nobody uses them, as `prepare` leaves the first.
    fn of_first(
        address: Address,
        options: Options,
        prepare: impl FnOnce(&mut C) -> Result<()>,
        levels: u32,
    ) -> Result<(Self, bool)> {
        if C::ENGINE.is_some_and(|own| own != address.engine()) {
            return Err(other_engine::<C>(&address));
        }
        let mut opened = address.open(options.access, waits(&options))?;
        let queue = match options.access {
            Access::Read => None,
            Access::Write | Access::Create => opened.connection.write_queue(options.busy_timeout),
        };
        let created = opened.created;
        let mut first = Live::new(opened, &options, &address)?;
        prepare(&mut first.connection)?;
        Ok((Self::with_first(address, options, Some(first), queue, levels), created))
    }

    /// A pool to read from, which opens its connections when they are needed.
    pub(super) fn unopened(address: Address, options: Options) -> Self {
        Self::with_first(address, options, None, None, 0)
    }

    fn with_first(
        address: Address,
        options: Options,
        first: Option<Live<C>>,
        queue: Option<WriteQueue>,
        levels: u32,
    ) -> Self {
        let (private, remote) = (address.is_private(), address.is_remote());
        let manager = Manager {
            access: later(options.access),
            address: address.clone(),
            options: options.clone(),
            levels,
            first: Mutex::new(first),
            lost: Mutex::new(None),
        };
        let mut pool = r2d2::Pool::builder()
            .max_size(if private { 1 } else { options.pool_size.max(1) })
            .min_idle(Some(0))
            // An embedded database has no network connection that could have dropped.
            .test_on_check_out(remote)
            .error_handler(Box::new(NopErrorHandler));
        if private || levels > 0 {
            pool = pool.idle_timeout(None).max_lifetime(None);
        }
        let (connections, waits) = (pool.build_unchecked(manager), Arc::default());
        Self { connections, address, options, queue, waits }
    }

    /// The address of the database.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// How it was opened.
    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// The maximum number of connections.
    pub(super) fn size(&self) -> usize {
        usize::try_from(self.connections.max_size()).unwrap_or(usize::MAX)
    }

    /// The number of connections.
    pub(super) fn state(&self) -> r2d2::State {
        self.connections.state()
    }

    /// How long connections were waited for.
    pub(super) fn waits(&self) -> &PoolWaits {
        &self.waits
    }

    /// The queue in which writers wait for their turn, if the engine does not order them itself.
    pub(super) fn write_queue(&self) -> Option<&WriteQueue> {
        self.queue.as_ref()
    }

    /// A connection to the database at `place` that answers, or the reason why there is none.
    pub(super) fn get(&self, place: &str) -> Result<PooledConnection<C>> {
        let mut connection = self.get_untried(place)?;
        if !connection.0.untried || connection.0.answers(self.options.connect_timeout).is_ok() {
            return Ok(connection);
        }
        connection.0.lost.store(true, Ordering::Relaxed);
        drop(connection);
        // Now that one is lost, the next is a new one, or is tried.
        self.get_untried(place)
    }

    /// As [`get`](Self::get), but a connection that was in use a moment ago may have been lost since: then the first
    /// statement fails, and can be sent again on another connection.
    pub(super) fn get_untried(&self, place: &str) -> Result<PooledConnection<C>> {
        self.waits.count(|| self.wait()).map(PooledConnection).map_err(|said| {
            let (place, state, size) = (place.to_owned(), self.connections.state(), self.connections.max_size());
            if state.connections == size && state.idle_connections == 0 {
                let timeout = self.options.pool_timeout;
                Error::Pool {
                    place,
                    problem: format!("all {size} are in use, and none was returned within {timeout:?}"),
                }
            } else if self.address.is_remote() {
                Self::unreachable(&place, &said)
            } else {
                Error::Pool { place, problem: said }
            }
        })
    }

    /// A new connection in place of one that was lost, with its echo and what its server calls it. It does not wait for a
    /// connection of the pool, all of which may be lost and held by units that do likewise.
    pub(super) fn replacement(&self, place: &str) -> Result<(C, Option<Echo>, Option<ServerSession>)> {
        let began = Instant::now();
        loop {
            let opened = self.address.open(later(self.options.access), waits(&self.options));
            match opened.and_then(|opened| Live::new(opened, &self.options, &self.address)) {
                Ok(Live { connection, echo, server, .. }) => return Ok((connection, echo, server)),
                Err(error) if began.elapsed() >= self.options.pool_timeout => {
                    return Err(Self::unreachable(place, &error.to_string()));
                }
                Err(_) => std::thread::sleep(PATIENCE),
            }
        }
    }

    /// The error where no server accepts a connection, for the reason given.
    fn unreachable(place: &str, said: &str) -> Error {
        let place = place.to_owned();
        let opening = Error::Open { place: place.clone(), problem: String::new() }.to_string();
        let problem = said.split_once(&opening).map_or(said, |(_, problem)| problem).to_owned();
        Error::Unreachable { place, problem }
    }

    /// A connection, or the pool's reason why there is none in time.
    fn wait(&self) -> Result<r2d2::PooledConnection<Manager<C>>, String> {
        let (began, timeout) = (Instant::now(), self.options.pool_timeout.max(Duration::from_millis(1)));
        let mut reason = None;
        loop {
            let left = timeout.saturating_sub(began.elapsed());
            let is_full = self.connections.state().connections >= self.connections.max_size();
            let slice = if is_full { PATIENCE } else { OPENING };
            match self.connections.get_timeout(left.min(slice)) {
                Ok(connection) => return Ok(connection),
                Err(error) => {
                    // Only a failed attempt to connect has a cause, and it is reported once.
                    let said = error.to_string();
                    if reason.is_none() || said.contains(": ") {
                        reason = Some(said);
                    }
                }
            }
            if left <= slice {
                return Err(reason.unwrap_or_default());
            }
        }
    }
}

/// A connection from a [`Database`](super::Database)'s pool, which returns there when it is dropped. If a transaction
/// is still open, the connection is closed instead, which rolls it back.
pub struct PooledConnection<C: DatabaseConnection = AnyConnection>(r2d2::PooledConnection<Manager<C>>);

impl<C: DatabaseConnection> PooledConnection<C> {
    /// The connection's echo, where there is one.
    #[must_use]
    pub fn echo(&self) -> Option<Echo> {
        self.0.echo.clone()
    }

    /// If the pool has not asked whether it still answers: what records that it does not, and its read limit.
    pub(super) fn untried(&self) -> Option<(Arc<AtomicBool>, ReadLimit)> {
        self.0.untried.then(|| (Arc::clone(&self.0.lost), self.0.read_limit.clone()))
    }

    /// What closes it when it is dropped, and has the pool try the others: it leads to a host that takes no writes any
    /// more.
    pub(super) fn lost(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0.lost)
    }

    /// Whether its server has everything that was committed up to `position`, for which it waits until `wait` has passed.
    /// If it does not answer within `limit` after that, it is closed when it is dropped.
    pub(super) fn has_come_to(&mut self, position: &str, wait: Duration, limit: Duration) -> bool {
        let Live { connection, echo, lost, read_limit, untried, .. } = &mut *self.0;
        let _limit = read_limit.at_most(wait.saturating_add(limit));
        // Another one in its place might not have come as far.
        *untried = false;
        // The program did not issue the question, so it is not in the echo.
        let come = match echo {
            Some(echo) => echo.silenced(|| connection.has_come_to(position, wait)),
            None => connection.has_come_to(position, wait),
        };
        lost.fetch_or(come.is_err(), Ordering::Relaxed);
        come.unwrap_or(false)
    }

    /// A unit runs on it that another thread may end.
    pub(super) fn run_on_it(&mut self, unit: &Arc<Cancellation>) {
        unit.run_on(self.0.server.clone());
        self.0.unit = Some(Arc::clone(unit));
    }

    /// Closes it when it is dropped, unless the database is in its memory.
    pub(crate) fn close_after_use(&mut self) {
        self.0.spent = true;
    }

    /// Lets statements take any time until the returned guard is dropped.
    pub(crate) fn without_read_limit(&self) -> impl Drop + use<C> {
        self.0.read_limit.lifted()
    }
}

impl<C: DatabaseConnection> Deref for PooledConnection<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0.connection
    }
}

impl<C: DatabaseConnection> DerefMut for PooledConnection<C> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.0.connection
    }
}

impl<C: DatabaseConnection> std::fmt::Debug for PooledConnection<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PooledConnection({:?})", self.engine())
    }
}
