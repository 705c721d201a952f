//! Begin, nested, commit and rollback, and what they do to the rows in memory.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use diesel::result::Error as DieselError;

use super::Session;
use super::identity_maps::AnyIdentityMap;
use super::savepoint::Savepoint;
use super::settings::Freshness;
use super::written::Write;
use crate::connection::{Isolation, Mode, SessionConnection, Turn, only_says_it_is_over};
use crate::error::{Error, Result};

/// Where a session stands between BEGIN and COMMIT.
#[derive(Debug)]
pub(crate) struct Transaction {
    mode: Mode,
    /// How far it is kept apart from others, where the session says so.
    pub(super) isolation: Option<Isolation>,
    /// BEGIN was sent.
    pub(super) open: bool,
    /// The turn to write, held while it is open, where writers take turns.
    turn: Option<Turn>,
    /// Something was done since the last commit, though perhaps no SQL was needed for it.
    used: bool,
    /// How many `begin` and `nested` closures are running.
    blocks: usize,
    /// How many of them are `begin`.
    begins: usize,
    /// Why the whole transaction takes no more work.
    poison: Option<Arc<Error>>,
    /// Another writer stood in the way, since the session was made.
    conflict: Option<Arc<Error>>,
    /// A unique value was there already, since the session was made.
    taken: Option<Arc<Error>>,
    pub(super) savepoints: Vec<Savepoint>,
    /// Counts up with every transaction, and with the first write in a savepoint: rows remember when they were read.
    pub(super) clock: u32,
    /// Rows read before this are stale.
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
            savepoints: Vec::new(),
            clock: 1,
            fresh_since: 1,
            freshness: Freshness::default(),
        }
    }

    pub(crate) fn now(&self) -> u32 {
        self.clock
    }

    pub(crate) fn fresh_since(&self) -> u32 {
        self.fresh_since
    }

    pub(crate) fn is_read(&self) -> bool {
        self.mode == Mode::Read
    }

    /// Notes that the session's transaction has begun, though no SQL was sent for it.
    pub(crate) fn touch(&mut self) {
        self.used = true;
    }

    /// Notes what is about to be written in the innermost savepoint: what is read from now on is read after it.
    fn writes(&mut self, write: Write) {
        if let Some(savepoint) = self.savepoints.last_mut() {
            if savepoint.written.since.is_none() {
                self.clock += 1;
                savepoint.written.since = Some(self.clock);
            }
            savepoint.written.add(write);
        }
    }

    /// Refuses all work until the last of the open savepoints and then the transaction is left.
    fn refuse_work(&mut self, cause: &Arc<Error>) {
        for savepoint in &mut self.savepoints {
            savepoint.poison = Some(Arc::clone(cause));
        }
        self.poison = Some(Arc::clone(cause));
    }

    /// Remembers a failure that another try may not meet: it reads anew what was stale at the flush. A commit whose fate
    /// is unknown forbids the try, whatever was met before it.
    fn note(&mut self, error: &Error) {
        if error.is_retryable() || error.is_stale() {
            self.conflict = Some(Arc::new(error.clone()));
        } else if error.is_unique() {
            self.taken = Some(Arc::new(error.root().clone()));
        } else if error.is_commit_unknown() {
            self.conflict = None;
            self.taken = None;
        }
    }

    /// A transaction that was ended inside a savepoint is left with the last savepoint.
    pub(super) fn leave_ended(&mut self) {
        if self.poison.as_deref().is_some_and(|cause| matches!(cause, Error::Ended { .. })) {
            self.poison = None;
        }
    }

    /// A transaction has ended in the database: the next writer has the turn.
    fn close(&mut self) {
        self.open = false;
        self.turn = None;
        self.used = false;
    }

    /// A transaction has ended.
    fn turn(&mut self) {
        match self.freshness {
            Freshness::NextTransaction => self.age(),
            Freshness::Never => self.clock += 1,
        }
    }

    /// From now on what was read before is stale.
    pub(crate) fn age(&mut self) {
        self.clock += 1;
        self.fresh_since = self.clock;
    }

    pub(super) fn poison(&self) -> Option<&Arc<Error>> {
        self.poison.as_ref().or_else(|| self.savepoints.iter().rev().find_map(|savepoint| savepoint.poison.as_ref()))
    }
}

