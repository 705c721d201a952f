//! `AsyncUnit`: the future of a unit of work that runs on a thread of its database.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::workers::Workers;
use crate::connection::Cancellation;
use crate::error::Error;

/// A unit of work that runs while this future is awaited: see [`Database::begin_async`](crate::Database::begin_async).
///
/// Nothing happens before it is first polled. If it is dropped after that, a unit that still waits for a connection
/// does not begin; one that has begun is rolled back before its next statement or its COMMIT, and PostgreSQL, MySQL and
/// MariaDB are asked to cancel the statement that is under way. A COMMIT that is under way is completed. In no case is
/// a transaction left open, or a part of one kept.
///
/// It depends on no runtime: whatever polls futures can await it.
#[must_use = "a unit of work does nothing unless it is awaited"]
pub struct AsyncUnit<T, E = Error> {
    state: State<T, E>,
    to_completion: bool,
}

enum State<T, E> {
    Unpolled { workers: Arc<Workers>, run: Run<T, E> },
    Running(Running<T, E>),
    Ended,
}

/// Runs the unit.
type Run<T, E> = Box<dyn FnOnce(&Arc<Cancellation>) -> Result<T, E> + Send>;

struct Running<T, E> {
    workers: Arc<Workers>,
    ticket: u64,
    cancellation: Arc<Cancellation>,
    answer: Arc<Answer<T, E>>,
}

impl<T, E> AsyncUnit<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    pub(super) fn new(
        workers: Arc<Workers>,
        run: impl FnOnce(&Arc<Cancellation>) -> Result<T, E> + Send + 'static,
    ) -> Self {
        Self { state: State::Unpolled { workers, run: Box::new(run) }, to_completion: false }
    }
}

impl<T, E> AsyncUnit<T, E> {
    /// Completes the unit even if the future is dropped, once it was polled: nobody learns of its result then.
    ///
    /// ```
    /// # include!("../../docs/example_tables.rs");
    /// # include!("../../docs/block_on.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// let unit = db.begin_async(|session| -> Result<()> {
    ///     session.add(NewUser::new(1, "step")?);
    ///     Ok(())
    /// });
    /// block_on(unit.to_completion())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_completion(mut self) -> Self {
        self.to_completion = true;
        self
    }
}

impl<T, E> Future for AsyncUnit<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let unit = self.get_mut();
        if matches!(unit.state, State::Unpolled { .. })
            && let State::Unpolled { workers, run } = std::mem::replace(&mut unit.state, State::Ended)
        {
            match Running::start(workers, run, context.waker()) {
                Ok(running) => unit.state = State::Running(running),
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
        let State::Running(running) = &unit.state else { return Poll::Pending };
        let polled = running.answer.poll(context);
        if polled.is_ready() {
            unit.state = State::Ended;
        }
        polled
    }
}

impl<T, E> Running<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    fn start(workers: Arc<Workers>, run: Run<T, E>, waker: &Waker) -> crate::error::Result<Self> {
        let (cancellation, answer) = (Arc::<Cancellation>::default(), Answer::to(waker));
        let (requests, answers) = (Arc::clone(&cancellation), Arc::clone(&answer));
        let span = tracing::Span::current();
        let job = move || {
            let done = span.in_scope(|| catch_unwind(AssertUnwindSafe(|| run(&requests))));
            answers.give(done.unwrap_or_else(|panic| Err(Error::Panicked { message: message(&*panic) }.into())));
        };
        let ticket = workers.submit(Box::new(job))?;
        Ok(Self { workers, ticket, cancellation, answer })
    }
}

impl<T, E> Drop for AsyncUnit<T, E> {
    fn drop(&mut self) {
        let State::Running(Running { workers, ticket, cancellation, .. }) = &self.state else { return };
        if !self.to_completion && !workers.withdraw(*ticket) && cancellation.request() {
            workers.canceller().cancel(Arc::clone(cancellation));
        }
    }
}

impl<T, E> fmt::Debug for AsyncUnit<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Unpolled { .. } => "unpolled",
            State::Running(_) => "running",
            State::Ended => "ended",
        };
        f.debug_struct("AsyncUnit").field("state", &state).field("to_completion", &self.to_completion).finish()
    }
}

/// Where the thread leaves the result of a unit for its future.
struct Answer<T, E>(Mutex<Slot<T, E>>);

struct Slot<T, E> {
    result: Option<Result<T, E>>,
    waker: Waker,
}

impl<T, E> Answer<T, E> {
    fn to(waker: &Waker) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Slot { result: None, waker: waker.clone() })))
    }

    fn give(&self, result: Result<T, E>) {
        let mut slot = self.slot();
        slot.result = Some(result);
        let waker = slot.waker.clone();
        drop(slot);
        waker.wake();
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Result<T, E>> {
        let mut slot = self.slot();
        match slot.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                slot.waker.clone_from(context.waker());
                Poll::Pending
            }
        }
    }

    fn slot(&self) -> MutexGuard<'_, Slot<T, E>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The message of a panic.
fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("its message is not a text").to_owned()
}
