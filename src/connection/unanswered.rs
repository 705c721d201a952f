//! The words for a server that did not answer.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::result::{DatabaseErrorKind, Error as DieselError};

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
    let said = format!("{}: {}", words(limit), information.message().trim_end());
    DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(said))
}

/// What is said of a server that did not answer.
pub(super) fn words(limit: Duration) -> String {
    format!("the server did not answer within {limit:?} (read_timeout)")
}