impl<C: SessionConnection> Session<'_, C> {
    /// Whether a transaction is open: a `begin` block is running, or a statement was sent, or a row was added, edited or
    /// marked for deletion since the last commit or rollback. One that an error has undone is open until it is left.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        let transaction = &self.transaction;
        transaction.open || transaction.used || transaction.blocks > 0 || transaction.poison.is_some()
    }

    /// What stood in the way of a statement or a COMMIT of this session and may not do so the next time: another writer
    /// (also one who changed a row between the session's SELECT and its UPDATE: [`Error::StaleRow`]), or what else
    /// [`Error::is_retryable`] names. The last such failure, whatever the caller made of it: by this a retry decides.
    #[must_use]
    pub fn conflict(&self) -> Option<&Error> {
        self.transaction.conflict.as_deref()
    }

    /// The last refusal of a unique value that was there already, whatever the caller made of it.
    pub(crate) fn taken(&self) -> Option<&Error> {
        self.transaction.taken.as_deref()
    }

    /// Whether the session is inside [`nested`](Self::nested).
    #[must_use]
    pub fn in_savepoint(&self) -> bool {
        !self.transaction.savepoints.is_empty()
    }

    /// Runs `work` in a transaction: a flush and COMMIT when it returns `Ok`, ROLLBACK when it returns `Err` or
    /// panics. BEGIN is sent with the first statement, so that work without statements sends nothing at all.
    ///
    /// The closure may fail with an error of the caller's own that is made from [`Error`]; write its result type
    /// (`|session| -> Result<()>`), because `?` alone does not tell the compiler which one is meant.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyInTransaction`] where one is open; [`Error::Poisoned`]; what the closure returns; what the flush or COMMIT fails
    /// with. If a statement failed within and the closure returned `Ok` all the same, nothing is committed and that
    /// first error is returned.
    pub fn begin<T, E>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.check()?;
        if self.in_transaction() {
            return Err(Error::AlreadyInTransaction.into());
        }
        self.transaction.begins += 1;
        let done = self.block(work);
        self.transaction.begins -= 1;
        let ended = match done {
            Ok(Ok(_)) => self.end_commit(),
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
    /// [`Error::InsideBegin`] inside a `begin` closure. What the flush fails with before it sends anything: then the
    /// transaction is still open. What a statement or COMMIT fails with: then it is rolled back.
    ///
    /// Inside a `nested` closure without a `begin` around it the whole transaction is committed, savepoints and all, and
    /// the closure can do no more work: [`Error::Ended`].
    pub fn commit(&mut self) -> Result<()> {
        if self.transaction.begins > 0 {
            return Err(Error::InsideBegin { verb: "commit" });
        }
        self.check()?;
        if let Err(error) = self.flush() {
            if self.check().is_err() && self.transaction.savepoints.is_empty() {
                report(self.end_rollback());
            }
            return Err(error);
        }
        self.end_commit()
    }

    /// Sends ROLLBACK; without a transaction it sends nothing. Rows that were added become transient, all others are
    /// expired; a poisoned session is healed.
    ///
    /// # Errors
    ///
    /// [`Error::InsideBegin`] inside a `begin` closure, and what ROLLBACK fails with. Inside a `nested` closure without a
    /// `begin` around it the whole transaction is rolled back, and the closure can do no more work: [`Error::Ended`].
    pub fn rollback(&mut self) -> Result<()> {
        if self.transaction.begins > 0 {
            return Err(Error::InsideBegin { verb: "rollback" });
        }
        if self.transaction.savepoints.is_empty() {
            return self.end_rollback();
        }
        self.poison_all(&Error::Ended { verb: "rollback" });
        Ok(())
    }

    /// Takes a transaction to its COMMIT, or to its end when that cannot be.
    fn end_commit(&mut self) -> Result<()> {
        let committed = match self.transaction.poison.clone() {
            Some(cause) => Err(Arc::unwrap_or_clone(cause)),
            None => self.flush().and_then(|()| self.send_commit()),
        };
        if let Err(error) = &committed {
            self.transaction.note(error);
            if self.transaction.savepoints.is_empty() {
                report(self.end_rollback());
            } else {
                self.poison_all(error);
            }
            return committed;
        }
        self.transaction.close();
        self.maps.iter_mut().for_each(|map| map.commit());
        self.transaction.turn();
        if !self.transaction.savepoints.is_empty() {
            self.transaction.refuse_work(&Arc::new(Error::Ended { verb: "commit" }));
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
        // What reads has nothing to keep: where the engine lets it write by a way that the session does not see, that is
        // undone.
        let reads = self.transaction.is_read();
        let connection = self.executor().connection;
        if reads {
            return connection.rollback().map_err(|error| self.explain(error, "ending a transaction that reads"));
        }
        connection.commit().map_err(|error| self.connection.explain_commit(error))
    }

    fn end_rollback(&mut self) -> Result<()> {
        let undone = if self.transaction.open { self.executor().connection.rollback() } else { Ok(()) };
        self.forget_transaction();
        self.transaction.poison = None;
        match undone {
            // A failed COMMIT may have ended the transaction itself.
            Ok(()) | Err(DieselError::NotInTransaction) => Ok(()),
            Err(error) => Err(self.explain(error, "rolling back")),
        }
    }

    /// Brings the rows in memory to where they are after a ROLLBACK.
    fn forget_transaction(&mut self) {
        self.transaction.close();
        self.transaction.savepoints.clear();
        for map in self.maps.iter_mut() {
            map.undo(0);
            map.expire_since(0);
        }
        self.transaction.age();
    }

    /// Undoes the innermost level after a statement failed, and takes no more work until that level is left.
    pub(super) fn poison(&mut self, cause: &Error) {
        self.transaction.note(cause);
        if self.transaction.savepoints.is_empty() || cause.ends_transaction() {
            return self.poison_all(cause);
        }
        if self.undo_savepoint(Some(cause)).is_ok()
            && let Some(savepoint) = self.transaction.savepoints.last_mut()
        {
            savepoint.poison = Some(Arc::new(cause.clone()));
        }
    }

    /// Undoes the whole transaction, and takes no more work until it is left.
    pub(super) fn poison_all(&mut self, cause: &Error) {
        self.transaction.note(cause);
        let mut savepoints = std::mem::take(&mut self.transaction.savepoints);
        let levels = savepoints.iter().filter(|savepoint| savepoint.poison.is_none()).count();
        if self.transaction.open {
            for _ in 0..=levels {
                let undone = self.executor().connection.rollback();
                report(undone.map_err(|error| self.explain(error, "rolling back after an error")));
            }
        }
        // The closures of the savepoints are still running: their levels stay, and what is done in them is dropped.
        self.forget_transaction();
        for savepoint in &mut savepoints {
            savepoint.marks = self.maps.iter().map(AnyIdentityMap::mark).collect();
        }
        self.transaction.savepoints = savepoints;
        self.transaction.refuse_work(&Arc::new(cause.clone()));
    }

    /// Notes what is about to be written: for the rollback of a savepoint, and for rows that were read ahead.
    pub(super) fn writes(&mut self, write: Write) {
        self.transaction.writes(write);
        self.maps.iter_mut().for_each(|map| map.make_read_ahead_stale());
    }

    /// Opens the transaction where it is not open yet.
    pub(super) fn open(&mut self) -> Result<()> {
        self.check()?;
        if !self.transaction.open {
            let (mode, isolation) = (self.transaction.mode, self.transaction.isolation);
            let connection = &mut **self.connection;
            let begun = match &self.queue {
                Some(queue) if mode == Mode::Write => queue.begin(connection, self.echo.as_ref(), isolation).map(Some),
                _ => connection.begin(mode, isolation).map(|()| None),
            };
            match begun {
                Ok(turn) => self.transaction.turn = turn,
                Err(error) => {
                    let error = match error {
                        DieselError::AlreadyInTransaction => Error::AlreadyInTransaction,
                        error => self.explain(error, "beginning a transaction"),
                    };
                    self.transaction.note(&error);
                    return Err(error);
                }
            }
            self.transaction.open = true;
        }
        Ok(())
    }

    /// Refuses work on a transaction that an error has undone.
    pub(super) fn check(&self) -> Result<()> {
        match self.transaction.poison() {
            Some(cause) => Err(Error::Poisoned { cause: Arc::clone(cause) }),
            None => Ok(()),
        }
    }

    pub(super) fn explain(&self, error: DieselError, doing: &str) -> Error {
        self.connection.explain(error, "", doing)
    }
}

/// Tells of an error that another one stands before, unless it is no more than a consequence.
pub(super) fn report(ended: Result<()>) {
    if let Err(failed) = ended
        && !only_says_it_is_over(&failed)
    {
        tracing::warn!(target: "folio::session", %failed, "ending a transaction or savepoint failed");
    }
}

impl<C: SessionConnection> Drop for Session<'_, C> {
    fn drop(&mut self) {
        if self.transaction.open {
            let undone = self.connection.rollback();
            report(undone.map_err(|error| self.explain(error, "rolling back at the end of a session")));
        }
    }
}
