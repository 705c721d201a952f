//! An entity's key is its table's primary key: all of its columns and no others.

use diesel_session::Entity;

diesel::table! {
    places (room, shelf) { room -> BigInt, shelf -> BigInt, label -> Text }
}
diesel::table! {
    seats (room, row) { room -> BigInt, row -> BigInt, chair -> BigInt }
}
diesel::table! {
    rooms (id) { id -> BigInt, name -> Text }
}
diesel::table! {
    halls (id) { id -> BigInt, name -> Text }
}
diesel::table! {
    lofts (floor, door) { door -> BigInt, floor -> BigInt }
}

/// One of two is not marked.
#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = places)]
pub struct Place {
    #[entity(key, given)]
    room: i64,
    shelf: i64,
    label: String,
}

/// The wrong one of three is marked.
#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = seats)]
pub struct Seat {
    #[entity(key, given)]
    room: i64,
    row: i64,
    #[entity(key, given)]
    chair: i64,
}

/// Another one is marked.
#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = rooms)]
pub struct Room {
    id: i64,
    #[entity(key, given)]
    name: String,
}

/// One too many is marked.
#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = halls)]
pub struct Hall {
    #[entity(key, given)]
    id: i64,
    #[entity(key, given)]
    name: String,
}

/// The order is free: this one is no mistake.
#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = lofts)]
pub struct Loft {
    #[entity(key, given)]
    door: i64,
    #[entity(key, given)]
    floor: i64,
}

fn main() {}
