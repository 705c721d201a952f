//! The column types that tables share: keys, checked text, times and enums.
//!
//! Each is checked when it is created and again when it is read, serializes as its plain value, and binds and reads on
//! any engine, [`AnyConnection`](crate::connection::AnyConnection) included.

mod as_text;
#[doc(hidden)]
pub mod database_enum;
mod id;
mod limits;
#[doc(hidden)]
pub mod stored_as_text;
mod text;
mod timestamp;

pub use as_text::AsText;
pub use id::Id;
pub use limits::{Limited, Limits};
pub use text::{Email, LongText, Text, Text256};
pub use timestamp::Timestamp;
#[cfg(feature = "testing")]
pub(crate) use timestamp::set_clock;

/// A refused value as errors show it: in quotes, escaped, and cut if it is long.
fn shown(value: &str) -> String {
    const LONGEST: usize = 40;
    match value.char_indices().nth(LONGEST) {
        None => format!("{value:?}"),
        Some((end, _)) => format!("{:?}… ({} bytes in all)", &value[..end], value.len()),
    }
}

#[cfg(test)]
#[cfg(feature = "sqlite")]
mod tests {
    //! Every type through the enum of engines, as the session and plain Diesel use it.

    use diesel::prelude::*;

    use super::*;
    use crate::connection::{AnyConnection, SqliteAccess, open_sqlite};

    mod sql_types {
        #[derive(Debug, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
        #[diesel(sqlite_type(name = "Text"), postgres_type(name = "visibility"), mysql_type(name = "Enum"))]
        pub struct Visibility;
    }

    crate::database_enum! {
        #[diesel(sql_type = sql_types::Visibility)]
        #[named = "visibility"]
        enum Visibility {
            Public,
            Private,
        }
    }

    crate::database_enum! {
        #[named = "level"]
        enum Level {
            Junior,
            Senior,
        }
    }

