//! Whether a row takes a value of a unique set: not if a column of the set is NULL, or if the row does not meet the set's
//! conditions.

use crate::session::entity::{Entity, UniqueSet};

/// A condition that cannot be evaluated counts as met.
pub(super) fn is_taken_by<E: Entity>(set: &UniqueSet, row: &E) -> bool {
    let columns = E::table().columns;
    let field = |column: usize| Some(row.field(column)).filter(|field| !(columns[column].is_null)(*field));
    if set.columns.iter().any(|column| field(*column).is_none()) {
        return false;
    }
    let conditions = set.conditions().unwrap_or_default();
    conditions.iter().all(|(condition, value)| {
        condition.is_met_by(field(condition.column), columns[condition.column].is_null, value.as_ref())
    })
}
