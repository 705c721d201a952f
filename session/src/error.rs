//! The library's errors, worded for users.
//!
//! Every error of the library is one [`Error`]. Its message names the request, the problem and what to do; there is a
//! predicate (`is_…`) for each kind that a program may want to act on. `Error` is `Clone`, because a poisoned session
//! returns its first cause more than once.

use std::sync::Arc;
use std::time::Duration;

mod class;
mod convert;
mod ok;
mod predicates;
mod retry;
mod violation;

pub use self::ok::Ok;
pub use class::ErrorClass;
pub use violation::{Violation, ViolationKind};

/// The result of every fallible function here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. See the predicates for the kinds that programs act on.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // --- finding and opening a database ---
    /// The text given as a database URL cannot be parsed as one.
    #[error("'{given}' is not a database URL: {problem}")]
    Url {
        /// The URL, without its password.
        given: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The URL names an engine that this program was built without.
    #[error("this program was built without support for '{scheme}' databases; {hint}")]
    EngineMissing {
        /// The scheme of the URL.
        scheme: String,
        /// What to do.
        hint: String,
    },
    /// The URL names a database of another engine than the connection type's.
    #[error("{place} is a database of {engine}; this program needs one of {expected} here")]
    OtherEngine {
        /// The path or the redacted URL.
        place: String,
        /// The engine that it names.
        engine: &'static str,
        /// The engine whose databases the connection type opens.
        expected: &'static str,
    },
    /// There is no database at this address, and reading never creates one.
    #[error("there is no database at {place}")]
    NoDatabase {
        /// The absolute path.
        place: String,
    },
    /// The database exists and cannot be opened.
    #[error("cannot open the database {place}: {problem}")]
    Open {
        /// The path or the redacted URL.
        place: String,
        /// What stood against it.
        problem: String,
    },
    /// Another connection held the lock for longer than the timeout.
    #[error(
        "timed out waiting for a lock that another writer holds (longer than the busy timeout); \
         try again when it has finished"
    )]
    Locked {
        /// The database's error.
        source: Arc<diesel::result::Error>,
    },
    /// This unit of work conflicted with another, and the database rolled it back.
    #[error("conflict with a concurrent transaction; the database rolled this one back: {source}; run it again")]
    Conflict {
        /// The database's error.
        source: Arc<diesel::result::Error>,
    },
    /// The server does not accept work: it is starting or stopping, or is part of a cluster that has lost too many of
    /// its nodes.
    #[error("the database is not accepting work: {source}; {hint}")]
    NotReady {
        /// An explanation, and what to do.
        hint: &'static str,
        /// The database's error.
        source: Arc<diesel::result::Error>,
    },
    /// The connection was lost before anything was committed.
    #[error("lost the connection to the database; nothing of this unit of work was committed: {source}")]
    Disconnected {
        /// The client library's error.
        source: Arc<diesel::result::Error>,
    },
    /// A statement, or a value in it, is larger than the database accepts. Sending it again would fail again.
    #[error("the statement is too large for the database: {source}; {hint}")]
    StatementTooLarge {
        /// The limit, and what to do.
        hint: &'static str,
        /// The database's error.
        source: Arc<diesel::result::Error>,
    },
    /// The connection, the cluster behind it or the disk failed while the database was committing.
    #[error(
        "COMMIT failed and its outcome is unknown: the changes may or may not have been committed; \
         check before running it again: {source}"
    )]
    CommitUnknown {
        /// The error at COMMIT.
        source: Arc<diesel::result::Error>,
    },
    /// The database, or the connection to it, is read-only.
    #[error("the database {place} is read-only: {problem}")]
    ReadOnlyDatabase {
        /// The path or the redacted URL if it is known, otherwise `behind this connection`.
        place: String,
        /// The database's error.
        problem: String,
    },
    /// No server accepted a new connection within the pool's timeout.
    #[error("no server accepts a connection to {place}: {problem}")]
    Unreachable {
        /// The redacted URL.
        place: String,
        /// What stood against it.
        problem: String,
    },
    /// The pool had no connection.
    #[error("no connection to {place}: {problem}")]
    Pool {
        /// The path or the redacted URL.
        place: String,
        /// What stood against it.
        problem: String,
    },
    /// The queue of asynchronous units is full.
    #[error(
        "{waiting} asynchronous units are already waiting for a connection to {place}; answer this request with 'try again \
         later', or raise Options::queue or Options::pool_size"
    )]
    Busy {
        /// The path or the redacted URL.
        place: String,
        /// How many units wait.
        waiting: usize,
    },
    /// An asynchronous unit after [`close_async`](crate::Database::close_async).
    #[error("{place} accepts no more asynchronous units: 'close_async' was called")]
    Closed {
        /// The path or the redacted URL.
        place: String,
    },

    // --- what ends a unit of work from outside ---
    /// The future of an asynchronous unit was dropped, and the unit is rolled back.
    #[error("the future of this unit of work was dropped, so it is rolled back")]
    Cancelled,
    /// The closure of an asynchronous unit panicked, and the unit was rolled back.
    #[error("the unit of work panicked and was rolled back: {message}")]
    Panicked {
        /// The message of the panic.
        message: String,
    },

    /// A statement took longer than the database allows it: [`Options::statement_timeout`](crate::database::Options).
    #[error("the statement took longer than the database's limit (Options::statement_timeout sets one): {source}")]
    StatementTimeout {
        /// The database's error.
        source: Arc<diesel::result::Error>,
    },
    /// A transaction was open for longer than [`Options::transaction_timeout`](crate::database::Options), and was
    /// rolled back.
    #[error(
        "the transaction was open for longer than {limit:?} (Options::transaction_timeout) and is rolled back; divide its \
         work, or raise the limit"
    )]
    TransactionTimeout {
        /// The limit.
        limit: Duration,
    },
    /// A load would exceed [`Options::max_rows`](crate::database::Options).
    #[error(
        "{table}: {rows} more would exceed the {limit} rows that a session may hold (Options::max_rows); read them in \
         'batches', or 'forget' those that are not needed any more"
    )]
    TooManyRows {
        /// The table.
        table: &'static str,
        /// The number of rows that were to be added.
        rows: usize,
        /// The limit.
        limit: usize,
    },

    // --- what the database refuses ---
    /// A constraint: UNIQUE, NOT NULL, CHECK or a foreign key.
    #[error("{_0}")]
    Violation(Box<Violation>),
    /// A stored value that does not fit the type it is read as.
    #[error("{table}: a stored value cannot be read: {problem}")]
    Unreadable {
        /// The table.
        table: String,
        /// Column and value.
        problem: String,
    },
    /// The connection's user lacks a privilege.
    #[error("{doing}: {source}; an administrator can grant this user the right")]
    Denied {
        /// What was being done.
        doing: String,
        /// The database's error.
        source: Arc<diesel::result::Error>,
    },
    /// Any other refusal of the database.
    #[error("{doing}: {source}")]
    Database {
        /// What was being done.
        doing: String,
        /// The database's error.
        source: Arc<diesel::result::Error>,
    },

    // --- the session ---
    /// A handle from another session.
    #[error("{table}: this handle belongs to another session; carry the row's key over instead")]
    ForeignHandle {
        /// The table of the handle's entity.
        table: &'static str,
    },
    /// A handle whose row is no longer in the session.
    #[error("{table}: this row is no longer in the session (detached, forgotten or cleared); get it by its key again")]
    Gone {
        /// The table of the handle's entity.
        table: &'static str,
    },
    /// The row is not in the database: never flushed, or undone by a rollback.
    #[error("{table}: this row is not in the database ({state}); {hint}")]
    NotPersistent {
        /// The table.
        table: &'static str,
        /// Pending or transient.
        state: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// The row was deleted, by this session or by someone else.
    #[error("{table} {key}: this row has been deleted")]
    RowDeleted {
        /// The table.
        table: &'static str,
        /// Its key.
        key: String,
    },
    /// `row` was called for a value that is not loaded.
    #[error("{table}: this row has no value in memory ({state}); 'view' or 'load' fetches it")]
    NotLoaded {
        /// The table.
        table: &'static str,
        /// Pending or expired.
        state: &'static str,
    },
    /// The row changed in the database since it was read.
    #[error("{table} {key}: the row was changed or removed by someone else since it was read; read it again")]
    StaleRow {
        /// The table.
        table: &'static str,
        /// Its key.
        key: String,
    },
    /// The session already has a row with this key, with unsaved changes.
    #[error("{table} {key}: the session already holds this row with unsaved changes; flush or discard them first")]
    AlreadyPresent {
        /// The table.
        table: &'static str,
        /// Its key.
        key: String,
    },
    /// A detached row without a version that differs from the stored one: it is unknown which side changed it.
    #[error(
        "{table} {key}: differs from the stored row ({columns}), and without a version column nothing tells whether you or \
         someone else changed it; call 'attach_edited' with the row as it was read, or 'merge' to overwrite what is stored"
    )]
    UnknownChange {
        /// The table.
        table: &'static str,
        /// Its key.
        key: String,
        /// The columns that differ.
        columns: String,
    },
    /// Unflushed changes prevent removing a row from the session.
    #[error("{table} has unsaved changes in {rows} of the session's rows; flush them, or 'discard' to drop them")]
    Unflushed {
        /// The table.
        table: &'static str,
        /// How many rows.
        rows: usize,
    },
    /// `begin` inside a transaction.
    #[error("a transaction is already open (a read opens one too); use 'nested' inside it, or 'commit' it first")]
    AlreadyInTransaction,
    /// `commit` or `rollback` inside a `begin` closure.
    #[error("'{verb}' inside a 'begin' block: the block commits when it returns Ok and rolls back when it returns Err")]
    InsideBegin {
        /// `commit` or `rollback`.
        verb: &'static str,
    },
    /// The session was used after `commit` or `rollback` had ended the transaction inside a `nested` block.
    #[error("'{verb}' inside this 'nested' block has ended the whole transaction; leave the block first")]
    Ended {
        /// `commit` or `rollback`.
        verb: &'static str,
    },
    /// A write in a read-only session.
    #[error("this session only reads; use 'begin' for a unit of work that writes")]
    ReadOnlySession,
    /// The session was used after a failed statement had undone its transaction.
    #[error("an earlier error aborted the transaction, which accepts no more work until it is rolled back: {cause}")]
    Poisoned {
        /// The first error.
        cause: Arc<Error>,
    },
    /// A query's automatic flush failed.
    #[error("while flushing pending work before a query: {cause}")]
    Autoflush {
        /// The flush's error.
        cause: Arc<Error>,
    },
    /// The flush cannot be planned.
    #[error("cannot plan the flush: {problem}")]
    Plan {
        /// The reason.
        problem: String,
    },
    /// A flush, or the begin or end of a transaction or savepoint, inside a hook.
    #[error(
        "'{verb}' inside a '{hook}' hook: the changes of a hook are flushed when it returns, and the transaction belongs to \
         the unit of work that is flushed"
    )]
    InsideHook {
        /// The kind of hook.
        hook: &'static str,
        /// What the hook called, or `flush` for a call that flushes first.
        verb: &'static str,
    },
    /// The hooks of a flush changed rows in every round, up to
    /// [`MAX_FLUSH_ROUNDS`](crate::session::MAX_FLUSH_ROUNDS).
    #[error(
        "the flush does not end: after {rounds} rounds its 'after_flush' hooks still change rows; let them change nothing \
         when their work is done"
    )]
    EndlessFlush {
        /// The number of rounds.
        rounds: usize,
    },
    /// A statement on a table whose entity keeps a history.
    #[error(
        "{table} keeps a history, which this statement would bypass: add new rows, and load others by a query and edit or \
         delete them; plain Diesel on 'connection' changes them without a record"
    )]
    KeepsHistory {
        /// The table.
        table: &'static str,
    },
    /// Rows are no longer as the unit of work that is to be undone left them.
    #[error("cannot undo unit {unit}: changed since then: {rows}; undo the later units first, the last one first")]
    ChangedSince {
        /// The unit.
        unit: String,
        /// The rows, each with the units that changed it.
        rows: String,
    },
    /// A filter needs a value that the session was not given.
    #[error(
        "{table}: the filter '{filter}' needs a value of type {needs}, which this unit of work was not given; give it by \
         'with_filter_value' or 'set_filter_value', or switch the filter off by 'without_filter'"
    )]
    FilterValue {
        /// The table.
        table: &'static str,
        /// The name of the filter.
        filter: &'static str,
        /// The name of the type.
        needs: &'static str,
    },
    /// `one` or `get` found nothing.
    #[error("{what}: nothing found")]
    NoRows {
        /// What was looked for.
        what: String,
    },
    /// `one` found several.
    #[error("{what}: expected one row and found more")]
    ManyRows {
        /// What was looked for.
        what: String,
    },

    // --- values ---
    /// A value that its type does not allow.
    #[error("{what}: {problem}")]
    Value {
        /// The kind of value.
        what: &'static str,
        /// Why it is refused.
        problem: String,
    },
}

impl Error {
    /// Names the field that a value was meant for; the derive calls it.
    #[doc(hidden)]
    #[must_use]
    pub fn of_field(self, field: &'static str) -> Self {
        match self {
            Self::Value { problem, .. } => Self::Value { what: field, problem },
            other => other,
        }
    }
}
