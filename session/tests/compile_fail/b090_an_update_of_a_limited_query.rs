//! An UPDATE has no LIMIT.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_session::{Entity, Result, Session};

diesel::table! {
    users (id) { id -> BigInt, name -> Text }
}

#[derive(Debug, Clone, PartialEq, Entity)]
#[diesel(table_name = users)]
pub struct User {
    #[entity(key)]
    id: i64,
    name: String,
}

fn b090_an_update_of_a_limited_query(session: &mut Session<'_>) -> Result<()> {
    session.execute(diesel::update(users::table.limit(1)).set(users::name.eq("x")))?;
    Ok(())
}

fn main() {
    let _ = b090_an_update_of_a_limited_query;
}
