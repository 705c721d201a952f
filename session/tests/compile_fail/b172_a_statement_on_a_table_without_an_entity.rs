//! A statement changes rows of an entity, whose filters apply to it.

use diesel_session::prelude::*;

diesel::table! {
    posts (id) { id -> BigInt }
}

fn clear(session: &mut Session<'_>) -> Result<usize> {
    session.execute(diesel::delete(posts::table))
}

fn main() {}
