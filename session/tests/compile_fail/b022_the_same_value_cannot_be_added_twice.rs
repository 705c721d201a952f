//! `add` takes the value: adding it again is a use of a moved value.

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

fn b022_the_same_value_cannot_be_added_twice(session: &mut Session<'_>) -> Result<()> {
    let new = NewUser::new("step")?;
    session.add(new);
    session.add(new);
    Ok(())
}

fn main() {
    let _ = b022_the_same_value_cannot_be_added_twice;
}
