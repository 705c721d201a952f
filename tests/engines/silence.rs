//! A server that is there and does not answer: after `read_timeout` the connection is given up, and the work goes on.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_session::{Error, Result};
use folio::Database;
use folio::connection::{Access, Engine};
use folio::database::{DatabaseUrl, Options, Retry};
use folio::migrations::Migrate as _;
use folio::models::NewUser;
use folio::schema::users;

use super::opening::Place;
use super::{add, dialect, names};
use crate::support::{Fixture, fixture};
use folio_testing::relay::{Break, Relay};

/// Long enough for any answer here, on a busy machine.
const LIMIT: &str = "0.5";

/// Whether the error says that the server did not answer. After how long is not compared: which connection a client
/// library has lost is not known, and another test of this program may give one up at the same moment.
fn says_unanswered(error: &Error) -> bool {
    let said = error.to_string();
    said.contains("the server did not answer within ") && said.contains(" (read_timeout)")
}

/// The database behind a line that can fall silent, and which gives up after the limit.
fn behind_a_relay(db: &Fixture) -> (Database, Relay) {
    let place = Place::of(db.url());
    let relay = Relay::new("127.0.0.1", place.port).unwrap();
    let url = format!("{}?read_timeout={LIMIT}", place.through("127.0.0.1", relay.port()));
    (Database::open(&url).unwrap(), relay)
}

#[test]
fn a_statement_that_is_never_answered_ends_with_its_connection_and_says_after_which_time() {
    for when in [Break::SilentBefore, Break::SilentAfter] {
        let db = fixture(module_path!());
        let (far, relay) = behind_a_relay(&db);
        relay.break_at("INSERT INTO", when);
        let error = add(&far, 1, "step").unwrap_err();
        assert!(error.is_disconnected() && error.is_retryable(), "{when:?}: {error}");
        assert!(says_unanswered(&error), "{when:?}: {error}");
        assert!(names(&db).is_empty(), "{when:?}");
        // And the pool goes on by itself.
        add(&far, 2, "more").unwrap();
        assert_eq!(names(&far), ["more"], "{when:?}");
    }
}

#[test]
fn a_commit_that_is_never_answered_is_of_unknown_fate_whether_it_was_kept_or_not() {
    for (when, kept) in [(Break::SilentBefore, 0), (Break::SilentAfter, 1)] {
        let db = fixture(module_path!());
        let (far, relay) = behind_a_relay(&db);
        relay.break_at("COMMIT", when);
        let mut tries = 0;
        let done = far.retrying(Retry::default(), |session| -> Result<()> {
            tries += 1;
            session.add(NewUser::new(1, "step")?);
            Ok(())
        });
        let error = done.unwrap_err();
        assert!(error.is_commit_unknown() && !error.is_retryable() && tries == 1, "{when:?}: {error}");
        assert!(says_unanswered(&error), "{when:?}: {error}");
        assert_eq!(names(&far).len(), kept, "{when:?}");
    }
}

#[test]
fn a_unit_whose_statement_is_never_answered_is_run_again_on_another_connection() {
    let db = fixture(module_path!());
    let (far, relay) = behind_a_relay(&db);
    relay.break_at("INSERT INTO", Break::SilentAfter);
    let mut tries = 0;
    far.retrying(Retry::default(), |session| -> Result<()> {
        tries += 1;
        session.add(NewUser::new(1, "step")?);
        session.add(NewUser::new(2, "more")?);
        Ok(())
    })
    .unwrap();
    assert_eq!((tries, names(&db).len(), relay.lines()), (2, 2, 2));
}

#[test]
fn a_connection_whose_server_fell_silent_while_it_lay_in_the_pool_is_replaced_unseen() {
    let db = fixture(module_path!());
    let (far, relay) = behind_a_relay(&db);
    relay.fall_silent();
    add(&far, 1, "step").unwrap();
    assert_eq!((names(&db).len(), relay.lines()), (1, 2));
}

#[test]
fn a_probe_of_a_silent_connection_takes_no_longer_than_opening_one_may() {
    let db = fixture(module_path!());
    let place = Place::of(db.url());
    let relay = Relay::new("127.0.0.1", place.port).unwrap();
    // The limit for statements is that of the default, minutes.
    let options = Options::new().connect_timeout(Duration::from_secs(2)).pool_timeout(Duration::from_secs(20));
    let far = Database::open_with(&place.through("127.0.0.1", relay.port()), options).unwrap();
    relay.fall_silent();
    let started = Instant::now();
    add(&far, 1, "step").unwrap();
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
}

/// A statement that takes that long on the server.
fn sleep(seconds: f64) -> String {
    match dialect() {
        Engine::Postgres => format!("pg_sleep({seconds})::text"),
        _ => format!("CAST(SLEEP({seconds}) AS CHAR)"),
    }
}

#[test]
fn a_statement_that_takes_longer_than_the_limit_is_given_up_and_without_a_limit_it_is_not() {
    let db = fixture(module_path!());
    let ask = |url: &str, seconds: f64| -> Result<()> {
        let slept = diesel::select(diesel::dsl::sql::<Text>(&sleep(seconds)));
        Database::open(url)?.read(|session| session.rows::<String, _>(slept)).map(drop)
    };
    let error = ask(&format!("{}?read_timeout=0.2", db.url()), 60.0).unwrap_err();
    assert!(error.is_disconnected() && says_unanswered(&error), "{error}");
    for unlimited in [format!("{}?read_timeout=0", db.url()), db.url().to_owned()] {
        ask(&unlimited, 0.3).unwrap();
    }
}

#[test]
fn a_migration_may_take_longer_than_the_limit() {
    let place = Place::new();
    let relay = Relay::new("127.0.0.1", place.port).unwrap();
    let url = format!("{}?read_timeout=0.25", place.through("127.0.0.1", relay.port()));
    let far = Database::open_with(&url, Options::new().access(Access::Create)).unwrap();
    relay.break_at("CREATE TABLE", Break::Late);
    far.migrate().unwrap();
    relay.break_at("INSERT INTO", Break::Late);
    assert!(add(&far, 1, "step").unwrap_err().is_disconnected());
}

#[test]
fn a_pause_of_the_program_is_no_silence_of_the_server() {
    let db = fixture(module_path!());
    let limited = Database::open(&format!("{}?read_timeout=0.3", db.url())).unwrap();
    limited
        .begin(|session| -> Result<()> {
            session.add(NewUser::new(1, "step")?);
            session.flush()?;
            // On MySQL it is closed when it is done, and the server says nothing to that.
            session.execute(diesel::update(users::table).set(users::username.eq("more")))?;
            std::thread::sleep(Duration::from_millis(400));
            session.flush()?;
            Ok(())
        })
        .unwrap();
    assert_eq!(names(&limited), ["more"]);
}

#[test]
fn a_limit_that_is_no_number_of_seconds_is_refused() {
    let place = Place::new();
    for limit in ["", "x", "-1", "1s", "inf", "NaN"] {
        let refused = DatabaseUrl::parse(&format!("{}?read_timeout={limit}", place.at("app@127.0.0.1"))).unwrap_err();
        assert!(matches!(refused, Error::Url { .. }) && refused.to_string().contains("seconds"), "{limit}: {refused}");
    }
}
