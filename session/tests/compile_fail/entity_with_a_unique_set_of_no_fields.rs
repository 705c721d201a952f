//! A unique set names fields of its struct.

use diesel_session::Entity;

diesel::table! {
    users (id) { id -> BigInt, name -> Text }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
#[entity(unique(nickname))]
pub struct User {
    #[entity(key)]
    id: i64,
    name: String,
}

fn main() {}
