//! One entity type's rows in a session: the identity map and each row's state.

mod accents;
mod ahead;
mod changes;
mod flush;
mod follow;
mod key_changes;
mod links;
mod overtaken;
mod rows;
mod sent;
mod slots;
mod undo;
mod upserted;
mod values;
mod waiting;

use std::collections::{HashMap, HashSet};

use super::entity::{ColumnSet, Entity};
use super::handle::State;
use crate::error::{Error, Result};
use ahead::Ahead;
pub(crate) use flush::{Change, PendingChanges};
pub(crate) use follow::Follower;
use key_changes::PathId;
pub(crate) use key_changes::{KeyChange, KeyChanges, Resembling};
pub(crate) use links::Ends;
use links::Links;
pub(crate) use rows::Rows;
pub(crate) use sent::{Sent, SentRow};
use slots::{Before, Known, Loaded, Slot, Slots};
use undo::{Log, Undo};
pub(crate) use waiting::LeftOut;

/// The rows of one entity type.
///
/// A row's index is that of its handle, and is never reused for another row.
pub(crate) struct IdentityMap<E: Entity> {
    slots: Slots<E>,
    by_key: HashMap<E::Key, u64, foldhash::fast::RandomState>,
    /// Rows added, in that order; some may have been flushed or removed since.
    pending: Vec<u64>,
    /// Rows opened for editing; some may have been flushed or removed since.
    edited: Vec<u64>,
    /// Rows marked for deletion; some may have been unmarked since.
    marked_deleted: Vec<u64>,
    log: Log<E>,
    /// Whether the database cascades changes to the key, as far as known: by the path of foreign keys.
    cascades: HashMap<PathId, bool>,
    ahead: Ahead,
    /// What the flush that is running has sent, if a hook or the history needs it.
    sent: Option<Box<Sent<E>>>,
    /// Pending rows that are inserted with all their values, by their index.
    whole: HashMap<u64, E>,
    links: Links,
}

/// Whether a row's value is current.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowFreshness {
    Fresh,
    Stale,
    Expired,
}

impl<E: Entity> Default for IdentityMap<E> {
    fn default() -> Self {
        Self {
            slots: Slots::default(),
            by_key: HashMap::default(),
            pending: Vec::new(),
            edited: Vec::new(),
            marked_deleted: Vec::new(),
            log: Log::default(),
            cascades: HashMap::new(),
            ahead: Ahead::default(),
            sent: None,
            whole: HashMap::new(),
            links: Links::default(),
        }
    }
}

// Finding and reading.
impl<E: Entity> IdentityMap<E> {
    /// The number of rows that it holds and that are in the database.
    pub(crate) fn held(&self) -> usize {
        self.by_key.len()
    }

    /// The index of the row with this key.
    pub(crate) fn find(&self, key: &E::Key) -> Option<u64> {
        self.by_key.get(key).copied()
    }

    /// The row's state; a value read before the epoch `fresh_since` is stale.
    pub(crate) fn state(&self, index: u64, fresh_since: u32) -> State {
        match self.slots.get(index) {
            Known::Pending(_) => State::Pending,
            Known::Loaded(loaded) if self.slots.is_stale(loaded, fresh_since) => State::Stale,
            Known::Loaded(loaded) => State::Persistent { modified: loaded.before.is_some() },
            Known::Expired { .. } => State::Expired,
            Known::Deleted(_) => State::Deleted,
            Known::Transient => State::Transient,
            Known::Gone => State::Gone,
        }
    }

    /// The row's key in the database: `None` while it is pending, transient or gone.
    pub(crate) fn key(&self, index: u64) -> Option<E::Key> {
        self.slots.key(index)
    }

    /// The row's value.
    pub(crate) fn row(&self, index: u64) -> Result<&E> {
        match self.slots.get(index) {
            Known::Loaded(loaded) => Ok(&loaded.row),
            Known::Pending(_) => Err(Error::NotLoaded { table: E::table().name, state: "pending" }),
            Known::Expired { .. } => Err(Error::NotLoaded { table: E::table().name, state: "expired" }),
            _ => Err(self.refuse(index)),
        }
    }

