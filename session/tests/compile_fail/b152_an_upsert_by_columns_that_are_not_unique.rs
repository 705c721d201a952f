//! The entity declares neither the name alone nor the two columns in this order as unique.

use diesel::prelude::*;
use diesel_session::prelude::*;

diesel::table! { seats (id) { id -> BigInt, hall -> BigInt, place -> BigInt, name -> Text } }

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = seats)]
#[entity(unique(hall, place))]
pub struct Seat {
    #[entity(key)]
    pub id: i64,
    pub hall: i64,
    pub place: i64,
    pub name: String,
}

fn seat(session: &mut Session<'_>, rows: Vec<NewSeat>, row: NewSeat) -> Result<()> {
    session.upsert(rows.clone()).on_conflict(seats::name).nothing().run()?;
    session.upsert(rows.clone()).on_conflict((seats::place, seats::hall)).nothing().run()?;
    session.upsert(rows).on_conflict(seats::id).nothing().run()?;
    session.get_or_add(seats::name, row)?;
    Ok(())
}

fn main() {}
