//! The error message for a server that did not answer.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// The connections that were given up and whose statements have not ended yet: when, and after which limit. A client
/// library sees only a lost connection, and Diesel's connection has no field to store more.
static GIVEN_UP: Mutex<Vec<(Instant, Duration)>> = Mutex::new(Vec::new());

/// The maximum time between giving up a connection and the end of its statement.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// Records that a connection is about to be closed because nothing came from the server within `limit`.
pub(super) fn give_up(limit: Duration) {
    let mut given_up = GIVEN_UP.lock().unwrap_or_else(PoisonError::into_inner);
    given_up.retain(|(when, _)| when.elapsed() < ENDS_WITHIN);
    given_up.push((Instant::now(), limit));
}

/// The error of a statement whose connection was lost, with the reason prepended if a connection was given up just now.
pub(super) fn explain_lost(error: DieselError) -> DieselError {
    let DieselError::DatabaseError(_, information) = &error else { return error };
    let mut given_up = GIVEN_UP.lock().unwrap_or_else(PoisonError::into_inner);
    given_up.retain(|(when, _)| when.elapsed() < ENDS_WITHIN);
    // The latest one: a statement ends as soon as its connection is given up, and older entries belong to connections
    // that were idle.
    let Some((_, limit)) = given_up.pop() else { return error };
    let said = format!("{}: {}", message(limit), information.message().trim_end());
    DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(said))
}

/// The message for a server that did not answer.
pub(super) fn message(limit: Duration) -> String {
    format!("the server did not answer within {limit:?} (read_timeout)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_and_the_name_of_its_option_are_in_the_message() {
        let said = message(Duration::from_millis(200));
        assert_eq!(said, "the server did not answer within 200ms (read_timeout)");
    }
}