    /// JSON as text.
    #[derive(
        Debug,
        Clone,
        PartialEq,
        serde::Serialize,
        serde::Deserialize,
        diesel::expression::AsExpression,
        diesel::deserialize::FromSqlRow,
    )]
    #[diesel(sql_type = diesel::sql_types::Text)]
    struct Facts {
        pages: u32,
    }

    crate::stored_as_text!(Facts, serde_json::to_string, serde_json::from_str);

    /// A type with `Display` and `FromStr`.
    #[derive(Debug, Clone, Copy, PartialEq, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
    #[diesel(sql_type = diesel::sql_types::Text)]
    struct Version(u32, u32);

    impl std::fmt::Display for Version {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{}.{}", self.0, self.1)
        }
    }

    impl std::str::FromStr for Version {
        type Err = String;

        fn from_str(text: &str) -> std::result::Result<Self, String> {
            let numbers = text.split_once('.').and_then(|(one, two)| Some(Self(one.parse().ok()?, two.parse().ok()?)));
            numbers.ok_or_else(|| format!("{text:?} is not a version like 1.2"))
        }
    }

    crate::stored_as_text!(Version);

    diesel::table! {
        use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};
        use super::sql_types::Visibility;

        things (id) {
            id -> BigInt,
            other_id -> Nullable<BigInt>,
            name -> Text,
            email -> Nullable<Text>,
            body -> Text,
            status -> Visibility,
            past_status -> Nullable<Visibility>,
            made_at -> Timestamp,
            code -> Text,
            level -> Nullable<Text>,
            facts -> Nullable<Text>,
            version -> Text,
        }
    }

    #[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
    #[diesel(table_name = things, treat_none_as_null = true)]
    struct Thing {
        id: Id<Thing>,
        other_id: Option<Id<Thing>>,
        name: Text256,
        email: Option<Email>,
        body: LongText,
        status: Visibility,
        past_status: Option<Visibility>,
        made_at: Timestamp,
        code: super::Text<8>,
        level: Option<Level>,
        facts: Option<Facts>,
        version: Version,
    }

    fn thing() -> Thing {
        Thing {
            id: Id::new(7),
            other_id: Some(Id::new(i64::MAX)),
            name: "Ада".try_into().unwrap(),
            email: Some("ada@example.org".try_into().unwrap()),
            body: "line\nline\r\n\ttab".try_into().unwrap(),
            status: Visibility::Private,
            past_status: Some(Visibility::Public),
            made_at: "1969-07-20T20:17:40.123456Z".parse().unwrap(),
            code: "Эйнштейн".try_into().unwrap(),
            level: Some(Level::Senior),
            facts: Some(Facts { pages: 96 }),
            version: Version(1, 20),
        }
    }

    fn connection() -> AnyConnection {
        let mut connection = AnyConnection::Sqlite(open_sqlite(None, SqliteAccess::Create, 0).unwrap());
        diesel::sql_query(
            "CREATE TABLE things (id INTEGER PRIMARY KEY, other_id INTEGER, name TEXT NOT NULL, email TEXT, \
             body TEXT NOT NULL, status TEXT NOT NULL, past_status TEXT, made_at TEXT NOT NULL, \
             code TEXT NOT NULL, level TEXT, facts TEXT, version TEXT NOT NULL)",
        )
        .execute(&mut connection)
        .unwrap();
        connection
    }

    fn read(connection: &mut AnyConnection) -> QueryResult<Vec<Thing>> {
        things::table.select(Thing::as_select()).load(connection)
    }

    #[test]
    fn every_type_comes_back_as_it_was_written() {
        let mut connection = connection();
        diesel::insert_into(things::table).values(thing()).execute(&mut connection).unwrap();
        assert_eq!(read(&mut connection).unwrap(), [thing()]);
    }

    #[test]
    fn null_comes_back_as_none() {
        let mut connection = connection();
        let bare = Thing { other_id: None, email: None, past_status: None, level: None, facts: None, ..thing() };
        diesel::insert_into(things::table).values(&bare).execute(&mut connection).unwrap();
        assert_eq!(read(&mut connection).unwrap(), [bare]);
    }

    #[test]
    fn every_type_compares_with_its_column() {
        let mut connection = connection();
        diesel::insert_into(things::table).values(thing()).execute(&mut connection).unwrap();
        let wanted = thing();
        let found: i64 = things::table
            .filter(things::id.eq(wanted.id))
            .filter(things::id.eq(&wanted.id))
            .filter(things::id.eq_any([wanted.id, Id::new(8)]))
            .filter(things::other_id.eq(wanted.other_id))
            .filter(things::other_id.eq(Id::<Thing>::new(i64::MAX)))
            .filter(things::name.eq(&wanted.name))
            .filter(things::email.eq(wanted.email))
            .filter(things::body.ne(LongText::default()))
            .filter(things::status.eq(wanted.status))
            .filter(things::past_status.eq(Visibility::Public))
            .filter(things::made_at.eq(wanted.made_at))
            .filter(things::made_at.lt(Timestamp::now()))
            .filter(things::code.eq(&wanted.code))
            .filter(things::level.eq(wanted.level))
            .filter(things::level.eq_any([Level::Senior]))
            .filter(things::facts.eq(Facts { pages: 96 }))
            .filter(things::version.eq(wanted.version))
            .count()
            .get_result(&mut connection)
            .unwrap();
        assert_eq!(found, 1);
    }

    #[test]
    fn the_database_holds_the_label_of_an_enum_readable_times_and_texts() {
        let mut connection = connection();
        diesel::insert_into(things::table).values(thing()).execute(&mut connection).unwrap();
        let stored = ["status", "made_at", "level", "facts", "version"].map(|column| {
            let text = diesel::dsl::sql::<diesel::sql_types::Text>(column);
            things::table.select(text).first::<String>(&mut connection).unwrap()
        });
        assert_eq!(stored, ["Private", "1969-07-20 20:17:40.123456", "Senior", r#"{"pages":96}"#, "1.20"]);
    }

    #[test]
    fn a_stored_value_that_its_type_refuses_is_an_error_that_says_why() {
        for (change, why) in [
            ("status = 'Hidden'", "visibility: \"Hidden\" is not one of Public, Private"),
            ("status = 'public'", "visibility: \"public\" is not one of Public, Private"),
            ("past_status = ''", "visibility: \"\" is not one of Public, Private"),
            ("name = ''", "text: it is empty"),
            ("name = hex(zeroblob(200))", "text: 400 characters, more than the limit of 256"),
            ("email = hex(zeroblob(161))", "email: 322 characters, more than the limit of 320"),
            ("email = 'a' || char(10)", "email: contains a line break"),
            ("body = 'a' || char(0)", "text: contains a NUL character"),
            ("code = 'too long!'", "text: 9 characters, more than the limit of 8"),
            ("level = 'senior'", "level: \"senior\" is not one of Junior, Senior"),
            ("facts = '{}'", "missing field `pages`"),
            ("version = 'one'", "\"one\" is not a version like 1.2"),
            ("made_at = '0000-12-31 23:59:59'", "time: 0000-12-31 23:59:59 UTC is outside the years 0001 to 9999"),
        ] {
            let mut connection = connection();
            diesel::insert_into(things::table).values(thing()).execute(&mut connection).unwrap();
            diesel::sql_query(format!("UPDATE things SET {change}")).execute(&mut connection).unwrap();
            let diesel::result::Error::DeserializationError(error) = read(&mut connection).unwrap_err() else {
                panic!("{change}: not an error of reading");
            };
            // Diesel's error names the field; its cause describes what is wrong with the value.
            let error = error.source().expect("a cause").to_string();
            assert!(error.contains(why), "{change}: {error}");
        }
    }

    #[test]
    fn a_refused_value_is_shown_escaped_and_cut() {
        assert_eq!(shown("a\u{1b}[2J"), r#""a\u{1b}[2J""#);
        assert_eq!(shown(&"ж".repeat(5_000)), format!("\"{}\"… (10000 bytes in all)", "ж".repeat(40)));
    }
}
