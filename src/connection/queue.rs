//! The queue of a database's writers within this process, where the engine lets them wait in no order.
//!
//! SQLite has one write lock a file, and a connection that finds it taken tries again after pauses that grow to 100 ms: who
//! comes late tries often and wins, and who waits for long loses. So the writers of one process take turns here, in the
//! order in which they came, and only the first in line asks SQLite, often. Between processes the lock goes to the one that
//! asks when it is free: who has waited for longer asks more often, and a process that has just had the lock while others
//! waited for it lets them ask first. `cargo bench --bench writers` measures how long that takes.

// No other engine needs one.
#![cfg_attr(not(feature = "sqlite"), allow(dead_code))]

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::{Echo, Isolation, Mode, SessionConnection, failure};

/// The queue of one database, and how long a writer waits: in it and for the lock, both together.
#[derive(Debug, Clone)]
pub(crate) struct WriteQueue {
    line: Arc<Line>,
    patience: Duration,
}

/// Who waits, in order. The first has the turn.
#[derive(Debug, Default)]
struct Line(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    last_ticket: u64,
    writers: VecDeque<(u64, Thread)>,
    /// The last writer of this process found the lock taken: another process is at work.
    met_others: bool,
}

/// The turn of one writer, which ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    line: Arc<Line>,
    ticket: u64,
}

impl WriteQueue {
    /// The queue of the database that is known by this name in the whole process.
    #[cfg(feature = "sqlite")]
    pub(super) fn of(database: String, patience: Duration) -> Self {
        use std::collections::BTreeMap;
        use std::sync::Weak;

        static LINES: Mutex<BTreeMap<String, Weak<Line>>> = Mutex::new(BTreeMap::new());
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        lines.retain(|_, line| line.strong_count() > 0);
        let line = lines.get(&database).and_then(Weak::upgrade).unwrap_or_else(|| {
            let line = Arc::default();
            lines.insert(database, Arc::downgrade(&line));
            line
        });
        Self { line, patience }
    }

    /// Waits for the turn.
    ///
    /// # Errors
    ///
    /// The engine's own for a lock that is taken, where the turn did not come in time.
    pub(crate) fn wait(&self) -> QueryResult<Turn> {
        self.wait_until(self.deadline())
    }

    /// Waits for the turn, and then begins a transaction that may write. In the echo this is one BEGIN, however often the
    /// lock was asked for.
    ///
    /// # Errors
    ///
    /// The engine's own for a lock that is taken, where turn and lock did not come in time; what else it says to BEGIN.
    pub(crate) fn begin<C: SessionConnection>(
        &self,
        connection: &mut C,
        echo: Option<&Echo>,
        isolation: Option<Isolation>,
    ) -> QueryResult<Turn> {
        let (came, deadline) = (Instant::now(), self.deadline());
        let turn = self.wait_until(deadline)?;
        set_patience(connection, echo, Duration::ZERO)?;
        if self.line.waiting().met_others {
            thread::sleep(pause(came.elapsed()));
        }
        let mut found_taken = false;
        let mut ask = || loop {
            match connection.begin(Mode::Write, isolation) {
                Err(error)
                    if failure::is_locked_by_sqlite(&error) && deadline.is_none_or(|end| Instant::now() < end) =>
                {
                    found_taken = true;
                    thread::sleep(pause(came.elapsed()));
                }
                done => break done,
            }
        };
        let begun = match echo {
            Some(echo) => echo.as_one(ask),
            None => ask(),
        };
        self.line.waiting().met_others = found_taken;
        if let Err(failed) = set_patience(connection, echo, self.patience) {
            tracing::warn!(target: "folio::session", %failed, "setting the busy timeout failed");
        }
        begun.map(|()| turn)
    }

    fn deadline(&self) -> Option<Instant> {
        Instant::now().checked_add(self.patience)
    }

    fn wait_until(&self, deadline: Option<Instant>) -> QueryResult<Turn> {
        let ticket = self.line.enter();
        // From here on, whatever happens, the ticket is given back.
        let turn = Turn { line: Arc::clone(&self.line), ticket };
        while !self.line.is_first(ticket) {
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

impl Line {
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
        self.line.leave(self.ticket);
    }
}

/// How long SQLite itself waits in a statement. Nobody asked for this one, so it is not in the echo.
fn set_patience<C: SessionConnection>(connection: &mut C, echo: Option<&Echo>, patience: Duration) -> QueryResult<()> {
    let set = format!("PRAGMA busy_timeout = {}", super::server::milliseconds(patience));
    match echo {
        Some(echo) => echo.silenced(|| connection.batch_execute(&set)),
        None => connection.batch_execute(&set),
    }
}

/// The pauses of who has just come and of who has waited for 400 ms or more, in µs.
const LONGEST: u64 = 1_250;
const SHORTEST: u64 = 100;

/// Short, so that a lock that is free for a moment is found; the shorter, the longer the wait has been, so that it comes to
/// an end; and between a fifth and the whole of that at random, so that no two processes keep asking at the same time.
fn pause(waited: Duration) -> Duration {
    let waited = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX).max(1);
    let whole = (400 * SHORTEST / waited).clamp(SHORTEST, LONGEST);
    Duration::from_micros(whole / 5 + RandomState::new().hash_one(()) % (whole - whole / 5))
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    fn queue(name: &str, patience: Duration) -> WriteQueue {
        WriteQueue::of(format!("queue.rs {name}"), patience)
    }

    #[test]
    fn writers_of_one_database_take_turns_in_the_order_in_which_they_came() {
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
                while queue.line.waiting().writers.len() <= writer {
                    thread::yield_now();
                }
            }
            drop(first);
        });
        assert_eq!(*order.lock().unwrap(), [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn who_has_waited_for_longer_asks_more_often() {
        for (waited, whole) in [(0, 1_250), (32, 1_250), (100, 400), (400, 100), (1_000_000, 100)] {
            let (pause, whole) = (pause(Duration::from_millis(waited)), Duration::from_micros(whole));
            assert!(pause >= whole / 5 && pause <= whole, "{waited} ms: {pause:?}");
        }
    }

    #[test]
    fn a_turn_that_does_not_come_in_time_is_a_lock_that_is_taken_and_holds_nobody_up() {
        let impatient = queue("in time", Duration::ZERO);
        let first = impatient.wait().unwrap();
        let refused = impatient.wait().unwrap_err();
        assert!(failure::is_locked_by_sqlite(&refused), "{refused}");
        drop(first);
        impatient.wait().unwrap();
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
