//! Begin, commit and rollback, and what they do to the rows in memory.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use diesel::QueryResult;
use diesel::result::Error as DieselError;

use super::Session;
use super::flush::Flushed;
use super::history::unit::UnitId;
use super::savepoint::{Savepoint, report};
use super::settings::Freshness;
use super::written::Write;
use crate::connection::{Isolation, Mode, SessionConnection, Turn};
use crate::error::{Error, Result};

/// The state of a session's transaction.
#[derive(Debug)]
pub(crate) struct Transaction {
    mode: Mode,
    /// The isolation level, if the session sets one.
    pub(super) isolation: Option<Isolation>,
    /// BEGIN was sent.
    pub(super) open: bool,
    /// The turn to write, held while the transaction is open, where writers queue.
    turn: Option<Turn>,
    /// Something was done since the last commit, possibly without any SQL.
    used: bool,
    /// The number of `begin` and `nested` closures that are running.
    blocks: usize,
    /// The number of `begin` closures among them.
    begins: usize,
    /// Why the whole transaction accepts no more work.
    poison: Option<Arc<Error>>,
    /// The last conflict with another writer since the session was made.
    conflict: Option<Arc<Error>>,
    /// The last violation of a unique constraint since the session was made.
    taken: Option<Arc<Error>>,
    /// Whether a COMMIT failed with an unknown outcome since the session was made.
    outcome_unknown: bool,
    /// Whether the database refused a statement as read-only since the session was made, however the caller handled it.
    pub(super) read_only: bool,
    pub(super) savepoints: Vec<Savepoint>,
    /// Identifies the unit of work in the history, once that was asked for.
    pub(super) unit: Option<UnitId>,
    /// What its flushes have sent, if a hook is to see it after the commit.
    pub(super) flushes: Vec<Flushed>,
    /// Counts up with every transaction, with the first write in a savepoint, and whenever rows were expired together;
    /// each row keeps the epoch of its last read.
    epoch: u32,
    /// Rows read before this epoch are stale.
    fresh_since: u32,
    pub(super) freshness: Freshness,
}

impl Transaction {
    pub(crate) fn new(mode: Mode) -> Self {
        Self {
            mode,
            isolation: None,
            open: false,
            turn: None,
            used: false,
            blocks: 0,
            begins: 0,
            poison: None,
            conflict: None,
            taken: None,
            outcome_unknown: false,
            read_only: false,
            savepoints: Vec::new(),
            unit: None,
            flushes: Vec::new(),
            epoch: 1,
            fresh_since: 1,
            freshness: Freshness::default(),
        }
    }

    pub(crate) fn now(&self) -> u32 {
        self.epoch
    }

    pub(crate) fn fresh_since(&self) -> u32 {
        self.fresh_since
    }

    pub(crate) fn is_read(&self) -> bool {
        self.mode == Mode::Read
    }

    /// Whether BEGIN was sent for a transaction that may write.
    pub(super) fn is_writing(&self) -> bool {
        self.open && !self.is_read()
    }

    /// Marks the session's transaction as begun, though no SQL was sent for it.
    pub(crate) fn mark_used(&mut self) {
        self.used = true;
    }

    /// Records what is about to be written in the innermost savepoint: rows read from now on are read after it.
    fn writes(&mut self, write: Write) {
        if let Some(savepoint) = self.savepoints.last_mut() {
            if savepoint.written.since.is_none() {
                self.epoch += 1;
                savepoint.written.since = Some(self.epoch);
            }
            savepoint.written.add(write);
        }
    }

    /// Refuses all work until the last open savepoint and then the transaction is left.
    pub(super) fn refuse_work(&mut self, cause: &Arc<Error>) {
        for savepoint in &mut self.savepoints {
            savepoint.poison = Some(Arc::clone(cause));
        }
        self.poison = Some(Arc::clone(cause));
    }

