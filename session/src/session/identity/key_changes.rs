//! The changes of values that keys of other tables may contain.

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Debug;

use super::accents::without_accent;
use crate::session::entity::{ColumnSet, Reference, Table};
use crate::session::sql::in_words;
use crate::session::value::{FieldValue, Value};

/// The values of one table that UPDATEs change, row by row, and that rows of other tables may have in their keys.
pub(crate) struct KeyChanges {
    table: &'static Table,
    values: Vec<KeyChange>,
    /// Values in other tables' keys that the database treats as equal to a changing value: by the other table and the
    /// position in its key, the changing value of each value there.
    alike: HashMap<(TypeId, usize), HashMap<FieldValue<'static>, FieldValue<'static>>>,
}

/// One value that changes.
pub(crate) struct KeyChange {
    /// The number of its row among those updated.
    pub(crate) number: usize,
    pub(crate) column: usize,
    pub(crate) from: Box<dyn Value>,
    pub(crate) to: Box<dyn Value>,
}

/// What a value in one column of a key changes to.
pub(crate) struct Passed {
    /// The number of the row that changes it.
    pub(crate) number: usize,
    pub(crate) to: Box<dyn Value>,
}

/// A column of a key whose values change.
pub(crate) struct Passing {
    /// Its position in the key.
    pub(crate) position: usize,
    /// The table and the column in which they change.
    pub(crate) origin: (&'static Table, usize),
    /// The changes, by the old value.
    pub(crate) values: HashMap<FieldValue<'static>, Passed>,
}

/// A value in a key that resembles a changing value, with a key that contains it.
pub(crate) struct Resembling<K> {
    pub(crate) position: usize,
    pub(crate) origin: (&'static Table, usize),
    /// The key in memory, and the same key with the value that changes.
    pub(crate) keys: (K, K),
    /// Both values.
    pub(crate) values: (FieldValue<'static>, FieldValue<'static>),
}

/// A form that is the same for all values that differ only in case, in accents of Latin letters or in trailing blanks,
/// which a collation may treat as equal.
pub(crate) fn folded(value: &dyn Debug) -> String {
    in_words(value).trim_end().chars().map(without_accent).collect::<String>().to_lowercase()
}

impl KeyChanges {
    pub(crate) fn new(table: &'static Table, values: Vec<KeyChange>) -> Self {
        Self { table, values, alike: HashMap::new() }
    }

    /// Records that the database treats a value at this position of a key of `table` as equal to a changing value.
    pub(crate) fn add_alike(
        &mut self,
        table: &'static Table,
        position: usize,
        (value, changing): (FieldValue<'static>, FieldValue<'static>),
    ) {
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
                    let from = table.columns[*column].value(Cow::Owned(from));
                    Some((from, Passed { number: change.number, to }))
                };
                let changes = self.values.iter().filter(|change| change.column == target);
                let values = changes.filter_map(cascaded).collect();
                passed.push(Passing { position, origin: (self.table, target), values });
            }
        }
        passed
    }

    /// The changing value that the database treats as equal to the one at this position of a key of `table`.
    pub(crate) fn alike(
        &self,
        table: &'static Table,
        position: usize,
        value: &FieldValue<'static>,
    ) -> Option<&FieldValue<'static>> {
        self.alike.get(&((table.id)(), position))?.get(value)
    }
}

/// Converts a value at the upper end of a path of references to that of the column at its lower end.
fn converted(path: &[Reference], value: &(dyn Value + 'static)) -> Option<Box<dyn Value>> {
    let down = path.iter().rev().try_fold(Cow::Borrowed(value), |value, reference| (reference.convert)(value));
    down.map(Cow::into_owned)
}
