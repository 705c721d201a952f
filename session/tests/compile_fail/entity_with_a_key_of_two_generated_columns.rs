//! The database generates at most one column of a key.

use diesel_session::Entity;

diesel::table! {
    places (room, number) { room -> BigInt, number -> BigInt }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = places)]
pub struct Place {
    #[entity(key)]
    room: i64,
    #[entity(key)]
    number: i64,
}

fn main() {}