    /// Remembers a failure that a retry may avoid, because it reads again what was stale at the flush. A commit with an
    /// unknown outcome forbids a retry, whatever failed before it.
    pub(super) fn note(&mut self, error: &Error) {
        if error.is_retryable() || error.is_stale() {
            self.conflict = Some(Arc::new(error.clone()));
        } else if error.is_unique() {
            self.taken = Some(Arc::new(error.root().clone()));
        } else if error.is_commit_unknown() {
            self.conflict = None;
            self.taken = None;
            self.outcome_unknown = true;
        } else if error.is_read_only_database() {
            self.read_only = true;
        }
    }

    /// Leaves, with its last savepoint, a transaction that was ended inside a savepoint.
    pub(super) fn leave_ended(&mut self) {
        if self.poison.as_deref().is_some_and(|cause| matches!(cause, Error::Ended { .. })) {
            self.poison = None;
        }
    }

    /// Records that the transaction has ended in the database, and passes the turn to the next writer.
    fn close(&mut self) {
        self.open = false;
        self.turn = None;
        self.used = false;
        self.unit = None;
    }

    /// Starts a new epoch after a committed transaction.
    fn transaction_ended(&mut self) {
        match self.freshness {
            Freshness::NextTransaction => self.expire_reads(),
            Freshness::Never => self.next_epoch(),
        }
    }

    /// Distinguishes what is read from here on from what was read before.
    pub(super) fn next_epoch(&mut self) {
        self.epoch += 1;
    }

    /// Makes all rows read so far stale.
    pub(crate) fn expire_reads(&mut self) {
        self.next_epoch();
        self.fresh_since = self.epoch;
    }

    pub(super) fn poison(&self) -> Option<&Arc<Error>> {
        self.poison.as_ref().or_else(|| self.savepoints.iter().rev().find_map(|savepoint| savepoint.poison.as_ref()))
    }
}

