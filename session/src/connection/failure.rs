//! What a database's failures mean for the unit of work in which they occur. This is the only module that decides which
//! of them are nobody's mistake, so that the unit may run again.

#[cfg(any(feature = "postgres", feature = "mysql"))]
use diesel::result::DatabaseErrorKind as Kind;
use diesel::result::Error as DieselError;

use crate::error::Error;

/// A failure that may not recur when the same work runs again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// The database rolled the transaction back because of a conflict with another one.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    Conflict,
    /// Timed out waiting for a lock.
    Locked,
    /// The server is not accepting work; the text explains it and says what to do.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    NotReady(&'static str),
    /// The connection is gone.
    Disconnected,
    /// The statement took longer than the server allows it.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    StatementTimeout,
    /// A statement or a value is larger than the database accepts; the text names the limit and says what to do.
    TooLarge(&'static str),
    /// COMMIT failed and it is unknown whether the work was kept: a cluster fell apart, a disk did not respond.
    #[cfg(any(feature = "sqlite", feature = "mysql"))]
    CommitUnknown,
}

#[cfg(feature = "postgres")]
const STARTS_OR_STOPS: &str = "the server is starting or stopping; try again when it is ready";

#[cfg(feature = "mysql")]
const WITHOUT_QUORUM: &str = "this node cannot reach a majority of its cluster and does no work until it can: use another node, or \
    bring the lost ones back; if none of them is left, SET GLOBAL \
    wsrep_provider_options='pc.bootstrap=YES' makes this node the cluster";

#[cfg(feature = "sqlite")]
const SQLITE_LIMIT: &str = "SQLite accepts values and rows of up to 1,000,000,000 bytes; store a shorter value";

#[cfg(feature = "postgres")]
const POSTGRES_LIMIT: &str = "PostgreSQL accepts values and messages of up to 1 GB; store a shorter value, or \
    flush fewer rows \
    at a time";

#[cfg(feature = "mysql")]
const MYSQL_LIMIT: &str = "the limit is the server's max_allowed_packet: store a shorter value, flush fewer rows at a time, or \
    raise it there (SET GLOBAL max_allowed_packet = …, at most 1 GB, for new connections)";

/// SQLite's message for a lock that another connection holds.
pub(super) const LOCKED_BY_SQLITE: &str = "database is locked";

/// Whether a BEGIN failed because the lock was taken, so that it may succeed the next time.
pub(super) fn is_locked_by_sqlite(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(_, said) if said.message().contains(LOCKED_BY_SQLITE))
}

/// SQLite: `BUSY`, `LOCKED`, `PROTOCOL` and `TOOBIG` have no kind of their own in Diesel.
#[cfg(feature = "sqlite")]
pub(super) fn sqlite(message: &str) -> Option<Failure> {
    match message {
        _ if contains_any(message, &[LOCKED_BY_SQLITE, "table is locked", "locking protocol"]) => Some(Failure::Locked),
        _ if contains_any(message, &["string or blob too big"]) => Some(Failure::TooLarge(SQLITE_LIMIT)),
        _ => None,
    }
}

/// SQLite at COMMIT. `IOERR` (a write, an fsync, the removal of the journal) and `NOMEM` may come after the commit
/// record was written: this process rolls back, but recovery after a crash may find that record complete and keep the
/// work. `FULL` means that the record itself could not be written, and `BUSY` comes before it: nothing was kept.
#[cfg(feature = "sqlite")]
pub(super) fn sqlite_commit(message: &str) -> Option<Failure> {
    if contains_any(message, &["disk I/O error", "out of memory"]) {
        Some(Failure::CommitUnknown)
    } else {
        sqlite(message)
    }
}

