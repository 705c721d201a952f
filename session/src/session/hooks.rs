//! Hooks: functions that a session calls before and after each flush, and after the end of its transaction.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use super::Session;
use super::flush::Flushed;
use super::identity_maps::AnyIdentityMap;
use super::savepoint::report;
use crate::connection::SessionConnection;
use crate::error::{Error, Result};

/// The maximum number of rounds of one flush. Each round after the first sends what the hooks of the round before it
/// have changed.
pub const MAX_FLUSH_ROUNDS: usize = 100;

/// The signatures of hooks.
type BeforeFlush<C> = dyn Fn(&mut Session<'_, C>) -> Result<()> + Send + Sync;
type AfterFlush<C> = dyn Fn(&mut Session<'_, C>, &Flushed) -> Result<()> + Send + Sync;
type AfterCommit<C> = dyn Fn(&Session<'_, C>, &[Flushed]) + Send + Sync;
type AfterRollback<C> = dyn Fn(&Session<'_, C>) + Send + Sync;

/// The hooks of a session or a database, each kind in the order of registration.
pub(crate) struct Hooks<C: SessionConnection> {
    before_flush: Vec<Arc<BeforeFlush<C>>>,
    after_flush: Vec<Arc<AfterFlush<C>>>,
    after_commit: Vec<Arc<AfterCommit<C>>>,
    after_rollback: Vec<Arc<AfterRollback<C>>>,
}

// Implemented by hand, because a derive would require of the connection what it requires of the hooks.

impl<C: SessionConnection> Default for Hooks<C> {
    fn default() -> Self {
        let (before_flush, after_flush) = (Vec::new(), Vec::new());
        Self { before_flush, after_flush, after_commit: Vec::new(), after_rollback: Vec::new() }
    }
}

impl<C: SessionConnection> Clone for Hooks<C> {
    fn clone(&self) -> Self {
        Self {
            before_flush: self.before_flush.clone(),
            after_flush: self.after_flush.clone(),
            after_commit: self.after_commit.clone(),
            after_rollback: self.after_rollback.clone(),
        }
    }
}

impl<C: SessionConnection> Hooks<C> {
    pub(crate) fn add_before_flush<F>(&mut self, hook: F)
    where
        F: Fn(&mut Session<'_, C>) -> Result<()> + Send + Sync + 'static,
    {
        self.before_flush.push(Arc::new(hook));
    }

    pub(crate) fn add_after_flush<F>(&mut self, hook: F)
    where
        F: Fn(&mut Session<'_, C>, &Flushed) -> Result<()> + Send + Sync + 'static,
    {
        self.after_flush.push(Arc::new(hook));
    }

    pub(crate) fn add_after_commit<F>(&mut self, hook: F)
    where
        F: Fn(&Session<'_, C>, &[Flushed]) + Send + Sync + 'static,
    {
        self.after_commit.push(Arc::new(hook));
    }

    pub(crate) fn add_after_rollback<F>(&mut self, hook: F)
    where
        F: Fn(&Session<'_, C>) + Send + Sync + 'static,
    {
        self.after_rollback.push(Arc::new(hook));
    }
}

impl<C: SessionConnection> Session<'_, C> {
    /// Registers a hook that is called at the beginning of every flush that may have something to send, automatic ones
    /// included. It may add, edit and delete rows; the flush sends these changes with the others. See
    /// [`Database::before_flush`](crate::Database::before_flush), which registers it for all sessions of a database,
    /// and the guide, `docs/events.md`.
    ///
    /// ```
    /// # include!("../../docs/example_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// let mut session = db.session()?;
    /// session.before_flush(|session| {
    ///     for user in session.pending::<User>() {
    ///         session.add(NewResume::new(user, "To be written")?);
    ///     }
    ///     Ok(())
    /// });
    /// session.add(NewUser::new(1, "step")?);
    /// session.commit()?; // INSERT INTO users …; INSERT INTO resumes …
    /// assert_eq!(session.query(Resume::query()).count()?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn before_flush<F>(&mut self, hook: F)
    where
        F: Fn(&mut Session<'_, C>) -> Result<()> + Send + Sync + 'static,
    {
        self.hooks_mut().add_before_flush(hook);
    }

    /// Registers a hook that is called after every flush that has sent something, with the rows that it inserted,
    /// updated and deleted. What it changes is sent by a further round of the same flush. See
    /// [`Database::after_flush`](crate::Database::after_flush).
    pub fn after_flush<F>(&mut self, hook: F)
    where
        F: Fn(&mut Session<'_, C>, &Flushed) -> Result<()> + Send + Sync + 'static,
    {
        self.hooks_mut().add_after_flush(hook);
    }

    /// Registers a hook that is called after COMMIT, with the flushes of the transaction that were not rolled back. See
    /// [`Database::after_commit`](crate::Database::after_commit).
    pub fn after_commit<F>(&mut self, hook: F)
    where
        F: Fn(&Session<'_, C>, &[Flushed]) + Send + Sync + 'static,
    {
        self.hooks_mut().add_after_commit(hook);
    }

    /// Registers a hook that is called after the transaction was rolled back. See
    /// [`Database::after_rollback`](crate::Database::after_rollback).
    pub fn after_rollback<F>(&mut self, hook: F)
    where
        F: Fn(&Session<'_, C>) + Send + Sync + 'static,
    {
        self.hooks_mut().add_after_rollback(hook);
    }

    fn hooks_mut(&mut self) -> &mut Hooks<C> {
        Arc::make_mut(self.hooks.get_or_insert_default())
    }

    /// Refuses what a hook must not do.
    pub(super) fn check_hook(&self, verb: &'static str) -> Result<()> {
        match self.hook {
            Some(hook) => Err(Error::InsideHook { hook, verb }),
            None => Ok(()),
        }
    }

    /// Flushes, and calls the hooks before and after it, until they change nothing more.
    pub(super) fn flush_with(&mut self, hooks: &Hooks<C>) -> Result<()> {
        self.check_hook("flush")?;
        for _ in 0..MAX_FLUSH_ROUNDS {
            let next: Vec<u64> = self.maps.iter().map(AnyIdentityMap::next).collect();
            let sent = self.send_round(hooks);
            if sent.is_err() {
                // Nothing was sent, and the next flush calls the hooks again: they must not add their rows twice.
                let next = next.into_iter().chain(std::iter::repeat(0));
                self.maps.iter_mut().zip(next).for_each(|(map, next)| map.discard_pending(next));
            }
            if let Some(flushed) = sent? {
                for hook in &hooks.after_flush {
                    if let Err(error) = self.call("after_flush", |session| hook(session, &flushed)) {
                        if self.check().is_ok() {
                            self.poison(&error);
                        }
                        return Err(error);
                    }
                }
                if !hooks.after_commit.is_empty() {
                    self.transaction.flushes.push(flushed);
                }
            }
            if self.is_idle() {
                return Ok(());
            }
        }
        let error = Error::EndlessFlush { rounds: MAX_FLUSH_ROUNDS };
        self.poison(&error);
        Err(error)
    }

    /// Calls the hooks before a flush, and sends the changes; returns what was sent, if a hook is to see it.
    fn send_round(&mut self, hooks: &Hooks<C>) -> Result<Option<Flushed>> {
        for hook in &hooks.before_flush {
            self.call("before_flush", |session| hook(session))?;
            self.check()?;
        }
        self.send_changes(!hooks.after_flush.is_empty() || !hooks.after_commit.is_empty())
    }

    /// Calls a hook; until it returns, the session flushes nothing and keeps its transaction.
    fn call(&mut self, name: &'static str, hook: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.hook = Some(name);
        let done = catch_unwind(AssertUnwindSafe(|| hook(self)));
        self.hook = None;
        done.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Ends a level by `end`, or by `undo` if a hook panics in it.
    pub(super) fn end_level(
        &mut self,
        end: fn(&mut Self) -> Result<()>,
        undo: fn(&mut Self) -> Result<()>,
    ) -> Result<()> {
        catch_unwind(AssertUnwindSafe(|| end(self))).unwrap_or_else(|panic| {
            report(undo(self));
            resume_unwind(panic)
        })
    }

    /// Calls the hooks after a commit.
    pub(super) fn committed(&mut self) {
        let flushes = std::mem::take(&mut self.transaction.flushes);
        if let Some(hooks) = self.hooks.clone() {
            hooks.after_commit.iter().for_each(|hook| hook(self, &flushes));
        }
    }

    /// Calls the hooks after a rollback.
    pub(super) fn rolled_back(&self) {
        if let Some(hooks) = &self.hooks {
            hooks.after_rollback.iter().for_each(|hook| hook(self));
        }
    }
}
