//! The thread that has a server cancel the statements of abandoned units.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::connection::{Access, Address, AnyConnection, Cancellation, Ended, Waits};
use crate::error::Result;

/// How long the connection over which the server was asked is kept for the next request, and how long a statement may
/// take to end after it was cancelled: then its connection is ended.
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

/// Ends what is requested until nobody can request more.
fn serve(address: &Address, waits: Waits, requests: &Receiver<Arc<Cancellation>>) {
    let mut control = None;
    let mut asked: Vec<(Instant, Arc<Cancellation>)> = Vec::new();
    loop {
        let request = if control.is_none() && asked.is_empty() {
            requests.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            requests.recv_timeout(KEPT)
        };
        match request {
            Ok(unit) => {
                end(&mut control, address, waits, Ended::Statement, &unit);
                asked.push((Instant::now(), unit));
            }
            Err(RecvTimeoutError::Timeout) if asked.is_empty() => control = None,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        // MariaDB sometimes never answers a statement that was cancelled, and a server may not heed the request.
        asked.retain(|(since, unit)| {
            let waits_for_it = since.elapsed() < KEPT;
            if !waits_for_it {
                end(&mut control, address, waits, Ended::Connection, unit);
            }
            waits_for_it
        });
    }
}

/// Has the server end what a unit is doing, unless it is done with that, over the connection `control`.
fn end(control: &mut Option<AnyConnection>, address: &Address, waits: Waits, what: Ended, unit: &Cancellation) {
    if !unit.is_cancellable() {
        return;
    }
    let mut connection = match control.take().map_or_else(|| open(address, waits), Ok) {
        Ok(connection) => connection,
        Err(error) => return uncancelled(&error),
    };
    let mut usable = true;
    unit.ask(|server| match connection.end(what, server) {
        Ok(ended) => ended,
        Err(error) => {
            uncancelled(&error);
            usable = false;
            // It may have arrived.
            true
        }
    });
    *control = usable.then_some(connection);
}

fn open(address: &Address, waits: Waits) -> Result<AnyConnection> {
    address.open(Access::Write, waits).map(|opened| opened.connection)
}

fn uncancelled(reason: &dyn std::fmt::Display) {
    tracing::warn!(
        target: "diesel_session::session",
        %reason,
        "the statement of an abandoned unit of work could not be cancelled, and the unit ends after it"
    );
}
