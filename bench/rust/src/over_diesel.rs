//! What all contenders over a connection of Diesel's have in common.

use diesel::connection::{LoadConnection, SimpleConnection as _};
use diesel::prelude::*;
use diesel::query_builder::SqlQuery;
use diesel::query_dsl::methods::LoadQuery;
use diesel::sql_types::BigInt;

use crate::case::Case;
use crate::contender::{Contender, Measured, Outcome};
use crate::place::Place;

/// A contender that works on one connection of Diesel's.
pub trait OverDiesel {
    type Connection: LoadConnection;

    fn on(connection: Self::Connection) -> Self;

    fn connection(&mut self) -> &mut Self::Connection;

    /// As [`Contender::run`].
    fn run(&mut self, case: Case, rows: i64) -> Outcome<Option<Measured>>;
}

#[derive(QueryableByName)]
pub struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl<T: OverDiesel> Contender for T
where
    SqlQuery: for<'q> LoadQuery<'q, T::Connection, Number>,
{
    fn open(place: &Place) -> Outcome<Self> {
        Ok(Self::on(T::Connection::establish(&place.url)?))
    }

    fn execute(&mut self, sql: &str) -> Outcome<()> {
        Ok(self.connection().batch_execute(sql)?)
    }

    fn number(&mut self, sql: &str) -> Outcome<i64> {
        let row: Number = diesel::sql_query(sql).get_result(self.connection())?;
        Ok(row.number)
    }

    fn run(&mut self, case: Case, rows: i64) -> Outcome<Option<Measured>> {
        OverDiesel::run(self, case, rows)
    }
}
