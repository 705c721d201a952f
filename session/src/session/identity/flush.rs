//! The flush of one entity type's rows: their pending changes, and the results of the statements.

use std::any::TypeId;
use std::collections::HashSet;

use super::rows::Rows;
use super::sent::SentRow;
use super::slots::{Known, Loaded, Slot, Waiting};
use super::undo::Undo;
use super::{IdentityMap, RowFreshness};
use crate::error::{Error, Result, Violation, ViolationKind};
use crate::session::entity::{ColumnSet, Entity, New as _, Table};
use crate::session::given::{Given, Parent};
use crate::session::sql::undeclared;
use crate::session::value::Value;

/// The changes of one table's rows, before they are ordered: INSERTs as they were added, the others by key.
#[derive(Debug)]
pub(crate) struct PendingChanges {
    pub(crate) inserts: Vec<u64>,
    pub(crate) updates: Vec<Change>,
    pub(crate) deletes: Vec<u64>,
}

/// One row's UPDATE.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) row: u64,
    pub(crate) columns: ColumnSet,
}

// The changes to send.
impl<E: Entity> IdentityMap<E> {
    /// The changes of these rows that a flush sends.
    pub(crate) fn pending_changes(&self) -> PendingChanges {
        let pending = |index: &u64| matches!(self.slots.get(*index), Known::Pending(_));
        let inserts = self.pending.iter().copied().filter(pending).collect();
        let mut updates: Vec<(E::Key, Change)> = self.edited.iter().filter_map(|index| self.update(*index)).collect();
        updates.sort_by(|one, two| one.0.cmp(&two.0));
        updates.dedup_by_key(|(_, change)| change.row);
        let mut deletes: Vec<(E::Key, u64)> = self
            .marked_deleted
            .iter()
            .filter(|index| self.is_marked_deleted(**index))
            .filter_map(|index| Some((self.key(*index)?, *index)))
            .collect();
        deletes.sort();
        deletes.dedup();
        PendingChanges {
            inserts,
            updates: updates.into_iter().map(|(_, change)| change).collect(),
            deletes: deletes.into_iter().map(|(_, index)| index).collect(),
        }
    }

    fn update(&self, index: u64) -> Option<(E::Key, Change)> {
        let loaded = self.slots.loaded(index)?;
        let Loaded { before: Some(before), marked_deleted: false, .. } = loaded else { return None };
        let changed = loaded.changed();
        if changed.is_empty() {
            return None;
        }
        let table = E::table();
        let mut columns = changed.union(table.touched);
        if let Some(version) = table.counted_version() {
            columns = columns.with(version);
        }
        Some((before.key(), Change { row: index, columns }))
    }

    /// Adds advice to a violation of a UNIQUE constraint that the entity does not declare, if a row that is not sent
    /// yet gives up a value there: if the entity declared the constraint, the flush would send that row first.
    pub(crate) fn advise(&self, error: Error) -> Error {
        let gives_up = |set: ColumnSet| {
            let unsent = |index: &u64| {
                let loaded = self.slots.loaded(*index);
                loaded.is_some_and(|Loaded { row, before, marked_deleted, .. }| {
                    *marked_deleted || before.as_ref().is_some_and(|before| row.changed(before).meets(set))
                })
            };
            self.edited.iter().chain(&self.marked_deleted).any(unsent)
        };
        let undeclared = undeclared(&error, E::table()).is_some_and(gives_up);
        match error {
            Error::Violation(violation) if undeclared => {
                Violation { kind: ViolationKind::Unique { given_up_later: true }, ..*violation }.into()
            }
            other => other,
        }
    }

    /// The number of rows with changes that no flush has sent.
    pub(crate) fn unflushed(&self) -> usize {
        let pending_changes = self.pending_changes();
        pending_changes.inserts.len() + pending_changes.updates.len() + pending_changes.deletes.len()
    }

