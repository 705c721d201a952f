//! A misspelt attribute is told which ones there are.

use diesel_session::Entity;

diesel::table! {
    users (id) { id -> BigInt, name -> Text }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct User {
    #[entity(primary_key)]
    id: i64,
    name: String,
}

fn main() {}
