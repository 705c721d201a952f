//! The log of one entity type's rows: what a rollback puts back in memory, and what a commit settles.

use super::IdentityMap;
use super::slots::{NEVER, Slot};
use crate::session::entity::Entity;

/// What happened to rows since the transaction began, oldest first.
pub(super) struct Log<E: Entity> {
    /// How many entries were dropped: marks count them, and stay right when the session is cleared.
    dropped: usize,
    entries: Vec<Undo<E>>,
}

/// What a rollback puts back.
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

    /// Forgets what happened, and gives it; marks set before stay behind every later entry.
    fn clear(&mut self) -> Vec<Undo<E>> {
        self.dropped += self.entries.len();
        std::mem::take(&mut self.entries)
    }

    fn mark(&self) -> usize {
        self.dropped + self.entries.len()
    }
}

impl<E: Entity> IdentityMap<E> {
    /// Where the log stands.
    pub(crate) fn mark(&self) -> usize {
        self.log.mark()
    }

    /// Undoes what happened since `mark`: rows added become transient, changed and deleted ones expired.
    pub(crate) fn undo(&mut self, mark: usize) {
        self.begin_anew();
        for index in std::mem::take(&mut self.edited) {
            // What is edited and not flushed was edited within the level, because a level begins with a flush.
            // One that was refreshed since holds no edit any more.
            if self.slots.loaded(index).is_some_and(|loaded| loaded.before.is_some()) {
                self.drop_value(index);
            }
        }
        for index in std::mem::take(&mut self.marked_deleted) {
            self.set_doomed(index, false);
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
        pending.retain(|index| matches!(self.slots.get(*index), Slot::Pending(_)));
        self.pending = pending;
    }

    /// Puts a row back under `key`, without a value.
    fn restore(&mut self, index: u64, key: E::Key) {
        if matches!(self.slots.get(index), Slot::Gone) {
            return;
        }
        self.release_key(index);
        if let Some(other) = self.by_key.insert(key.clone(), index)
            && other != index
        {
            // It was read under a key that only the undone change had made free.
            self.slots.replace(other, Slot::Gone);
        }
        self.slots.replace(index, Slot::Expired { key, marked_deleted: false });
    }

    /// The transaction was committed: nothing can be undone any more, and deleted rows leave the session.
    pub(crate) fn commit(&mut self) {
        self.begin_anew();
        for undo in self.log.clear() {
            if let Undo::Deleted(index) = undo
                && matches!(self.slots.get(index), Slot::Deleted(_))
            {
                self.slots.replace(index, Slot::Gone);
            }
        }
    }

    /// Expires every row that was read at `since` or later.
    pub(crate) fn expire_since(&mut self, since: u32) {
        for slot in self.slots.iter_mut() {
            if let Slot::Loaded(loaded) = slot
                && loaded.seen >= since
            {
                *slot = loaded.expired();
            }
        }
    }

    /// Makes every row stale that was read at `since` or later.
    pub(crate) fn make_stale_since(&mut self, since: u32) {
        for slot in self.slots.iter_mut() {
            if let Slot::Loaded(loaded) = slot
                && loaded.seen >= since
            {
                loaded.seen = NEVER;
            }
        }
    }

    /// Lets go of every row and gives the memory back. Handles given out so far are gone.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        drop(self.log.clear());
        self.by_key = std::collections::HashMap::default();
        self.pending = Vec::new();
        self.edited = Vec::new();
        self.marked_deleted = Vec::new();
    }
}
