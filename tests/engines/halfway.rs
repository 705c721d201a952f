//! An answer that stops halfway, because the connection breaks or because nothing more comes: the connection is lost, and no
//! part of an answer is taken for the whole.

use diesel::HasQuery as _;
use diesel_session::Result;
use folio::Database;
use folio::connection::Engine;
use folio::database::Retry;
use folio::models::{NewUser, User};

use super::dialect;
use super::opening::Place;
use crate::support::{Fixture, fixture};
use folio_testing::relay::{Break, Relay};

/// Both ways in which an answer stops after a number of bytes.
const WAYS: [fn(usize) -> Break; 2] = [Break::Halfway, Break::SilentHalfway];

/// The accounts of the tests that read: their rows are more than a megabyte.
const MANY: i64 = 4_000;

fn new(number: i64) -> NewUser {
    NewUser::new(number, format!("user {number} {}", "x".repeat(240))).unwrap()
}

fn with_many_users() -> Fixture {
    let db = fixture(module_path!());
    db.begin(|session| session.insert_all((1..=MANY).map(new))).unwrap();
    db
}

fn behind_a_relay(db: &Fixture) -> (Database, Relay) {
    let place = Place::of(db.url());
    let relay = Relay::new("127.0.0.1", place.port).unwrap();
    let url = format!("{}?read_timeout=0.5", place.through("127.0.0.1", relay.port()));
    (Database::open(&url).unwrap(), relay)
}

/// What a SELECT of accounts sends.
fn from_users() -> &'static str {
    if dialect() == Engine::Postgres { "FROM \"users\"" } else { "FROM `users`" }
}

fn count(db: &Database) -> u64 {
    db.read(|session| session.query(User::query()).count()).unwrap()
}

#[test]
fn rows_that_stop_coming_halfway_are_a_lost_connection_and_none_of_them_is_taken() {
    let db = with_many_users();
    for way in WAYS {
        for bytes in [2_000, 100_001, 500_000] {
            let (far, relay) = behind_a_relay(&db);
            let mut session = far.session().unwrap();
            relay.break_at(from_users(), way(bytes));
            let error = session.query(User::query()).all().unwrap_err();
            assert!(error.is_disconnected() && error.is_retryable(), "{:?}: {error:?}", way(bytes));
            assert!(session.in_transaction(), "it is over only when it is left");
            drop(session);
            // And the pool goes on by itself.
            assert_eq!(count(&far), MANY.unsigned_abs());
        }
    }
}

#[test]
fn pages_that_stop_coming_halfway_do_not_end_like_the_last_one() {
    let db = with_many_users();
    for way in WAYS {
        let (far, relay) = behind_a_relay(&db);
        let mut session = far.session().unwrap();
        let mut pages = session.every::<User>(1_000);
        assert_eq!(pages.next_rows(&mut session).unwrap().map(|page| page.len()), Some(1_000));
        relay.break_at(from_users(), way(50_000));
        let error = pages.next_rows(&mut session).unwrap_err();
        assert!(error.is_disconnected(), "{:?}: {error:?}", way(50_000));
    }
}

#[test]
fn keys_that_stop_coming_halfway_are_on_no_row_and_the_unit_is_run_again() {
    for way in WAYS {
        // In the answer to the INSERT, and in the keys: on PostgreSQL they are in that answer, elsewhere in the next.
        for bytes in [5, 300, 900] {
            let db = fixture(module_path!());
            let (far, relay) = behind_a_relay(&db);
            relay.break_at("INSERT INTO", way(bytes));
            let mut tries = 0;
            let keys = far.retrying(Retry::default(), |session| -> Result<Vec<_>> {
                tries += 1;
                let added: Vec<_> = (1..=100).map(|number| session.add(new(number))).collect();
                let flushed = session.flush();
                let keys: Vec<_> = added.iter().filter_map(|user| session.key(*user).ok()).collect();
                assert_eq!(keys.len(), if flushed.is_ok() { 100 } else { 0 });
                flushed.map(|()| keys)
            });
            let keys = keys.unwrap();
            assert_eq!((tries, count(&db)), (2, 100), "{:?}", way(bytes));
            for (number, key) in (1..).zip(keys) {
                let user = db.read(|session| session.get_one::<User>(key).and_then(|user| session.view(user).cloned()));
                assert_eq!(user.unwrap().user_id, number);
            }
        }
    }
}

#[test]
fn a_commit_whose_answer_stops_halfway_is_of_unknown_fate() {
    for way in WAYS {
        let db = fixture(module_path!());
        let (far, relay) = behind_a_relay(&db);
        relay.break_at("COMMIT", way(3));
        let mut tries = 0;
        let done = far.retrying(Retry::default(), |session| -> Result<()> {
            tries += 1;
            session.add(new(1));
            Ok(())
        });
        let error = done.unwrap_err();
        assert!(error.is_commit_unknown() && !error.is_retryable() && tries == 1, "{:?}: {error:?}", way(3));
        assert_eq!(count(&db), 1);
    }
}
