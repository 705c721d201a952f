//! `AsText<T>`: any type with `Display` and `FromStr` in a text column.

use std::error::Error as StdError;
use std::fmt::{Debug, Display};
use std::ops::{Deref, DerefMut};
use std::str::FromStr;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};

use super::stored_as_text::read;
use crate::connection::MultiBackend;

/// A value of a type that Diesel does not know on every engine, such as a decimal, a UUID or a network address, as the
/// text that `Display` writes and `FromStr` reads, in a `Text` column.
///
/// Nothing of the value is lost: a decimal keeps every digit, also on SQLite, whose `NUMERIC` columns turn it into a
/// floating-point number. The database compares and sorts the texts, so `10` comes before `9` there. For a type of your
/// own, [`stored_as_text!`](crate::stored_as_text) does the same without a wrapper.
///
/// ```
/// use std::net::IpAddr;
///
/// use diesel::prelude::*;
/// use diesel_session::prelude::*;
/// use diesel_session::types::AsText;
///
/// diesel::table! { hosts (id) { id -> BigInt, address -> Text } }
///
/// #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
/// #[diesel(table_name = hosts)]
/// pub struct Host {
///     #[entity(key)]
///     pub id: i64,
///     pub address: AsText<IpAddr>,
/// }
///
/// # fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// let address: IpAddr = "10.0.0.7".parse()?;
/// assert!(NewHost::new(address)?.address.is_ipv4());
/// # Ok(())
/// # }
/// ```
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, AsExpression, FromSqlRow,
)]
#[diesel(sql_type = Text)]
#[serde(transparent)]
pub struct AsText<T>(pub T);

impl<T> From<T> for AsText<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for AsText<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for AsText<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Display> Display for AsText<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<T, DB> FromSql<Text, DB> for AsText<T>
where
    T: FromStr<Err: Into<Box<dyn StdError + Send + Sync>>>,
    DB: Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let text = String::from_sql(value)?;
        read(&text, T::from_str).map(Self)
    }
}

impl<T: Display + Debug + Send + Sync + 'static> ToSql<Text, MultiBackend> for AsText<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, MultiBackend>) -> serialize::Result {
        out.set_value((Text, self));
        Ok(IsNull::No)
    }
}

#[cfg(feature = "sqlite")]
impl<T: Display + Debug> ToSql<Text, diesel::sqlite::Sqlite> for AsText<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::sqlite::Sqlite>) -> serialize::Result {
        out.set_value(self.0.to_string());
        Ok(IsNull::No)
    }
}

#[cfg(feature = "postgres")]
impl<T: Display + Debug> ToSql<Text, diesel::pg::Pg> for AsText<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::pg::Pg>) -> serialize::Result {
        std::io::Write::write_all(out, self.0.to_string().as_bytes())?;
        Ok(IsNull::No)
    }
}

#[cfg(feature = "mysql")]
impl<T: Display + Debug> ToSql<Text, diesel::mysql::Mysql> for AsText<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, diesel::mysql::Mysql>) -> serialize::Result {
        std::io::Write::write_all(out, self.0.to_string().as_bytes())?;
        Ok(IsNull::No)
    }
}