/// PostgreSQL: Diesel has a kind for 40001 and for a connection that it finds closed. The others are recognized by
/// their messages; the constants below name their SQLSTATE.
#[cfg(feature = "postgres")]
pub(super) fn postgres(kind: Kind, message: &str) -> Option<Failure> {
    const DEADLOCK_40P01: &[&str] = &["deadlock detected"];
    const LOCK_NOT_AVAILABLE_55P03: &[&str] = &["due to lock timeout", "could not obtain lock on"];
    const STATEMENT_TIMEOUT_57014: &[&str] = &["canceling statement due to statement timeout"];
    const CANNOT_CONNECT_NOW_57P03: &[&str] = &[
        "the database system is starting up",
        "the database system is shutting down",
        "the database system is not",
        "recovery mode",
    ];
    const GONE: &[&str] = &[
        "terminating connection",
        "server closed the connection",
        "no connection to the server",
        "connection to server",
        "could not receive data from server",
        "could not send data to server",
        "SSL connection has been closed",
        "SSL SYSCALL error",
        "SSL error:",
        "connection not open",
    ];
    const PROGRAM_LIMIT_EXCEEDED_54000: &[&str] = &[
        "invalid memory alloc request size",
        "requested length too large",
        "string buffer exceeds maximum allowed length",
        "out of memory\nDETAIL:  Cannot enlarge string buffer",
    ];
    match kind {
        Kind::SerializationFailure => Some(Failure::Conflict),
        Kind::ClosedConnection | Kind::UnableToSendCommand => Some(Failure::Disconnected),
        _ if contains_any(message, DEADLOCK_40P01) => Some(Failure::Conflict),
        _ if contains_any(message, PROGRAM_LIMIT_EXCEEDED_54000) => Some(Failure::TooLarge(POSTGRES_LIMIT)),
        _ if contains_any(message, LOCK_NOT_AVAILABLE_55P03) => Some(Failure::Locked),
        _ if contains_any(message, STATEMENT_TIMEOUT_57014) => Some(Failure::StatementTimeout),
        _ if contains_any(message, CANNOT_CONNECT_NOW_57P03) => Some(Failure::NotReady(STARTS_OR_STOPS)),
        _ if contains_any(message, GONE) => Some(Failure::Disconnected),
        _ => None,
    }
}

/// MySQL and MariaDB: Diesel has a kind for 1213 from a prepared statement, but none from BEGIN, SAVEPOINT, COMMIT and
/// the like, where only the message is left.
#[cfg(feature = "mysql")]
pub(super) fn mysql(kind: Kind, message: &str) -> Option<Failure> {
    const DEADLOCK_1213: &[&str] = &[
        "Deadlock found when trying to get lock",
        "Deadlock: wsrep aborted transaction",
        "WSREP detected deadlock/conflict and aborted",
    ];
    const CHANGED_1020: &[&str] = &["Record has changed since last read"];
    // MariaDB 1969 and MySQL 3024.
    const STATEMENT_TIMEOUT: &[&str] = &["(max_statement_time exceeded)", "maximum statement execution time exceeded"];
    const LOCK_WAIT_1205: &[&str] = &["Lock wait timeout exceeded"];
    const NOT_PREPARED_1047: &[&str] = &["WSREP has not yet prepared node"];
    // 1180 is an error during COMMIT; its text mentions streaming, which need not be in use.
    const NOT_CERTIFIED_1180: &[&str] = &["provider status: Not connected to Primary Component"];
    // The server's own 1153 and the client library's 2020.
    const TOO_LARGE: &[&str] =
        &["Got a packet bigger than 'max_allowed_packet'", "Got packet bigger than 'max_allowed_packet'"];
    const GONE: &[&str] = &[
        "server has gone away",
        "Server has gone away",
        "Lost connection to",
        "Connection was killed",
        "Server shutdown in progress",
        "disconnected by the server because of inactivity",
        "Can't connect to",
        "TLS/SSL error",
    ];
    match kind {
        Kind::SerializationFailure => Some(Failure::Conflict),
        Kind::ClosedConnection | Kind::UnableToSendCommand => Some(Failure::Disconnected),
        _ if contains_any(message, DEADLOCK_1213) || contains_any(message, CHANGED_1020) => Some(Failure::Conflict),
        _ if contains_any(message, TOO_LARGE) => Some(Failure::TooLarge(MYSQL_LIMIT)),
        _ if contains_any(message, LOCK_WAIT_1205) => Some(Failure::Locked),
        _ if contains_any(message, STATEMENT_TIMEOUT) => Some(Failure::StatementTimeout),
        _ if contains_any(message, NOT_PREPARED_1047) => Some(Failure::NotReady(WITHOUT_QUORUM)),
        _ if contains_any(message, NOT_CERTIFIED_1180) => Some(Failure::CommitUnknown),
        _ if contains_any(message, GONE) => Some(Failure::Disconnected),
        _ => None,
    }
}