    /// Whether the row's value must be reloaded before it is used inside a transaction; the error says why it has none.
    pub(crate) fn row_freshness(&self, index: u64, fresh_since: u32) -> Result<RowFreshness> {
        match self.state(index, fresh_since) {
            State::Persistent { .. } => Ok(RowFreshness::Fresh),
            State::Stale => Ok(RowFreshness::Stale),
            State::Expired => Ok(RowFreshness::Expired),
            _ => Err(self.refuse(index)),
        }
    }

    /// The error for a row that cannot be used as a row of the database.
    pub(crate) fn refuse(&self, index: u64) -> Error {
        let table = E::table().name;
        match self.slots.get(index) {
            Known::Pending(_) => Error::NotPersistent { table, state: "pending", hint: "flush it first" },
            Known::Transient => Error::NotPersistent {
                table,
                state: "undone by a rollback",
                hint: "'add_back' adds it to the session again",
            },
            Known::Deleted(key) => Error::RowDeleted { table, key: E::key_in_words(key) },
            _ => Error::Gone { table },
        }
    }
}

// What callers do with rows.
impl<E: Entity> IdentityMap<E> {
    /// Adds a new row.
    pub(crate) fn add(&mut self, new: E::New) -> u64 {
        let index = self.slots.push(Slot::Pending(Box::new(new)));
        self.pending.push(index);
        self.log.push(Undo::Added(index));
        index
    }

    /// Adds a row that is inserted with all its values, including those that the database would fill.
    pub(crate) fn add_whole(&mut self, row: E) -> u64 {
        let index = self.add(row.as_new());
        self.whole.insert(index, row);
        index
    }

    /// The values with which a pending row is inserted, if it gives all of them.
    pub(crate) fn whole(&self, index: u64) -> Option<&E> {
        self.whole.get(&index)
    }

    /// Adds a row again after a rollback undid it.
    pub(crate) fn add_back(&mut self, index: u64) -> Result<()> {
        match self.slots.get_mut(index) {
            Some(slot @ Slot::Transient(_)) => {
                if let Slot::Transient(new) = std::mem::replace(slot, Slot::Gone) {
                    *slot = Slot::Pending(new);
                }
                self.pending.push(index);
                self.log.push(Undo::Added(index));
                Ok(())
            }
            Some(Slot::Loaded(_) | Slot::Expired { .. } | Slot::Pending(_)) => Err(Error::NotPersistent {
                table: E::table().name,
                state: "not undone by a rollback",
                hint: "it is in the session already",
            }),
            _ => Err(self.refuse(index)),
        }
    }

    /// The values of a pending row.
    pub(crate) fn pending_mut(&mut self, index: u64) -> Result<&mut E::New> {
        let refused = self.refuse_pending(index);
        match self.slots.get_mut(index) {
            Some(Slot::Pending(new)) => Ok(new),
            _ => Err(refused),
        }
    }

    fn refuse_pending(&self, index: u64) -> Error {
        match self.slots.get(index) {
            Known::Loaded(_) | Known::Expired { .. } => {
                Error::NotPersistent { table: E::table().name, state: "flushed already", hint: "change it by 'edit'" }
            }
            _ => self.refuse(index),
        }
    }

    /// Takes a row that a query read in the epoch `now`: fills an expired or stale row, and keeps the value of any
    /// other unless `overwrite` is set.
    pub(crate) fn take(&mut self, row: E, now: u32, fresh_since: u32, overwrite: bool) -> u64 {
        let key = row.key();
        let Some(index) = self.find(&key) else { return self.hold_new(key, Loaded::new(row, now)) };
        match self.slots.get_mut(index) {
            Some(slot @ Slot::Expired { .. }) => {
                let marked_deleted = matches!(slot, Slot::Expired { marked_deleted: true, .. });
                *slot = Slot::Loaded(Loaded { marked_deleted, ..Loaded::new(row, now) });
            }
            Some(Slot::Loaded(loaded)) if overwrite || loaded.is_stale(fresh_since) => {
                *loaded = Loaded { marked_deleted: loaded.marked_deleted, ..Loaded::new(row, now) };
            }
            _ => self.mark_used(index),
        }
        index
    }

