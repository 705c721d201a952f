//! The tables of a random walk over relations, links, upserts, soft deletion and the history: items on shelves, with
//! marks, and cards in the numbered slots of shelves.

use diesel::HasQuery;
use diesel_session::Entity;
use diesel_session::session::history::create_table;

use crate::domain::{Engine, Library};

diesel::table! {
    shelves (id) { id -> BigInt, label -> Text }
}
diesel::table! {
    items (id) {
        id -> BigInt, shelf_id -> Nullable<BigInt>, above_id -> Nullable<BigInt>, name -> Text, hidden -> Bool,
        version -> BigInt
    }
}
diesel::table! {
    marks (code) { code -> BigInt, note -> Text }
}
diesel::table! {
    item_marks (item_id, mark_code) { item_id -> BigInt, mark_code -> BigInt }
}
diesel::table! {
    slots (shelf_id, number) { shelf_id -> BigInt, number -> BigInt, label -> Text }
}
diesel::table! {
    cards (id) { id -> BigInt, shelf_id -> Nullable<BigInt>, number -> Nullable<BigInt>, title -> Text }
}
diesel::table! {
    pins (pin, shelf_id, number) { pin -> BigInt, shelf_id -> BigInt, number -> BigInt, colour -> Text }
}
diesel::allow_tables_to_appear_in_same_query!(items, marks, item_marks);

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = shelves)]
#[entity(history, unique(label))]
pub struct Shelf {
    #[entity(key)]
    pub id: i64,
    pub label: String,
}

/// It may stand on a shelf, and below another item.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = items)]
#[entity(history, filter(live = hidden.eq(false)))]
pub struct Item {
    #[entity(key)]
    pub id: i64,
    #[entity(references = shelves::id)]
    pub shelf_id: Option<i64>,
    #[entity(references = items::id)]
    pub above_id: Option<i64>,
    pub name: String,
    #[entity(default = bool::default, soft_delete = yes)]
    pub hidden: bool,
    #[entity(version)]
    pub version: i64,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = marks)]
pub struct Mark {
    #[entity(key, given)]
    pub code: i64,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = item_marks)]
pub struct ItemMark {
    #[entity(key, given, references = items::id)]
    pub item_id: i64,
    #[entity(key, given, references = marks::code)]
    pub mark_code: i64,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = slots)]
pub struct Slot {
    #[entity(key, given, references = shelves::id)]
    pub shelf_id: i64,
    #[entity(key, given)]
    pub number: i64,
    pub label: String,
}

/// It may be in a slot, and follows it to another number.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = cards)]
#[entity(references((shelf_id, number) = slots::(shelf_id, number)))]
pub struct Card {
    #[entity(key)]
    pub id: i64,
    pub shelf_id: Option<i64>,
    pub number: Option<i64>,
    pub title: String,
}

/// The key of its slot is a part of its own.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = pins)]
#[entity(references((shelf_id, number) = slots::(shelf_id, number)))]
pub struct Pin {
    #[entity(key, given)]
    pub pin: i64,
    #[entity(key, given)]
    pub shelf_id: i64,
    #[entity(key, given)]
    pub number: i64,
    pub colour: String,
}

/// `{key}` is a generated key, `{name}` a text that can be unique.
const TABLES: &str = "
    CREATE TABLE shelves (id {key}, label {name} NOT NULL UNIQUE);
    CREATE TABLE items (id {key}, shelf_id BIGINT, above_id BIGINT, name {name} NOT NULL, hidden BOOLEAN NOT NULL,
        version BIGINT NOT NULL, FOREIGN KEY (shelf_id) REFERENCES shelves (id),
        FOREIGN KEY (above_id) REFERENCES items (id));
    CREATE TABLE marks (code BIGINT PRIMARY KEY NOT NULL, note {name} NOT NULL);
    CREATE TABLE item_marks (item_id BIGINT NOT NULL, mark_code BIGINT NOT NULL, PRIMARY KEY (item_id, mark_code),
        FOREIGN KEY (item_id) REFERENCES items (id), FOREIGN KEY (mark_code) REFERENCES marks (code));
    CREATE TABLE slots (shelf_id BIGINT NOT NULL, number BIGINT NOT NULL, label {name} NOT NULL,
        PRIMARY KEY (shelf_id, number), FOREIGN KEY (shelf_id) REFERENCES shelves (id));
    CREATE TABLE cards (id {key}, shelf_id BIGINT, number BIGINT, title {name} NOT NULL,
        FOREIGN KEY (shelf_id, number) REFERENCES slots (shelf_id, number) ON UPDATE CASCADE);
    CREATE TABLE pins (pin BIGINT NOT NULL, shelf_id BIGINT NOT NULL, number BIGINT NOT NULL, colour {name} NOT NULL,
        PRIMARY KEY (pin, shelf_id, number),
        FOREIGN KEY (shelf_id, number) REFERENCES slots (shelf_id, number) ON UPDATE CASCADE);
";

/// Empties the tables, children first.
pub const EMPTY: &str = "
    DELETE FROM pins; DELETE FROM cards; DELETE FROM slots; DELETE FROM item_marks; DELETE FROM marks;
    UPDATE items SET above_id = NULL; DELETE FROM items; DELETE FROM shelves; DELETE FROM diesel_session_history;
";

/// A library that also has these tables, which are empty, and the history.
pub fn depot() -> Library {
    let library = Library::new();
    let (key, name) = match library.engine() {
        Engine::Sqlite => ("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT"),
        Engine::Postgres => ("BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "TEXT"),
        _ => ("BIGINT AUTO_INCREMENT PRIMARY KEY", "VARCHAR(100)"),
    };
    library.elsewhere(&TABLES.replace("{key}", key).replace("{name}", name));
    library.elsewhere(create_table(library.engine()));
    library
}
