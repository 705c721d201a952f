//! Begin, nested, commit and rollback, and what they do to the rows in memory.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use diesel::result::Error as DieselError;

use super::Session;
use crate::connection::{Mode, SessionConnection};
use crate::error::{Error, Result};

/// Where a session stands between BEGIN and COMMIT.
#[derive(Debug)]
pub(crate) struct Transaction {
    mode: Mode,
    /// BEGIN was sent.
    open: bool,
    /// Something was done since the last commit, though perhaps no SQL was needed for it.
    used: bool,
    /// How many `begin` and `nested` closures are running.
    blocks: usize,
    /// Why the whole transaction takes no more work.
    poison: Option<Arc<Error>>,
    savepoints: Vec<Savepoint>,
    /// Counts up with every transaction and savepoint: rows remember when they were read.
    clock: u32,
    /// Rows read before this are stale.
    fresh_since: u32,
}

/// An open savepoint.
#[derive(Debug)]
struct Savepoint {
    /// Where each store's log stood.
    marks: Vec<usize>,
    /// The clock when it was opened.
    since: u32,
    /// Something was written since.
    wrote: bool,
    /// Why it takes no more work; it is undone in the database already.
    poison: Option<Arc<Error>>,
}

impl Transaction {
    pub(crate) fn new(mode: Mode) -> Self {
        Self {
            mode,
            open: false,
            used: false,
            blocks: 0,
            poison: None,
            savepoints: Vec::new(),
            clock: 1,
            fresh_since: 1,
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

    /// Notes that something was written in the innermost savepoint.
    pub(crate) fn wrote(&mut self) {
        if let Some(savepoint) = self.savepoints.last_mut() {
            savepoint.wrote = true;
        }
    }

    /// From now on what was read before is stale.
    pub(crate) fn age(&mut self) {
        self.clock += 1;
        self.fresh_since = self.clock;
    }

    fn poison(&self) -> Option<&Arc<Error>> {
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
        let done = self.block(work);
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

    /// Runs `work` in a SAVEPOINT, after a flush: RELEASE when it returns `Ok`, ROLLBACK TO when it returns `Err` or
    /// panics. Only what happened within is undone: rows added there become transient, rows changed there are
    /// expired, all others stay as they are. Savepoints nest.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin); after an error the outer transaction can go on.
    pub fn nested<T, E>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.flush()?;
        self.open()?;
        self.link().connection.savepoint().map_err(|error| self.explain(error, "opening a savepoint"))?;
        self.transaction.clock += 1;
        let savepoint = Savepoint {
            marks: self.stores.iter().map(super::stores::AnyStore::mark).collect(),
            since: self.transaction.clock,
            wrote: false,
            poison: None,
        };
        self.transaction.savepoints.push(savepoint);
        let done = self.block(work);
        let ended = match done {
            Ok(Ok(_)) => self.release(),
            _ => self.abandon(),
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

    fn block<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> std::thread::Result<T> {
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
    /// [`Error::InsideBegin`] inside a `begin` or `nested` closure. What the flush fails with before it sends anything:
    /// then the transaction is still open. What a statement or COMMIT fails with: then it is rolled back.
    pub fn commit(&mut self) -> Result<()> {
        if self.transaction.blocks > 0 {
            return Err(Error::InsideBegin { verb: "commit" });
        }
        self.check()?;
        if let Err(error) = self.flush() {
            if self.check().is_err() {
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
    /// [`Error::InsideBegin`] inside a `begin` or `nested` closure, and what ROLLBACK fails with.
    pub fn rollback(&mut self) -> Result<()> {
        if self.transaction.blocks > 0 {
            return Err(Error::InsideBegin { verb: "rollback" });
        }
        self.end_rollback()
    }

    /// Takes a transaction to its COMMIT, or to its end when that cannot be.
    fn end_commit(&mut self) -> Result<()> {
        let committed = match self.transaction.poison.clone() {
            Some(cause) => Err(Arc::unwrap_or_clone(cause)),
            None => self.flush().and_then(|()| self.send_commit()),
        };
        if committed.is_err() {
            report(self.end_rollback());
            return committed;
        }
        self.transaction.open = false;
        self.transaction.used = false;
        self.stores.iter_mut().for_each(|store| store.commit());
        self.transaction.age();
        Ok(())
    }

    fn send_commit(&mut self) -> Result<()> {
        if !self.transaction.open {
            return Ok(());
        }
        self.link().connection.commit().map_err(|error| self.explain(error, "committing"))
    }

    fn end_rollback(&mut self) -> Result<()> {
        let undone = if self.transaction.open { self.link().connection.rollback() } else { Ok(()) };
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
        self.transaction.open = false;
        self.transaction.used = false;
        self.transaction.savepoints.clear();
        for store in self.stores.iter_mut() {
            store.undo(0);
            store.expire_since(0);
        }
        self.transaction.age();
    }

    /// Ends the innermost savepoint by RELEASE, or undoes it when that cannot be.
    fn release(&mut self) -> Result<()> {
        let released = match self.transaction.poison().cloned() {
            Some(cause) => Err(Arc::unwrap_or_clone(cause)),
            None => self.flush().and_then(|()| self.send_release()),
        };
        if released.is_err() {
            report(self.abandon());
            return released;
        }
        if let Some(savepoint) = self.transaction.savepoints.pop()
            && savepoint.wrote
        {
            self.transaction.wrote();
        }
        Ok(())
    }

    fn send_release(&mut self) -> Result<()> {
        self.link().connection.commit().map_err(|error| self.explain(error, "releasing a savepoint"))
    }

    /// Ends the innermost savepoint by ROLLBACK TO, unless that was sent when it was poisoned; what was done to rows
    /// in memory since then is dropped all the same.
    fn abandon(&mut self) -> Result<()> {
        let poisoned = self.transaction.savepoints.last().is_some_and(|savepoint| savepoint.poison.is_some());
        let undone = if poisoned {
            self.undo_rows();
            Ok(())
        } else {
            self.undo_savepoint()
        };
        self.transaction.savepoints.pop();
        undone
    }

    /// Sends ROLLBACK TO for the innermost savepoint and brings the rows in memory back. Where the database has lost
    /// the savepoint, it has lost the transaction, and all of it is undone.
    fn undo_savepoint(&mut self) -> Result<()> {
        match self.link().connection.rollback() {
            Ok(()) => {
                self.undo_rows();
                Ok(())
            }
            Err(error) => {
                let error = self.explain(error, "rolling back to a savepoint");
                if let Some(savepoint) = self.transaction.savepoints.last_mut() {
                    savepoint.poison = Some(Arc::new(error.clone()));
                }
                self.poison_all(&error);
                Err(error)
            }
        }
    }

    /// Brings the rows in memory to where they were before the innermost savepoint.
    fn undo_rows(&mut self) {
        let Some(savepoint) = self.transaction.savepoints.last() else { return };
        let marks = savepoint.marks.iter().copied().chain(std::iter::repeat(0));
        for (store, mark) in self.stores.iter_mut().zip(marks) {
            store.undo(mark);
            if savepoint.wrote {
                store.expire_since(savepoint.since);
            }
        }
    }

    /// Undoes the innermost level after a statement failed, and takes no more work until that level is left.
    pub(super) fn poison(&mut self, cause: &Error) {
        if self.transaction.savepoints.is_empty() {
            return self.poison_all(cause);
        }
        if self.undo_savepoint().is_ok()
            && let Some(savepoint) = self.transaction.savepoints.last_mut()
        {
            savepoint.poison = Some(Arc::new(cause.clone()));
        }
    }

    /// Undoes the whole transaction, and takes no more work until it is left.
    fn poison_all(&mut self, cause: &Error) {
        let mut savepoints = std::mem::take(&mut self.transaction.savepoints);
        let levels = savepoints.iter().filter(|savepoint| savepoint.poison.is_none()).count();
        if self.transaction.open {
            for _ in 0..=levels {
                if let Err(failed) = self.link().connection.rollback() {
                    tracing::warn!(target: "folio::session", %failed, "rolling back after an error failed");
                }
            }
        }
        // The closures of the savepoints are still running: their levels stay, undone.
        self.forget_transaction();
        let cause = Arc::new(cause.clone());
        savepoints.iter_mut().for_each(|savepoint| savepoint.poison = Some(Arc::clone(&cause)));
        self.transaction.savepoints = savepoints;
        self.transaction.poison = Some(cause);
    }

    /// Opens the transaction where it is not open yet.
    pub(super) fn open(&mut self) -> Result<()> {
        self.check()?;
        if !self.transaction.open {
            let mode = self.transaction.mode;
            self.link().connection.begin(mode).map_err(|error| self.explain(error, "beginning a transaction"))?;
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

/// Tells of an error that another one stands before.
fn report(ended: Result<()>) {
    if let Err(failed) = ended {
        tracing::warn!(target: "folio::session", %failed, "ending a transaction or savepoint failed");
    }
}

impl<C: SessionConnection> Drop for Session<'_, C> {
    fn drop(&mut self) {
        if self.transaction.open
            && let Err(failed) = self.connection.rollback()
        {
            tracing::warn!(target: "folio::session", %failed, "rolling back at the end of a session failed");
        }
    }
}
