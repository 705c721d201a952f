//! Keys on their own rows where the engine gives none back with an INSERT, whatever the steps between them.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::{Database, Entity, Result};

use crate::fixture::{Fixture, fixture};

diesel::table! { people (id) { id -> BigInt, number -> BigInt, name -> Text } }

#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
#[diesel(table_name = people)]
pub struct Person {
    #[entity(key)]
    id: i64,
    number: i64,
    name: String,
}

fn people() -> Fixture {
    let db = fixture(module_path!());
    let table =
        "CREATE TABLE people (id BIGINT AUTO_INCREMENT PRIMARY KEY, number BIGINT NOT NULL, name TEXT NOT NULL)";
    db.connection().unwrap().batch_execute(table).unwrap();
    db
}

/// Adds accounts by one flush, and gives the keys that the session says they have.
fn add(db: &Database, settings: &str, numbers: std::ops::Range<i64>) -> Result<Vec<(i64, i64)>> {
    db.begin(|session| -> Result<_> {
        session.connection()?.batch_execute(settings).expect("settings");
        let added: Vec<_> =
            numbers.map(|n| (n, session.add(NewPerson { id: None, number: n, name: "same".to_owned() }))).collect();
        session.flush()?;
        Ok(added.into_iter().map(|(n, user)| (n, session.key(user).expect("flushed"))).collect())
    })
}

fn stored(db: &Database) -> Vec<(i64, i64)> {
    let people: Vec<Person> = db.read(|session| session.rows(Person::query())).unwrap();
    let mut keys: Vec<_> = people.into_iter().map(|person| (person.number, person.id)).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn keys_stand_on_their_own_rows_whatever_the_step_between_them() {
    let db = people();
    let mut all = Vec::new();
    for (round, step) in (0..).zip([1, 3, 7, 1, 2]) {
        let settings = format!("SET auto_increment_increment = {step}, auto_increment_offset = 1");
        all.extend(add(&db, &settings, round * 250..round * 250 + 230).unwrap());
    }
    assert_eq!(stored(&db), all);
}

#[test]
fn keys_stand_on_their_own_rows_while_others_insert_too() {
    let db = people();
    let mut all: Vec<_> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let db = &db;
                scope.spawn(move || {
                    let settings = format!("SET auto_increment_increment = 3, auto_increment_offset = {}", writer + 1);
                    let rounds = (0..6).map(|round| writer * 10_000 + round * 100);
                    rounds.flat_map(|from| add(db, &settings, from..from + 90).unwrap()).collect::<Vec<_>>()
                })
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    all.sort_unstable();
    assert_eq!(stored(&db), all);
}
