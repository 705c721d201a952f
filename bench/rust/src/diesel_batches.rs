//! Diesel as an expert writes it: as many rows in a statement as pay, by hand for each table. What cannot be batched is
//! left to the contender that sends a statement for every row.

use std::collections::HashMap;
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

/// The rows of a statement. More do not pay on any engine, and exceed SQLite's number of parameters.
const CHUNK: usize = 500;

pub struct Batches<C>(C);

/// New users in one statement, and their keys in the order of the values.
trait InsertAll {
    fn insert_all(&mut self, users: &[UserValues]) -> QueryResult<Vec<i64>>;
}

/// Engines do not promise that RETURNING keeps the order of the values, so that each key is found by the login.
fn in_order(users: &[UserValues], keys: Vec<(i64, String)>) -> Vec<i64> {
    let keys: HashMap<String, i64> = keys.into_iter().map(|(id, login)| (login, id)).collect();
    users.iter().filter_map(|user| keys.get(&user.login).copied()).collect()
}

impl InsertAll for SqliteConnection {
    fn insert_all(&mut self, users: &[UserValues]) -> QueryResult<Vec<i64>> {
        let new = diesel::insert_into(users::table).values(users);
        Ok(in_order(users, new.returning((users::id, users::login)).get_results(self)?))
    }
}

impl InsertAll for PgConnection {
    fn insert_all(&mut self, users: &[UserValues]) -> QueryResult<Vec<i64>> {
        let new = diesel::insert_into(users::table).values(users);
        Ok(in_order(users, new.returning((users::id, users::login)).get_results(self)?))
    }
}

/// The keys that InnoDB gives to the rows of one statement of this kind follow each other.
impl InsertAll for MysqlConnection {
    fn insert_all(&mut self, users: &[UserValues]) -> QueryResult<Vec<i64>> {
        diesel::insert_into(users::table).values(users).execute(self)?;
        let first: i64 = diesel::select(diesel::dsl::sql::<BigInt>("last_insert_id()")).get_result(self)?;
        Ok((first..).take(users.len()).collect())
    }
}

macro_rules! batches_on {
    ($($connection:ty),*) => {$(
        impl OverDiesel for Batches<$connection> {
            type Connection = $connection;

            fn on(connection: $connection) -> Self {
                Self(connection)
            }

            fn connection(&mut self) -> &mut $connection {
                &mut self.0
            }

            fn run(&mut self, case: Case, rows: i64) -> Outcome<Option<Measured>> {
                let connection = &mut self.0;
                match case {
                    Case::Insert => time(case, rows, || {
                        let new: Vec<UserValues> = (1..=rows).map(user_values).collect();
                        let keys = connection.transaction(|connection| inserted(connection, &new))?;
                        Ok(black_box(keys).len() as i64)
                    }),
                    Case::Bulk => time(case, rows, || {
                        let new: Vec<UserValues> = (1..=rows).map(user_values).collect();
                        let seen = connection.transaction(|connection| {
                            new.chunks(CHUNK).try_fold(0, |seen, users| {
                                let done = diesel::insert_into(users::table).values(users).execute(connection)?;
                                QueryResult::Ok(seen + done)
                            })
                        })?;
                        Ok(seen as i64)
                    }),
                    Case::Graph => time(case, rows, || {
                        let new: Vec<UserValues> = (1..=rows).map(user_values).collect();
                        let seen = connection.transaction(|connection| {
                            let keys = inserted(connection, &new)?;
                            let repositories: Vec<RepositoryValues> = keys.iter().flat_map(|&user_id| {
                                (0..REPOSITORIES).map(move |n| RepositoryValues { user_id, name: repository_name(n) })
                            }).collect();
                            for chunk in repositories.chunks(CHUNK) {
                                diesel::insert_into(repositories::table).values(chunk).execute(connection)?;
                            }
                            let notes: Vec<NoteValues> = keys.iter().flat_map(|&user_id| {
                                (0..NOTES).map(move |n| NoteValues { user_id, body: note_body(n) })
                            }).collect();
                            for chunk in notes.chunks(CHUNK) {
                                diesel::insert_into(notes::table).values(chunk).execute(connection)?;
                            }
                            QueryResult::Ok(keys.len() + repositories.len() + notes.len())
                        })?;
                        Ok(seen as i64)
                    }),
                    Case::Delete => {
                        let loaded: Vec<UserRow> = UserRow::query().load(connection)?;
                        time(case, rows, || {
                            let ids: Vec<i64> = loaded.iter().map(|user| user.id).collect();
                            let seen = connection.transaction(|connection| {
                                ids.chunks(CHUNK).try_fold(0, |seen, ids| {
                                    let gone = users::table.filter(users::id.eq_any(ids));
                                    QueryResult::Ok(seen + diesel::delete(gone).execute(connection)?)
                                })
                            })?;
                            Ok(seen as i64)
                        })
                    }
                    Case::Load | Case::Update | Case::Get | Case::AddOne | Case::ReadOne => Ok(None),
                }
            }
        }
    )*};
}

batches_on!(SqliteConnection, PgConnection, MysqlConnection);

fn inserted<C: InsertAll>(connection: &mut C, new: &[UserValues]) -> QueryResult<Vec<i64>> {
    let mut keys = Vec::with_capacity(new.len());
    for users in new.chunks(CHUNK) {
        keys.extend(connection.insert_all(users)?);
    }
    Ok(keys)
}
