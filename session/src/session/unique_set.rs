//! A unique set of an entity, as its struct declares it.

use super::column_set::ColumnSet;
use super::filter::{ConditionWithValue, FieldOperand, FilterCondition, FilterValues};
use crate::error::Result;

/// Columns in which no two rows of a table have the same values.
#[derive(Debug)]
pub struct UniqueSet {
    /// The columns, by their indexes in the table.
    pub columns: &'static [usize],
    /// The conditions of the rows that take a value; all rows do if there are none.
    pub when: &'static [FilterCondition],
    /// Whether the database checks the constraint at COMMIT, if the engine can.
    pub deferrable: bool,
    /// A value that no row has for long.
    pub free: Option<FreeValue>,
}

/// The value of one column in a row whose unique values are to be exchanged with those of others.
#[derive(Debug)]
pub struct FreeValue {
    /// The column, by its index in the table.
    pub column: usize,
    /// Makes the value, of the field's type.
    pub value: fn() -> Result<FieldOperand>,
}

impl UniqueSet {
    /// Whether all rows take a value.
    #[must_use]
    pub fn is_of_all_rows(&self) -> bool {
        self.when.is_empty()
    }

    /// Its columns, and those of its conditions.
    pub(crate) fn reach(&self) -> ColumnSet {
        let tested = self.when.iter().map(|condition| condition.column);
        self.columns.iter().copied().chain(tested).fold(ColumnSet::EMPTY, ColumnSet::with)
    }

    /// Its conditions, each with the value that it compares a column with.
    ///
    /// # Errors
    ///
    /// When a value does not fit its field's type.
    pub(crate) fn conditions(&self) -> Result<Vec<ConditionWithValue>> {
        let none = FilterValues::default();
        self.when.iter().filter_map(|condition| condition.with_value(&none)).collect()
    }
}
