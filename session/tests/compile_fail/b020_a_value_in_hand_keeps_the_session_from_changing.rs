//! While a row is looked at, nothing can change it.

use diesel::HasQuery;
use diesel_session::{Entity, Handle, Result, Session};

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

fn b020_a_value_in_hand_keeps_the_session_from_changing(session: &mut Session<'_>, user: Handle<User>) -> Result<()> {
    let row: &User = session.view(user)?;
    session.flush()?;
    println!("{}", row.name);
    Ok(())
}

fn main() {
    let _ = b020_a_value_in_hand_keeps_the_session_from_changing;
}
