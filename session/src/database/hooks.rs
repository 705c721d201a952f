//! Hooks of a database: every session on it calls them.

use std::sync::Arc;

use super::Database;
use crate::connection::DatabaseConnection;
use crate::error::Result;
use crate::session::{Flushed, Hooks, Session};

impl<C: DatabaseConnection> Database<C> {
    /// Registers a hook for all sessions of this database: it is called at the beginning of every flush that may have
    /// something to send, automatic ones included, before the flush is planned. It may add, edit and delete rows,
    /// queries in it do not flush, and the flush sends its changes with the others. Hooks are called in the order of
    /// registration, and each sees the changes of those before it. Databases that were cloned from this one before do
    /// not have the hook.
    ///
    /// An error fails the flush before it sends anything: rows that hooks have added in it are discarded, and all other
    /// changes stay as they are.
    ///
    /// ```
    /// # include!("../../docs/example_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?.before_flush(|session| {
    ///     for user in session.deleted::<User>() {
    ///         let resumes = session.children(resumes::user_id, &[user])?;
    ///         for resume in resumes.into_iter().flatten() {
    ///             session.delete(resume)?;
    ///         }
    ///     }
    ///     Ok(())
    /// });
    /// // A service that knows nothing of it.
    /// let user = db.begin(|session| -> Result<User> {
    ///     let user = session.add(NewUser::new(1, "step")?);
    ///     session.add(NewResume::new(user, "Junior developer")?);
    ///     session.detach(user)
    /// })?;
    /// db.begin(|session| session.delete(&user))?; // DELETE FROM resumes …; DELETE FROM users …
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn before_flush<F>(mut self, hook: F) -> Self
    where
        F: Fn(&mut Session<'_, C>) -> Result<()> + Send + Sync + 'static,
    {
        self.hooks_mut().add_before_flush(hook);
        self
    }

    /// Registers a hook for all sessions of this database: it is called after every flush that has sent something, with
    /// the rows that were inserted, updated and deleted. It may run statements; what it adds, edits and deletes is sent
    /// by a further round of the same flush, which calls all hooks again, up to
    /// [`MAX_FLUSH_ROUNDS`](crate::session::MAX_FLUSH_ROUNDS).
    ///
    /// An error fails the flush like that of a statement: the innermost level is rolled back and poisoned.
    ///
    /// ```
    /// # include!("../../docs/example_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?.after_flush(|session, flushed| {
    ///     for updated in flushed.updated::<User>() {
    ///         assert_eq!(updated.before.username, "step");
    ///         assert_eq!(session.row(updated.handle)?.username, "std");
    ///     }
    ///     Ok(())
    /// });
    /// db.begin(|session| -> Result<()> {
    ///     let user = session.add(NewUser::new(1, "step")?);
    ///     session.edit(user)?.username = "std".try_into()?;
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn after_flush<F>(mut self, hook: F) -> Self
    where
        F: Fn(&mut Session<'_, C>, &Flushed) -> Result<()> + Send + Sync + 'static,
    {
        self.hooks_mut().add_after_flush(hook);
        self
    }

    /// Registers a hook for all sessions of this database: it is called after COMMIT, with the flushes of the
    /// transaction, oldest first and without those that a savepoint rolled back. It cannot fail and sends nothing,
    /// because it has the session by a shared reference: it is for what must happen once the changes are there to see,
    /// such as dropping a cache entry or waking a consumer.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    /// # include!("../../docs/example_tables.rs");
    ///
    /// # fn main() -> Result<()> {
    /// let known = Arc::new(AtomicUsize::new(0));
    /// let count = Arc::clone(&known);
    /// let db = database()?.after_commit(move |_session, flushes| {
    ///     let new = flushes.iter().map(|flushed| flushed.inserted::<User>().len()).sum();
    ///     count.fetch_add(new, Ordering::Relaxed);
    /// });
    /// db.begin(|session| -> Result<()> {
    ///     session.add(NewUser::new(1, "step")?);
    ///     Ok(())
    /// })?;
    /// assert_eq!(known.load(Ordering::Relaxed), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn after_commit<F>(mut self, hook: F) -> Self
    where
        F: Fn(&Session<'_, C>, &[Flushed]) + Send + Sync + 'static,
    {
        self.hooks_mut().add_after_commit(hook);
        self
    }

    /// Registers a hook for all sessions of this database: it is called after a transaction for which BEGIN was sent
    /// was rolled back, whether by an error, by `rollback` or because its session was dropped. It cannot fail and sends
    /// nothing. The rollback of a savepoint alone does not call it. If the outcome of a COMMIT is unknown
    /// ([`Error::CommitUnknown`](crate::Error::CommitUnknown)), neither this hook nor
    /// [`after_commit`](Self::after_commit) is called.
    #[must_use]
    pub fn after_rollback<F>(mut self, hook: F) -> Self
    where
        F: Fn(&Session<'_, C>) + Send + Sync + 'static,
    {
        self.hooks_mut().add_after_rollback(hook);
        self
    }

    fn hooks_mut(&mut self) -> &mut Hooks<C> {
        Arc::make_mut(self.hooks.get_or_insert_default())
    }
}
