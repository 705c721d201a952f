//! Hand-written SQL over rusqlite: one prepared statement, executed for every row.

use std::hint::black_box;

use chrono::NaiveDateTime;
use rusqlite::{Connection, Row};

use crate::case::Case;
use crate::contender::{Contender, Measured, Outcome, time};
use crate::place::Place;
use crate::tables::{NOTES, REPOSITORIES, UserRow, created_at, email, login, note_body, repository_name, stars};

const INSERT: &str = "INSERT INTO users (login, email, stars, created_at) VALUES (?, ?, ?, ?)";
const SELECT: &str = "SELECT id, login, email, stars, created_at FROM users";

pub struct Rusqlite(Connection);

/// As Diesel writes a time.
fn time_text(time: NaiveDateTime) -> String {
    time.format("%F %T%.f").to_string()
}

fn user(row: &Row<'_>) -> rusqlite::Result<UserRow> {
    let created_at: String = row.get(4)?;
    let created_at = NaiveDateTime::parse_from_str(&created_at, "%F %T%.f");
    let wrong = |error| rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Text, Box::new(error));
    Ok(UserRow {
        id: row.get(0)?,
        login: row.get(1)?,
        email: row.get(2)?,
        stars: row.get(3)?,
        created_at: created_at.map_err(wrong)?,
    })
}

fn in_transaction<T>(connection: &mut Connection, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Outcome<T> {
    let transaction = connection.transaction()?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

/// A new user, and its key.
fn add(connection: &Connection, number: i64) -> rusqlite::Result<i64> {
    let values = (login(number), email(number), stars(number), time_text(created_at()));
    connection.prepare_cached(INSERT)?.execute(values)?;
    Ok(connection.last_insert_rowid())
}

fn one(connection: &Connection, id: i64) -> rusqlite::Result<UserRow> {
    connection.prepare_cached(&format!("{SELECT} WHERE id = ?"))?.query_one([id], user)
}

impl Contender for Rusqlite {
    fn open(place: &Place) -> Outcome<Self> {
        Ok(Self(Connection::open(&place.url)?))
    }

    fn execute(&mut self, sql: &str) -> Outcome<()> {
        Ok(self.0.execute_batch(sql)?)
    }

    fn number(&mut self, sql: &str) -> Outcome<i64> {
        Ok(self.0.query_one(sql, (), |row| row.get(0))?)
    }

    fn run(&mut self, case: Case, rows: i64) -> Outcome<Option<Measured>> {
        let connection = &mut self.0;
        time(case, rows, || match case {
            Case::Insert | Case::Bulk => in_transaction(connection, |connection| {
                let keys = (1..=rows).map(|number| add(connection, number));
                Ok(black_box(keys.collect::<rusqlite::Result<Vec<i64>>>()?).len() as i64)
            }),
            Case::Load => {
                let mut select = connection.prepare(SELECT)?;
                let users = select.query_map((), user)?.collect::<rusqlite::Result<Vec<UserRow>>>()?;
                Ok(black_box(users).len() as i64)
            }
            Case::Update => in_transaction(connection, |connection| {
                let mut update = connection.prepare("UPDATE users SET stars = ? WHERE id = ?")?;
                (1..=rows).try_fold(0, |seen, id| Ok(seen + update.execute([id + 1000, id])? as i64))
            }),
            Case::Get => in_transaction(connection, |connection| {
                (1..=rows).try_fold(0, |seen, id| {
                    black_box(one(connection, id)?);
                    Ok(seen + 1)
                })
            }),
            Case::Graph => in_transaction(connection, |connection| {
                let mut repository = connection.prepare("INSERT INTO repositories (user_id, name) VALUES (?, ?)")?;
                let mut note = connection.prepare("INSERT INTO notes (user_id, body) VALUES (?, ?)")?;
                let mut seen = 0;
                for number in 1..=rows {
                    let user = add(connection, number)?;
                    for number in 0..REPOSITORIES {
                        repository.execute((user, repository_name(number)))?;
                    }
                    for number in 0..NOTES {
                        note.execute((user, note_body(number)))?;
                    }
                    seen += 1 + REPOSITORIES + NOTES;
                }
                Ok(seen)
            }),
            Case::AddOne => (1..=rows).try_fold(0, |seen, number| {
                in_transaction(connection, |connection| add(connection, number))?;
                Ok(seen + 1)
            }),
            Case::ReadOne => (1..=rows).try_fold(0, |seen, id| {
                in_transaction(connection, |connection| one(connection, id))?;
                Ok(seen + 1)
            }),
            Case::Delete => in_transaction(connection, |connection| {
                let mut delete = connection.prepare("DELETE FROM users WHERE id = ?")?;
                (1..=rows).try_fold(0, |seen, id| Ok(seen + delete.execute([id])? as i64))
            }),
        })
    }
}
