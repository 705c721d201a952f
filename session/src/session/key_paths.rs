//! The paths of foreign keys by which the key of one table depends on rows of another.

use super::table::{ForeignKey, Reference, Table};

/// A path of foreign keys from columns of a table's key to a row of a table above it, whose values they have.
pub(crate) struct KeyPath {
    pub(crate) parts: Vec<KeyPart>,
}

/// A column of a key, and the column above that it takes its value from.
#[derive(Clone)]
pub(crate) struct KeyPart {
    /// Its position in the key.
    pub(crate) position: usize,
    /// The references that lead upwards from it, in order.
    pub(crate) references: Vec<Reference>,
    /// The index of the column in the table above.
    pub(crate) target: usize,
}

impl Table {
    /// The paths from this table's key to rows of `above`: each foreign key on them has only columns that take their
    /// values from the key.
    pub(crate) fn key_paths(&'static self, above: &'static Self) -> Vec<KeyPath> {
        let is_in_key = |key: &ForeignKey| key.columns.iter().all(|column| self.key.contains(column));
        if !self.foreign_keys.iter().any(is_in_key) {
            return Vec::new();
        }
        let start = self.key.iter().enumerate();
        let start = start.map(|(position, column)| KeyPart { position, references: Vec::new(), target: *column });
        let mut waiting: Vec<(&'static Self, Vec<KeyPart>)> = vec![(self, start.collect())];
        let (mut paths, mut seen) = (Vec::new(), Vec::new());
        while let Some((table, parts)) = waiting.pop() {
            for key in table.foreign_keys {
                let next = key.table();
                let step = |(column, reference): (&usize, &Reference)| {
                    let KeyPart { position, references, .. } =
                        parts.iter().find(|part| part.target == *column)?.clone();
                    let target = next.column(reference.column)?;
                    Some(KeyPart { position, references: [references, vec![*reference]].concat(), target })
                };
                let Some(parts) = key.columns.iter().zip(key.references).map(step).collect::<Option<Vec<_>>>() else {
                    continue;
                };
                let ends: Vec<(usize, usize)> = parts.iter().map(|part| (part.position, part.target)).collect();
                let end = ((next.id)(), ends);
                if seen.contains(&end) {
                    continue;
                }
                seen.push(end);
                if (next.id)() == (above.id)() {
                    paths.push(KeyPath { parts: parts.clone() });
                }
                waiting.push((next, parts));
            }
        }
        paths
    }
}
