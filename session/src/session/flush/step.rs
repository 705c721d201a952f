//! A step of a flush: one kind of statement for some rows of one table.

use crate::session::entity::ColumnSet;

/// One step of a flush: the same kind of statement for some rows of one table.
pub(crate) struct FlushStep {
    /// The index of the table's identity map.
    pub(crate) map: usize,
    pub(crate) action: Action,
    pub(crate) rows: Vec<u64>,
}

/// The kind of statement of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Insert,
    Update(ColumnSet),
    Delete,
}

impl Action {
    /// Whether the statement removes a row's values in these columns from the table, and whether it writes some to it.
    pub(crate) fn effects_on(self, columns: ColumnSet) -> (bool, bool) {
        match self {
            Self::Insert => (false, true),
            Self::Update(changed) => (changed.meets(columns), changed.meets(columns)),
            Self::Delete => (true, false),
        }
    }
}
