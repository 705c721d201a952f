//! Whether two values are the same, including NaN.

use std::fmt::Debug;

/// Whether two values of a field are the same: they are equal, or neither is equal to itself and both have the same
/// `Debug` output. So a NaN that was read and not changed is unchanged, even within a type of the program's own.
///
/// ```
/// use diesel_session::session::derive::same_value;
///
/// assert!(same_value(&f64::NAN, &f64::NAN) && same_value(&Some(f32::NAN), &Some(f32::NAN)));
/// assert!(!same_value(&[f64::NAN, 1.0], &[f64::NAN, 2.0]) && !same_value(&f64::NAN, &1.0));
/// ```
#[must_use]
#[allow(clippy::eq_op, reason = "a value need not be equal to itself")]
pub fn same_value<T: PartialEq + Debug>(one: &T, other: &T) -> bool {
    one == other || (one != one && other != other && format!("{one:?}") == format!("{other:?}"))
}
