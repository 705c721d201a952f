//! What a new row tells about its values: known, NULL, or those of a row that it refers to.

use std::any::{Any, TypeId};
use std::fmt::Debug;

use super::handle::RawHandle;

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
}

/// The value of a row in a column, as far as it is in memory.
#[derive(Debug, Clone, Copy)]
pub enum Given<'r> {
    /// NULL, which is equal to nothing.
    Null,
    /// A value, to be compared as `Debug` text, because a foreign key and the column it refers to may differ in type.
    Value(&'r dyn Debug),
    /// The value of another row.
    Row(Parent),
    /// The database generates it, or it is in the database but not in memory.
    Unknown,
}

/// A field's value, to be shown without its `Option`; the derive calls `value` on it.
///
/// The compiler decides whether a type is an `Option`, because an alias or a macro may hide the name: the method of
/// `Shown<Option<T>>` itself is found before that of [`NotNull`].
#[derive(Debug)]
pub struct Shown<'r, T>(pub &'r T);

impl<'r, T: Debug> Shown<'r, Option<T>> {
    /// The value; `None` is NULL.
    #[must_use]
    pub fn value(self) -> Option<&'r dyn Debug> {
        self.0.as_ref().map(|value| value as &dyn Debug)
    }
}

/// Implemented by a [`Shown`] without an `Option`.
pub trait NotNull<'r> {
    /// The value.
    fn value(self) -> Option<&'r dyn Debug>;
}

impl<'r, T: Debug> NotNull<'r> for Shown<'r, T> {
    fn value(self) -> Option<&'r dyn Debug> {
        Some(self.0)
    }
}

impl<'r> Given<'r> {
    /// A value that may be NULL.
    #[must_use]
    pub fn of(value: Option<&'r dyn Debug>) -> Self {
        value.map_or(Given::Null, Given::Value)
    }
}

/// Resolves references to keys while a flush inserts; used by the derive.
pub struct Keys<'s> {
    pub(crate) map: &'s dyn Fn(TypeId) -> Option<&'s dyn Any>,
}

impl Debug for Keys<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}
