//! `Limits`: the values that a type allows in its column, for whatever makes the column.

/// The values that a type allows in its column.
///
/// The session does not check them, since the type does. A draft of a migration declares the column with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The texts that it takes, if they are enumerated; otherwise empty.
    pub labels: &'static [&'static str],
    /// The largest number of characters, if there is one.
    pub max_chars: Option<usize>,
}

impl Limits {
    /// Every value of the column's SQL type.
    pub const NONE: Self = Self { labels: &[], max_chars: None };

    /// Texts of at most that many characters.
    #[must_use]
    pub const fn max_chars(max: usize) -> Self {
        Self { labels: &[], max_chars: Some(max) }
    }

    /// These texts alone.
    #[must_use]
    pub const fn labels(labels: &'static [&'static str]) -> Self {
        Self { labels, max_chars: None }
    }
}

/// A type that allows only some values of its column's SQL type. [`Text`](super::Text), [`Email`](super::Email) and the
/// enums of [`database_enum!`](crate::database_enum) implement it; a type of your own may.
///
/// ```
/// use diesel_session::types::{Limited, Limits, Text};
///
/// /// The number of a book.
/// pub struct Isbn(String);
///
/// impl Limited for Isbn {
///     const LIMITS: Limits = Limits::max_chars(13);
/// }
///
/// assert_eq!(<Text<20>>::LIMITS, Limits::max_chars(20));
/// assert_eq!(<Option<Isbn>>::LIMITS.max_chars, Some(13));
/// ```
pub trait Limited {
    /// What it allows.
    const LIMITS: Limits;
}

/// NULL is no value.
impl<T: Limited> Limited for Option<T> {
    const LIMITS: Limits = T::LIMITS;
}
