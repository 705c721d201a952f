//! Where something was found.

use crate::migration::Direction;

/// Where something was found.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The number of the migration.
    pub(crate) step: usize,
    pub(crate) direction: Direction,
    pub(crate) line: usize,
    /// The number of the statement; `None` for the whole script.
    pub(crate) statement: Option<usize>,
    /// The statement.
    pub(crate) text: String,
}

impl Place {
    pub(crate) fn order(&self) -> (usize, bool, usize) {
        (self.step, self.direction == Direction::Down, self.line)
    }
}
