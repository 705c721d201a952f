//! A foreign key names the column that it refers to.

use diesel_session::Entity;

diesel::table! {
    users (id) { id -> BigInt, name -> Text }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct User {
    #[entity(key)]
    id: i64,
    #[entity(references = User)]
    parent_id: i64,
}

fn main() {}
