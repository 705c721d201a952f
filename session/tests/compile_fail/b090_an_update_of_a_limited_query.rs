//! An UPDATE has no LIMIT.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_session::{Result, Session};

diesel::table! {
    users (id) { id -> BigInt, name -> Text }
}

fn b090_an_update_of_a_limited_query(session: &mut Session<'_>) -> Result<()> {
    session.execute(diesel::update(users::table.limit(1)).set(users::name.eq("x")))?;
    Ok(())
}

fn main() {
    let _ = b090_an_update_of_a_limited_query;
}