/// PostgreSQL 42501, for which Diesel has no kind.
#[cfg(feature = "postgres")]
pub(super) fn is_denied_by_postgres(message: &str) -> bool {
    message.starts_with("permission denied ") || message.starts_with("must be owner of ")
}

/// MySQL 1142, 1143, 1044 and 1227, for which Diesel has no kind.
#[cfg(feature = "mysql")]
pub(super) fn is_denied_by_mysql(message: &str) -> bool {
    contains_any(message, &[" command denied to user ", "Access denied for user ", "Access denied; you need"])
}

/// Whether a statement failed because another connection cancelled it: PostgreSQL 57014, MySQL 1317.
pub(super) fn is_cancelled(error: &DieselError) -> bool {
    const CANCELLED: &[&str] = &["canceling statement due to user request", "Query execution was interrupted"];
    matches!(error, DieselError::DatabaseError(_, said) if CANCELLED.contains(&said.message()))
}

/// Whether a transaction or savepoint could not be ended because an earlier error had already ended it, or the
/// connection: such an error adds nothing to the earlier one.
pub(crate) fn only_says_it_is_over(error: &Error) -> bool {
    match error {
        Error::Disconnected { .. } => true,
        Error::Database { source, .. } => is_over(source),
        _ => false,
    }
}

fn is_over(error: &DieselError) -> bool {
    const NO_TRANSACTION: &[&str] = &["no transaction is active", "can only be used in transaction blocks"];
    match error {
        DieselError::NotInTransaction | DieselError::BrokenTransactionManager => true,
        DieselError::DatabaseError(_, said) => {
            let said = said.message();
            let no_savepoint = said.to_ascii_lowercase().starts_with("savepoint ") && said.ends_with(" does not exist");
            no_savepoint || said.starts_with("no such savepoint") || contains_any(said, NO_TRANSACTION)
        }
        _ => false,
    }
}

fn contains_any(message: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| message.contains(pattern))
}

#[cfg(test)]
mod tests {
    #[allow(unused_imports, reason = "some engines have no test here")]
    use super::*;

