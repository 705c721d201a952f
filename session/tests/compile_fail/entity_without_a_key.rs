//! An entity needs a key.

use diesel::HasQuery;
use diesel_session::Entity;

diesel::table! {
    users (id) { id -> BigInt, name -> Text }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = users)]
pub struct User {
    id: i64,
    name: String,
}

fn main() {}
