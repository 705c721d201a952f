//! The changes of values that keys of other tables may contain.

use std::any::TypeId;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Debug;

use super::accents::without_accent;
use crate::session::entity::{Reference, Table};
use crate::session::key_paths::{KeyPart, KeyPath};
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

/// A value of a row that is updated, which changes or belongs to a foreign key together with one that does.
pub(crate) struct KeyChange {
    /// The number of its row among those updated.
    pub(crate) number: usize,
    pub(crate) column: usize,
    pub(crate) from: Box<dyn Value>,
    pub(crate) to: Box<dyn Value>,
}

/// What the values in some columns of a key change to.
pub(crate) struct Passed {
    /// The number of the row that changes them.
    pub(crate) number: usize,
    pub(crate) to: Vec<Box<dyn Value>>,
}

/// A path of foreign keys by which rows of one table's keys follow changes: the table above, and for each column its
/// position in the key and its target above.
pub(crate) type PathId = (TypeId, Vec<(usize, usize)>);

/// Columns of a key whose values change together.
pub(crate) struct Passing {
    /// Their positions in the key, and the columns in which they change.
    pub(crate) parts: Vec<(usize, usize)>,
    /// The table in which they change.
    pub(crate) origin: &'static Table,
    /// The changes, by the old values.
    pub(crate) values: HashMap<Vec<FieldValue<'static>>, Passed>,
}

impl Passing {
    pub(crate) fn id(&self) -> PathId {
        ((self.origin.id)(), self.parts.clone())
    }
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

    /// The changes to columns of another table's key.
    pub(crate) fn of_key(&self, table: &'static Table) -> Vec<Passing> {
        let paths = table.key_paths(self.table).into_iter().map(|path| self.along(table, &path));
        paths.filter(|passing| !passing.values.is_empty()).collect()
    }

    /// The changes that come to a key of `table` by a path of foreign keys.
    fn along(&self, table: &'static Table, KeyPath { parts }: &KeyPath) -> Passing {
        let mut values = HashMap::new();
        let ends = parts.iter().map(|part| (part.position, part.target)).collect();
        for changes in self.values.chunk_by(|one, other| one.number == other.number) {
            let part = |KeyPart { position, references, target }: &KeyPart| {
                let change = changes.iter().find(|change| change.column == *target)?;
                let (from, to) = (converted(references, &*change.from)?, converted(references, &*change.to)?);
                Some((table.columns[table.key[*position]].value(Cow::Owned(from)), to))
            };
            let Some((from, to)) = parts.iter().map(part).collect::<Option<(Vec<_>, Vec<_>)>>() else { continue };
            if from.iter().zip(&to).any(|(from, to)| !from.value.is_same(&**to)) {
                values.insert(from, Passed { number: changes[0].number, to });
            }
        }
        Passing { parts: ends, origin: self.table, values }
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