    #[test]
    fn a_rollback_that_finds_nothing_is_told_from_one_that_fails() {
        let said = |message: &str| {
            is_over(&DieselError::DatabaseError(
                diesel::result::DatabaseErrorKind::Unknown,
                Box::new(message.to_owned()),
            ))
        };
        assert!(is_over(&DieselError::NotInTransaction) && is_over(&DieselError::BrokenTransactionManager));
        assert!(said("cannot rollback - no transaction is active"));
        assert!(said("no such savepoint: diesel_savepoint_1"));
        assert!(said("SAVEPOINT diesel_savepoint_1 does not exist"));
        assert!(said("ROLLBACK TO SAVEPOINT can only be used in transaction blocks"));
        assert!(!said("disk I/O error") && !is_over(&DieselError::NotFound));
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite_waits_for_one_writer() {
        assert_eq!(sqlite("database is locked"), Some(Failure::Locked));
        assert_eq!(sqlite("database table is locked: users"), Some(Failure::Locked));
        assert_eq!(sqlite("locking protocol"), Some(Failure::Locked));
        assert_eq!(sqlite("near \"x\": syntax error"), None);
        assert_eq!(sqlite("string or blob too big"), Some(Failure::TooLarge(SQLITE_LIMIT)));
        assert_eq!(sqlite("disk I/O error"), None);
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite_may_keep_a_commit_that_met_an_io_error_and_keeps_none_that_met_a_full_disk_or_a_lock() {
        assert_eq!(sqlite_commit("disk I/O error"), Some(Failure::CommitUnknown));
        assert_eq!(sqlite_commit("out of memory"), Some(Failure::CommitUnknown));
        assert_eq!(sqlite_commit("database is locked"), Some(Failure::Locked));
        for kept_nothing in ["database or disk is full", "FOREIGN KEY constraint failed", "interrupted"] {
            assert_eq!(sqlite_commit(kept_nothing), None, "{kept_nothing}");
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn postgresql_is_read_by_kind_and_by_message() {
        for (kind, message, failure) in [
            (Kind::SerializationFailure, "could not serialize access", Some(Failure::Conflict)),
            (Kind::Unknown, "deadlock detected", Some(Failure::Conflict)),
            (Kind::Unknown, "canceling statement due to lock timeout", Some(Failure::Locked)),
            (Kind::Unknown, "could not obtain lock on row in relation \"users\"", Some(Failure::Locked)),
            (Kind::Unknown, "the database system is starting up", Some(Failure::NotReady(STARTS_OR_STOPS))),
            (
                Kind::Unknown,
                "the database system is not yet accepting connections",
                Some(Failure::NotReady(STARTS_OR_STOPS)),
            ),
            (Kind::Unknown, "terminating connection due to administrator command", Some(Failure::Disconnected)),
            (
                Kind::Unknown,
                "terminating connection because of crash of another server process",
                Some(Failure::Disconnected),
            ),
            (
                Kind::Unknown,
                "canceling the wait for synchronous replication and terminating connection due to administrator command",
                Some(Failure::Disconnected),
            ),
            (Kind::ClosedConnection, "server closed the connection unexpectedly", Some(Failure::Disconnected)),
            (Kind::Unknown, "SSL SYSCALL error: EOF detected", Some(Failure::Disconnected)),
            (Kind::Unknown, "canceling statement due to user request", None),
            (Kind::Unknown, "canceling statement due to statement timeout", Some(Failure::StatementTimeout)),
            (Kind::Unknown, "relation \"x\" does not exist", None),
            (Kind::Unknown, "invalid memory alloc request size 1073741828", Some(Failure::TooLarge(POSTGRES_LIMIT))),
            (Kind::UniqueViolation, "duplicate key", None),
        ] {
            assert_eq!(postgres(kind, message), failure, "{message}");
        }
    }

    #[cfg(feature = "mysql")]
    #[test]
    fn mysql_is_read_by_kind_and_by_message() {
        for (kind, message, failure) in [
            (Kind::SerializationFailure, "Deadlock found", Some(Failure::Conflict)),
            (
                Kind::Unknown,
                "Deadlock found when trying to get lock; try restarting transaction",
                Some(Failure::Conflict),
            ),
            (Kind::Unknown, "Lock wait timeout exceeded; try restarting transaction", Some(Failure::Locked)),
            (
                Kind::Unknown,
                "WSREP detected deadlock/conflict and aborted the transaction. Try restarting the transaction",
                Some(Failure::Conflict),
            ),
            (
                Kind::Unknown,
                "WSREP has not yet prepared node for application use",
                Some(Failure::NotReady(WITHOUT_QUORUM)),
            ),
            (
                Kind::Unknown,
                "Error while appending streaming replication fragment(provider status: Not connected to Primary \
                 Component)",
                Some(Failure::CommitUnknown),
            ),
            (Kind::Unknown, "MySQL server has gone away", Some(Failure::Disconnected)),
            (Kind::Unknown, "Lost connection to server during query", Some(Failure::Disconnected)),
            (Kind::Unknown, "TLS/SSL error: unexpected eof while reading", Some(Failure::Disconnected)),
            (Kind::Unknown, "Query execution was interrupted", None),
            (
                Kind::Unknown,
                "Query execution was interrupted (max_statement_time exceeded)",
                Some(Failure::StatementTimeout),
            ),
            (
                Kind::Unknown,
                "Query execution was interrupted, maximum statement execution time exceeded",
                Some(Failure::StatementTimeout),
            ),
            (Kind::Unknown, "Table 'a.b' doesn't exist", None),
            (
                Kind::Unknown,
                "Got a packet bigger than 'max_allowed_packet' bytes",
                Some(Failure::TooLarge(MYSQL_LIMIT)),
            ),
        ] {
            assert_eq!(mysql(kind, message), failure, "{message}");
        }
    }
}
