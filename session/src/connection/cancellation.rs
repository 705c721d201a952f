//! `Cancellation`: the request of another thread that a unit of work end, and what the unit is doing meanwhile.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use diesel::QueryResult;

use super::stop::Stop;
use super::{ServerSession, failure};

/// A unit of work that another thread may end.
///
/// The unit checks the request before each statement and before COMMIT. The statement that is under way at that time
/// is cancelled by the server, which is asked over another connection. Such a request names a connection and not a
/// statement, so that it must not be on its way when the connection sends something else: the unit waits for it
/// first.
#[derive(Debug, Default)]
pub(crate) struct Cancellation {
    state: Mutex<State>,
    /// Notified when the server has been asked.
    asked: Condvar,
}

#[derive(Debug, Default)]
struct State {
    requested: bool,
    /// Where the unit's statements run, if a server can cancel them.
    server: Option<ServerSession>,
    /// A statement is under way, or plain Diesel has the connection and may be running one.
    busy: bool,
    /// COMMIT is under way, and is not interrupted.
    committing: bool,
    /// The server is being asked to cancel the statement.
    asking: bool,
    /// The server was asked, and no statement was seen to end by that: the next one might.
    outstanding: bool,
}

impl Cancellation {
    /// Requests the end of the unit. Returns whether a statement is under way that the server can cancel: see
    /// [`ask`](Self::ask).
    pub(crate) fn request(&self) -> bool {
        let mut state = self.state();
        state.requested = true;
        state.is_cancellable()
    }

    /// Whether the end of the unit was requested.
    pub(crate) fn is_requested(&self) -> bool {
        self.state().requested
    }

    /// Whether a statement is under way that the server can cancel.
    pub(crate) fn is_cancellable(&self) -> bool {
        self.state().is_cancellable()
    }

    /// Has `send` ask the server to cancel the statement, if it is still under way. `send` returns whether it did.
    pub(crate) fn ask(&self, send: impl FnOnce(&ServerSession) -> bool) {
        let server = {
            let mut state = self.state();
            let Some(server) = state.server.clone().filter(|_| state.is_cancellable()) else { return };
            state.asking = true;
            server
        };
        let sent = send(&server);
        let mut state = self.state();
        state.asking = false;
        state.outstanding = sent;
        drop(state);
        self.asked.notify_all();
    }

    /// The unit's statements run there from now on.
    pub(crate) fn run_on(&self, server: Option<ServerSession>) {
        let mut state = self.idle();
        state.server = server;
        state.outstanding = false;
    }

    /// A statement begins, or plain Diesel is given the connection.
    pub(super) fn enter(&self) -> Result<(), Stop> {
        let mut state = self.state();
        if state.requested {
            drop(self.idle_in(state));
            return Err(Stop::Cancelled);
        }
        state.busy = true;
        state.committing = false;
        Ok(())
    }

    /// A statement has ended; with an error after a request, it counts as cancelled.
    pub(super) fn leave<T>(&self, done: QueryResult<T>) -> QueryResult<T> {
        let mut state = self.idle();
        match done {
            Err(error) if state.requested => {
                if failure::is_cancelled(&error) {
                    state.outstanding = false;
                }
                Err(Stop::Cancelled.into())
            }
            done => done,
        }
    }

    /// COMMIT begins: a later request does not end this transaction.
    pub(super) fn commit(&self) -> Result<(), Stop> {
        let mut state = self.idle();
        if state.requested {
            return Err(Stop::Cancelled);
        }
        state.committing = true;
        Ok(())
    }

    /// No statement is under way any more; whatever follows is not cancelled.
    pub(super) fn rest(&self) {
        drop(self.idle());
    }

    /// Whether a cancellation may still reach the next statement on the connection, so that it must not be used again.
    pub(crate) fn is_outstanding(&self) -> bool {
        self.idle().outstanding
    }

    fn idle(&self) -> MutexGuard<'_, State> {
        self.idle_in(self.state())
    }

    fn idle_in<'s>(&'s self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        state.busy = false;
        while state.asking {
            state = self.asked.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_cancellable(&self) -> bool {
        self.busy && !self.committing && self.server.is_some()
    }
}
