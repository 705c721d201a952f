//! More tables: foreign keys of several columns, rows that refer to each other, and a table of links.

use diesel::HasQuery;
use diesel_session::Entity;

use crate::library::{authors, next_tick, tags};

diesel::table! {
    orders (id) { id -> BigInt, customer -> Text }
}
diesel::table! {
    order_lines (order_id, line_no) { order_id -> BigInt, line_no -> BigInt, item -> Text }
}
diesel::table! {
    parcels (id) { id -> BigInt, order_id -> BigInt, line_no -> BigInt, weight -> BigInt }
}
diesel::table! {
    remarks (id) { id -> BigInt, order_id -> BigInt, line_no -> Nullable<BigInt>, body -> Text }
}
diesel::table! {
    line_tags (id) {
        id -> BigInt, line_no -> BigInt, order_id -> BigInt, tag_name -> Text, removed -> Nullable<BigInt>
    }
}
diesel::table! {
    line_notes (order_id, line_no, note_no) { order_id -> BigInt, line_no -> BigInt, note_no -> BigInt, body -> Text }
}
diesel::table! {
    note_marks (mark, note_no, line_no, order_id) {
        mark -> BigInt, note_no -> BigInt, line_no -> BigInt, order_id -> BigInt
    }
}
diesel::table! {
    stages (plan, number) { plan -> BigInt, number -> BigInt, after -> Nullable<BigInt> }
}
diesel::table! {
    teams (id) { id -> BigInt, lead_id -> Nullable<BigInt>, name -> Text, version -> BigInt }
}
diesel::table! {
    workers (id) { id -> BigInt, team_id -> BigInt, name -> Text, changed -> BigInt, version -> BigInt }
}
diesel::table! {
    hens (id) { id -> BigInt, egg_id -> BigInt }
}
diesel::table! {
    eggs (id) { id -> BigInt, hen_id -> BigInt }
}
diesel::table! {
    prices (id) { id -> BigInt, item -> Nullable<BigInt>, next_id -> Nullable<BigInt> }
}
diesel::table! {
    author_tags (author_id, tag_name) { author_id -> BigInt, tag_name -> Text, added -> BigInt }
}
diesel::table! {
    follows (id) { id -> BigInt, author_id -> BigInt, tag_name -> Text, since -> BigInt }
}

diesel::allow_tables_to_appear_in_same_query!(line_tags, order_lines, tags);

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = orders)]
pub struct Order {
    #[entity(key)]
    pub id: i64,
    pub customer: String,
}

/// A part of its key is a foreign key.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = order_lines)]
pub struct Line {
    #[entity(key, given, references = orders::id)]
    pub order_id: i64,
    #[entity(key, given)]
    pub line_no: i64,
    pub item: String,
}

/// It refers to a line by two columns.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = parcels)]
#[entity(references((order_id, line_no) = order_lines::(order_id, line_no)))]
pub struct Parcel {
    #[entity(key)]
    pub id: i64,
    pub order_id: i64,
    pub line_no: i64,
    pub weight: i64,
}

/// It refers to an order, and perhaps to a line of it.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = remarks)]
#[entity(references((order_id, line_no) = order_lines::(order_id, line_no)))]
pub struct Remark {
    #[entity(key)]
    pub id: i64,
    #[entity(references = orders::id)]
    pub order_id: i64,
    pub line_no: Option<i64>,
    pub body: String,
}

/// A link of a line and a tag that can be removed; its columns have another order than the line's key.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = line_tags)]
#[entity(references((line_no, order_id) = order_lines::(line_no, order_id)), filter(live = removed.is_null()))]
pub struct LineTag {
    #[entity(key)]
    pub id: i64,
    pub line_no: i64,
    pub order_id: i64,
    #[entity(references = tags::name)]
    pub tag_name: String,
    pub removed: Option<i64>,
}

/// The key of its line is a part of its own.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = line_notes)]
#[entity(references((order_id, line_no) = order_lines::(order_id, line_no)))]
pub struct LineNote {
    #[entity(key, given)]
    pub order_id: i64,
    #[entity(key, given)]
    pub line_no: i64,
    #[entity(key, given)]
    pub note_no: i64,
    pub body: String,
}

/// It refers to a line through a note, and its key has another order.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = note_marks)]
#[entity(references((order_id, line_no, note_no) = line_notes::(order_id, line_no, note_no)))]
pub struct NoteMark {
    #[entity(key, given)]
    pub mark: i64,
    #[entity(key, given)]
    pub note_no: i64,
    #[entity(key, given)]
    pub line_no: i64,
    #[entity(key, given)]
    pub order_id: i64,
}

/// It refers to another stage of its plan.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = stages)]
#[entity(references((plan, after) = stages::(plan, number)))]
pub struct Stage {
    #[entity(key, given)]
    pub plan: i64,
    #[entity(key, given)]
    pub number: i64,
    pub after: Option<i64>,
}

/// A team may have a lead, who is a worker of some team.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = teams)]
pub struct Team {
    #[entity(key)]
    pub id: i64,
    #[entity(references = workers::id)]
    pub lead_id: Option<i64>,
    pub name: String,
    #[entity(version)]
    pub version: i64,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = workers)]
pub struct Worker {
    #[entity(key)]
    pub id: i64,
    #[entity(references = teams::id)]
    pub team_id: i64,
    pub name: String,
    #[entity(update = next_tick)]
    pub changed: i64,
    #[entity(version)]
    pub version: i64,
}

/// Hens and eggs refer to each other, and neither can do without.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = hens)]
pub struct Hen {
    #[entity(key)]
    pub id: i64,
    #[entity(references = eggs::id)]
    pub egg_id: i64,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = eggs)]
pub struct Egg {
    #[entity(key)]
    pub id: i64,
    #[entity(references = hens::id)]
    pub hen_id: i64,
}

/// The price of an item; an old one has no item any more, and refers to the next.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = prices)]
#[entity(unique(item))]
pub struct Price {
    #[entity(key)]
    pub id: i64,
    pub item: Option<i64>,
    #[entity(references = prices::id)]
    pub next_id: Option<i64>,
}

/// A link of an author and a tag.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = author_tags)]
pub struct AuthorTag {
    #[entity(key, given, references = authors::id)]
    pub author_id: i64,
    #[entity(key, given, references = tags::name)]
    pub tag_name: String,
    #[entity(default = next_tick)]
    pub added: i64,
}

/// A link of an author and a tag that has a key of its own.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = follows)]
#[entity(unique(tag_name, author_id))]
pub struct Follow {
    #[entity(key)]
    pub id: i64,
    #[entity(references = authors::id)]
    pub author_id: i64,
    #[entity(references = tags::name)]
    pub tag_name: String,
    #[entity(default = next_tick)]
    pub since: i64,
}
