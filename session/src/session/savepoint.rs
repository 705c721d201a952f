//! Savepoints: nested levels of a transaction, and the effect of their end on rows.

use std::panic::resume_unwind;
use std::sync::Arc;

use super::Session;
use super::identity_maps::AnyIdentityMap;
use super::written::Written;
use crate::connection::{SessionConnection, only_says_it_is_over};
use crate::error::{Error, Result};

/// An open savepoint.
#[derive(Debug)]
pub(super) struct Savepoint {
    /// The position of each identity map's log when the savepoint was opened.
    pub(super) marks: Vec<usize>,
    /// The number of flushes recorded before it.
    pub(super) flushes: usize,
    /// What was written since then.
    pub(super) written: Written,
    /// Why it accepts no more work; it is already rolled back in the database.
    pub(super) poison: Option<Arc<Error>>,
}

impl<C: SessionConnection> Session<'_, C> {
    /// Runs `work` in a SAVEPOINT, after a flush: RELEASE when it returns `Ok`, ROLLBACK TO when it returns `Err` or
    /// panics. Only changes inside are undone: rows added there become transient, rows changed there are expired, and
    /// all others stay as they are, except that rows read there after a write become stale, because a trigger may have
    /// changed them. Savepoints nest.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin); after an error the outer transaction can continue.
    pub fn nested<T, E>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E>
    where
        E: From<Error>,
    {
        self.check_hook("nested")?;
        self.flush()?;
        self.open()?;
        self.executor().connection.savepoint().map_err(|error| self.fail(error, "", "opening a savepoint"))?;
        let savepoint = Savepoint {
            marks: self.maps.iter().map(AnyIdentityMap::mark).collect(),
            written: Written::default(),
            flushes: self.transaction.flushes.len(),
            poison: None,
        };
        self.transaction.savepoints.push(savepoint);
        let done = self.block(work);
        let ended = match done {
            Ok(Ok(_)) => self.end_level(Self::release, Self::abandon),
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

    /// Ends the innermost savepoint by RELEASE, or rolls it back if it cannot be released.
    fn release(&mut self) -> Result<()> {
        let released = match self.transaction.poison().cloned() {
            // The closure has ended the whole transaction on purpose.
            Some(cause) if matches!(*cause, Error::Ended { .. }) => return self.abandon(),
            Some(cause) => Err(Arc::unwrap_or_clone(cause)),
            None => self.flush().and_then(|()| self.send_release()),
        };
        if released.is_err() {
            report(self.abandon());
            return released;
        }
        if let Some(inner) = self.transaction.savepoints.pop()
            && let Some(outer) = self.transaction.savepoints.last_mut()
        {
            outer.written.absorb(inner.written);
        }
        Ok(())
    }

    /// Sends RELEASE. If it fails, as any statement after a conflict may, the level is rolled back and poisoned.
    pub(super) fn send_release(&mut self) -> Result<()> {
        self.executor().connection.commit().map_err(|error| self.fail(error, "", "releasing a savepoint"))
    }

    /// Ends the innermost savepoint by ROLLBACK TO, unless that was sent when it was poisoned; changes made to rows in
    /// memory since then are dropped either way.
    fn abandon(&mut self) -> Result<()> {
        let poisoned = self.transaction.savepoints.last().is_some_and(|savepoint| savepoint.poison.is_some());
        let undone = if poisoned {
            self.undo_rows();
            Ok(())
        } else {
            self.undo_savepoint(None)
        };
        self.transaction.savepoints.pop();
        if self.transaction.savepoints.is_empty() {
            self.transaction.leave_ended();
        }
        undone
    }

    /// Sends ROLLBACK TO for the innermost savepoint and restores the rows in memory. If the database has lost the
    /// savepoint, it has lost the transaction, and all of it is rolled back, with the earlier `cause` as the reason if
    /// there is one.
    pub(super) fn undo_savepoint(&mut self, cause: Option<&Error>) -> Result<()> {
        match self.send_rollback() {
            Ok(()) => {
                self.undo_rows();
                Ok(())
            }
            Err(error) => {
                let error = self.explain(error, "rolling back to a savepoint");
                let cause = cause.unwrap_or(&error);
                if let Some(savepoint) = self.transaction.savepoints.last_mut() {
                    savepoint.poison = Some(Arc::new(cause.clone()));
                }
                self.poison_all(cause);
                Err(error)
            }
        }
    }

    /// Restores the rows in memory to their state before the innermost savepoint.
    fn undo_rows(&mut self) {
        let Some(savepoint) = self.transaction.savepoints.last() else { return };
        self.transaction.flushes.truncate(savepoint.flushes);
        let marks = savepoint.marks.iter().copied().chain(std::iter::repeat(0));
        let now = self.transaction.now();
        for (map, mark) in self.maps.iter_mut().zip(marks) {
            map.undo(mark);
            match savepoint.written.since {
                Some(since) if savepoint.written.changes(map.table()) => map.expire_since(since, now),
                // A trigger may have written rows of any table.
                Some(since) => map.make_stale_since(since, now),
                None => {}
            }
        }
        self.transaction.next_epoch();
    }
}

/// Logs an error that is hidden by an earlier one, unless it is merely its consequence.
pub(super) fn report(ended: Result<()>) {
    if let Err(failed) = ended
        && !only_says_it_is_over(&failed)
    {
        tracing::warn!(target: "diesel_session::session", %failed, "ending a transaction or savepoint failed");
    }
}
