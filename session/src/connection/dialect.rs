//! How the statements of engines differ in their text.

use super::Engine;

/// The clause of an INSERT for rows whose keys are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TakenKey {
    /// `ON CONFLICT (key) DO NOTHING`.
    DoNothing,
    /// `ON DUPLICATE KEY UPDATE` of a column to its own value.
    UpdateNothing,
}

impl Engine {
    /// Whether rows are looked up by several columns through a subquery over a list (`VALUES (?, ?), (?, ?)`). If not,
    /// the list is written inside `IN` itself.
    #[must_use]
    pub fn lists_rows(self) -> bool {
        match self {
            Self::Sqlite | Self::Postgres => true,
            Self::Mysql => false,
        }
    }

    /// Whether several columns can be compared at once whatever their types. If not, their types need an order, which that of
    /// a system column such as `xmin` has not.
    pub(crate) fn compares_unordered(self) -> bool {
        match self {
            Self::Sqlite | Self::Mysql => true,
            Self::Postgres => false,
        }
    }

    /// The clause of an INSERT for rows whose keys are taken.
    pub(crate) fn taken_key(self) -> TakenKey {
        match self {
            Self::Sqlite | Self::Postgres => TakenKey::DoNothing,
            Self::Mysql => TakenKey::UpdateNothing,
        }
    }
}
