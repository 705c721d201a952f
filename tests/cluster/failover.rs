//! PostgreSQL: the primary is killed under load and its standby promoted, behind one multi-host URL.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_session::{Error, Result};
use folio::Database;
use folio::connection::Access;
use folio::database::{Options, Retry};
use folio::migrations::Migrate as _;
use folio::models::{NewNote, NewResume, NewUser, Note, User};
use folio::schema::{notes, resumes};
use folio::types::Id;

use super::watch::{Stop, until};
use folio_testing::clusters::Pair;

const WRITERS: usize = 4;

/// Longer than any fail-over here takes.
fn patient() -> Retry {
    Retry::default().attempts(600).longest(Duration::from_millis(200))
}

/// A database on the pair with one user.
fn database(pair: &Pair, options: Options) -> (Database, Id<User>) {
    let db = Database::open_with(&pair.url("folio"), options.access(Access::Create)).unwrap();
    db.migrate().unwrap();
    let user = db.begin(|session| {
        let user = session.add(NewUser::new(1, "step")?);
        session.detach(user)
    });
    (db, user.unwrap().id)
}

/// The unit of work of this test: two rows in two tables, both under its name.
fn unit(session: &mut folio::Session<'_>, user: Id<User>, name: &str) -> Result<()> {
    session.add(NewNote::new(name, user)?);
    session.add(NewResume::new(user, name)?);
    session.flush()
}

/// What a program does whose unit ended with `CommitUnknown`: it looks for something that only this unit writes.
fn is_there(db: &Database, name: &str) -> Result<bool> {
    db.retrying(patient(), |session| session.query(Note::all().filter(notes::name.eq(name))).exists())
}

#[derive(Default)]
struct Tally {
    acknowledged: AtomicUsize,
    unknown: AtomicUsize,
}

/// Does the unit until it is known to be done; it is never done again before a look says that it is not there.
fn surely(db: &Database, user: Id<User>, name: &str, tally: &Tally) {
    loop {
        match db.retrying(patient(), |session| unit(session, user, name)) {
            Ok(()) => break,
            Err(error) if error.is_commit_unknown() => {
                tally.unknown.fetch_add(1, Ordering::SeqCst);
                if is_there(db, name).unwrap() {
                    break;
                }
            }
            Err(error) => panic!("{name}: {error}"),
        }
    }
    tally.acknowledged.fetch_add(1, Ordering::SeqCst);
}

/// How many of the primary's connections wait for the standby in their COMMIT.
fn waiting_for_the_standby(watcher: &Database) -> i64 {
    let count = diesel::dsl::sql::<BigInt>("(SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep')");
    watcher.read(|session| session.rows::<i64, _>(diesel::select(count))).unwrap()[0]
}

#[test]
fn what_was_acknowledged_outlives_the_primary_once_and_the_program_goes_on_by_itself() {
    let mut pair = Pair::start();
    let (db, user) = database(&pair, Options::new().pool_timeout(Duration::from_secs(1)));
    let brief = Options::new().pool_timeout(Duration::from_secs(1));
    let watcher = Database::open_with(&pair.url("folio"), brief).unwrap();
    let (tally, stop, done) = (Tally::default(), Stop::default(), Mutex::new(Vec::new()));
    let (killed, in_the_middle) = (AtomicBool::new(false), AtomicBool::new(false));
    let mut attempts = 0;
    std::thread::scope(|scope| {
        let writing = stop.at_the_end();
        for writer in 0..WRITERS {
            let (db, tally, stop, done) = (&db, &tally, &stop, &done);
            scope.spawn(move || {
                for number in 0.. {
                    let name = format!("unit {writer}.{number}");
                    surely(db, user, &name, tally);
                    done.lock().unwrap().push(name);
                    if stop.is_told() {
                        break;
                    }
                }
            });
        }
        // One unit is in the middle of its work when the primary goes.
        let middle = scope.spawn(|| {
            db.retrying(patient(), |session| -> Result<()> {
                attempts += 1;
                unit(session, user, "in the middle")?;
                if attempts == 1 {
                    in_the_middle.store(true, Ordering::SeqCst);
                    until("the primary is killed", || killed.load(Ordering::SeqCst));
                }
                session.query(Note::all().filter(notes::name.eq("in the middle"))).one().map(drop)
            })
        });
        let acknowledged = || tally.acknowledged.load(Ordering::SeqCst);
        until("units are acknowledged", || acknowledged() > 100 && in_the_middle.load(Ordering::SeqCst));
        // Every writer is at its COMMIT then, and none of them is acknowledged.
        pair.freeze_standby();
        until("all wait for the standby", || waiting_for_the_standby(&watcher) == i64::try_from(WRITERS).unwrap());
        let before = acknowledged();
        pair.kill_primary();
        killed.store(true, Ordering::SeqCst);
        pair.thaw_standby();
        until("every COMMIT that was under way is known to be unknown", || {
            tally.unknown.load(Ordering::SeqCst) == WRITERS
        });
        // Nobody takes writes: that is said in bounded time, and another try may succeed.
        let started = Instant::now();
        let error = watcher.begin(|session| unit(session, user, "nobody hears")).unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }) && error.is_retryable(), "{error}");
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        pair.promote_standby();
        until("the program goes on", || acknowledged() > before + 100);
        drop(writing);
        middle.join().unwrap().unwrap();
    });
    assert!(attempts > 1);

    let mut expected = done.into_inner().unwrap();
    expected.push("in the middle".to_owned());
    expected.sort();
    let db = Database::open(&pair.url("folio")).unwrap();
    let names = notes::table.select(notes::name).order(notes::name);
    assert_eq!(db.read(|session| session.rows::<String, _>(names)).unwrap(), expected);
    let vacancies = resumes::table.select(resumes::vacancy).order(resumes::vacancy);
    assert_eq!(db.read(|session| session.rows::<String, _>(vacancies)).unwrap(), expected);
}

#[test]
fn a_write_on_a_standby_is_refused_as_read_only_and_not_tried_again() {
    let pair = Pair::start();
    let (_primary, user) = database(&pair, Options::new());
    let mut standby = None;
    until("the standby has the user", || {
        standby = Database::open(&pair.standby_url("folio")).ok();
        standby
            .as_ref()
            .is_some_and(|db| db.read(|session| session.query(User::all()).exists()).is_ok_and(|there| there))
    });
    let standby = standby.unwrap();
    let mut attempts = 0;
    let refused = standby.retrying(Retry::default(), |session| {
        attempts += 1;
        unit(session, user, "refused")
    });
    let error = refused.unwrap_err();
    assert!(matches!(error, Error::ReadOnlyDatabase { .. }), "{error}");
    assert_eq!(attempts, 1);
}