    /// Whether no row was added, edited or marked for deletion since the last flush.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.edited.is_empty() && self.marked_deleted.is_empty()
    }

    /// Removes the pending rows that were added at the index `since` or later.
    pub(crate) fn discard_pending(&mut self, since: u64) {
        let (kept, added): (Vec<u64>, Vec<u64>) = self.pending().into_iter().partition(|index| *index < since);
        self.pending = kept;
        for index in added {
            self.slots.replace(index, Slot::Gone);
        }
    }

    /// Finds changes that no flush can send: a version counter that was changed by hand.
    pub(crate) fn check_versions(&self) -> Result<()> {
        for index in &self.edited {
            if let Some(Loaded { row, before: Some(before), marked_deleted: false, .. }) = self.slots.loaded(*index)
                && row.version() != before.version()
            {
                let (table, key) = (E::table().name, E::key_in_words(&before.key()));
                let problem = format!("{table} {key}: the session counts the version, and it was changed by hand");
                return Err(Error::Plan { problem });
            }
        }
        Ok(())
    }

    /// The rows to be deleted whose references are not in memory, if the references matter for the order: within the
    /// table, or `in_cycle` with the rows of others.
    pub(crate) fn unread(&self, deletes: &[u64], in_cycle: bool) -> Vec<u64> {
        if !in_cycle && (deletes.len() < 2 || !E::table().refers_to_itself()) {
            return Vec::new();
        }
        deletes.iter().copied().filter(|index| matches!(self.slots.get(*index), Known::Expired { .. })).collect()
    }

    /// The rows to be deleted whose values the history needs: those that were not read in this transaction, unless the
    /// DELETE is guarded by the version of the values that are in memory.
    pub(crate) fn unread_history(&self, deletes: &[u64], fresh_since: u32) -> Vec<u64> {
        let is_unread = |index: &u64| match self.slots.get(*index) {
            Known::Expired { .. } => true,
            Known::Loaded(loaded) => E::table().version.is_none() && self.slots.is_stale(loaded, fresh_since),
            _ => false,
        };
        deletes.iter().copied().filter(is_unread).collect()
    }

    /// Checks that a row inserted by this flush can refer to `parent`; returns whether its value must be read first.
    pub(crate) fn check_parent(&self, parent: Parent, fresh_since: u32) -> Result<bool> {
        match self.slots.get(parent.handle.index) {
            Known::Pending(_) => Ok(false),
            Known::Loaded(_) | Known::Expired { .. } => {
                Ok(!parent.by_key && self.row_freshness(parent.handle.index, fresh_since)? != RowFreshness::Fresh)
            }
            _ => Err(self.refuse(parent.handle.index)),
        }
    }

    /// The values of a column before and after a row's UPDATE, neither of them NULL.
    pub(crate) fn change(&self, index: u64, column: usize) -> Option<[Box<dyn Value>; 2]> {
        let (row, before) = self.edited(index)?;
        let (from, to, is_null) = (before.field(column), row.field(column), E::table().columns[column].is_null);
        (!is_null(from) && !is_null(to)).then(|| [from.copied(), to.copied()])
    }

    /// Whether flushing these rows' changes can affect rows of `table` that are not among them: by changing a value
    /// that foreign keys refer to, by deleting a row, or by passing a key to another row.
    pub(crate) fn unflushed_reaches(&self, table: &'static Table) -> bool {
        let own = E::table();
        if !table.depends_on((own.id)()) {
            return false;
        }
        if table.follows(own) && self.marked_deleted.iter().any(|index| self.is_marked_deleted(*index)) {
            return true;
        }
        let is_own_key = |column: usize| (own.id)() == (table.id)() && own.key.contains(&column);
        let reaching = (0..own.columns.len())
            .filter(|column| is_own_key(*column) || table.is_reached_by(own, ColumnSet::EMPTY.with(*column)))
            .fold(ColumnSet::EMPTY, ColumnSet::with);
        let changes = |index: &u64| self.update(*index).is_some_and(|(_, change)| change.columns.meets(reaching));
        !reaching.is_empty() && self.edited.iter().any(changes)
    }

    /// Whether these rows themselves wait for a flush: one is marked for deletion, or a pending row may have its key.
    pub(crate) fn are_unflushed(&self, indexes: &[u64]) -> bool {
        if indexes.iter().any(|index| self.is_marked_deleted(*index)) {
            return true;
        }
        if !E::table().has_given_key() || self.pending.is_empty() {
            return false;
        }
        let keys: HashSet<E::Key> = indexes.iter().filter_map(|index| self.key(*index)).collect();
        let Some(any) = keys.iter().next() else { return false };
        // A key that the database generates is not that of another row.
        let is_generated =
            |new: &E::New| E::table().key.iter().any(|column| matches!(new.value(*column), Given::Unknown));
        let may_have_one = |index: &u64| match self.slots.get(*index) {
            Known::Pending(new) if is_generated(new) => false,
            Known::Pending(new) => given_key::<E>(new, any.clone()).is_none_or(|key| keys.contains(&key)),
            _ => false,
        };
        self.pending.iter().any(may_have_one)
    }

    /// The values of a pending row.
    pub(crate) fn new_row(&self, index: u64) -> Result<&E::New> {
        match self.slots.get(index) {
            Known::Pending(new) => Ok(new),
            _ => Err(self.refuse(index)),
        }
    }

    /// The columns that the database would fill, and of which a pending row gives a value.
    pub(crate) fn given_of(&self, index: u64) -> Result<ColumnSet> {
        match self.whole(index) {
            Some(_) => Ok(E::table().writable().intersection(E::table().generated())),
            None => Ok(self.new_row(index)?.given()),
        }
    }

    /// The row, and its values in the database.
    pub(crate) fn edited(&self, index: u64) -> Option<(&E, &E)> {
        let loaded = self.slots.loaded(index)?;
        Some((&loaded.row, loaded.before.as_ref()?))
    }

    /// What a DELETE needs from a row: its key and, if loaded, the value it was read with.
    pub(crate) fn row_to_delete(&self, index: u64) -> Option<(E::Key, Option<&E>)> {
        match self.slots.get(index) {
            Known::Loaded(loaded) => Some((loaded.stored().key(), Some(loaded.stored()))),
            Known::Expired { .. } => Some((self.key(index)?, None)),
            _ => None,
        }
    }
}

