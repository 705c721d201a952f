//! The threads that run the asynchronous units of a database, and the bounded queue in which the units wait for them.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::canceller::Canceller;
use super::metrics::WorkersState;
use crate::error::{Error, Result};

/// A unit that is to run on one of the threads.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// The threads, of which there are at most as many as the pool has connections: a unit that got one also gets a
/// connection, unless blocking units have taken it. They are started when they are needed, and end with the last
/// clone of their database.
pub(super) struct Workers {
    shared: Arc<Shared>,
    canceller: Canceller,
}

struct Shared {
    place: Arc<str>,
    /// The maximum number of threads.
    most: usize,
    /// The maximum number of units that wait.
    limit: usize,
    queue: Mutex<Queue>,
    /// Notified when a unit waits, and when the queue is closed.
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(u64, Job)>,
    last_ticket: u64,
    threads: usize,
    /// The number of threads that run a unit.
    running: usize,
    closed: bool,
    /// Wait for the last thread to end.
    closing: Vec<Waker>,
}

impl Workers {
    pub(super) fn new(place: Arc<str>, most: usize, limit: usize, canceller: Canceller) -> Self {
        let (queue, changed) = (Mutex::default(), Condvar::new());
        Self { shared: Arc::new(Shared { place, most, limit, queue, changed }), canceller }
    }

    /// Adds a unit to the queue, and returns its ticket.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if the queue is full, [`Error::Closed`] after [`poll_closed`](Self::poll_closed), and
    /// [`Error::Pool`] if the system gives no thread.
    pub(super) fn submit(&self, job: Job) -> Result<u64> {
        let mut queue = self.shared.queue();
        let place = || self.shared.place.to_string();
        if queue.closed {
            return Err(Error::Closed { place: place() });
        }
        let free = self.shared.most.saturating_sub(queue.running);
        if queue.waiting.len() >= self.shared.limit.saturating_add(free) {
            return Err(Error::Busy { place: place(), waiting: queue.waiting.len() });
        }
        if queue.waiting.len() >= queue.threads - queue.running && queue.threads < self.shared.most {
            let shared = Arc::clone(&self.shared);
            let started = thread::Builder::new().name("diesel-session".to_owned()).spawn(move || shared.work());
            match started {
                Ok(_) => queue.threads += 1,
                Err(error) if queue.threads == 0 => {
                    return Err(Error::Pool { place: place(), problem: format!("no thread for it: {error}") });
                }
                Err(_) => {}
            }
        }
        queue.last_ticket += 1;
        let ticket = queue.last_ticket;
        queue.waiting.push_back((ticket, job));
        drop(queue);
        self.shared.changed.notify_one();
        Ok(ticket)
    }

    /// Takes a unit that no thread has begun out of the queue. Returns whether there was one.
    pub(super) fn withdraw(&self, ticket: u64) -> bool {
        let withdrawn = {
            let mut queue = self.shared.queue();
            let index = queue.waiting.iter().position(|(waits, _)| *waits == ticket);
            index.and_then(|index| queue.waiting.remove(index))
        };
        // Its captures are dropped while the queue is not locked.
        withdrawn.is_some()
    }

    /// What the threads are doing.
    pub(super) fn state(&self) -> WorkersState {
        let queue = self.shared.queue();
        WorkersState { threads: queue.threads, running: queue.running, queued: queue.waiting.len() }
    }

    /// What has servers cancel statements.
    pub(super) fn canceller(&self) -> &Canceller {
        &self.canceller
    }

    /// Accepts no more units, and is ready when those that there are have ended.
    pub(super) fn poll_closed(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut queue = self.shared.queue();
        queue.closed = true;
        self.shared.changed.notify_all();
        if queue.threads == 0 {
            return Poll::Ready(());
        }
        if !queue.closing.iter().any(|waker| waker.will_wake(context.waker())) {
            queue.closing.push(context.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Workers {
    /// Each unit in the queue has a clone of the database, so that there are none any more.
    fn drop(&mut self) {
        self.shared.queue().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs units until the queue is closed and empty.
    fn work(&self) {
        while let Some(job) = self.next() {
            // A unit returns its panics; what panics here is the drop of something that nobody wants any more.
            if catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::warn!(target: "diesel_session::session", "dropping the result of an abandoned unit panicked");
            }
            self.queue().running -= 1;
        }
        let mut queue = self.queue();
        queue.threads -= 1;
        let closing = if queue.threads == 0 { std::mem::take(&mut queue.closing) } else { Vec::new() };
        drop(queue);
        closing.into_iter().for_each(Waker::wake);
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        loop {
            if let Some((_, job)) = queue.waiting.pop_front() {
                queue.running += 1;
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Workers").field(&self.state()).finish()
    }
}
