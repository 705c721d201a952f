//! `database_enum!`: a Rust enum whose variants are the labels of a text column or of an SQL type of its own.

pub use serde;

use super::shown;
use crate::error::Error;

/// Defines an enum for a column: one label per variant, which is the variant's name.
///
/// The enum gets `ALL`, `LABELS` and `label()`; `Display` and serde write the label, `FromStr` and serde read it in
/// upper or lower case. A stored value must be exactly a label: anything else is an error that names the text and the
/// labels. The enum binds and reads on every engine compiled in and through
/// [`AnyConnection`](crate::connection::AnyConnection).
///
/// `#[named]` is what errors call the value. Without `sql_type`, the column is declared as `Text`. Guard it with `CHECK
/// (level IN (…))`, so that no other program can write another text.
///
/// ```
/// diesel_session::database_enum! {
///     #[named = "level"]
///     /// How much someone knows.
///     pub enum Level {
///         /// The first years.
///         Junior,
///         /// Later.
///         Senior,
///     }
/// }
///
/// diesel::table! { people (id) { id -> BigInt, level -> Text } }
///
/// # fn main() -> Result<(), diesel_session::Error> {
/// assert_eq!(Level::Senior.label(), "Senior");
/// assert_eq!("junior".parse::<Level>()?, Level::Junior);
/// assert_eq!(Level::LABELS, ["Junior", "Senior"]);
/// # Ok(())
/// # }
/// ```
///
/// # With an SQL type of its own
///
/// A native ENUM is a type of its own to PostgreSQL, and the column's type in `table!`. It is a marker with
/// `#[derive(SqlType)]` that names the type on each engine: the name of `CREATE TYPE … AS ENUM` on PostgreSQL, `Enum`
/// on MySQL, `Text` on SQLite.
///
/// ```
/// pub mod sql_types {
///     #[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
///     #[diesel(sqlite_type(name = "Text"), postgres_type(name = "level"), mysql_type(name = "Enum"))]
///     pub struct Level;
/// }
///
/// diesel_session::database_enum! {
///     #[diesel(sql_type = crate::sql_types::Level)]
///     #[named = "level"]
///     pub enum Level { Junior, Senior }
/// }
///
/// diesel::table! {
///     use diesel::sql_types::BigInt;
///     use super::sql_types::Level;
///
///     people (id) { id -> BigInt, level -> Level }
/// }
/// # fn main() {}
/// ```
// The upcoming `#[derive(diesel::Enum)]` takes the same attribute on the same enum, so it can replace this macro.
#[macro_export]
macro_rules! database_enum {
    (#[named = $what:literal] $($definition:tt)+) => {
        $crate::__enum_of_labels! { (::diesel::sql_types::Text) $what $($definition)+ }
        $crate::__enum_in_text! { $($definition)+ }
    };
    (#[diesel(sql_type = Text)] $($named:tt)+) => { $crate::database_enum! { $($named)+ } };
    (#[diesel(sql_type = diesel::sql_types::Text)] $($named:tt)+) => { $crate::database_enum! { $($named)+ } };
    (#[diesel(sql_type = ::diesel::sql_types::Text)] $($named:tt)+) => { $crate::database_enum! { $($named)+ } };
    (#[diesel(sql_type = $sql_type:path)] #[named = $what:literal] $($definition:tt)+) => {
        $crate::__enum_of_labels! { ($sql_type) $what $($definition)+ }
        $crate::__enum_in_own_type! { ($sql_type) $($definition)+ }
    };
}

/// The enum of [`database_enum!`](crate::database_enum) and its labels.
#[doc(hidden)]
#[macro_export]
macro_rules! __enum_of_labels {
    (
        ($sql_type:path) $what:literal
        $(#[$meta:meta])*
        $visibility:vis enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            ::diesel::expression::AsExpression, ::diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = $sql_type)]
        $visibility enum $name {
            $($(#[$variant_meta])* $variant,)+
        }

        impl $name {
            /// Every variant, in the order of definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// What the database stores for each of them.
            pub const LABELS: &'static [&'static str] = &[$(stringify!($variant)),+];

            /// What the database stores.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)+
                }
            }

            /// The variant with exactly this label.
            fn from_label(label: &str) -> $crate::error::Result<Self> {
                match label {
                    $(stringify!($variant) => Ok(Self::$variant),)+
                    other => Err($crate::types::database_enum::refuse_label($what, other, Self::LABELS)),
                }
            }
        }

        impl $crate::types::Limited for $name {
            const LIMITS: $crate::types::Limits = $crate::types::Limits::labels(Self::LABELS);
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.label())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::error::Error;

            fn from_str(text: &str) -> $crate::error::Result<Self> {
                match Self::ALL.iter().find(|known| known.label().eq_ignore_ascii_case(text)) {
                    Some(known) => Ok(*known),
                    None => Self::from_label(text),
                }
            }
        }

        impl $crate::types::database_enum::serde::Serialize for $name {
            fn serialize<S: $crate::types::database_enum::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.label())
            }
        }

        impl<'de> $crate::types::database_enum::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::types::database_enum::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <::std::string::String as $crate::types::database_enum::serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err($crate::types::database_enum::serde::de::Error::custom)
            }
        }
    };
}

