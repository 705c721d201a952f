//! PostgreSQL's COPY, by Diesel's binary form of it: new rows without their keys.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use crate::case::Case;
use crate::contender::{Contender, Measured, Outcome, time};
use crate::diesel_rows::Number;
use crate::place::Place;
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

impl Contender for Copy {
    fn open(place: &Place) -> Outcome<Self> {
        Ok(Self(PgConnection::establish(&place.url)?))
    }

    fn execute(&mut self, sql: &str) -> Outcome<()> {
        Ok(self.0.batch_execute(sql)?)
    }

    fn number(&mut self, sql: &str) -> Outcome<i64> {
        Ok(diesel::sql_query(sql).get_result::<Number>(&mut self.0)?.number)
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
