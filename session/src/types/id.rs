//! `Id<E>`: a key typed by the table that it belongs to.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::BigInt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::shown;
use crate::error::{Error, Result};

/// The 64-bit key of a row of `E`; keys of different tables are different types.
///
/// The default is 0, which is not the key of any row: a row has it until the database generates the key. `E` needs no
/// traits.
///
/// ```
/// use diesel_session::types::Id;
///
/// struct User;
/// let id: Id<User> = "3".parse()?;
/// assert_eq!(id, Id::new(3));
/// assert_eq!(id, 3.into());
/// assert_eq!(id.to_string(), "3");
/// assert_eq!(Id::<User>::default().get(), 0);
/// # Ok::<(), diesel_session::Error>(())
/// ```
#[derive(AsExpression, FromSqlRow)]
#[diesel(sql_type = BigInt)]
pub struct Id<E> {
    key: i64,
    of: PhantomData<fn() -> E>,
}

impl<E> Id<E> {
    /// The key with this number.
    #[must_use]
    pub const fn new(key: i64) -> Self {
        Self { key, of: PhantomData }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.key
    }
}

// Implemented by hand, because a derive would require of `E` what it requires of the key.

impl<E> Clone for Id<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Id<E> {}

impl<E> Default for Id<E> {
    fn default() -> Self {
        Self::new(0)
    }
}

impl<E> PartialEq for Id<E> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<E> Eq for Id<E> {}

impl<E> PartialOrd for Id<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Id<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl<E> Hash for Id<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl<E> From<i64> for Id<E> {
    fn from(key: i64) -> Self {
        Self::new(key)
    }
}

impl<E> From<i32> for Id<E> {
    fn from(key: i32) -> Self {
        Self::new(key.into())
    }
}

impl<E> From<u32> for Id<E> {
    fn from(key: u32) -> Self {
        Self::new(key.into())
    }
}

impl<E> fmt::Debug for Id<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({})", self.key)
    }
}

impl<E> fmt::Display for Id<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

impl<E> FromStr for Id<E> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = |_| Error::Value { what: "id", problem: format!("{} is not a 64-bit integer", shown(text)) };
        text.parse().map(Self::new).map_err(refused)
    }
}

impl<E> Serialize for Id<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.key)
    }
}

impl<'de, E> Deserialize<'de> for Id<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self::new)
    }
}

impl<E, DB: Backend> ToSql<BigInt, DB> for Id<E>
where
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.key.to_sql(out)
    }
}

impl<E, DB: Backend> FromSql<BigInt, DB> for Id<E>
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        i64::from_sql(value).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Implements nothing, so that a bound on `E` would not compile.
    enum Row {}

    #[test]
    fn asks_nothing_of_its_row_type() {
        let key = Id::<Row>::new(3);
        let copy = key;
        assert_eq!(key, copy);
        assert!(key < Id::new(4));
        assert_eq!(std::collections::HashSet::from([key, copy]).len(), 1);
        assert_eq!(Id::<Row>::default(), Id::new(0));
    }

    #[test]
    fn shows_the_number_and_in_debug_what_it_is() {
        let key = Id::<Row>::new(-3);
        assert_eq!(format!("{key}|{key:>4}|{key:?}"), "-3|  -3|Id(-3)");
    }

    #[test]
    fn is_read_from_a_64_bit_number_only() {
        assert_eq!("9223372036854775807".parse::<Id<Row>>().unwrap().get(), i64::MAX);
        for refused in ["", "three", "3.0", " 3", "9223372036854775808"] {
            let error = refused.parse::<Id<Row>>().unwrap_err();
            assert_eq!(error.to_string(), format!("id: {refused:?} is not a 64-bit integer"));
        }
    }

    #[test]
    fn is_a_number_in_json() {
        let key: Id<Row> = serde_json::from_str("9223372036854775807").unwrap();
        assert_eq!(serde_json::to_string(&key).unwrap(), "9223372036854775807");
        assert!(serde_json::from_str::<Id<Row>>("\"3\"").is_err());
    }
}
