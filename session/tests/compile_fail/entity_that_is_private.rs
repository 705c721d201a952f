//! An entity is as public as its table.

use diesel::HasQuery;
use diesel_session::Entity;

diesel::table! {
    users (id) { id -> BigInt, name -> Text }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = users)]
struct User {
    #[entity(key)]
    id: i64,
    name: String,
}

fn main() {}
