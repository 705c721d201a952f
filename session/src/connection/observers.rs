//! `Observers`: what sees each statement of a session pass, before it is sent and after its answer.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::QueryResult;

use super::Echo;
use super::cancellation::Cancellation;
use super::slow::Slow;
use super::stop::Stop;

/// The echo of a session's connection, and what may end its unit of work.
#[derive(Debug, Default)]
pub(crate) struct Observers {
    /// The echo, where there is one.
    pub(crate) echo: Option<Echo>,
    /// The request of another thread, where there can be one.
    pub(crate) cancellation: Option<Arc<Cancellation>>,
    /// How long a transaction may be open; zero means forever.
    pub(crate) transaction_timeout: Duration,
    /// When the transaction that is open was begun, if its time is limited.
    begun: Option<Instant>,
    /// The number of statements so far, and of the rows that they returned or changed.
    seen: Cell<(u64, u64)>,
}

impl Observers {
    /// The echo alone, where there is one.
    pub(crate) fn with(echo: Option<Echo>) -> Self {
        Self { echo, ..Self::default() }
    }

    /// Runs a statement by `work` and reports the number of its `rows` to the echo.
    pub(super) fn see<T>(
        &self,
        work: impl FnOnce() -> QueryResult<T>,
        rows: impl FnOnce(&T) -> usize,
    ) -> QueryResult<T> {
        self.enter()?;
        if let Some(echo) = &self.echo {
            echo.expect_rows();
        }
        let done = work();
        let counted = done.as_ref().map(rows);
        let (statements, all_rows) = self.seen.get();
        let returned = counted.as_ref().map_or(0, |rows| u64::try_from(*rows).unwrap_or(u64::MAX));
        self.seen.set((statements + 1, all_rows.saturating_add(returned)));
        if let Some(echo) = &self.echo {
            echo.record_outcome(counted);
        }
        match &self.cancellation {
            None => done,
            Some(cancellation) => cancellation.leave(done),
        }
    }

    /// The statement that was just seen, if it took too long.
    pub(super) fn take_slow(&self) -> Option<Slow> {
        self.echo.as_ref()?.take_slow()
    }

    /// Whether work may go on: nothing is sent yet, or a row of an answer has arrived and more may follow.
    pub(crate) fn check(&self) -> Result<(), Stop> {
        match &self.cancellation {
            Some(cancellation) if cancellation.is_requested() => Err(Stop::Cancelled),
            _ => self.check_time(),
        }
    }

    fn check_time(&self) -> Result<(), Stop> {
        match self.begun {
            Some(begun) if begun.elapsed() >= self.transaction_timeout => {
                Err(Stop::TransactionTimeout(self.transaction_timeout))
            }
            _ => Ok(()),
        }
    }

    /// BEGIN was sent.
    pub(crate) fn begun(&mut self) {
        self.begun = (!self.transaction_timeout.is_zero()).then(Instant::now);
    }

    /// No transaction is open.
    pub(crate) fn ended(&mut self) {
        self.begun = None;
    }

    /// A statement is about to be sent, or the connection to be lent to plain Diesel.
    pub(crate) fn enter(&self) -> Result<(), Stop> {
        self.check_time()?;
        self.cancellation.as_ref().map_or(Ok(()), |cancellation| cancellation.enter())
    }

    /// The number of statements so far, and of the rows that they returned or changed.
    pub(crate) fn seen(&self) -> (u64, u64) {
        self.seen.get()
    }

    /// COMMIT is about to be sent.
    pub(crate) fn commit(&self) -> Result<(), Stop> {
        self.check_time()?;
        self.cancellation.as_ref().map_or(Ok(()), |cancellation| cancellation.commit())
    }

    /// ROLLBACK is about to be sent.
    pub(crate) fn roll_back(&self) {
        if let Some(cancellation) = &self.cancellation {
            cancellation.rest();
        }
    }
}
