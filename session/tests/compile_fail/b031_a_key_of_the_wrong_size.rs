//! A key of two columns is a pair.

use diesel::HasQuery;
use diesel_session::Entity;

diesel::table! {
    places (room, number) { room -> BigInt, number -> BigInt }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = places)]
pub struct Place {
    #[entity(key, given)]
    room: i64,
    #[entity(key, given)]
    number: i64,
}

fn main() {
    let _: <Place as diesel_session::session::Entity>::Key = 1_i64;
}
