//! The changes of values that keys of other tables may contain.

use std::any::{Any, TypeId};
use std::collections::HashMap;

use crate::session::entity::{ColumnSet, Reference, Table};
use crate::session::sql::in_words;

/// The values of one table that UPDATEs change, row by row, and that rows of other tables may have in their keys.
pub(crate) struct KeyChanges {
    table: &'static Table,
    values: Vec<KeyChange>,
    /// Values in other tables' keys that the database treats as equal to a changing value: by the other table and the
    /// position in its key, both values as `Debug` text.
    alike: HashMap<(TypeId, usize), HashMap<String, String>>,
}

/// A changing value: the old value as `Debug` text, the old value, and the new value.
pub(crate) type Changed = (String, Box<dyn Any>, Box<dyn Any>);

/// One value that changes.
pub(crate) struct KeyChange {
    /// The number of its row among those updated.
    pub(crate) number: usize,
    pub(crate) column: usize,
    /// The old value as `Debug` text.
    pub(crate) shown: String,
    pub(crate) from: Box<dyn Any>,
    pub(crate) to: Box<dyn Any>,
}

/// The change of a value in one column of a key.
pub(crate) struct Passed {
    /// The number of the row that changes it.
    pub(crate) number: usize,
    pub(crate) from: Box<dyn Any>,
    pub(crate) to: Box<dyn Any>,
}

/// A column of a key whose values change.
pub(crate) struct Passing {
    /// Its position in the key.
    pub(crate) position: usize,
    /// The table and the column in which they change.
    pub(crate) origin: (&'static Table, usize),
    /// The changes, by the old value as `Debug` text.
    pub(crate) values: HashMap<String, Passed>,
}

/// A value in a key that resembles a changing value, with a key that contains it.
pub(crate) struct Resembling<K> {
    pub(crate) position: usize,
    pub(crate) origin: (&'static Table, usize),
    /// The key in memory, and the same key with the value that changes.
    pub(crate) keys: (K, K),
    /// Both values as `Debug` text.
    pub(crate) shown: (String, String),
}

/// A form that is the same for all values that differ only in case or trailing blanks, which a collation may treat as
/// equal.
pub(crate) fn folded(shown: &str) -> String {
    in_words(&format_args!("{shown}")).trim_end().to_lowercase()
}

impl KeyChanges {
    pub(crate) fn new(table: &'static Table, values: Vec<KeyChange>) -> Self {
        Self { table, values, alike: HashMap::new() }
    }

    /// Records that the database treats a value at this position of a key of `table` as equal to a changing value, both
    /// as `Debug` text.
    pub(crate) fn add_alike(&mut self, table: &'static Table, position: usize, (value, changing): (String, String)) {
        self.alike.entry(((table.id)(), position)).or_default().insert(value, changing);
    }

    /// The changes to the columns of another table's key, by their positions in it.
    pub(crate) fn of_key(&self, table: &'static Table) -> Vec<Passing> {
        let columns = self.values.iter().map(|change| change.column).fold(ColumnSet::EMPTY, ColumnSet::with);
        let mut passed = Vec::new();
        for (position, column) in table.key.iter().enumerate() {
            for target in columns.iter() {
                let Some(path) = table.reference_path(*column, self.table, target) else { continue };
                let cascaded = |change: &KeyChange| {
                    let (from, to) = (converted(&path, &*change.from)?, converted(&path, &*change.to)?);
                    Some((change.shown.clone(), Passed { number: change.number, from, to }))
                };
                let changes = self.values.iter().filter(|change| change.column == target);
                let values = changes.filter_map(cascaded).collect();
                passed.push(Passing { position, origin: (self.table, target), values });
            }
        }
        passed
    }

    /// The changing value that the database treats as equal to the one at this position of a key of `table`.
    pub(crate) fn alike(&self, table: &'static Table, position: usize, shown: &str) -> Option<&str> {
        self.alike.get(&((table.id)(), position))?.get(shown).map(String::as_str)
    }
}

/// Converts a value at the upper end of a path of references to that of the column at its lower end.
fn converted(path: &[Reference], value: &dyn Any) -> Option<Box<dyn Any>> {
    let mut up = path.iter().rev();
    let first = (up.next()?.convert)(value)?;
    up.try_fold(first, |value, reference| (reference.convert)(&*value))
}