impl<C: SessionConnection> Session<'_, C> {
    /// Whether a transaction is open: a `begin` block is running, or a statement was sent, or a row was added, edited
    /// or marked for deletion since the last commit or rollback. One that an error has rolled back is open until it is
    /// left.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        let transaction = &self.transaction;
        transaction.open || transaction.used || transaction.blocks > 0 || transaction.poison.is_some()
    }

    /// The last failure of a statement or COMMIT of this session that a retry may avoid: a conflict with another writer
    /// (including one that changed a row between the session's SELECT and its UPDATE: [`Error::StaleRow`]), or any
    /// other error for which [`Error::is_retryable`] is true. It is kept however the caller handled it, and is what a
    /// retry depends on.
    #[must_use]
    pub fn conflict(&self) -> Option<&Error> {
        self.transaction.conflict.as_deref()
    }

    /// The last violation of a unique constraint, however the caller handled it.
    pub(crate) fn taken(&self) -> Option<&Error> {
        self.transaction.taken.as_deref()
    }

    /// Whether a COMMIT failed with an unknown outcome, however the caller handled it.
    pub(crate) fn outcome_is_unknown(&self) -> bool {
        self.transaction.outcome_unknown
    }

    /// Whether the session is inside [`nested`](Self::nested).
    #[must_use]
    pub fn in_savepoint(&self) -> bool {
        !self.transaction.savepoints.is_empty()
    }

    /// Runs `work` in a transaction: a flush and COMMIT when it returns `Ok`, ROLLBACK when it returns `Err` or
    /// panics. BEGIN is sent with the first statement, so that work without statements sends nothing at all.
    ///
    /// The closure may fail with the caller's own error type that converts from [`Error`]. If the call is followed by `?`,
    /// name that type, because `?` alone does not tell the compiler which one is meant: end the closure with
    /// [`diesel_session::Ok`](crate::Ok), or write its result type (`|session| -> Result<()>`).
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyInTransaction`] if one is open; [`Error::Poisoned`]; the error that the closure returns, or that
    /// the flush or COMMIT fails with. If a statement failed inside and the closure returned `Ok` anyway, nothing is
    /// committed and that first error is returned.
    pub fn begin<T, E>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.check()?;
        self.check_hook("begin")?;
        if self.in_transaction() {
            return Err(Error::AlreadyInTransaction.into());
        }
        self.transaction.begins += 1;
        let done = self.block(work);
        self.transaction.begins -= 1;
        let ended = match done {
            Ok(Ok(_)) => self.end_level(Self::end_commit, Self::end_rollback),
            _ => self.end_rollback(),
        };
        match done {
            Ok(Ok(value)) => ended.map(|()| value).map_err(Into::into),
            Ok(Err(error)) => {
                report(ended);
                Err(error)
            }
            Err(panic) => resume_unwind(panic),
        }
    }

    pub(super) fn block<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> std::thread::Result<T> {
        self.transaction.blocks += 1;
        let done = catch_unwind(AssertUnwindSafe(|| work(self)));
        self.transaction.blocks -= 1;
        done
    }

    /// Flushes and sends COMMIT; without a transaction it sends nothing. Rows stay readable afterwards
    /// ([stale](super::State::Stale)); deleted ones are gone.
    ///
    /// # Errors
    ///
    /// [`Error::InsideBegin`] inside a `begin` closure. Errors of the flush before it sends anything: the transaction
    /// stays open. Errors of a statement or of COMMIT: the transaction is rolled back.
    ///
    /// Inside a `nested` closure without a `begin` around it, the whole transaction is committed with its savepoints,
    /// and the closure can do no more work: [`Error::Ended`].
    pub fn commit(&mut self) -> Result<()> {
        if self.transaction.begins > 0 {
            return Err(Error::InsideBegin { verb: "commit" });
        }
        self.check_hook("commit")?;
        self.check()?;
        if let Err(error) = self.flush() {
            if self.check().is_err() && self.transaction.savepoints.is_empty() {
                report(self.end_rollback());
            }
            return Err(error);
        }
        self.end_commit()
    }

    /// Sends ROLLBACK; without a transaction it sends nothing. Rows that were added become transient and all others
    /// expired; a poisoned session becomes usable again.
    ///
    /// # Errors
    ///
    /// [`Error::InsideBegin`] inside a `begin` closure, and errors of ROLLBACK. Inside a `nested` closure without a
    /// `begin` around it, the whole transaction is rolled back, and the closure can do no more work: [`Error::Ended`].
    pub fn rollback(&mut self) -> Result<()> {
        if self.transaction.begins > 0 {
            return Err(Error::InsideBegin { verb: "rollback" });
        }
        self.check_hook("rollback")?;
        if self.transaction.savepoints.is_empty() {
            return self.end_rollback();
        }
        self.poison_all(&Error::Ended { verb: "rollback" });
        Ok(())
    }

    /// Commits the transaction, or rolls it back if it cannot be committed.
    fn end_commit(&mut self) -> Result<()> {
        let committed = match self.transaction.poison.clone() {
            Some(cause) => Err(Arc::unwrap_or_clone(cause)),
            None => self.flush().and_then(|()| self.send_commit()),
        };
        if let Err(error) = &committed {
            self.transaction.note(error);
            if error.is_commit_unknown() {
                self.report_commit(false);
            }
            if !self.transaction.savepoints.is_empty() {
                self.poison_all(error);
            } else if error.is_commit_unknown() {
                report(self.undo_transaction());
            } else {
                report(self.end_rollback());
            }
            return committed;
        }
        let written = self.transaction.is_writing();
        if written {
            self.report_commit(true);
        }
        self.transaction.close();
        self.maps.iter_mut().for_each(|map| map.commit());
        self.transaction.transaction_ended();
        if !self.transaction.savepoints.is_empty() {
            self.transaction.refuse_work(&Arc::new(Error::Ended { verb: "commit" }));
        }
        if written {
            self.committed();
        }
        Ok(())
    }

    fn send_commit(&mut self) -> Result<()> {
        if !self.transaction.open {
            return Ok(());
        }
        let ended = Arc::new(Error::Ended { verb: "commit" });
        for level in (0..self.transaction.savepoints.len()).rev() {
            self.send_release()?;
            self.transaction.savepoints[level].poison = Some(Arc::clone(&ended));
        }
        // A reading transaction has nothing to keep: if the engine let it write by means that the session cannot see,
        // that is rolled back.
        let reads = self.transaction.is_read();
        if reads {
            return self.send_rollback().map_err(|error| self.explain(error, "ending a transaction that reads"));
        }
        self.observers.commit()?;
        self.connection.commit().map_err(|error| self.connection.explain_commit(error))
    }

    fn end_rollback(&mut self) -> Result<()> {
        let written = self.transaction.is_writing();
        let undone = self.undo_transaction();
        if written {
            self.rolled_back();
        }
        undone
    }

    fn undo_transaction(&mut self) -> Result<()> {
        let undone = if self.transaction.open { self.send_rollback() } else { Ok(()) };
        self.forget_transaction();
        self.transaction.poison = None;
        match undone {
            // A failed COMMIT may have ended the transaction itself.
            Ok(()) | Err(DieselError::NotInTransaction) => Ok(()),
            Err(error) => Err(self.explain(error, "rolling back")),
        }
    }

    /// Sends ROLLBACK, or ROLLBACK TO for the innermost savepoint, when nothing can cancel it by mistake.
    pub(super) fn send_rollback(&mut self) -> QueryResult<()> {
        self.observers.roll_back();
        self.connection.rollback()
    }

    /// Puts the rows in memory into their state after a ROLLBACK.
    pub(super) fn forget_transaction(&mut self) {
        self.transaction.close();
        self.transaction.savepoints.clear();
        self.transaction.flushes.clear();
        self.maps.iter_mut().for_each(|map| map.undo(0));
        self.expire_rows(|_| true);
        self.transaction.expire_reads();
    }

    /// Records what is about to be written: for the rollback of a savepoint, and for rows that were read ahead.
    pub(super) fn writes(&mut self, write: Write) {
        self.transaction.writes(write);
        self.maps.iter_mut().for_each(|map| map.make_read_ahead_stale());
    }

    /// Opens the transaction if it is not open yet.
    pub(super) fn open(&mut self) -> Result<()> {
        self.check()?;
        if !self.transaction.open {
            self.observers.ended();
        }
        if let Err(stop) = self.observers.check() {
            let error = Error::from(stop);
            if self.transaction.open {
                self.poison(&error);
            }
            return Err(error);
        }
        if !self.transaction.open {
            self.copies.forget();
            let begun = self.first(Self::send_begin);
            self.spare = None;
            match begun {
                Ok(turn) => self.transaction.turn = turn,
                Err(error) => {
                    self.transaction.note(&error);
                    return Err(error);
                }
            }
            self.transaction.open = true;
            self.observers.begun();
        }
        Ok(())
    }

    /// Sends BEGIN, after waiting for the turn to write where writers take turns.
    fn send_begin(&mut self) -> Result<Option<Turn>> {
        let (mode, isolation) = (self.transaction.mode, self.transaction.isolation);
        let connection = &mut **self.connection;
        let begun = match &self.queue {
            Some(queue) if mode == Mode::Write => {
                queue.begin(connection, self.observers.echo.as_ref(), isolation).map(Some)
            }
            _ => connection.begin(mode, isolation).map(|()| None),
        };
        begun.map_err(|error| match error {
            DieselError::AlreadyInTransaction => Error::AlreadyInTransaction,
            error => self.explain(error, "beginning a transaction"),
        })
    }

    pub(super) fn explain(&self, error: DieselError, doing: &str) -> Error {
        self.connection.explain(error, "", doing)
    }
}
