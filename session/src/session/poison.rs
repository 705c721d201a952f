//! What a failed statement leaves behind: a level that is rolled back and accepts no more work.

use std::sync::Arc;

use super::Session;
use super::identity_maps::AnyIdentityMap;
use super::savepoint::report;
use crate::connection::SessionConnection;
use crate::error::{Error, Result};

impl<C: SessionConnection> Session<'_, C> {
    /// Rolls back the innermost level after a statement failed, and accepts no more work until that level is left.
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

    /// Rolls back the whole transaction, and accepts no more work until it is left.
    pub(super) fn poison_all(&mut self, cause: &Error) {
        self.transaction.note(cause);
        let written = self.transaction.is_writing();
        let mut savepoints = std::mem::take(&mut self.transaction.savepoints);
        let levels = savepoints.iter().filter(|savepoint| savepoint.poison.is_none()).count();
        if self.transaction.open {
            for _ in 0..=levels {
                let undone = self.send_rollback();
                report(undone.map_err(|error| self.explain(error, "rolling back after an error")));
            }
        }
        // The closures of the savepoints are still running: their levels stay, and changes made in them are dropped.
        self.forget_transaction();
        for savepoint in &mut savepoints {
            savepoint.marks = self.maps.iter().map(AnyIdentityMap::mark).collect();
            savepoint.flushes = 0;
        }
        self.transaction.savepoints = savepoints;
        self.transaction.refuse_work(&Arc::new(cause.clone()));
        if written && !cause.is_commit_unknown() {
            self.rolled_back();
        }
    }

    /// Refuses work on a transaction that an error has rolled back.
    pub(super) fn check(&self) -> Result<()> {
        match self.transaction.poison() {
            Some(cause) => Err(Error::Poisoned { cause: Arc::clone(cause) }),
            None => Ok(()),
        }
    }
}
