//! The thread that has a server cancel the statements of abandoned units.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::connection::{Access, Address, AnyConnection, Cancellation, Waits};

/// How long the connection over which the server was asked is kept for the next request.
const KEPT: Duration = Duration::from_secs(1);

/// Asks the server of a database to cancel statements, over a connection outside the pool. The thread that drops a
/// future does not wait for that: another one does it, which is started by the first request and ends with the
/// database.
#[derive(Debug)]
pub(super) struct Canceller {
    address: Address,
    waits: Waits,
    requests: Mutex<Option<Sender<Arc<Cancellation>>>>,
}

impl Canceller {
    /// One for the database at `address`; the server has `waits.connect` to answer each time.
    pub(super) fn new(address: Address, waits: Waits) -> Self {
        Self { address, waits: Waits { read: waits.connect, ..waits }, requests: Mutex::default() }
    }

    /// Has the statement of a unit cancelled whose end was requested.
    pub(super) fn cancel(&self, unit: Arc<Cancellation>) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let unsent = match &*requests {
            Some(sender) => sender.send(unit).err().map(|unsent| unsent.0),
            None => Some(unit),
        };
        if let Some(unit) = unsent {
            *requests = self.start(unit);
        }
    }

    fn start(&self, first: Arc<Cancellation>) -> Option<Sender<Arc<Cancellation>>> {
        let (sender, receiver) = mpsc::channel();
        let (address, waits) = (self.address.clone(), self.waits);
        let name = "diesel-session-cancel".to_owned();
        let started = thread::Builder::new().name(name).spawn(move || serve(&address, waits, &receiver));
        match started {
            Ok(_) => sender.send(first).is_ok().then_some(sender),
            Err(error) => {
                uncancelled(&error);
                None
            }
        }
    }
}

/// Cancels what is requested until nobody can request more.
fn serve(address: &Address, waits: Waits, requests: &Receiver<Arc<Cancellation>>) {
    while let Ok(first) = requests.recv() {
        let mut control = match address.open(Access::Write, waits) {
            Ok(opened) => opened.connection,
            Err(error) => {
                uncancelled(&error);
                continue;
            }
        };
        cancel(&mut control, &first);
        loop {
            match requests.recv_timeout(KEPT) {
                Ok(unit) => {
                    if !cancel(&mut control, &unit) {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }
}

/// Has the statement of a unit cancelled, unless it has ended. Returns whether the connection can be used again.
fn cancel(control: &mut AnyConnection, unit: &Cancellation) -> bool {
    let mut usable = true;
    unit.ask(|server| match control.cancel_statement(server) {
        Ok(cancelled) => cancelled,
        Err(error) => {
            uncancelled(&error);
            usable = false;
            // It may have arrived.
            true
        }
    });
    usable
}

fn uncancelled(reason: &dyn std::fmt::Display) {
    tracing::warn!(
        target: "diesel_session::session",
        %reason,
        "the statement of an abandoned unit of work could not be cancelled, and the unit ends after it"
    );
}
