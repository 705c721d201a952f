//! The tables that the session's tests use: authors, their books, reviews, prizes and members. They are not part of the
//! suite's files, so that a test binary which includes those more than once has one type for each table.

use diesel::HasQuery;
use diesel_session::Entity;

diesel::table! {
    authors (id) { id -> BigInt, number -> BigInt, name -> Text, email -> Nullable<Text> }
}
diesel::table! {
    books (id) { id -> BigInt, author_id -> BigInt, title -> Text, pages -> BigInt, changed -> BigInt, version -> BigInt }
}
diesel::table! {
    reviews (id) { id -> BigInt, author_id -> BigInt, book_id -> Nullable<BigInt>, body -> Text }
}
diesel::table! {
    prizes (id) { id -> BigInt, author_number -> BigInt, name -> Text }
}
diesel::table! {
    members (id) { id -> BigInt, parent_id -> Nullable<BigInt>, name -> Text }
}
diesel::table! {
    tags (name) { name -> Text, colour -> Text }
}
diesel::table! {
    places (room, number) { room -> BigInt, number -> BigInt, label -> Text, state -> Text }
}
diesel::table! {
    loans (id) { id -> BigInt, author_id -> BigInt, item -> Text }
}
diesel::table! {
    events (id) { id -> BigInt, name -> Text }
}
diesel::table! {
    dogs (id) { id -> BigInt, owner_id -> Nullable<BigInt>, name -> Text }
}
diesel::table! {
    owners (id) { id -> BigInt, dog_id -> Nullable<BigInt>, name -> Text }
}
diesel::table! {
    seats (code) {
        code -> BigInt, number -> Nullable<BigInt>, hall -> BigInt, place -> BigInt, beside -> Nullable<BigInt>
    }
}
diesel::table! {
    guests (id) { id -> BigInt, seat_code -> Nullable<BigInt>, seat_number -> Nullable<BigInt> }
}
diesel::allow_tables_to_appear_in_same_query!(authors, books, reviews, prizes, members, tags);
diesel::joinable!(books -> authors (author_id));

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = authors)]
#[entity(unique(number))]
pub struct Author {
    #[entity(key)]
    pub id: i64,
    pub number: i64,
    pub name: String,
    pub email: Option<String>,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = books)]
pub struct Book {
    #[entity(key)]
    pub id: i64,
    #[entity(references = authors::id)]
    pub author_id: i64,
    pub title: String,
    #[entity(default = a_hundred)]
    pub pages: i64,
    #[entity(update = next_tick)]
    pub changed: i64,
    #[entity(version)]
    pub version: i64,
}

fn a_hundred() -> i64 {
    100
}

/// A clock that the tests need not wait for.
pub fn next_tick() -> i64 {
    use std::sync::atomic::{AtomicI64, Ordering};
    static TICK: AtomicI64 = AtomicI64::new(1);
    TICK.fetch_add(1, Ordering::Relaxed)
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = reviews)]
pub struct Review {
    #[entity(key)]
    pub id: i64,
    #[entity(references = authors::id)]
    pub author_id: i64,
    #[entity(references = books::id)]
    pub book_id: Option<i64>,
    pub body: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = prizes)]
pub struct Prize {
    #[entity(key)]
    pub id: i64,
    #[entity(references = authors::number)]
    pub author_number: i64,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = members)]
pub struct Member {
    #[entity(key)]
    pub id: i64,
    #[entity(references = members::id)]
    pub parent_id: Option<i64>,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = tags)]
pub struct Tag {
    #[entity(key, given)]
    pub name: String,
    #[entity(server_default)]
    pub colour: String,
}

/// A key of two columns, and a column that the database fills.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = places)]
pub struct Place {
    #[entity(key, given)]
    pub room: i64,
    #[entity(key, given)]
    pub number: i64,
    pub label: String,
    #[entity(server_default)]
    pub state: String,
}

/// Its foreign key is checked at COMMIT, if the database supports that.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = loans)]
pub struct Loan {
    #[entity(key)]
    pub id: i64,
    pub author_id: i64,
    pub item: String,
}

/// A trigger writes to another table, which has generated keys of its own, at each INSERT.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = events)]
pub struct Event {
    #[entity(key)]
    pub id: i64,
    pub name: String,
}

/// Dogs and owners refer to each other.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = dogs)]
pub struct Dog {
    #[entity(key)]
    pub id: i64,
    #[entity(references = owners::id)]
    pub owner_id: Option<i64>,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = owners)]
pub struct Owner {
    #[entity(key)]
    pub id: i64,
    #[entity(references = dogs::id)]
    pub dog_id: Option<i64>,
    pub name: String,
}

/// A given key, a nullable unique value, a unique pair, and a neighbour.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = seats)]
#[entity(unique(number), unique(hall, place))]
pub struct Seat {
    #[entity(key, given)]
    pub code: i64,
    pub number: Option<i64>,
    pub hall: i64,
    pub place: i64,
    #[entity(references = seats::code)]
    pub beside: Option<i64>,
}

/// It refers to a seat twice: by code, and by a number that no other guest has.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = guests)]
#[entity(unique(seat_number))]
pub struct Guest {
    #[entity(key, given)]
    pub id: i64,
    #[entity(references = seats::code)]
    pub seat_code: Option<i64>,
    #[entity(references = seats::number)]
    pub seat_number: Option<i64>,
}
