//! Matches stored rows with the rows sent, if the database stores some values differently than they were sent.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::session::entity::Entity;
use crate::session::value::FieldValue;

/// The position in `stored` of each of the rows `sent`, if the columns that came back as they were sent determine it.
///
/// A column is used if its values, taken together, are those that were sent. Rows that are equal in all of these
/// columns cannot be distinguished; they are interchangeable if they were sent equal in every column, or are stored so.
pub(super) fn by_value<E: Entity>(sent: &[E], stored: &[E]) -> Option<Vec<usize>> {
    let columns = faithful(sent, stored);
    let mut groups: HashMap<Vec<FieldValue<'_>>, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (position, row) in sent.iter().enumerate() {
        groups.entry(values(row, &columns)).or_default().0.push(position);
    }
    for (position, row) in stored.iter().enumerate() {
        groups.entry(values(row, &columns)).or_default().1.push(position);
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
    let is_same = |column: usize, (sent, stored): (&E, &E)| sent.field(column).is_same(stored.field(column));
    faithful(sent, stored).into_iter().all(|column| sent.iter().zip(stored).all(|rows| is_same(column, rows)))
}

/// The sent columns whose values, taken together, are stored as they were sent.
fn faithful<E: Entity>(sent: &[E], stored: &[E]) -> Vec<usize> {
    let is_faithful = |column: &usize| {
        let mut missing: HashMap<FieldValue<'_>, isize> = HashMap::new();
        sent.iter().for_each(|row| *missing.entry(value(row, *column)).or_default() += 1);
        stored.iter().for_each(|row| *missing.entry(value(row, *column)).or_default() -= 1);
        missing.into_values().all(|missing| missing == 0)
    };
    E::table().given().iter().filter(is_faithful).collect()
}

pub(super) fn values<'r, E: Entity>(row: &'r E, columns: &[usize]) -> Vec<FieldValue<'r>> {
    columns.iter().map(|column| value(row, *column)).collect()
}

fn value<E: Entity>(row: &E, column: usize) -> FieldValue<'_> {
    E::table().columns[column].value(Cow::Borrowed(row.field(column)))
}

/// Whether two rows are equal in all columns that are sent.
pub(super) fn same_as_sent<E: Entity>(one: &E, other: &E) -> bool {
    let changed = one.changed(other);
    !E::table().given().meets(changed)
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    diesel::table! { parcels (id) { id -> BigInt, content -> SmallInt, weight -> Double, label -> Text } }

    /// All values look the same.
    #[derive(Clone, PartialEq, Eq, Hash)]
    pub struct Hidden(i16);

    impl fmt::Debug for Hidden {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Hidden")
        }
    }

    #[derive(Debug, Clone, PartialEq, Entity)]
    #[diesel(table_name = parcels)]
    #[entity(crate = crate)]
    pub struct Parcel {
        #[entity(key)]
        pub id: i64,
        pub content: Hidden,
        pub weight: f64,
        pub label: String,
    }

    /// Parcels of these contents and weights, with a label that is stored differently.
    fn parcels(label: &str, parcels: &[(i16, f64)]) -> Vec<Parcel> {
        let parcel = |(content, weight): &(i16, f64)| Parcel {
            id: 0,
            content: Hidden(*content),
            weight: *weight,
            label: label.to_owned(),
        };
        parcels.iter().map(parcel).collect()
    }

    #[test]
    fn rows_are_matched_by_the_values_that_came_back_whatever_debug_shows() {
        let sent = parcels("a", &[(1, 0.5), (2, 0.5), (2, f64::NAN)]);
        let stored = parcels("a ", &[(2, f64::NAN), (1, 0.5), (2, 0.5)]);
        assert_eq!(by_value(&sent, &stored), Some(vec![1, 2, 0]));
        assert!(!in_order(&sent, &stored) && in_order(&sent, &parcels("a ", &[(1, 0.5), (2, 0.5), (2, f64::NAN)])));
    }

    #[test]
    fn rows_that_no_value_distinguishes_are_not_matched() {
        let mut sent = parcels("a", &[(1, 0.5), (1, 0.5)]);
        sent[1].label = "b".to_owned();
        let mut stored = parcels("a ", &[(1, 0.5), (1, 0.5)]);
        assert_eq!(by_value(&sent, &stored), Some(vec![0, 1]), "stored alike");
        stored[0].label = "b ".to_owned();
        assert_eq!(by_value(&sent, &stored), None);
    }
}
