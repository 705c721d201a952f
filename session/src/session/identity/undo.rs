//! The undo log of one entity type's rows: what a rollback restores in memory, and what a commit makes final.

use super::IdentityMap;
use super::slots::{Known, Slot};
use crate::session::entity::Entity;

/// What happened to rows since the transaction began, oldest first.
pub(super) struct Log<E: Entity> {
    /// The number of entries dropped: marks include them, so that they stay valid when the session is cleared.
    dropped: usize,
    entries: Vec<Undo<E>>,
}

/// A change that a rollback undoes.
pub(super) enum Undo<E: Entity> {
    /// The row was added.
    Added(u64),
    /// The row was inserted from these values.
    Inserted(u64, Box<E::New>),
    /// The row was updated under this key.
    Updated(u64, E::Key),
    /// The row was deleted, or found missing.
    Deleted(u64),
}

impl<E: Entity> Default for Log<E> {
    fn default() -> Self {
        Self { dropped: 0, entries: Vec::new() }
    }
}

impl<E: Entity> Log<E> {
    pub(super) fn push(&mut self, undo: Undo<E>) {
        self.entries.push(undo);
    }

    /// Removes and returns all entries; earlier marks stay before every later entry.
    fn clear(&mut self) -> Vec<Undo<E>> {
        self.dropped += self.entries.len();
        std::mem::take(&mut self.entries)
    }

    fn mark(&self) -> usize {
        self.dropped + self.entries.len()
    }
}

impl<E: Entity> IdentityMap<E> {
    /// The current position in the log.
    pub(crate) fn mark(&self) -> usize {
        self.log.mark()
    }

    /// Undoes the changes since `mark`: rows added become transient; changed and deleted rows become expired.
    pub(crate) fn undo(&mut self, mark: usize) {
        self.reset_read_ahead();
        for index in std::mem::take(&mut self.edited) {
            // An edited and unflushed row was edited within the level, because a level begins with a flush. A row that
            // was refreshed since has no edits any more.
            if self.slots.loaded(index).is_some_and(|loaded| loaded.before.is_some()) {
                self.drop_value(index);
            }
        }
        for index in std::mem::take(&mut self.marked_deleted) {
            self.set_marked_deleted(index, false);
        }
        while self.log.mark() > mark {
            match self.log.entries.pop() {
                Some(Undo::Added(index)) => {
                    if let Some(slot @ Slot::Pending(_)) = self.slots.get_mut(index)
                        && let Slot::Pending(new) = std::mem::replace(slot, Slot::Gone)
                    {
                        *slot = Slot::Transient(new);
                    }
                }
                Some(Undo::Inserted(index, new)) => {
                    self.release_key(index);
                    self.slots.replace(index, Slot::Transient(new));
                }
                Some(Undo::Updated(index, key)) => self.restore(index, key),
                Some(Undo::Deleted(index)) => {
                    if let Some(key) = self.key(index) {
                        self.restore(index, key);
                    }
                }
                None => break,
            }
        }
        let mut pending = std::mem::take(&mut self.pending);
        pending.retain(|index| matches!(self.slots.get(*index), Known::Pending(_)));
        self.pending = pending;
    }

    /// Restores a row under `key`, without a value.
    fn restore(&mut self, index: u64, key: E::Key) {
        if matches!(self.slots.get(index), Known::Gone) {
            return;
        }
        self.release_key(index);
        if let Some(other) = self.by_key.insert(key.clone(), index)
            && other != index
        {
            // It was read under a key that was free only because of the undone change.
            self.slots.replace(other, Slot::Gone);
        }
        self.slots.replace(index, Slot::Expired { key, marked_deleted: false });
    }

    /// After a commit: clears the log, and removes deleted rows from the session.
    pub(crate) fn commit(&mut self) {
        self.reset_read_ahead();
        self.whole.clear();
        for undo in self.log.clear() {
            if let Undo::Deleted(index) = undo
                && matches!(self.slots.get(index), Known::Deleted(_))
            {
                self.slots.replace(index, Slot::Gone);
            }
        }
    }

    /// Expires every row that was read in the epoch `since` or later, up to `now`; its value is dropped when the row is
    /// next used. Rows that are read from here on need a later epoch.
    pub(crate) fn expire_since(&mut self, since: u32, now: u32) {
        self.slots.expire(since, now);
    }

    /// Makes every row stale that was read in the epoch `since` or later, up to `now`. Rows that are read from here on
    /// need a later epoch.
    pub(crate) fn make_stale_since(&mut self, since: u32, now: u32) {
        self.slots.make_stale(since, now);
    }

    /// Removes every row and frees the memory. Handles given out so far are gone.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        drop(self.log.clear());
        self.by_key = std::collections::HashMap::default();
        self.whole.clear();
        self.pending = Vec::new();
        self.edited = Vec::new();
        self.marked_deleted = Vec::new();
        self.links_sent();
    }
}
