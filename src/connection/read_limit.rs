//! How long a server may take to answer a statement, and the words for one that did not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// The limit of one connection, shared with the relay that keeps it. It holds for the statements that are sent from when it
/// is set.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadLimit(Arc<AtomicU64>);

impl ReadLimit {
    /// A limit; no time at all is none.
    pub fn new(limit: Duration) -> Self {
        let new = Self::default();
        new.set(limit);
        new
    }

    /// Sets it for what is sent from now on.
    pub fn set(&self, limit: Duration) {
        let milliseconds = u64::try_from(limit.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
        self.0.store(milliseconds, Ordering::SeqCst);
    }

    /// The limit, if there is one.
    pub fn get(&self) -> Option<Duration> {
        Some(self.0.load(Ordering::SeqCst)).filter(|limit| *limit > 0).map(Duration::from_millis)
    }

    /// Lifts it until what is returned is dropped.
    #[must_use]
    pub fn lifted(&self) -> impl Drop + use<> {
        self.replaced_by(Duration::ZERO)
    }

    /// Makes it at most `limit` until what is returned is dropped.
    #[must_use]
    pub fn at_most(&self, limit: Duration) -> impl Drop + use<> {
        self.replaced_by(self.get().map_or(limit, |own| own.min(limit)))
    }

    fn replaced_by(&self, limit: Duration) -> impl Drop + use<> {
        struct Replaced {
            limit: ReadLimit,
            before: Duration,
        }
        impl Drop for Replaced {
            fn drop(&mut self) {
                self.limit.set(self.before);
            }
        }
        let before = self.get().unwrap_or_default();
        self.set(limit);
        Replaced { limit: self.clone(), before }
    }
}

/// The connections that were given up and whose statements have not ended yet: when, and after which limit. A client
/// library only sees a lost connection, and Diesel's connection has no place to keep more.
static GIVEN_UP: Mutex<Vec<(Instant, Duration)>> = Mutex::new(Vec::new());

/// How long after a connection was given up its statement ends at the latest.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// Says that a connection is about to be ended because nothing came from the server within `limit`.
pub(super) fn give_up(limit: Duration) {
    let mut given_up = GIVEN_UP.lock().unwrap_or_else(PoisonError::into_inner);
    given_up.retain(|(when, _)| when.elapsed() < ENDS_WITHIN);
    given_up.push((Instant::now(), limit));
}

/// The error of a statement whose connection was lost, in words that tell why where a connection was given up just now.
pub(super) fn blame(error: DieselError) -> DieselError {
    let DieselError::DatabaseError(_, information) = &error else { return error };
    let mut given_up = GIVEN_UP.lock().unwrap_or_else(PoisonError::into_inner);
    given_up.retain(|(when, _)| when.elapsed() < ENDS_WITHIN);
    if given_up.is_empty() {
        return error;
    }
    let (_, limit) = given_up.remove(0);
    let said = format!("{}: {}", unanswered(limit), information.message().trim_end());
    DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(said))
}

/// What is said of a server that did not answer.
pub(super) fn unanswered(limit: Duration) -> String {
    format!("the server did not answer within {limit:?} (read_timeout)")
}
