//! A unique set has columns.

use diesel_session::Entity;

diesel::table! {
    users (id) { id -> BigInt, name -> Text }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
#[entity(unique())]
pub struct User {
    #[entity(key)]
    id: i64,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
#[entity(unique)]
pub struct Account {
    #[entity(key)]
    id: i64,
    name: String,
}

fn main() {}
