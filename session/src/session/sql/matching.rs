//! Matches stored rows with the rows sent, if the database stores some values differently than they were sent.

use std::collections::HashMap;

use crate::session::entity::Entity;

/// The position in `stored` of each of the rows `sent`, if the columns that came back as they were sent determine it.
///
/// A column is used if its values, taken together, are those that were sent. Rows that are equal in all of these
/// columns cannot be distinguished; they are interchangeable if they were sent equal in every column, or are stored so.
pub(super) fn by_value<E: Entity>(sent: &[E], stored: &[E]) -> Option<Vec<usize>> {
    let columns = faithful(sent, stored);
    let tuple = |row: &E| columns.iter().map(|column| format!("{:?}", row.field(*column))).collect::<Vec<_>>();
    let mut groups: HashMap<Vec<String>, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (position, row) in sent.iter().enumerate() {
        groups.entry(tuple(row)).or_default().0.push(position);
    }
    for (position, row) in stored.iter().enumerate() {
        groups.entry(tuple(row)).or_default().1.push(position);
    }
    let mut positions = vec![0; sent.len()];
    for (ours, theirs) in groups.into_values() {
        let alike = |rows: &[E], positions: &[usize]| {
            positions.iter().skip(1).all(|position| same_as_sent(&rows[*position], &rows[positions[0]]))
        };
        if ours.len() != theirs.len() || (ours.len() > 1 && !alike(sent, &ours) && !alike(stored, &theirs)) {
            return None;
        }
        for (own, position) in ours.into_iter().zip(theirs) {
            positions[own] = position;
        }
    }
    Some(positions)
}

/// Whether the columns that came back as they were sent allow each stored row to be the one sent at its position.
pub(super) fn in_order<E: Entity>(sent: &[E], stored: &[E]) -> bool {
    faithful(sent, stored).into_iter().all(|column| {
        sent.iter()
            .zip(stored)
            .all(|(sent, stored)| format!("{:?}", sent.field(column)) == format!("{:?}", stored.field(column)))
    })
}

/// The sent columns whose values, taken together, are stored as they were sent.
fn faithful<E: Entity>(sent: &[E], stored: &[E]) -> Vec<usize> {
    let values = |rows: &[E], column: usize| {
        let mut values: Vec<String> = rows.iter().map(|row| format!("{:?}", row.field(column))).collect();
        values.sort_unstable();
        values
    };
    E::table().sent(false).filter(|column| values(sent, *column) == values(stored, *column)).collect()
}

/// Whether two rows are equal in all columns that are sent.
pub(super) fn same_as_sent<E: Entity>(one: &E, other: &E) -> bool {
    let changed = one.changed(other);
    E::table().sent(false).all(|column| !changed.contains(column))
}