/// The key that a new row will have, if the row gives it; written over another `key`.
fn given_key<E: Entity>(new: &E::New, mut key: E::Key) -> Option<E::Key> {
    for (position, column) in E::table().key.iter().enumerate() {
        let Given::Value(value) = new.value(*column) else { return None };
        E::key_field(&mut key, position).set(value);
    }
    Some(key)
}

// What determines the order.
impl<E: Entity> Rows for IdentityMap<E> {
    fn entity(&self) -> TypeId {
        TypeId::of::<E>()
    }

    fn table(&self) -> &'static Table {
        E::table()
    }

    fn given(&self, index: u64, column: usize, after: bool) -> Given<'_> {
        match self.slots.get(index) {
            Known::Pending(new) => match self.whole.get(&index) {
                Some(row) => Given::Value(row.field(column)),
                None => new.value(column),
            },
            Known::Loaded(loaded) if after && !loaded.marked_deleted => match self.waiting(index, column) {
                Some(Waiting(parent)) => Given::Row(*parent),
                None => Given::Value(loaded.row.field(column)),
            },
            Known::Loaded(loaded) => Given::Value(loaded.stored().field(column)),
            _ => Given::Unknown,
        }
    }

    fn key_part(&self, index: u64, column: usize) -> Option<Box<dyn Value>> {
        let position = E::table().key.iter().position(|part| *part == column)?;
        Some(E::key_field(&mut self.key(index)?, position).copied())
    }

    fn is_pending(&self, index: u64) -> bool {
        matches!(self.slots.get(index), Known::Pending(_))
    }

    fn parents(&self, index: u64, see: &mut dyn FnMut(Parent)) {
        match self.slots.get(index) {
            Known::Pending(new) => new.parents(see),
            _ => self.waits_for(index).into_iter().for_each(see),
        }
    }
}