    /// Puts a detached row back: `row` is its value, `stored` is its value in the database, and `read` is the value it
    /// was read with, if the caller has it.
    pub(crate) fn attach(&mut self, mut row: E, mut stored: E, read: Option<&E>, now: u32) -> Result<u64> {
        let key = stored.key();
        row.copy(E::table().refreshed(), &stored);
        if let Some(index) = self.find(&key) {
            let (marked_deleted, changed) = (self.is_marked_deleted(index), !self.changes(index)?.is_empty());
            if changed && !marked_deleted && self.row(index)?.changed(&row).is_empty() {
                return Ok(index);
            }
            if marked_deleted || changed {
                return Err(Error::AlreadyPresent { table: E::table().name, key: E::key_in_words(&key) });
            }
        }
        match read {
            Some(read) => changes::keep_others(&mut row, &stored, read)?,
            None => changes::refuse_unknown(&row, &mut stored)?,
        }
        let before = (!row.changed(&stored).is_empty()).then(|| Before::new(stored));
        let modified = before.is_some();
        let index = self.hold(key, Loaded { before, ..Loaded::new(row, now) });
        if modified {
            self.edited.push(index);
        }
        Ok(index)
    }

    /// Stores a row with a value under its key, at its current index or at a new one.
    fn hold(&mut self, key: E::Key, loaded: Loaded<E>) -> u64 {
        if let Some(index) = self.find(&key) {
            self.slots.replace(index, Slot::Loaded(loaded));
            return index;
        }
        self.hold_new(key, loaded)
    }

    /// Stores a row with a value under a key that no row has, at a new index.
    fn hold_new(&mut self, key: E::Key, loaded: Loaded<E>) -> u64 {
        let index = self.slots.push(Slot::Loaded(loaded));
        self.by_key.insert(key, index);
        index
    }

    /// Opens the row for editing, and keeps its values in the database beside it until the next flush.
    pub(crate) fn edit(&mut self, index: u64) -> Result<&mut E>
    where
        E: Clone,
    {
        self.row(index)?;
        let Some(loaded) = self.slots.loaded_mut(index) else { return Err(Error::Gone { table: E::table().name }) };
        if loaded.before.is_none() {
            loaded.before = Some(Before::new(loaded.row.clone()));
            self.edited.push(index);
        }
        Ok(&mut loaded.row)
    }

    /// The row as the database has it.
    pub(crate) fn stored(&self, index: u64) -> Result<&E> {
        self.row(index)?;
        self.slots.loaded(index).map(Loaded::stored).ok_or_else(|| self.refuse(index))
    }

    /// The index that the next row will have.
    pub(crate) fn next(&self) -> u64 {
        self.slots.next()
    }

    /// Rows that are added and not yet flushed, in that order.
    pub(crate) fn pending(&self) -> Vec<u64> {
        self.pending.iter().copied().filter(|index| matches!(self.slots.get(*index), Known::Pending(_))).collect()
    }

    /// Rows opened for editing since the last flush, in that order.
    pub(crate) fn dirty(&self) -> Vec<u64> {
        let open = |index: &u64| self.slots.loaded(*index).is_some_and(|loaded| loaded.before.is_some());
        unique(self.edited.iter().copied().filter(open).collect())
    }

    /// Rows marked for deletion, in that order.
    pub(crate) fn marked_deleted(&self) -> Vec<u64> {
        unique(self.marked_deleted.iter().copied().filter(|index| self.is_marked_deleted(*index)).collect())
    }

    /// The columns whose values differ from those in the database.
    pub(crate) fn changes(&self, index: u64) -> Result<ColumnSet> {
        match self.slots.get(index) {
            Known::Loaded(loaded) => Ok(loaded.changed()),
            Known::Expired { .. } => Ok(ColumnSet::EMPTY),
            _ => Err(self.refuse(index)),
        }
    }

