//! A key of two columns is a pair.

use diesel::HasQuery;
use folio::{Entity, Result, Session};

diesel::table! {
    places (room, number) { room -> BigInt, number -> BigInt }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = places)]
struct Place {
    #[entity(key, given)]
    room: i64,
    #[entity(key, given)]
    number: i64,
}

fn work(session: &mut Session<'_>) -> Result<()> {
    let key: <Place as Entity>::Key = 1_i64;
    session.get::<Place>(key)?;
    Ok(())
}

fn main() {
    let _ = work;
}