/// The part of [`database_enum!`](crate::database_enum) for a text column, on any backend.
#[doc(hidden)]
#[macro_export]
macro_rules! __enum_in_text {
    ($(#[$meta:meta])* $visibility:vis enum $name:ident { $($variants:tt)+ }) => {
        impl<DB: ::diesel::backend::Backend> ::diesel::serialize::ToSql<::diesel::sql_types::Text, DB> for $name
        where
            str: ::diesel::serialize::ToSql<::diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut ::diesel::serialize::Output<'b, '_, DB>) -> ::diesel::serialize::Result {
                <str as ::diesel::serialize::ToSql<::diesel::sql_types::Text, DB>>::to_sql(self.label(), out)
            }
        }

        $crate::__from_text!($name, <$name>::from_label);
    };
}

/// The part of [`database_enum!`](crate::database_enum) for an SQL type of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! __enum_in_own_type {
    (($sql_type:path) $(#[$meta:meta])* $visibility:vis enum $name:ident { $($variants:tt)+ }) => {
        impl ::diesel::sql_types::HasSqlType<$sql_type> for $crate::connection::MultiBackend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                Self::lookup_sql_type::<$sql_type>(lookup)
            }
        }

        impl ::diesel::serialize::ToSql<$sql_type, $crate::connection::MultiBackend> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut ::diesel::serialize::Output<'b, '_, $crate::connection::MultiBackend>,
            ) -> ::diesel::serialize::Result {
                out.set_value(($sql_type, self));
                Ok(::diesel::serialize::IsNull::No)
            }
        }

        impl ::diesel::deserialize::FromSql<$sql_type, $crate::connection::MultiBackend> for $name {
            fn from_sql(
                value: <$crate::connection::MultiBackend as ::diesel::backend::Backend>::RawValue<'_>,
            ) -> ::diesel::deserialize::Result<Self> {
                value.from_sql::<Self, $sql_type>()
            }
        }

        $crate::__sqlite_enum!($name, $sql_type);
        $crate::__postgres_enum!($name, $sql_type);
        $crate::__mysql_enum!($name, $sql_type);
    };
}

/// SQLite's part of [`database_enum!`](crate::database_enum); empty in a build without SQLite, whatever the features of
/// the calling crate.
#[cfg(feature = "sqlite")]
#[doc(hidden)]
#[macro_export]
macro_rules! __sqlite_enum {
    ($name:ident, $sql_type:path) => {
        impl ::diesel::serialize::ToSql<$sql_type, ::diesel::sqlite::Sqlite> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut ::diesel::serialize::Output<'b, '_, ::diesel::sqlite::Sqlite>,
            ) -> ::diesel::serialize::Result {
                out.set_value(self.label());
                Ok(::diesel::serialize::IsNull::No)
            }
        }

        impl ::diesel::deserialize::FromSql<$sql_type, ::diesel::sqlite::Sqlite> for $name {
            fn from_sql(
                value: <::diesel::sqlite::Sqlite as ::diesel::backend::Backend>::RawValue<'_>,
            ) -> ::diesel::deserialize::Result<Self> {
                let text = <::std::string::String as ::diesel::deserialize::FromSql<
                    ::diesel::sql_types::Text,
                    ::diesel::sqlite::Sqlite,
                >>::from_sql(value)?;
                Ok(Self::from_label(&text)?)
            }
        }
    };
}

#[cfg(not(feature = "sqlite"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __sqlite_enum {
    ($name:ident, $sql_type:path) => {};
}

/// PostgreSQL's part of [`database_enum!`](crate::database_enum).
#[cfg(feature = "postgres")]
#[doc(hidden)]
#[macro_export]
macro_rules! __postgres_enum {
    ($name:ident, $sql_type:path) => {
        $crate::__bytes_enum!($name, $sql_type, ::diesel::pg::Pg);
    };
}

#[cfg(not(feature = "postgres"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __postgres_enum {
    ($name:ident, $sql_type:path) => {};
}

/// MySQL's part of [`database_enum!`](crate::database_enum).
#[cfg(feature = "mysql")]
#[doc(hidden)]
#[macro_export]
macro_rules! __mysql_enum {
    ($name:ident, $sql_type:path) => {
        $crate::__bytes_enum!($name, $sql_type, ::diesel::mysql::Mysql);
    };
}

#[cfg(not(feature = "mysql"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __mysql_enum {
    ($name:ident, $sql_type:path) => {};
}

/// The part of an engine that writes and reads a label as bytes.
#[doc(hidden)]
#[macro_export]
macro_rules! __bytes_enum {
    ($name:ident, $sql_type:path, $backend:path) => {
        impl ::diesel::serialize::ToSql<$sql_type, $backend> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut ::diesel::serialize::Output<'b, '_, $backend>,
            ) -> ::diesel::serialize::Result {
                ::std::io::Write::write_all(out, self.label().as_bytes())?;
                Ok(::diesel::serialize::IsNull::No)
            }
        }

        impl ::diesel::deserialize::FromSql<$sql_type, $backend> for $name {
            fn from_sql(
                value: <$backend as ::diesel::backend::Backend>::RawValue<'_>,
            ) -> ::diesel::deserialize::Result<Self> {
                Ok(Self::from_label(::std::str::from_utf8(value.as_bytes())?)?)
            }
        }
    };
}

/// The error for a text that is not a label.
#[must_use]
pub fn refuse_label(what: &'static str, given: &str, labels: &[&str]) -> Error {
    Error::Value { what, problem: format!("{} is not one of {}", shown(given), labels.join(", ")) }
}