    /// Whether the row is marked for deletion.
    pub(crate) fn is_marked_deleted(&self, index: u64) -> bool {
        match self.slots.get(index) {
            Known::Loaded(loaded) => loaded.marked_deleted,
            Known::Expired { marked_deleted } => marked_deleted,
            _ => false,
        }
    }

    /// Marks a row for deletion, or removes the mark; returns whether that changed anything.
    fn set_marked_deleted(&mut self, index: u64, marked_deleted: bool) -> bool {
        match self.slots.get_mut(index) {
            Some(Slot::Loaded(Loaded { marked_deleted: mark, .. }) | Slot::Expired { marked_deleted: mark, .. }) => {
                std::mem::replace(mark, marked_deleted) != marked_deleted
            }
            _ => false,
        }
    }

    /// Marks a row for deletion.
    pub(crate) fn mark_deleted(&mut self, index: u64) -> Result<()> {
        self.changes(index)?;
        if self.set_marked_deleted(index, true) {
            self.marked_deleted.push(index);
        }
        Ok(())
    }

    /// Marks for deletion the row that `row` is a copy of; edits of a row in the session are dropped, and the version
    /// is that of the copy, which is stale from the start.
    pub(crate) fn mark_row_deleted(&mut self, row: &E, now: u32) -> Result<()>
    where
        E: Clone,
    {
        let index = self.hold(row.key(), Loaded { stale: true, ..Loaded::new(row.clone(), now) });
        self.mark_deleted(index)
    }

    /// Removes the mark for deletion, before the flush.
    pub(crate) fn unmark_deleted(&mut self, index: u64) -> Result<()> {
        self.changes(index)?;
        self.set_marked_deleted(index, false);
        Ok(())
    }

    /// Takes back the change of a column that no flush has sent.
    pub(crate) fn revert(&mut self, index: u64, column: Option<usize>) -> Result<()> {
        let refused = self.refuse(index);
        let Some(Loaded { row, before: Some(before), .. }) = self.slots.loaded_mut(index) else { return Err(refused) };
        row.copy(column.into_iter().fold(ColumnSet::EMPTY, ColumnSet::with), before);
        Ok(())
    }

    /// Drops the row's value and unflushed changes.
    pub(crate) fn expire(&mut self, index: u64) -> Result<()> {
        self.changes(index)?;
        self.drop_value(index);
        Ok(())
    }

    /// Drops the value, if there is one.
    fn drop_value(&mut self, index: u64) {
        if let Some(slot) = self.slots.get_mut(index)
            && let Slot::Loaded(loaded) = slot
        {
            *slot = loaded.expired();
        }
    }

    /// Removes a row and returns its value; unflushed changes are lost with `discard`, and refused without it.
    pub(crate) fn remove(&mut self, index: u64, discard: bool) -> Result<Option<E>> {
        let unflushed = match self.slots.get(index) {
            Known::Gone => return Err(self.refuse(index)),
            Known::Pending(_) => true,
            Known::Loaded(loaded) => loaded.marked_deleted || loaded.is_modified(),
            Known::Expired { marked_deleted } => marked_deleted,
            Known::Deleted(_) | Known::Transient => false,
        };
        if unflushed && !discard {
            return Err(Error::Unflushed { table: E::table().name, rows: 1 });
        }
        self.release_key(index);
        if self.by_key.len() * 4 < self.by_key.capacity() {
            self.by_key.shrink_to(self.by_key.len() * 2);
        }
        Ok(match self.slots.replace(index, Slot::Gone) {
            Slot::Loaded(loaded) => Some(loaded.row),
            _ => None,
        })
    }

    /// Removes the row's key from the identity map, if the key belongs to this row.
    fn release_key(&mut self, index: u64) {
        if let Some(key) = self.key(index)
            && self.find(&key) == Some(index)
        {
            self.by_key.remove(&key);
        }
    }
}

/// Each index once, at its first position.
fn unique(mut indexes: Vec<u64>) -> Vec<u64> {
    let mut seen = HashSet::new();
    indexes.retain(|index| seen.insert(*index));
    indexes
}
