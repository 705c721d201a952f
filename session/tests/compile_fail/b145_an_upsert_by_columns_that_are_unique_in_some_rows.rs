//! An upsert names no set of some rows only, nor one that is deferrable: `ON CONFLICT` does not take them.

use diesel::HasQuery;
use diesel_session::{Entity, Result, Session};

diesel::table! {
    addresses (id) { id -> BigInt, person -> BigInt, position -> BigInt, is_current -> Bool }
}

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = addresses)]
#[entity(unique(person, when = is_current.eq(true)), unique(position, deferrable))]
pub struct Address {
    #[entity(key)]
    pub id: i64,
    pub person: i64,
    pub position: i64,
    pub is_current: bool,
}

fn upsert(session: &mut Session<'_>, row: NewAddress) -> Result<()> {
    session.upsert([row.clone()]).on_conflict(addresses::person).nothing().run()?;
    session.upsert([row]).on_conflict(addresses::position).nothing().run()?;
    Ok(())
}

fn main() {}
