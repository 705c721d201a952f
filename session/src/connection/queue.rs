//! The queue of a database's writers within this process, for an engine that does not order them itself.
//!
//! SQLite has one write lock per file, and a connection that finds it taken retries after pauses that grow to 100 ms: a
//! late arrival retries often and wins, and a long waiter loses. So the writers of one process take turns here, in
//! order of arrival, and only the first in line polls SQLite, at short intervals. Between processes the lock goes to
//! the one that asks while it is free: the longer a writer has waited, the more often it asks, and a process that has
//! just held the lock while others wanted it lets them ask first. `cargo bench --bench writers` measures how long that
//! takes.

#![cfg_attr(not(feature = "sqlite"), allow(dead_code, reason = "no other engine needs one"))]

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::{Echo, Isolation, Mode, SessionConnection, failure};

/// The queue of one database, and how long a writer waits for its turn and the lock together.
#[derive(Debug, Clone)]
pub(crate) struct WriteQueue {
    shared: Arc<Shared>,
    timeout: Duration,
}

/// The waiting writers, in order. The first has the turn.
#[derive(Debug, Default)]
struct Shared(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    last_ticket: u64,
    writers: VecDeque<(u64, Thread)>,
    /// The last writer of this process found the lock taken: another process is writing.
    met_others: bool,
}

/// One writer's turn, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    shared: Arc<Shared>,
    ticket: u64,
}

impl WriteQueue {
    /// The process-wide queue of the database with this identity.
    #[cfg(feature = "sqlite")]
    pub(super) fn of(database: String, timeout: Duration) -> Self {
        use std::collections::BTreeMap;
        use std::sync::Weak;

        static QUEUES: Mutex<BTreeMap<String, Weak<Shared>>> = Mutex::new(BTreeMap::new());
        let mut queues = QUEUES.lock().unwrap_or_else(PoisonError::into_inner);
        queues.retain(|_, shared| shared.strong_count() > 0);
        let shared = queues.get(&database).and_then(Weak::upgrade).unwrap_or_else(|| {
            let shared = Arc::default();
            queues.insert(database, Arc::downgrade(&shared));
            shared
        });
        Self { shared, timeout }
    }

    /// Waits for the turn.
    ///
    /// # Errors
    ///
    /// The engine's own "database is locked", if the turn did not come in time.
    pub(crate) fn wait(&self) -> QueryResult<Turn> {
        self.wait_until(self.deadline())
    }

    /// Waits for the turn, and then begins a transaction that may write. In the echo this is one BEGIN, however many
    /// attempts it took.
    ///
    /// # Errors
    ///
    /// The engine's own "database is locked", if turn and lock did not come in time; its other errors at BEGIN.
    pub(crate) fn begin<C: SessionConnection>(
        &self,
        connection: &mut C,
        echo: Option<&Echo>,
        isolation: Option<Isolation>,
    ) -> QueryResult<Turn> {
        let (began, deadline) = (Instant::now(), self.deadline());
        let turn = self.wait_until(deadline)?;
        set_busy_timeout(connection, echo, Duration::ZERO)?;
        if self.shared.waiting().met_others {
            thread::sleep(pause(began.elapsed()));
        }
        let mut found_taken = false;
        let mut ask = || loop {
            match connection.begin(Mode::Write, isolation) {
                Err(error)
                    if failure::is_locked_by_sqlite(&error) && deadline.is_none_or(|end| Instant::now() < end) =>
                {
                    found_taken = true;
                    thread::sleep(pause(began.elapsed()));
                }
                done => break done,
            }
        };
        let begun = match echo {
            Some(echo) => echo.as_one(ask),
            None => ask(),
        };
        self.shared.waiting().met_others = found_taken;
        if let Err(failed) = set_busy_timeout(connection, echo, self.timeout) {
            tracing::warn!(target: "diesel_session::session", %failed, "setting the busy timeout failed");
        }
        begun.map(|()| turn)
    }

    fn deadline(&self) -> Option<Instant> {
        Instant::now().checked_add(self.timeout)
    }

