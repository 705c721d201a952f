//! What a new row tells about its values: known, or those of a row that it refers to.

use std::any::{Any, TypeId};
use std::fmt::Debug;

use super::handle::RawHandle;
use super::table::ColumnSet;
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
