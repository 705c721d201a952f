//! A step of a flush: one kind of statement for some rows of one table.

use std::collections::HashMap;

use crate::session::entity::ColumnSet;

/// One step of a flush: the same kind of statement for some rows of one table.
pub(crate) struct FlushStep {
    /// The index of the table's identity map.
    pub(crate) map: usize,
    pub(crate) action: Action,
    pub(crate) rows: Vec<u64>,
}

/// The columns that a flush does not write together with their rows, because rows wait for each other in a cycle.
#[derive(Debug, Default)]
pub(crate) struct Deferred {
    /// Foreign keys: a row is inserted with NULL there, or updated without them, and an UPDATE of its own sets them. Of a
    /// row to be deleted they are set to NULL before.
    foreign_keys: HashMap<(usize, u64), ColumnSet>,
    /// Unique columns of rows that are parked.
    parked: HashMap<(usize, u64), ColumnSet>,
}

impl Deferred {
    /// The foreign keys of the row at this index of an identity map.
    pub(crate) fn of(&self, map: usize, row: u64) -> ColumnSet {
        find(&self.foreign_keys, (map, row))
    }

    /// The columns in which that row is parked.
    pub(crate) fn parked(&self, map: usize, row: u64) -> ColumnSet {
        find(&self.parked, (map, row))
    }

    pub(crate) fn add(&mut self, row: (usize, u64), columns: ColumnSet) {
        let known = self.foreign_keys.entry(row).or_default();
        *known = known.union(columns);
    }

    pub(crate) fn park(&mut self, row: (usize, u64), columns: ColumnSet) {
        let known = self.parked.entry(row).or_default();
        *known = known.union(columns);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.foreign_keys.is_empty() && self.parked.is_empty()
    }
}

fn find(columns: &HashMap<(usize, u64), ColumnSet>, row: (usize, u64)) -> ColumnSet {
    if columns.is_empty() { ColumnSet::EMPTY } else { columns.get(&row).copied().unwrap_or_default() }
}

/// The kind of statement of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Insert,
    Update(ColumnSet),
    Delete,
    /// An UPDATE that sets unique columns of a row to NULL or to a free value, before the row's own UPDATE or DELETE, so
    /// that other rows can have its values.
    Park(ColumnSet),
    /// An UPDATE of foreign keys that the row's own INSERT or UPDATE had to leave out.
    PostUpdate(ColumnSet),
    /// An UPDATE that sets foreign keys of a row to NULL, so that rows which refer to each other can be deleted.
    Unlink(ColumnSet),
}

impl Action {
    /// The columns that an UPDATE sets.
    pub(crate) fn updated(self) -> Option<ColumnSet> {
        match self {
            Self::Update(columns) | Self::Park(columns) | Self::PostUpdate(columns) | Self::Unlink(columns) => {
                Some(columns)
            }
            Self::Insert | Self::Delete => None,
        }
    }

    /// Whether the statement removes a row's values in these columns from the table, and whether it writes some to it.
    pub(crate) fn effects_on(self, columns: ColumnSet) -> (bool, bool) {
        match self {
            Self::Insert => (false, true),
            Self::Update(changed) | Self::Park(changed) | Self::PostUpdate(changed) | Self::Unlink(changed) => {
                (changed.meets(columns), changed.meets(columns))
            }
            Self::Delete => (true, false),
        }
    }
}