    fn wait_until(&self, deadline: Option<Instant>) -> QueryResult<Turn> {
        let ticket = self.shared.enter();
        // From here on the ticket is returned whatever happens.
        let turn = Turn { shared: Arc::clone(&self.shared), ticket };
        while !self.shared.is_first(ticket) {
            match deadline.map(|end| end.saturating_duration_since(Instant::now())) {
                None => thread::park(),
                Some(Duration::ZERO) => {
                    let taken = Box::new(failure::LOCKED_BY_SQLITE.to_owned());
                    return Err(DieselError::DatabaseError(DatabaseErrorKind::Unknown, taken));
                }
                Some(left) => thread::park_timeout(left),
            }
        }
        Ok(turn)
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) -> u64 {
        let mut waiting = self.waiting();
        waiting.last_ticket += 1;
        let ticket = waiting.last_ticket;
        waiting.writers.push_back((ticket, thread::current()));
        ticket
    }

    fn is_first(&self, ticket: u64) -> bool {
        self.waiting().writers.front().is_some_and(|(first, _)| *first == ticket)
    }

    fn leave(&self, ticket: u64) {
        let mut waiting = self.waiting();
        waiting.writers.retain(|(waits, _)| *waits != ticket);
        if let Some((_, next)) = waiting.writers.front() {
            next.unpark();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.shared.leave(self.ticket);
    }
}

/// Sets how long SQLite itself waits in a statement. The program did not issue this one, so it is not in the echo.
fn set_busy_timeout<C: SessionConnection>(
    connection: &mut C,
    echo: Option<&Echo>,
    timeout: Duration,
) -> QueryResult<()> {
    let set = format!("PRAGMA busy_timeout = {}", super::server::milliseconds(timeout));
    match echo {
        Some(echo) => echo.silenced(|| connection.batch_execute(&set)),
        None => connection.batch_execute(&set),
    }
}

/// The longest pause in µs of a writer that has just arrived, and of one that has waited for 400 ms or more.
const LONGEST_PAUSE: u64 = 1_250;
const SHORTEST_PAUSE: u64 = 100;

/// The pause between two attempts. It is short, so that a briefly free lock is found; shorter the longer the wait has
/// been, so that the wait ends; and a random fraction, from a fifth to all of that, so that no two processes keep
/// asking at the same time.
fn pause(waited: Duration) -> Duration {
    let waited = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX).max(1);
    let longest = (400 * SHORTEST_PAUSE / waited).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
    Duration::from_micros(longest / 5 + RandomState::new().hash_one(()) % (longest - longest / 5))
}

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests {
    use super::*;

    fn queue(name: &str, timeout: Duration) -> WriteQueue {
        WriteQueue::of(format!("queue.rs {name}"), timeout)
    }

    #[test]
    fn writers_of_one_database_take_turns_in_order_of_arrival() {
        let queue = queue("in order", Duration::from_secs(60));
        let first = queue.wait().unwrap();
        let order = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for writer in 1..=8 {
                scope.spawn({
                    let (queue, order) = (&queue, &order);
                    move || {
                        let _turn = queue.wait().unwrap();
                        order.lock().unwrap().push(writer);
                    }
                });
                while queue.shared.waiting().writers.len() <= writer {
                    thread::yield_now();
                }
            }
            drop(first);
        });
        assert_eq!(*order.lock().unwrap(), [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn the_longer_a_writer_has_waited_the_more_often_it_asks() {
        for (waited, longest) in [(0, 1_250), (32, 1_250), (100, 400), (400, 100), (1_000_000, 100)] {
            let (pause, longest) = (pause(Duration::from_millis(waited)), Duration::from_micros(longest));
            assert!(pause >= longest / 5 && pause <= longest, "{waited} ms: {pause:?}");
        }
    }

    #[test]
    fn a_turn_that_does_not_come_in_time_is_a_taken_lock_and_blocks_no_other_writer() {
        let unwaiting = queue("in time", Duration::ZERO);
        let first = unwaiting.wait().unwrap();
        let refused = unwaiting.wait().unwrap_err();
        assert!(failure::is_locked_by_sqlite(&refused), "{refused}");
        drop(first);
        unwaiting.wait().unwrap();
    }

    #[test]
    fn a_writer_that_panics_gives_its_turn_back_and_each_database_has_its_own_queue() {
        let (one, other) = (queue("one", Duration::ZERO), queue("other", Duration::ZERO));
        let panicked = thread::scope(|scope| {
            scope
                .spawn(|| {
                    let _turn = one.wait().unwrap();
                    let _own = other.wait().unwrap();
                    assert!(queue("one", Duration::ZERO).wait().is_err());
                    std::panic::resume_unwind(Box::new("on purpose"))
                })
                .join()
        });
        assert!(panicked.is_err_and(|panic| panic.is::<&str>()));
        one.wait().unwrap();
    }
}
