//! Columns that are written before or after their row's own statement, and foreign keys that wait for the row that they
//! refer to.

use super::IdentityMap;
use super::sent::SentRow;
use super::slots::{Before, Loaded, Slot, Waiting};
use super::undo::Undo;
use crate::error::Result;
use crate::session::entity::{ColumnSet, Entity, New as _};
use crate::session::given::Parent;
use crate::session::value::Value;

/// What an INSERT leaves out of a row.
pub(crate) struct LeftOut<E> {
    columns: ColumnSet,
    /// The row with the values that are known already.
    row: E,
    waiting: Vec<Waiting>,
}

// Rows of the database that will refer to new rows.
impl<E: Entity> IdentityMap<E> {
    /// Makes a foreign key of an edited row wait for the key of a new row. Until then the field has its stored value.
    pub(crate) fn wait_for(&mut self, index: u64, parent: Parent) {
        if let Some(Loaded { row, before: Some(before), .. }) = self.slots.loaded_mut(index) {
            row.copy(ColumnSet::EMPTY.with(parent.from), before);
            before.waiting.retain(|Waiting(other)| other.from != parent.from);
            before.waiting.push(Waiting(parent));
        }
    }

    /// Sets a field of an edited row, which then waits for no other row there.
    pub(crate) fn set_field(&mut self, index: u64, column: usize, value: &dyn Value) {
        if let Some(Loaded { row, before: Some(before), .. }) = self.slots.loaded_mut(index) {
            before.waiting.retain(|Waiting(other)| other.from != column);
            row.field_mut(column).set(value);
        }
    }

    /// The new rows that a row of the database will refer to.
    pub(crate) fn waits_for(&self, index: u64) -> Vec<Parent> {
        let loaded = self.slots.loaded(index).filter(|loaded| !loaded.marked_deleted);
        loaded.into_iter().flat_map(Loaded::waiting).map(|Waiting(parent)| *parent).collect()
    }

    /// The new row that a column of a row will refer to.
    pub(crate) fn waiting(&self, index: u64, column: usize) -> Option<&Waiting> {
        self.slots.loaded(index)?.waiting().find(|Waiting(parent)| parent.from == column)
    }
}

// Rows whose foreign keys are deferred.
impl<E: Entity + Clone> IdentityMap<E> {
    /// Takes deferred columns out of a new row: what the INSERT leaves out.
    pub(crate) fn leave_out(&self, index: u64, row: &mut E, columns: ColumnSet) -> Result<LeftOut<E>> {
        let mut waiting = Vec::new();
        self.new_row(index)?.parents(&mut |parent| {
            if columns.contains(parent.from) {
                waiting.push(Waiting(parent));
            }
        });
        let left_out = LeftOut { columns, row: row.clone(), waiting };
        set_null(row, columns);
        Ok(left_out)
    }

    /// After the INSERT: the row has changes for an UPDATE.
    pub(crate) fn add_left_out(&mut self, index: u64, left_out: LeftOut<E>) {
        if let Some(loaded) = self.slots.loaded_mut(index) {
            let mut before = Before::new(loaded.row.clone());
            before.waiting = left_out.waiting;
            loaded.row.copy(left_out.columns, &left_out.row);
            loaded.before = Some(before);
            self.edited.push(index);
        }
    }

    /// The row as its own UPDATE sends it: foreign keys that are deferred are NULL or keep their stored values.
    pub(crate) fn without_deferred(&self, index: u64, columns: ColumnSet) -> Option<E> {
        let (row, before) = self.edited(index)?;
        let mut row = row.clone();
        row.copy(columns, before);
        set_null(&mut row, columns);
        Some(row)
    }

    /// Records that a row's UPDATE was sent without deferred columns.
    pub(crate) fn partly_updated(&mut self, index: u64, sent: E) {
        let waiting = self.waits_for(index).iter().fold(ColumnSet::EMPTY, |all, parent| all.with(parent.from));
        let Some(Loaded { row, before: Some(before), .. }) = self.slots.loaded_mut(index) else { return };
        let (old, new) = (before.key(), sent.key());
        row.copy(waiting.union(E::table().computed), &sent);
        let stored = std::mem::replace(&mut ***before, sent);
        self.key_changed(index, &old, new);
        self.log.push(Undo::Updated(index, old));
        self.record_row(index, SentRow::Updated(stored));
    }

    /// A changed or deleted row, as it is stored, and as it is stored while it is parked in these columns.
    pub(crate) fn parked(&self, index: u64, columns: ColumnSet) -> Result<(&E, E)> {
        let stored = self.stored(index)?;
        let mut parked = stored.clone();
        for column in columns.iter() {
            if let Some(value) = E::table().parked_value(column)? {
                parked.field_mut(column).set(&*value);
            }
        }
        Ok((stored, parked))
    }

    /// A row to be deleted, as it is stored, and with NULL in these columns.
    pub(crate) fn unlink(&self, index: u64, columns: ColumnSet) -> Option<(E, E)> {
        let stored = self.slots.loaded(index)?.stored().clone();
        let mut unlinked = stored.clone();
        set_null(&mut unlinked, columns);
        Some((stored, unlinked))
    }

    /// Records that columns of a row to be deleted were set to NULL.
    pub(crate) fn unlinked(&mut self, index: u64, unlinked: E) {
        let Some(Slot::Loaded(loaded)) = self.slots.get_mut(index) else { return };
        let key = unlinked.key();
        let stored = match &mut loaded.before {
            Some(before) => std::mem::replace(&mut ***before, unlinked),
            None => std::mem::replace(&mut loaded.row, unlinked),
        };
        self.log.push(Undo::Updated(index, key));
        self.record_row(index, SentRow::Updated(stored));
    }
}

/// Sets those of the columns to NULL that can be.
fn set_null<E: Entity>(row: &mut E, columns: ColumnSet) {
    for column in columns.iter() {
        if let Some(null) = E::table().columns[column].null {
            row.field_mut(column).set(&*null());
        }
    }
}