// The results of the statements sent.
impl<E: Entity> IdentityMap<E> {
    /// Records that a pending row was inserted, and is `row` in the database.
    pub(crate) fn inserted(&mut self, index: u64, row: E, now: u32) {
        self.take_key(row.key(), index);
        if let Slot::Pending(new) = self.slots.replace(index, Slot::Loaded(Loaded::new(row, now))) {
            self.log.push(Undo::Inserted(index, new));
        }
        self.record_row(index, SentRow::Inserted);
    }

    /// Refreshes the fields that every UPDATE sets, and counts the version up.
    pub(crate) fn prepare_update(&mut self, index: u64) {
        let Some(Loaded { row, before: Some(before), .. }) = self.slots.loaded_mut(index) else { return };
        row.touch(row.changed(before));
        if let (Some(_), Some(version)) = (E::table().counted_version(), before.version()) {
            row.set_version(version + 1);
        }
    }

    /// Sets the values that the database computed when the row was updated.
    pub(crate) fn computed(&mut self, index: u64, computed: &E) {
        if let Some(Loaded { row, .. }) = self.slots.loaded_mut(index) {
            row.copy(E::table().computed, computed);
        }
    }

    /// Records that a row's UPDATE was sent.
    pub(crate) fn updated(&mut self, index: u64, now: u32) {
        let Some(loaded) = self.slots.loaded_mut(index) else { return };
        let Some(before) = loaded.before.take() else { return };
        loaded.seen = now;
        loaded.stale = false;
        let (old, new) = (before.key(), loaded.row.key());
        self.key_changed(index, &old, new);
        self.log.push(Undo::Updated(index, old));
        self.record_row(index, SentRow::Updated(before.into_row()));
    }

    /// Moves a row to its new key, if it has one.
    pub(super) fn key_changed(&mut self, index: u64, old: &E::Key, new: E::Key) {
        if *old != new {
            if self.find(old) == Some(index) {
                self.by_key.remove(old);
            }
            self.take_key(new, index);
        }
    }

    /// Records that the row was deleted, or found to be missing; returns its key and its values as last known.
    pub(crate) fn deleted(&mut self, index: u64) -> Option<(E::Key, Option<E>)> {
        // A row whose key another row took over in this flush is already recorded as deleted.
        let (key, _) = self.row_to_delete(index)?;
        self.release_key(index);
        let was = match self.slots.replace(index, Slot::Deleted(key.clone())) {
            Slot::Loaded(Loaded { before: Some(before), .. }) => Some(before.into_row()),
            Slot::Loaded(Loaded { row, .. }) => Some(row),
            _ => None,
        };
        self.log.push(Undo::Deleted(index));
        Some((key, was))
    }

    /// Marks the rows as clean after everything was sent.
    pub(crate) fn mark_clean(&mut self) {
        let mut pending = std::mem::take(&mut self.pending);
        pending.retain(|index| self.is_pending(*index));
        self.pending = pending;
        let mut edited = std::mem::take(&mut self.edited);
        // A row without a net change needs no copy of its values in the database.
        edited.retain(|index| match self.slots.loaded_mut(*index) {
            Some(loaded) => {
                let modified = loaded.is_modified();
                if !modified && let Some(before) = loaded.before.take() {
                    // What was written into computed columns was never sent.
                    loaded.row.copy(E::table().computed, &before);
                }
                modified
            }
            None => false,
        });
        self.edited = edited;
        self.marked_deleted.clear();
        self.links_sent();
    }

    /// Gives `key` to the row at `index`; another row that had the key is gone from the database.
    pub(super) fn take_key(&mut self, key: E::Key, index: u64) {
        if let Some(other) = self.by_key.insert(key.clone(), index)
            && other != index
        {
            self.slots.replace(other, Slot::Deleted(key));
            self.log.push(Undo::Deleted(other));
        }
    }
}
