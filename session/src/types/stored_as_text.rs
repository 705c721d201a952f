//! `stored_as_text!`: a type of the program's own in a text column.

use std::error::Error as StdError;

use diesel::deserialize;

/// Stores a type of your own in a text column, on every engine compiled in and through
/// [`AnyConnection`](crate::connection::AnyConnection).
///
/// After the type come two functions: from a reference to the value to its text, and from the text to the value. Both
/// return a `Result`; an error of the second is that of reading a row. Without them the text is that of `Display` and
/// `FromStr`. The type itself has two derives of Diesel's, and the column is declared as `Text` in `table!`.
///
/// ```
/// use diesel::deserialize::FromSqlRow;
/// use diesel::expression::AsExpression;
/// use diesel::sql_types::Text;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, AsExpression, FromSqlRow)]
/// #[diesel(sql_type = Text)]
/// pub struct Facts {
///     pub pages: u32,
/// }
///
/// diesel_session::stored_as_text!(Facts, serde_json::to_string, serde_json::from_str);
/// ```
///
/// The session compares values to find out what changed, and shows them in messages, so the type needs `PartialEq`, `Clone`
/// and `Debug` too; `Eq` and `Hash` let it find keys and unique values by their hash.
#[macro_export]
macro_rules! stored_as_text {
    ($name:ty $(,)?) => {
        $crate::stored_as_text!(
            $name,
            |value| $crate::Ok(::std::string::ToString::to_string(value)),
            <$name as ::std::str::FromStr>::from_str,
        );
    };
    ($name:ty, $write:expr, $read:expr $(,)?) => {
        $crate::__from_text!($name, $read);

        impl ::diesel::serialize::ToSql<::diesel::sql_types::Text, $crate::connection::MultiBackend> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut ::diesel::serialize::Output<'b, '_, $crate::connection::MultiBackend>,
            ) -> ::diesel::serialize::Result {
                out.set_value((::diesel::sql_types::Text, self));
                Ok(::diesel::serialize::IsNull::No)
            }
        }

        $crate::__sqlite_text!($name, $write);
        $crate::__postgres_text!($name, $write);
        $crate::__mysql_text!($name, $write);
    };
}

/// Reads a type from a text column, on every engine.
#[doc(hidden)]
#[macro_export]
macro_rules! __from_text {
    ($name:ty, $read:expr) => {
        impl<DB: ::diesel::backend::Backend> ::diesel::deserialize::FromSql<::diesel::sql_types::Text, DB> for $name
        where
            ::std::string::String: ::diesel::deserialize::FromSql<::diesel::sql_types::Text, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> ::diesel::deserialize::Result<Self> {
                let text =
                    <::std::string::String as ::diesel::deserialize::FromSql<::diesel::sql_types::Text, DB>>::from_sql(
                        value,
                    )?;
                $crate::types::stored_as_text::read(&text, $read)
            }
        }
    };
}

/// SQLite's part of [`stored_as_text!`](crate::stored_as_text); empty in a build without SQLite, whatever the features
/// of the calling crate.
#[cfg(feature = "sqlite")]
#[doc(hidden)]
#[macro_export]
macro_rules! __sqlite_text {
    ($name:ty, $write:expr) => {
        impl ::diesel::serialize::ToSql<::diesel::sql_types::Text, ::diesel::sqlite::Sqlite> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut ::diesel::serialize::Output<'b, '_, ::diesel::sqlite::Sqlite>,
            ) -> ::diesel::serialize::Result {
                out.set_value($crate::types::stored_as_text::write(self, $write)?);
                Ok(::diesel::serialize::IsNull::No)
            }
        }
    };
}

#[cfg(not(feature = "sqlite"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __sqlite_text {
    ($name:ty, $write:expr) => {};
}

/// PostgreSQL's part of [`stored_as_text!`](crate::stored_as_text).
#[cfg(feature = "postgres")]
#[doc(hidden)]
#[macro_export]
macro_rules! __postgres_text {
    ($name:ty, $write:expr) => {
        $crate::__text_as_bytes!($name, $write, ::diesel::pg::Pg);
    };
}

#[cfg(not(feature = "postgres"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __postgres_text {
    ($name:ty, $write:expr) => {};
}

/// MySQL's part of [`stored_as_text!`](crate::stored_as_text).
#[cfg(feature = "mysql")]
#[doc(hidden)]
#[macro_export]
macro_rules! __mysql_text {
    ($name:ty, $write:expr) => {
        $crate::__text_as_bytes!($name, $write, ::diesel::mysql::Mysql);
    };
}

#[cfg(not(feature = "mysql"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __mysql_text {
    ($name:ty, $write:expr) => {};
}

/// The part of an engine that writes a text as bytes.
#[doc(hidden)]
#[macro_export]
macro_rules! __text_as_bytes {
    ($name:ty, $write:expr, $backend:path) => {
        impl ::diesel::serialize::ToSql<::diesel::sql_types::Text, $backend> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut ::diesel::serialize::Output<'b, '_, $backend>,
            ) -> ::diesel::serialize::Result {
                let text = $crate::types::stored_as_text::write(self, $write)?;
                ::std::io::Write::write_all(out, text.as_bytes())?;
                Ok(::diesel::serialize::IsNull::No)
            }
        }
    };
}

/// The value's text.
///
/// # Errors
///
/// That of `write`.
pub fn write<T, E>(
    value: &T,
    write: impl FnOnce(&T) -> Result<String, E>,
) -> Result<String, Box<dyn StdError + Send + Sync>>
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    write(value).map_err(Into::into)
}

/// The value of a text.
///
/// # Errors
///
/// That of `read`.
pub fn read<'t, T, E>(text: &'t str, read: impl FnOnce(&'t str) -> Result<T, E>) -> deserialize::Result<T>
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    read(text).map_err(Into::into)
}
