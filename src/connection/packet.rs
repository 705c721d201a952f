//! MySQL's and MariaDB's limit for one statement, `max_allowed_packet`: the server refuses a statement that is slightly
//! longer, and closes the connection while the client is still sending a much longer one, so that the client sees only
//! a lost connection.

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

/// If the connection was lost and the statement is longer than the server accepts, that is the cause. With several
/// servers the lowest limit decides, because the connection does not record which server it belonged to.
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
fn length(statement: &impl QueryFragment<Mysql>) -> u64 {
    struct Length(u64);

    impl fmt::Write for Length {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len() as u64;
            Ok(())
        }
    }

    let mut length = Length(0);
    // Fails only if the SQL cannot be built, and then it was not sent either.
    let _printed = write!(length, "{}", diesel::debug_query::<Mysql, _>(statement));
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
