//! PostgreSQL's shortest way for many rows: arrays, of which `unnest` makes rows, in SQL by hand.

use std::hint::black_box;

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamp};

use crate::case::Case;
use crate::contender::{Measured, Outcome, time};
use crate::over_diesel::OverDiesel;
use crate::tables::{NOTES, REPOSITORIES, created_at, email, login, note_body, repository_name, stars};

/// The rows of a statement.
const CHUNK: usize = 5_000;

pub struct Unnest(PgConnection);

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// New users, and their keys, which are drawn in the order in which the rows are selected.
fn insert(connection: &mut PgConnection, first: i64, rows: i64) -> QueryResult<Vec<i64>> {
    let numbers = first..first + rows;
    let keys: Vec<Key> = diesel::sql_query(
        "INSERT INTO users (login, email, stars, created_at) SELECT * FROM unnest($1, $2, $3, $4) RETURNING id",
    )
    .bind::<Array<Text>, _>(numbers.clone().map(login).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(numbers.clone().map(email).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(numbers.clone().map(stars).collect::<Vec<_>>())
    .bind::<Array<Timestamp>, _>(numbers.map(|_| created_at()).collect::<Vec<_>>())
    .load(connection)?;
    Ok(keys.into_iter().map(|key| key.id).collect())
}

fn children(connection: &mut PgConnection, sql: &str, rows: &[(i64, String)]) -> QueryResult<usize> {
    rows.chunks(CHUNK).try_fold(0, |seen, rows| {
        let (users, texts): (Vec<i64>, Vec<&str>) = rows.iter().map(|(user, text)| (*user, text.as_str())).unzip();
        let insert = diesel::sql_query(sql).bind::<Array<BigInt>, _>(users).bind::<Array<Text>, _>(texts);
        Ok(seen + insert.execute(connection)?)
    })
}

fn chunks(rows: i64) -> impl Iterator<Item = (i64, i64)> {
    (1..=rows).step_by(CHUNK).map(move |first| (first, (CHUNK as i64).min(rows - first + 1)))
}

impl OverDiesel for Unnest {
    type Connection = PgConnection;

    fn on(connection: PgConnection) -> Self {
        Self(connection)
    }

    fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    fn run(&mut self, case: Case, rows: i64) -> Outcome<Option<Measured>> {
        let connection = &mut self.0;
        match case {
            Case::Insert | Case::Graph => time(case, rows, || {
                let seen = connection.transaction(|connection| {
                    let mut keys = Vec::with_capacity(rows as usize);
                    for (first, rows) in chunks(rows) {
                        keys.extend(insert(connection, first, rows)?);
                    }
                    let mut seen = keys.len();
                    if case == Case::Graph {
                        let of_each = |count: i64, text: fn(i64) -> String| -> Vec<(i64, String)> {
                            keys.iter().flat_map(|&user| (0..count).map(move |number| (user, text(number)))).collect()
                        };
                        let repositories = of_each(REPOSITORIES, repository_name);
                        let notes = of_each(NOTES, note_body);
                        let sql = "INSERT INTO repositories (user_id, name) SELECT * FROM unnest($1, $2)";
                        seen += children(connection, sql, &repositories)?;
                        let sql = "INSERT INTO notes (user_id, body) SELECT * FROM unnest($1, $2)";
                        seen += children(connection, sql, &notes)?;
                    }
                    black_box(keys);
                    QueryResult::Ok(seen)
                })?;
                Ok(seen as i64)
            }),
            Case::Update => time(case, rows, || {
                let seen = connection.transaction(|connection| {
                    chunks(rows).try_fold(0, |seen, (first, rows)| {
                        let ids: Vec<i64> = (first..first + rows).collect();
                        let stars: Vec<i64> = ids.iter().map(|id| id + 1000).collect();
                        let update = diesel::sql_query(
                            "UPDATE users SET stars = new.stars FROM unnest($1, $2) AS new (id, stars) \
                             WHERE users.id = new.id",
                        );
                        let update = update.bind::<Array<BigInt>, _>(ids).bind::<Array<BigInt>, _>(stars);
                        QueryResult::Ok(seen + update.execute(connection)?)
                    })
                })?;
                Ok(seen as i64)
            }),
            _ => Ok(None),
        }
    }
}
