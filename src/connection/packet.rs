//! MySQL's and MariaDB's limit for one statement, `max_allowed_packet`: the server refuses a statement that is somewhat
//! longer, and hangs up on a client that still sends a much longer one, which then sees a lost connection and nothing else.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use diesel::dsl::sql;
use diesel::mysql::{Mysql, MysqlConnection};
use diesel::query_builder::QueryFragment;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{BigInt, Unsigned};
use diesel::{QueryResult, RunQueryDsl as _};

use super::failure::{self, Failure};

/// The limits of the servers that this process has opened. A connection that is lost cannot be asked any more, and Diesel's
/// has no place to keep an answer.
static LIMITS: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

/// Asks for the limit of a server, once in a process.
pub(super) fn learn_limit(connection: &mut MysqlConnection, server: &str) -> QueryResult<()> {
    let known = || LIMITS.lock().unwrap_or_else(PoisonError::into_inner);
    if !known().contains_key(server) {
        let limit = diesel::select(sql::<Unsigned<BigInt>>("@@max_allowed_packet")).get_result(connection)?;
        known().insert(server.to_owned(), limit);
    }
    Ok(())
}

/// Where a connection was lost and the statement is longer than a server takes, that is the cause. With several servers the
/// least limit decides, because the connection does not say which server was its own.
pub(super) fn blame_size<S: QueryFragment<Mysql>>(statement: &S, error: DieselError) -> DieselError {
    let DieselError::DatabaseError(kind, information) = &error else { return error };
    if failure::mysql(*kind, information.message()) != Some(Failure::Disconnected) {
        return error;
    }
    match least_limit() {
        Some(limit) if length(statement) > limit => {
            let said =
                format!("Got a packet bigger than 'max_allowed_packet' bytes ({limit}): {}", information.message());
            DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(said))
        }
        _ => error,
    }
}

/// How many bytes of values a statement has room for beside its text, the types and the lengths of its values, where the limit
/// is known.
pub(super) fn room() -> usize {
    least_limit().and_then(|limit| usize::try_from(limit / 4).ok()).unwrap_or(usize::MAX)
}

fn least_limit() -> Option<u64> {
    LIMITS.lock().unwrap_or_else(PoisonError::into_inner).values().min().copied()
}

/// About how long a statement is with its values: as long as it is printed.
fn length(statement: &impl QueryFragment<Mysql>) -> u64 {
    struct Length(u64);

    impl fmt::Write for Length {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len() as u64;
            Ok(())
        }
    }

    let mut length = Length(0);
    // Fails only where the statement cannot be made, and then it was not sent either.
    let _printed = write!(length, "{}", diesel::debug_query::<Mysql, _>(statement));
    length.0
}
