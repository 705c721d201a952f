//! A version is a number that counts.

use diesel_session::Entity;

diesel::table! {
    users (id) { id -> BigInt, version -> Text }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct User {
    #[entity(key)]
    id: i64,
    #[entity(version, computed)]
    version: String,
}

fn main() {}
