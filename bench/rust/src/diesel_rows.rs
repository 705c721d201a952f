//! Diesel as its guides show it: a statement for every row, each in the query DSL.

use std::hint::black_box;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::{MysqlConnection, PgConnection, SqliteConnection};

use crate::case::Case;
use crate::contender::{Measured, Outcome, time};
use crate::over_diesel::OverDiesel;
use crate::tables::{
    NOTES, NoteValues, REPOSITORIES, RepositoryValues, UserRow, UserValues, note_body, notes, repositories,
    repository_name, user_values, users,
};

pub struct Rows<C>(C);

/// A new user, and its key.
trait Insert {
    fn insert(&mut self, user: &UserValues) -> QueryResult<i64>;
}

impl Insert for SqliteConnection {
    fn insert(&mut self, user: &UserValues) -> QueryResult<i64> {
        diesel::insert_into(users::table).values(user).returning(users::id).get_result(self)
    }
}

impl Insert for PgConnection {
    fn insert(&mut self, user: &UserValues) -> QueryResult<i64> {
        diesel::insert_into(users::table).values(user).returning(users::id).get_result(self)
    }
}

impl Insert for MysqlConnection {
    fn insert(&mut self, user: &UserValues) -> QueryResult<i64> {
        diesel::insert_into(users::table).values(user).execute(self)?;
        diesel::select(diesel::dsl::sql::<BigInt>("last_insert_id()")).get_result(self)
    }
}

macro_rules! rows_on {
    ($($connection:ty),*) => {$(
        impl OverDiesel for Rows<$connection> {
            type Connection = $connection;

            fn on(connection: $connection) -> Self {
                Self(connection)
            }

            fn connection(&mut self) -> &mut $connection {
                &mut self.0
            }

            fn run(&mut self, case: Case, rows: i64) -> Outcome<Option<Measured>> {
                let connection = &mut self.0;
                let loaded = match case {
                    Case::Update | Case::Delete => UserRow::query().load(connection)?,
                    _ => Vec::new(),
                };
                let one = |connection: &mut $connection, id: i64| -> QueryResult<UserRow> {
                    UserRow::query().find(id).get_result(connection)
                };
                time(case, rows, || Ok(match case {
                    Case::Insert => connection.transaction(|connection| {
                        let keys = (1..=rows).map(|number| connection.insert(&user_values(number)));
                        Ok::<_, diesel::result::Error>(black_box(keys.collect::<QueryResult<Vec<i64>>>()?).len() as i64)
                    })?,
                    Case::Bulk => connection.transaction(|connection| {
                        (1..=rows).try_fold(0, |seen, number| {
                            let user = user_values(number);
                            QueryResult::Ok(seen + diesel::insert_into(users::table).values(user).execute(connection)?)
                        })
                    })? as i64,
                    Case::Load => black_box(UserRow::query().load(connection)?).len() as i64,
                    Case::Update => connection.transaction(|connection| {
                        loaded.iter().try_fold(0, |seen, user| {
                            let stars = users::stars.eq(user.id + 1000);
                            let update = diesel::update(users::table.find(user.id)).set(stars);
                            QueryResult::Ok(seen + update.execute(connection)?)
                        })
                    })? as i64,
                    Case::Get => connection.transaction(|connection| {
                        (1..=rows).try_fold(0, |seen, id| {
                            black_box(one(connection, id)?);
                            QueryResult::Ok(seen + 1)
                        })
                    })?,
                    Case::Graph => connection.transaction(|connection| {
                        (1..=rows).try_fold(0, |seen, number| {
                            let user_id = connection.insert(&user_values(number))?;
                            for repository in 0..REPOSITORIES {
                                let new = RepositoryValues { user_id, name: repository_name(repository) };
                                diesel::insert_into(repositories::table).values(new).execute(connection)?;
                            }
                            for note in 0..NOTES {
                                let new = NoteValues { user_id, body: note_body(note) };
                                diesel::insert_into(notes::table).values(new).execute(connection)?;
                            }
                            QueryResult::Ok(seen + 1 + REPOSITORIES + NOTES)
                        })
                    })?,
                    Case::AddOne => (1..=rows).try_fold(0, |seen, number| {
                        connection.transaction(|connection| connection.insert(&user_values(number)))?;
                        QueryResult::Ok(seen + 1)
                    })?,
                    Case::ReadOne => (1..=rows).try_fold(0, |seen, id| {
                        connection.transaction(|connection| one(connection, id))?;
                        QueryResult::Ok(seen + 1)
                    })?,
                    Case::Delete => connection.transaction(|connection| {
                        loaded.iter().try_fold(0, |seen, user| {
                            QueryResult::Ok(seen + diesel::delete(users::table.find(user.id)).execute(connection)?)
                        })
                    })? as i64,
                }))
            }
        }
    )*};
}

rows_on!(SqliteConnection, PgConnection, MysqlConnection);
