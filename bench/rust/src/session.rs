//! The session, as its documentation shows it: over a `Database`, by units of work.

use std::hint::black_box;

use diesel::QueryableByName;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use diesel_session::database::{Access, Options};
use diesel_session::prelude::*;

use crate::case::Case;
use crate::contender::{Contender, Measured, Outcome, time};
use crate::place::Place;
use crate::tables::{NOTES, NewNote, NewRepository, REPOSITORIES, User, new_user, note_body, repository_name};

pub struct Contestant {
    database: Database,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

impl Contender for Contestant {
    fn open(place: &Place) -> Outcome<Self> {
        let url = if place.url == ":memory:" { "sqlite::memory:" } else { &place.url };
        Ok(Self { database: Database::open_with(url, Options::new().access(Access::Create))? })
    }

    fn execute(&mut self, sql: &str) -> Outcome<()> {
        Ok(self.database.connection()?.batch_execute(sql)?)
    }

    fn number(&mut self, sql: &str) -> Outcome<i64> {
        let numbers = self.database.read(|session| session.rows::<Number, _>(diesel::sql_query(sql)))?;
        Ok(numbers.first().ok_or("no row")?.number)
    }

    fn run(&mut self, case: Case, rows: i64) -> Outcome<Option<Measured>> {
        let database = &self.database;
        if matches!(case, Case::Update | Case::Delete) {
            return in_one_unit(database, case, rows);
        }
        time(case, rows, || work(database, case, rows).map_err(Into::into))
    }
}

/// The cases that work on rows which the session has loaded before.
fn in_one_unit(database: &Database, case: Case, rows: i64) -> Outcome<Option<Measured>> {
    let mut session = database.session()?;
    let users = session.query(User::query()).all()?;
    time(case, rows, || {
        for user in &users {
            match case {
                Case::Delete => session.delete(*user)?,
                _ => {
                    let id = session.row(*user)?.id.get();
                    session.edit(*user)?.stars = id + 1000;
                }
            }
        }
        session.commit()?;
        Ok(users.len() as i64)
    })
}

fn work(database: &Database, case: Case, rows: i64) -> Result<i64> {
    match case {
        Case::Insert => database.begin(|session| {
            let users: Vec<_> = (1..=rows).map(|number| session.add(new_user(number))).collect();
            session.flush()?;
            users
                .into_iter()
                .map(|user| session.key(user))
                .try_fold(0, |seen, key| Ok(seen + i64::from(key?.get() > 0)))
        }),
        Case::Bulk => database.begin(|session| Ok(session.insert_all((1..=rows).map(new_user))? as i64)),
        Case::Load => database.read(|session| Ok(black_box(session.query(User::query()).all()?).len() as i64)),
        Case::Get => database.read(|session| {
            (1..=rows).try_fold(0, |seen, id| Ok(seen + i64::from(session.get::<User>(id)?.is_some())))
        }),
        Case::Graph => database.begin(|session| {
            let mut seen = 0;
            for number in 1..=rows {
                let user = session.add(new_user(number));
                for repository in 0..REPOSITORIES {
                    session.add(NewRepository::new(user, repository_name(repository))?);
                }
                for note in 0..NOTES {
                    session.add(NewNote::new(user, note_body(note))?);
                }
                seen += 1 + REPOSITORIES + NOTES;
            }
            Ok(seen)
        }),
        Case::AddOne => (1..=rows).try_fold(0, |seen, number| {
            database.begin(|session| {
                session.add(new_user(number));
                Result::Ok(seen + 1)
            })
        }),
        Case::ReadOne => (1..=rows)
            .try_fold(0, |seen, id| database.read(|session| Ok(seen + i64::from(session.get::<User>(id)?.is_some())))),
        Case::Update | Case::Delete => unreachable!("these work on loaded rows"),
    }
}
