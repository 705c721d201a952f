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

/// The foreign keys that a flush does not write together with their rows, because rows wait for each other in a cycle: it
/// inserts a row with NULL there, or updates it without, and sets them by an UPDATE of its own. Of a row to be deleted they
/// are set to NULL before.
#[derive(Debug, Default)]
pub(crate) struct Deferred(HashMap<(usize, u64), ColumnSet>);

impl Deferred {
    /// Of the row at this index of an identity map.
    pub(crate) fn of(&self, map: usize, row: u64) -> ColumnSet {
        if self.0.is_empty() { ColumnSet::EMPTY } else { self.0.get(&(map, row)).copied().unwrap_or_default() }
    }

    pub(crate) fn add(&mut self, (map, row): (usize, u64), columns: ColumnSet) {
        let known = self.0.entry((map, row)).or_default();
        *known = known.union(columns);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The kind of statement of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Insert,
    Update(ColumnSet),
    Delete,
    /// An UPDATE of foreign keys that the row's own INSERT or UPDATE had to leave out.
    PostUpdate(ColumnSet),
    /// An UPDATE that sets foreign keys of a row to NULL, so that rows which refer to each other can be deleted.
    Unlink(ColumnSet),
}

impl Action {
    /// The columns that an UPDATE sets.
    pub(crate) fn updated(self) -> Option<ColumnSet> {
        match self {
            Self::Update(columns) | Self::PostUpdate(columns) | Self::Unlink(columns) => Some(columns),
            Self::Insert | Self::Delete => None,
        }
    }

    /// Whether the statement removes a row's values in these columns from the table, and whether it writes some to it.
    pub(crate) fn effects_on(self, columns: ColumnSet) -> (bool, bool) {
        match self {
            Self::Insert => (false, true),
            Self::Update(changed) | Self::PostUpdate(changed) | Self::Unlink(changed) => {
                (changed.meets(columns), changed.meets(columns))
            }
            Self::Delete => (true, false),
        }
    }
}
