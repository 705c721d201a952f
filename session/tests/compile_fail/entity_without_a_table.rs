//! An entity needs a table, by name.

use diesel_session::Entity;

diesel::table! {
    users (id) { id -> BigInt, name -> Text }
}

#[derive(Debug, Clone, PartialEq, Entity)]
pub struct User {
    #[entity(key)]
    id: i64,
    name: String,
}

fn main() {
    let _ = users::table;
}
