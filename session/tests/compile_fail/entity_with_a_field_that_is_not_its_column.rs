//! A field holds its column's value: Diesel's ways to read or write another one beside it are refused.

use diesel_session::Entity;

diesel::table! {
    users (id) { id -> BigInt, name -> Text }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct Read {
    #[entity(key)]
    id: i64,
    #[diesel(deserialize_as = Shouted)]
    name: String,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct Written {
    #[entity(key)]
    id: i64,
    #[diesel(column_name = name, serialize_as = Shouted)]
    called: String,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct Selected {
    #[entity(key)]
    id: i64,
    #[diesel(select_expression = users::name.concat("!"))]
    name: String,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct Typed {
    #[entity(key)]
    id: i64,
    #[diesel(select_expression_type = Shouted)]
    name: String,
}

fn main() {}
