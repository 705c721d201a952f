//! Which stored row is which of the rows that were sent, where the database stores some values differently than they were
//! sent.

use std::collections::HashMap;

use crate::session::entity::Entity;

/// The place in `stored` of each of the rows `sent`, where the columns that came back as they were sent tell.
///
/// A column tells where its values, taken together, are those that were sent. Rows that are alike in all of these are told
/// apart by nothing; they are interchangeable where they were sent alike in every column, or are stored so.
pub(super) fn by_value<E: Entity>(sent: &[E], stored: &[E]) -> Option<Vec<usize>> {
    let columns = faithful(sent, stored);
    let tuple = |row: &E| columns.iter().map(|column| format!("{:?}", row.field(*column))).collect::<Vec<_>>();
    let mut groups: HashMap<Vec<String>, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (place, row) in sent.iter().enumerate() {
        groups.entry(tuple(row)).or_default().0.push(place);
    }
    for (place, row) in stored.iter().enumerate() {
        groups.entry(tuple(row)).or_default().1.push(place);
    }
    let mut places = vec![0; sent.len()];
    for (ours, theirs) in groups.into_values() {
        let alike = |rows: &[E], places: &[usize]| {
            places.iter().skip(1).all(|place| same_as_sent(&rows[*place], &rows[places[0]]))
        };
        if ours.len() != theirs.len() || (ours.len() > 1 && !alike(sent, &ours) && !alike(stored, &theirs)) {
            return None;
        }
        for (own, place) in ours.into_iter().zip(theirs) {
            places[own] = place;
        }
    }
    Some(places)
}

/// Whether nothing that came back as it was sent speaks against each stored row being the one sent at its place.
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

/// Whether two rows are the same in all that is sent.
pub(super) fn same_as_sent<E: Entity>(one: &E, other: &E) -> bool {
    let changed = one.changed(other);
    E::table().sent(false).all(|column| !changed.contains(column))
}
