//! The tables of the database and their rows, by `migrate entities`. With `--out` it adds, removes
//! and retypes the columns that have changed in the database, and leaves everything else as it is.
//! A struct without the comment `entities:` above it is left alone.

use diesel_session::prelude::*;

// log: No code is generated, because it has no primary key.

// makers: The column "place" is left out: its type "GEO" is not known.
diesel::table! {
    makers (id) {
        id -> BigInt,
        name -> Text,
        #[sql_name = "type"]
        type_ -> Nullable<Text>,
        #[sql_name = "unit price"]
        unit_price -> Double,
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
    pub type_: Option<String>,
    #[entity(default = || 1.5)]
    pub unit_price: f64,
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
        id -> BigInt,
        room -> BigInt,
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
    pub id: Id<OldMark>,
    pub room: i64,
    pub shelf: String,
    #[entity(references = makers::name)]
    pub maker: Option<String>,
}

diesel::table! {
    places (room, shelf) {
        room -> BigInt,
        shelf -> Text,
    }
}

// entities: places
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = places)]
pub struct Place {
    #[entity(key, given)]
    pub room: i64,
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
    things (id) {
        id -> BigInt,
        maker_id -> BigInt,
        copy_of -> Nullable<BigInt>,
        number -> BigInt,
        small -> Nullable<BigInt>,
        exact -> Double,
        ratio -> Nullable<Double>,
        flag -> Bool,
        words -> Text,
        code -> Text,
        bytes -> Binary,
        anything -> Nullable<Binary>,
        day -> Date,
        hour -> Time,
        doubled -> Nullable<BigInt>,
    }
}

// entities: things
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = things)]
pub struct Thing {
    #[entity(key)]
    pub id: Id<Thing>,
    #[entity(references = makers::id)]
    pub maker_id: Id<Maker>,
    #[entity(references = things::id)]
    pub copy_of: Option<Id<Thing>>,
    #[entity(default = || -5)]
    pub number: i64,
    pub small: Option<i64>,
    pub exact: f64,
    #[entity(default = || Some(0.5))]
    pub ratio: Option<f64>,
    #[entity(default = || true)]
    pub flag: bool,
    #[entity(default = || "it's".to_owned())]
    pub words: String,
    #[entity(server_default)]
    pub code: String,
    pub bytes: Vec<u8>,
    pub anything: Option<Vec<u8>>,
    pub day: chrono::NaiveDate,
    pub hour: chrono::NaiveTime,
    #[entity(computed)]
    pub doubled: Option<i64>,
}

diesel::joinable!(profiles -> makers (maker_id));
diesel::joinable!(things -> makers (maker_id));

diesel::allow_tables_to_appear_in_same_query!(makers, old_marks, places, profiles, things,);
