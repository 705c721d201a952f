//! MySQL's and MariaDB's limit for one statement, `max_allowed_packet`: the server refuses a statement that is slightly
//! longer, and closes the connection while the client is still sending a much longer one, so that the client sees only
//! a lost connection.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use diesel::connection::{DebugQuery, Instrumentation, InstrumentationEvent};
use diesel::dsl::sql;
use diesel::mysql::MysqlConnection;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{BigInt, Unsigned};
use diesel::{QueryResult, RunQueryDsl as _};

use super::failure::{self, Failure};
use super::mysql_cluster;

/// The limits of the servers that this process has opened. A lost connection cannot be queried any more, and Diesel's
/// connection has no field to store the limit.
static LIMITS: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

/// Reads a server's limit, and detects whether it is in a cluster, once per process.
pub(super) fn learn_limit(connection: &mut MysqlConnection, server: &str) -> QueryResult<()> {
    let known = || LIMITS.lock().unwrap_or_else(PoisonError::into_inner);
    if !known().contains_key(server) {
        let limit = diesel::select(sql::<Unsigned<BigInt>>("@@max_allowed_packet")).get_result(connection)?;
        mysql_cluster::detect(connection)?;
        known().insert(server.to_owned(), limit);
    }
    Ok(())
}

thread_local! {
    /// The limit that the statement which this thread ended last exceeded, if its connection was lost over it.
    static EXCEEDED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Watches the statements of a connection for one that is lost because it is longer than the server accepts.
pub(super) struct Watch;

impl Instrumentation for Watch {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::FinishQuery { query, error, .. } = event {
            watch(query, error);
        }
    }
}

/// Remembers whether a statement that just ended was lost because of its length. With several servers the lowest limit
/// decides, because the connection does not record which server it belonged to.
pub(super) fn watch(query: &dyn DebugQuery, error: Option<&DieselError>) {
    let lost = error.is_some_and(is_lost);
    EXCEEDED.set(if lost { least_limit().filter(|limit| length(query) > *limit) } else { None });
}

fn is_lost(error: &DieselError) -> bool {
    let DieselError::DatabaseError(kind, information) = error else { return false };
    failure::mysql(*kind, information.message()) == Some(Failure::Disconnected)
}

/// The error of a statement, replaced where the connection was lost because of the statement's length and the error does
/// not mention it.
pub(super) fn blame_length(error: DieselError) -> DieselError {
    match (EXCEEDED.take(), &error) {
        (Some(limit), DieselError::DatabaseError(_, information)) if is_lost(&error) => {
            let said =
                format!("Got a packet bigger than 'max_allowed_packet' bytes ({limit}): {}", information.message());
            DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(said))
        }
        _ => error,
    }
}

/// Whether everything that a client has sent at once closes prepared statements, the only command of Diesel's that the
/// server does not answer. Under TLS it is recognized by its length alone: a command that is answered is longer, and a
/// misjudged one would only be awaited without a limit.
pub(super) fn needs_no_answer(mut sent: &[u8]) -> bool {
    const CLOSE: &[u8] = &[5, 0, 0, 0, 0x19];
    const LENGTH: usize = 9;
    const RECORD: &[u8] = &[0x17, 3, 3, 0];
    // The length with TLS's overhead: TLS 1.3, TLS 1.2 with AES-GCM, TLS 1.2 with ChaCha20.
    const SEALED: [usize; 3] = [LENGTH + 17, LENGTH + 24, LENGTH + 16];
    while !sent.is_empty() {
        let length = match sent.strip_prefix(RECORD) {
            Some([length, ..]) if SEALED.contains(&usize::from(*length)) => RECORD.len() + 1 + usize::from(*length),
            _ if sent.starts_with(CLOSE) => LENGTH,
            _ => return false,
        };
        let Some(rest) = sent.get(length..) else { return false };
        sent = rest;
    }
    true
}

/// How many bytes of values a statement may carry, which leaves room for its text and the types and lengths of its
/// values; unlimited where the limit is unknown.
pub(super) fn max_value_bytes() -> usize {
    least_limit().and_then(|limit| usize::try_from(limit / 4).ok()).unwrap_or(usize::MAX)
}

fn least_limit() -> Option<u64> {
    LIMITS.lock().unwrap_or_else(PoisonError::into_inner).values().min().copied()
}

/// The approximate length of a statement with its values: that of its debug output.
fn length(query: &dyn DebugQuery) -> u64 {
    struct Length(u64);

    impl fmt::Write for Length {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len() as u64;
            Ok(())
        }
    }

    let mut length = Length(0);
    // Fails only if the SQL cannot be built, and then it was not sent either.
    let _printed = write!(length, "{query}");
    length.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_statements_needs_no_answer() {
        let close = [5, 0, 0, 0, 0x19, 1, 0, 0, 0];
        let commit = b"\x07\0\0\0\x03COMMIT";
        let sealed = |length: u8| [&[0x17, 3, 3, 0, length][..], &vec![0; usize::from(length)]].concat();
        for sent in [close.to_vec(), [close, close].concat(), sealed(26), sealed(33), [sealed(26), sealed(26)].concat()]
        {
            assert!(needs_no_answer(&sent), "{sent:?}");
        }
        for sent in [commit.to_vec(), [&close[..], commit].concat(), close[..5].to_vec(), sealed(28), sealed(35)] {
            assert!(!needs_no_answer(&sent), "{sent:?}");
        }
    }
}
