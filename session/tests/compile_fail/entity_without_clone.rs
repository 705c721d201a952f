//! A row can be copied.

use diesel::prelude::*;
use diesel_session::prelude::*;

diesel::table! {
    users (id) { id -> BigInt, name -> Text }
}

#[derive(Debug, PartialEq, HasQuery, Entity)]
#[diesel(table_name = users)]
pub struct User {
    #[entity(key)]
    id: i64,
    name: String,
}

fn main() {}
