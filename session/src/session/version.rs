//! The types that a version can have.

/// A type that a version can have: `i64` or `i32`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a version",
    label = "not a number that counts the changes of a row",
    note = "a version is an `i64` or an `i32`, in a `BigInt` or `Integer` column"
)]
pub trait VersionNumber: Copy {
    /// Its number.
    fn number(self) -> i64;

    /// The version with this number. Versions are only compared for being equal, so a counter that has reached the last
    /// number of its type goes on with the first.
    #[must_use]
    fn of(number: i64) -> Self;
}

impl VersionNumber for i64 {
    fn number(self) -> i64 {
        self
    }

    fn of(number: i64) -> Self {
        number
    }
}

impl VersionNumber for i32 {
    fn number(self) -> i64 {
        self.into()
    }

    #[allow(clippy::cast_possible_truncation, reason = "the counter goes round")]
    fn of(number: i64) -> Self {
        number as Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_goes_on_after_the_last_number_of_its_type() {
        assert_eq!(i32::of(i32::MAX.number() + 1), i32::MIN);
        assert_eq!(i64::of(7_i64.number() + 1), 8);
    }
}
