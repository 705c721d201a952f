//! A row has one version.

use diesel_session::Entity;

diesel::table! {
    users (id) { id -> BigInt, name -> Text }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct User {
    #[entity(key)]
    id: i64,
    #[entity(version)]
    one: i64,
    #[entity(version)]
    two: i64,
}

fn main() {}
