//! Keys on their own rows where the engine gives none back with an INSERT, whatever the steps between them.

use diesel::connection::SimpleConnection as _;
use folio::models::{NewUser, User};
use folio::{Database, Result};

use crate::support::fixture::fixture;

/// Adds accounts by one flush, and gives the keys that the session says they have.
fn add(db: &Database, settings: &str, numbers: std::ops::Range<i64>) -> Result<Vec<(i64, i64)>> {
    db.begin(|session| {
        session.connection()?.batch_execute(settings).expect("settings");
        let added: Vec<_> = numbers.map(|n| Ok((n, session.add(NewUser::new(n, "same")?)))).collect::<Result<_>>()?;
        session.flush()?;
        Ok(added.into_iter().map(|(n, user)| (n, session.key(user).expect("flushed").get())).collect())
    })
}

fn stored(db: &Database) -> Vec<(i64, i64)> {
    let users: Vec<User> = db.read(|session| session.rows(User::all())).unwrap();
    let mut keys: Vec<_> = users.into_iter().map(|user| (user.user_id, user.id.get())).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn keys_stand_on_their_own_rows_whatever_the_step_between_them() {
    let db = fixture(module_path!());
    let mut all = Vec::new();
    for (round, step) in (0..).zip([1, 3, 7, 1, 2]) {
        let settings = format!("SET auto_increment_increment = {step}, auto_increment_offset = 1");
        all.extend(add(&db, &settings, round * 250..round * 250 + 230).unwrap());
    }
    assert_eq!(stored(&db), all);
}

#[test]
fn keys_stand_on_their_own_rows_while_others_insert_too() {
    let db = fixture(module_path!());
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
