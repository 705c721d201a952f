//! What a new row tells about its values: known, or those of a row that it refers to.

use std::any::{Any, TypeId};
use std::fmt::Debug;

use super::handle::RawHandle;
use super::table::{ColumnSet, Table};
use super::value::Value;
use crate::error::Result;

/// A reference that waits for a row; the plan sorts by these.
#[derive(Debug, Clone, Copy)]
pub struct Parent {
    pub(crate) entity: TypeId,
    pub(crate) table: &'static str,
    /// The column referred to.
    pub(crate) column: &'static str,
    pub(crate) handle: RawHandle,
    /// That column is part of the key, so its value is known even if the row is not loaded.
    pub(crate) by_key: bool,
    /// The index of the column that refers to it.
    pub(crate) from: usize,
    pub(crate) resolve: Resolve,
}

/// Finds the value of a reference to a row, as a value of the column that refers to it.
pub(crate) type Resolve = fn(&Keys<'_>, RawHandle) -> Result<Box<dyn Value>>;

/// The value of a row in a column, as far as it is in memory.
#[derive(Debug, Clone, Copy)]
pub enum Given<'r> {
    /// A value of the field's type, which may be NULL.
    Value(&'r (dyn Value + 'static)),
    /// The value of another row.
    Row(Parent),
    /// The database generates it, or it is in the database but not in memory.
    Unknown,
}

/// Puts new rows into groups that one INSERT can take: those that give values of the same columns which the database
/// would fill otherwise. Groups with keys come first, so that no key is generated that another row gives; beside that, and
/// in a group, the order is kept. Rows of a table that refers to itself keep their order altogether.
pub(crate) fn grouped<T>(
    table: &'static Table,
    rows: impl Iterator<Item = (ColumnSet, T)>,
) -> Vec<(ColumnSet, Vec<T>)> {
    let is_related = table.refers_to_itself();
    let mut groups: Vec<(ColumnSet, Vec<T>)> = Vec::new();
    for (given, row) in rows {
        let first = if is_related { groups.len().saturating_sub(1) } else { 0 };
        match groups[first..].iter_mut().find(|(other, _)| *other == given) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((given, vec![row])),
        }
    }
    if !is_related {
        let generates =
            |given: ColumnSet| table.key.iter().any(|key| table.columns[*key].generated && !given.contains(*key));
        groups.sort_by_key(|(given, _)| generates(*given));
    }
    groups
}

/// Resolves references to keys while a flush inserts; used by the derive.
pub struct Keys<'s> {
    pub(crate) map: &'s dyn Fn(TypeId) -> Option<&'s dyn Any>,
    /// The columns that are NULL for now: an UPDATE sets them when the rows that they refer to are inserted.
    pub(crate) deferred: ColumnSet,
}

impl Debug for Keys<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}
