//! The key, the version, a column that the database fills, a column of another table, and no column.

use diesel::prelude::*;
use diesel_session::prelude::*;

diesel::table! { seats (id) { id -> BigInt, code -> BigInt, state -> Text, version -> BigInt } }
diesel::table! { halls (id) { id -> BigInt } }

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = seats)]
#[entity(unique(code))]
pub struct Seat {
    #[entity(key)]
    pub id: i64,
    pub code: i64,
    #[entity(server_default)]
    pub state: String,
    #[entity(version)]
    pub version: i64,
}

fn seat(session: &mut Session<'_>, rows: Vec<NewSeat>) -> Result<()> {
    session.upsert(rows.clone()).on_conflict(seats::code).update(seats::id).run()?;
    session.upsert(rows.clone()).on_conflict(seats::code).update((seats::code, seats::version)).run()?;
    session.upsert(rows.clone()).on_conflict(seats::code).update(seats::state).run()?;
    session.upsert(rows.clone()).on_conflict(seats::code).update(halls::id).run()?;
    session.upsert(rows).on_conflict(seats::code).update("code").run()?;
    Ok(())
}

fn main() {}
