//! The tables of the database and their rows, by `migrate entities`. With `--out` it adds, removes
//! and retypes the columns that have changed in the database, and leaves everything else as it is.
//! A struct without the comment `entities:` above it is left alone.

use diesel_session::prelude::*;

// log: No code is generated, because it has no primary key.

/// The SQL types of the enums.
pub mod sql_types {
    #[derive(Debug, Clone, Copy, Default, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
    #[diesel(sqlite_type(name = "Text"), postgres_type(name = "maker_mood"), mysql_type(name = "Enum"))]
    pub struct MakerMood;

    #[derive(Debug, Clone, Copy, Default, diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
    #[diesel(sqlite_type(name = "Text"), postgres_type(name = "maker_past_mood"), mysql_type(name = "Enum"))]
    pub struct MakerPastMood;
}

diesel_session::database_enum! {
    #[diesel(sql_type = sql_types::MakerMood)]
    #[named = "maker mood"]
    #[allow(non_camel_case_types, reason = "the labels in the database")]
    pub enum MakerMood {
        calm,
        Loud,
    }
}

diesel_session::database_enum! {
    #[diesel(sql_type = sql_types::MakerPastMood)]
    #[named = "maker past mood"]
    #[allow(non_camel_case_types, reason = "the labels in the database")]
    pub enum MakerPastMood {
        calm,
        Loud,
    }
}

// makers: `oddity` is a text, because the label "it's" of its enum cannot be a variant.
// makers: The column "place" is left out: its type "point" is not known.
diesel::table! {
    use diesel::sql_types::*;
    use super::sql_types::MakerMood;
    use super::sql_types::MakerPastMood;

    makers (id) {
        id -> BigInt,
        name -> Text,
        mood -> MakerMood,
        past_mood -> Nullable<MakerPastMood>,
        #[sql_name = "type"]
        type_ -> Nullable<Text>,
        oddity -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        version -> BigInt,
    }
}

// entities: makers
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = makers)]
#[entity(unique(name))]
pub struct Maker {
    #[entity(key)]
    pub id: Id<Maker>,
    pub name: String,
    #[entity(default = || MakerMood::calm)]
    pub mood: MakerMood,
    pub past_mood: Option<MakerPastMood>,
    pub type_: Option<String>,
    pub oddity: Option<String>,
    #[entity(default = Timestamp::now)]
    pub created_at: Timestamp,
    #[entity(update = Timestamp::now)]
    pub updated_at: Timestamp,
    #[entity(version)]
    pub version: i64,
}

diesel::table! {
    #[sql_name = "old marks"]
    old_marks (id) {
        id -> Integer,
        room -> Integer,
        shelf -> Text,
        maker -> Nullable<Text>,
    }
}

// entities: old_marks
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = old_marks)]
#[entity(references((room, shelf) = places::(room, shelf)))]
pub struct OldMark {
    #[entity(key)]
    pub id: i32,
    pub room: i32,
    pub shelf: String,
    #[entity(references = makers::name)]
    pub maker: Option<String>,
}

diesel::table! {
    places (room, shelf) {
        room -> Integer,
        shelf -> Text,
    }
}

// entities: places
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = places)]
pub struct Place {
    #[entity(key, given)]
    pub room: i32,
    #[entity(key, given)]
    pub shelf: String,
}

diesel::table! {
    profiles (maker_id) {
        maker_id -> BigInt,
        about -> Text,
    }
}

// entities: profiles
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = profiles)]
pub struct Profile {
    #[entity(key, given, references = makers::id)]
    pub maker_id: Id<Maker>,
    pub about: String,
}

diesel::table! {
    tasks (id) {
        id -> Unsigned<Integer>,
        label -> Text,
    }
}

// entities: tasks
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = tasks, check_for_backend(diesel::mysql::Mysql))]
pub struct Task {
    #[entity(key)]
    pub id: u32,
    pub label: String,
}

// things: It needs Diesel's feature numeric and the crate bigdecimal.
diesel::table! {
    things (id) {
        id -> BigInt,
        maker_id -> BigInt,
        copy_of -> Nullable<BigInt>,
        #[sql_name = "unit price"]
        unit_price -> Numeric,
        number -> Integer,
        small -> Nullable<SmallInt>,
        tiny -> Nullable<TinyInt>,
        medium -> Nullable<Integer>,
        tiny_natural -> Nullable<Unsigned<TinyInt>>,
        small_natural -> Nullable<Unsigned<SmallInt>>,
        natural_number -> Nullable<Unsigned<Integer>>,
        big_natural -> Nullable<Unsigned<BigInt>>,
        exact -> Double,
        ratio -> Nullable<Float>,
        flag -> Bool,
        words -> Text,
        code -> Text,
        bytes -> Binary,
        day -> Date,
        hour -> Time,
        doubled -> Nullable<Integer>,
    }
}

// entities: things
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = things, check_for_backend(diesel::mysql::Mysql))]
pub struct Thing {
    #[entity(key)]
    pub id: Id<Thing>,
    #[entity(references = makers::id)]
    pub maker_id: Id<Maker>,
    #[entity(references = things::id)]
    pub copy_of: Option<Id<Thing>>,
    #[entity(server_default)]
    pub unit_price: bigdecimal::BigDecimal,
    #[entity(default = || -5)]
    pub number: i32,
    pub small: Option<i16>,
    pub tiny: Option<i8>,
    pub medium: Option<i32>,
    pub tiny_natural: Option<u8>,
    pub small_natural: Option<u16>,
    pub natural_number: Option<u32>,
    pub big_natural: Option<u64>,
    pub exact: f64,
    #[entity(default = || Some(0.5))]
    pub ratio: Option<f32>,
    #[entity(default = || true)]
    pub flag: bool,
    #[entity(default = || "it's".to_owned())]
    pub words: String,
    #[entity(server_default)]
    pub code: String,
    pub bytes: Vec<u8>,
    pub day: chrono::NaiveDate,
    pub hour: chrono::NaiveTime,
    #[entity(computed)]
    pub doubled: Option<i32>,
}

diesel::joinable!(profiles -> makers (maker_id));
diesel::joinable!(things -> makers (maker_id));

diesel::allow_tables_to_appear_in_same_query!(makers, old_marks, places, profiles, tasks, things,);
