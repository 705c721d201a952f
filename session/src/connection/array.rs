//! One column of many rows, bound as one array where the engine has arrays.

use std::fmt::{self, Debug};

use diesel::backend::Backend;
use diesel::serialize::{self, Output};

/// Closes [`Values`]: what only this crate implements may gain methods without breaking anyone's code.
pub trait SealedValues {}

/// The values of one column, each of which can serialize itself. Only the session implements it.
pub trait Values<DB: Backend>: Debug + SealedValues {
    /// The number of values.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the value at `index` as it would be written as a parameter of its own.
    ///
    /// # Errors
    ///
    /// The errors of the value's `ToSql`.
    fn write<'b>(&'b self, index: usize, out: &mut Output<'b, '_, DB>) -> serialize::Result;
}

/// Values to be bound as one array; `Debug` shows them as a list.
pub struct ArrayOf<V>(pub V);

impl<V: Debug> Debug for ArrayOf<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
