//! `link` takes the two foreign keys that are the key of a table of links.

use diesel_session::prelude::*;

diesel::table! {
    nodes (id) { id -> BigInt, name -> Text }
}
diesel::table! {
    edges (id) { id -> BigInt, from_id -> BigInt, to_id -> BigInt }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = nodes)]
pub struct Node {
    #[entity(key)]
    id: i64,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = edges)]
pub struct Edge {
    #[entity(key)]
    id: i64,
    #[entity(references = nodes::id)]
    from_id: i64,
    #[entity(references = nodes::id)]
    to_id: i64,
}

fn connect(session: &mut Session<'_>, from: Handle<Node>, to: Handle<Node>) -> Result<()> {
    session.link(edges::from_id, edges::to_id, from, to)
}

fn main() {}
