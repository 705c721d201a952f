//! A query that takes no more conditions cannot be filtered.

use diesel::prelude::*;
use diesel_session::prelude::*;

diesel::table! {
    posts (id) { id -> BigInt, deleted_at -> Nullable<BigInt> }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = posts)]
#[entity(filter(live = deleted_at.is_null()))]
pub struct Post {
    #[entity(key)]
    id: i64,
    deleted_at: Option<i64>,
}

fn all(session: &mut Session<'_>) -> Result<Vec<Handle<Post>>> {
    session.query(Post::query().union(Post::query())).all()
}

fn main() {}
