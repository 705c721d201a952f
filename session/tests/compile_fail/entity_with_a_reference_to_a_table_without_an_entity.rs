//! A foreign key refers to a table that has an entity.

use diesel::prelude::*;
use diesel_session::prelude::*;

diesel::table! {
    shelves (id) { id -> BigInt }
}
diesel::table! {
    books (id) { id -> BigInt, shelf_id -> BigInt, title -> Text }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = books)]
pub struct Book {
    #[entity(key)]
    id: i64,
    #[entity(references = shelves::id)]
    shelf_id: i64,
    title: String,
}

fn main() {}
