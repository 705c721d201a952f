//! Places are counted from 0.

use diesel::HasQuery;
use diesel_session::{Entity, Result, Session};

diesel::table! {
    users (id) { id -> BigInt, name -> Text }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = users)]
pub struct User {
    #[entity(key)]
    id: i64,
    name: String,
}

fn b043_a_negative_place_cannot_be_written(session: &mut Session<'_>) -> Result<()> {
    session.query(User::query()).nth(-1)?;
    Ok(())
}

fn main() {
    let _ = b043_a_negative_place_cannot_be_written;
}
