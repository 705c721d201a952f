//! A condition or an order of children is about their own table, and a relation starts at the rows that it is given.

use diesel::prelude::*;
use diesel_session::prelude::*;
use diesel_session::relation::{children, parent};

diesel::table! {
    users (id) { id -> BigInt, name -> Text }
}
diesel::table! {
    posts (id) { id -> BigInt, user_id -> BigInt, title -> Text }
}
diesel::allow_tables_to_appear_in_same_query!(users, posts);

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = users)]
pub struct User {
    #[entity(key)]
    pub id: i64,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = posts)]
pub struct Post {
    #[entity(key)]
    pub id: i64,
    #[entity(references = users::id)]
    pub user_id: i64,
    pub title: String,
}

fn b117_a_condition_on_another_table() {
    let _ = children(posts::user_id).filter(users::name.eq("x"));
}

fn b119_a_relation_of_other_rows(session: &mut Session<'_>, users: &[Handle<User>]) -> Result<()> {
    session.load_related(users, parent(posts::user_id))?;
    session.load_related(users, children(posts::user_id).with(children(posts::user_id)))?;
    session.load_related(users, children(posts::title))?;
    Ok(())
}

fn main() {
    b117_a_condition_on_another_table();
    let _ = b119_a_relation_of_other_rows;
}
