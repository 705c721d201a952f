//! What a pool keeps: open connections, each with what the pool knows of it, and their `Manager`, which opens, tries and
//! closes them.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::TransactionManager;
use diesel::r2d2::ManageConnection;

use super::Options;
use crate::connection::{
    Access, Address, Cancellation, DatabaseConnection, Echo, Engine, Opened, ReadLimit, ServerSession, Waits,
};
use crate::error::{Error, Result};

/// A connection that was in use this recently is handed out to a unit of work without asking whether it still answers.
const RECENT: Duration = Duration::from_secs(1);

pub(super) fn waits(options: &Options) -> Waits {
    Waits { lock: options.busy_timeout, connect: options.connect_timeout, read: options.read_timeout }
}

/// What later connections are opened for. Only the first one creates the database: one that is removed later must not
/// reappear empty.
pub(super) fn later(access: Access) -> Access {
    if access == Access::Create { Access::Write } else { access }
}

/// The error for a database of another engine than `C`'s.
pub(super) fn other_engine<C: DatabaseConnection>(address: &Address) -> Error {
    let expected = C::ENGINE.map_or("any engine", Engine::name);
    Error::OtherEngine { place: address.to_string(), engine: address.engine().name(), expected }
}

/// An open connection and its echo.
pub(super) struct Live<C> {
    pub(super) connection: C,
    pub(super) echo: Option<Echo>,
    /// It is not for another unit of work: it reads a copy that is outdated then, or it has settings that somebody's
    /// statements left behind.
    pub(super) spent: bool,
    pub(super) read_limit: ReadLimit,
    /// When it was opened, or returned to the pool.
    pub(super) used: Instant,
    /// It was handed out without being tried.
    pub(super) untried: bool,
    /// It was found not to answer.
    pub(super) lost: Arc<AtomicBool>,
    /// Its host may stop taking writes while it stays open.
    pub(super) writer_may_move: bool,
    /// What its server calls it.
    pub(super) server: Option<ServerSession>,
    /// The unit on it that another thread may end.
    pub(super) unit: Option<Arc<Cancellation>>,
}

impl<C: DatabaseConnection> Live<C> {
    /// The connection just opened to `address`, as a `C`, with its echo.
    pub(super) fn new(opened: Opened, options: &Options, address: &Address) -> Result<Self> {
        let Opened { mut connection, copy, read_limit, .. } = opened;
        let server = connection.server_session();
        let mut connection = C::of_any(connection).ok_or_else(|| other_engine::<C>(address))?;
        if !options.statement_timeout.is_zero() {
            let set = connection.set_statement_timeout(options.statement_timeout);
            set.map_err(|error| connection.explain(error, "", "setting the statement timeout"))?;
        }
        let mut echo = None;
        if let Some(options) = options.echo {
            let system = connection.system_name();
            let system = system.map_err(|error| connection.explain(error, "", "asking for the server's version"))?;
            let new = Echo::new(options).of_system(system);
            connection.set_instrumentation(new.clone());
            echo = Some(new);
        }
        Ok(Self {
            connection,
            echo,
            spent: copy,
            read_limit,
            used: Instant::now(),
            untried: false,
            lost: Arc::default(),
            writer_may_move: address.writer_may_move(),
            server,
            unit: None,
        })
    }

    /// Asks whether it still answers, for at most `limit`, and whether its server still takes writes, if that may change.
    pub(super) fn answers(&mut self, limit: Duration) -> Result<()> {
        let Self { connection, echo, read_limit, writer_may_move, .. } = self;
        // A probe takes no time on the server.
        let _limit = read_limit.at_most(limit);
        // The program did not issue the probe, so it is not in the echo.
        let mut ask = || if *writer_may_move { connection.takes_writes() } else { connection.ping().map(|()| true) };
        let answered = match echo {
            Some(echo) => echo.silenced(ask),
            None => ask(),
        };
        self.untried = false;
        match answered {
            Ok(true) => Ok(()),
            Ok(false) => {
                Err(Error::Unreachable { place: String::new(), problem: "it takes no writes any more".to_owned() })
            }
            Err(error) => Err(self.connection.explain(error, "", "trying the connection")),
        }
    }
}

pub(super) struct Manager<C> {
    pub(super) address: Address,
    pub(super) access: Access,
    pub(super) options: Options,
    /// How many levels of transactions stay open on a connection that nobody uses.
    pub(super) levels: u32,
    /// Opened before the pool, because a pool retries until its timeout and then reports less.
    pub(super) first: Mutex<Option<Live<C>>>,
    /// When a connection was last found to be lost: those not used since then may be lost too.
    pub(super) lost: Mutex<Option<Instant>>,
}

impl<C: DatabaseConnection> ManageConnection for Manager<C> {
    type Connection = Live<C>;
    type Error = Error;

    fn connect(&self) -> Result<Live<C>> {
        if let Some(first) = self.first.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Ok(first);
        }
        if self.address.is_private() {
            let problem = "its only connection broke, and the data in it was lost".to_owned();
            return Err(Error::Pool { place: self.address.to_string(), problem });
        }
        if self.levels > 0 {
            let problem = "its transaction was ended or lost, and what was done in it is gone or cannot be rolled back";
            return Err(Error::Pool { place: self.address.to_string(), problem: problem.to_owned() });
        }
        Live::new(self.address.open(self.access, waits(&self.options))?, &self.options, &self.address)
    }

    fn is_valid(&self, live: &mut Live<C>) -> Result<()> {
        let lost = *self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        live.untried = live.used.elapsed() < RECENT && lost.is_none_or(|lost| lost < live.used);
        if live.untried { Ok(()) } else { live.answers(self.options.connect_timeout) }
    }

    fn has_broken(&self, live: &mut Live<C>) -> bool {
        if self.levels > 0 {
            return roll_back(&mut live.connection, self.levels) != Some(self.levels);
        }
        if self.address.is_private() {
            // Closing would lose the database, so an open transaction is rolled back instead.
            roll_back(&mut live.connection, 0);
            return live.connection.is_broken();
        }
        live.used = Instant::now();
        let lost = live.lost.load(Ordering::Relaxed);
        if lost {
            *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(live.used);
        }
        // A cancellation that has hit nothing may hit the next unit.
        let cancelled = live.unit.take().is_some_and(|unit| unit.is_outstanding());
        lost || cancelled || live.spent || std::thread::panicking() || live.connection.is_broken()
    }
}

/// Rolls back the open savepoints and the transaction above this level, as far as possible; returns the levels that are
/// open then, if the connection can tell.
fn roll_back<C: DatabaseConnection>(connection: &mut C, level: u32) -> Option<u32> {
    loop {
        let status = C::TransactionManager::transaction_manager_status_mut(connection);
        let depth = status.transaction_depth().ok()?.map_or(0, NonZeroU32::get);
        if depth <= level || connection.rollback().is_err() {
            return Some(depth);
        }
    }
}
