//! PostgreSQL's COPY, by Diesel's binary form of it: new rows without their keys.

use diesel::prelude::*;

use crate::case::Case;
use crate::contender::{Measured, Outcome, time};
use crate::over_diesel::OverDiesel;
use crate::tables::{created_at, email, login, stars, users};

pub struct Copy(PgConnection);

/// A user for COPY, which has no default for a value that is missing.
#[derive(Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
struct CopiedUser {
    login: String,
    email: Option<String>,
    stars: i64,
    created_at: chrono::NaiveDateTime,
}

fn user(number: i64) -> CopiedUser {
    CopiedUser { login: login(number), email: email(number), stars: stars(number), created_at: created_at() }
}

impl OverDiesel for Copy {
    type Connection = PgConnection;

    fn on(connection: PgConnection) -> Self {
        Self(connection)
    }

    fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    fn run(&mut self, case: Case, rows: i64) -> Outcome<Option<Measured>> {
        if case != Case::Bulk {
            return Ok(None);
        }
        let connection = &mut self.0;
        time(case, rows, || {
            let new: Vec<CopiedUser> = (1..=rows).map(user).collect();
            let copied = diesel::copy_from(users::table).from_insertable(new).execute(connection)?;
            Ok(copied as i64)
        })
    }
}
