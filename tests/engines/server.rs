//! The suite of a server; the module that takes it in bears the engine's name.

mod halfway;
mod opening;
#[cfg(feature = "cli")]
mod program;
mod silence;
mod sizes;

use std::net::TcpListener;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_session::{Error, Result};
use folio::Database;
use folio::connection::{Access, Engine};
use folio::database::{Options, Retry};
use folio::migrations::Migrate as _;
use folio::migrations::SchemaState;
use folio::models::{NewNote, NewUser, Note, User};
use folio::schema::users;
use folio::types::{Id, Timestamp};

use crate::support::{address, engine, fixture};

fn dialect() -> Engine {
    crate::support::dialect(engine(module_path!()))
}

fn add(db: &Database, number: i64, name: &str) -> Result<()> {
    db.begin(|session| {
        session.add(NewUser::new(number, name)?);
        Ok(())
    })
}

fn names(db: &Database) -> Vec<String> {
    let users: Vec<User> = db.read(|session| session.rows(User::all())).unwrap();
    users.into_iter().map(|user| user.username.to_string()).collect()
}

/// The number by which the server knows the connection of a session.
fn line(session: &mut folio::Session<'_>) -> i64 {
    let ask = match dialect() {
        Engine::Postgres => "pg_backend_pid()::bigint",
        _ => "CAST(CONNECTION_ID() AS SIGNED)",
    };
    session.rows::<i64, _>(diesel::select(diesel::dsl::sql::<BigInt>(ask))).unwrap()[0]
}

/// Cuts a connection as an administrator would.
fn cut(db: &Database, line: i64) {
    let cut = match dialect() {
        Engine::Postgres => format!("SELECT pg_terminate_backend({line}, 5000)"),
        _ => format!("KILL {line}"),
    };
    db.connection().unwrap().batch_execute(&cut).unwrap();
}

#[test]
fn a_missing_database_is_made_only_when_asked_for() {
    let (url, _) = address(engine(module_path!()));
    let refused = Database::open(&url).unwrap_err();
    assert!(matches!(refused, Error::NoDatabase { .. }), "{refused}");
    assert!(refused.to_string().starts_with("there is no database at "), "{refused}");
    let made = Database::open_with(&url, Options::new().access(Access::Create)).unwrap();
    assert!(made.created());
    assert_eq!(made.schema_state().unwrap(), SchemaState::Empty);
    assert!(!Database::open_with(&url, Options::new().access(Access::Create)).unwrap().created());
}

#[test]
fn a_name_with_signs_in_it_is_a_name_like_any_other() {
    let (url, _) = address(engine(module_path!()));
    let db = Database::open_with(&format!("{url}%20r%C3%A9sum%C3%A9s%22%60"), Options::new().access(Access::Create));
    let db = db.unwrap();
    db.migrate().unwrap();
    add(&db, 1, "step").unwrap();
    assert_eq!(names(&db), ["step"]);
}

#[test]
fn a_refused_line_is_told_without_the_password() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let scheme = if dialect() == Engine::Postgres { "postgres" } else { "mariadb" };
    let refused = Database::open(&format!("{scheme}://app:SECRET@127.0.0.1:{free}/folio")).unwrap_err();
    assert!(matches!(refused, Error::Open { .. }), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("SECRET"), "{refused:?}");
}

#[test]
fn a_server_that_accepts_and_says_nothing_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let scheme = if dialect() == Engine::Postgres { "postgres" } else { "mysql" };
    let url = format!("{scheme}://app@127.0.0.1:{}/folio", silent.local_addr().unwrap().port());
    let started = Instant::now();
    let refused = Database::open_with(&url, Options::new().connect_timeout(Duration::from_secs(2))).unwrap_err();
    assert!(matches!(refused, Error::Open { .. }), "{refused}");
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[test]
fn a_line_that_breaks_in_the_middle_keeps_nothing_and_the_pool_goes_on() {
    let db = fixture(module_path!());
    let mut session = db.session().unwrap();
    session.add(NewUser::new(1, "lost").unwrap());
    session.flush().unwrap();
    let line = line(&mut session);
    cut(&db, line);
    session.add(NewUser::new(2, "lost too").unwrap());
    let error = session.flush().unwrap_err();
    assert!(error.is_disconnected() && error.is_retryable(), "{error}");
    drop(session);
    add(&db, 3, "kept").unwrap();
    assert_eq!(names(&db), ["kept"]);
}

#[test]
fn a_line_that_breaks_at_commit_leaves_the_fate_unknown_and_is_not_tried_again() {
    let db = fixture(module_path!());
    let mut tries = 0;
    let done = db.retrying(Retry::default(), |session| -> Result<()> {
        tries += 1;
        session.add(NewUser::new(1, "step")?);
        session.flush()?;
        let line = line(session);
        cut(&db, line);
        Ok(())
    });
    let error = done.unwrap_err();
    assert!(error.is_commit_unknown() && !error.is_retryable(), "{error}");
    assert_eq!(tries, 1);
}

#[test]
fn a_statement_that_somebody_cancels_is_an_error_and_not_sent_again() {
    let db = fixture(module_path!());
    add(&db, 1, "step").unwrap();
    let patient = Database::open_with(db.url(), Options::new().busy_timeout(Duration::from_secs(60))).unwrap();
    let rename = || diesel::update(users::table).set(users::username.eq("more"));
    let mut holder = db.session().unwrap();
    holder.execute(rename()).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut tries = 0;
            let done = patient.retrying(Retry::default(), |session| -> Result<()> {
                tries += 1;
                tell.send(line(session)).unwrap();
                session.execute(rename()).map(drop)
            });
            (done, tries)
        });
        let line = told.recv().unwrap();
        let other = Database::open(db.url()).unwrap();
        let (waits, cancel) = match dialect() {
            Engine::Postgres => (
                format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {line} AND wait_event_type = 'Lock'"),
                format!("SELECT pg_cancel_backend({line})"),
            ),
            _ => (
                format!(
                    "SELECT count(*) FROM information_schema.processlist WHERE id = {line} AND info LIKE '%UPDATE%'"
                ),
                format!("KILL QUERY {line}"),
            ),
        };
        opening::until(&other, &waits);
        other.connection().unwrap().batch_execute(&cancel).unwrap();
        let (done, tries) = waiting.join().unwrap();
        let error = done.unwrap_err();
        assert!(matches!(error, Error::Database { .. }) && !error.is_retryable() && tries == 1, "{tries}: {error}");
    });
    holder.rollback().unwrap();
    // The connection is as good as before.
    add(&patient, 2, "more").unwrap();
    assert_eq!(names(&db).len(), 2);
}

#[test]
fn a_connection_that_broke_while_it_lay_in_the_pool_is_replaced() {
    let db = fixture(module_path!());
    let line = db.read(|session| Ok::<_, Error>(line(session))).unwrap();
    let other = Database::open(db.url()).unwrap();
    cut(&other, line);
    add(&db, 1, "step").unwrap();
    assert_eq!(names(&db), ["step"]);
}

#[test]
fn units_that_lock_each_other_out_are_run_again_until_both_are_done() {
    let db = fixture(module_path!());
    add(&db, 1, "one").unwrap();
    add(&db, 2, "two").unwrap();
    let both_hold_one = Barrier::new(2);
    std::thread::scope(|scope| {
        for order in [[1, 2], [2, 1]] {
            let (db, both_hold_one) = (&db, &both_hold_one);
            scope.spawn(move || {
                let mut first_try = true;
                db.retrying(Retry::default(), |session| -> Result<()> {
                    for number in order {
                        let grow = diesel::update(users::table.filter(users::user_id.eq(number)));
                        let longer = diesel::dsl::sql::<Text>("CONCAT(username, '!')");
                        session.execute(grow.set(users::username.eq(longer)))?;
                        if std::mem::take(&mut first_try) {
                            both_hold_one.wait();
                        }
                    }
                    Ok(())
                })
                .unwrap();
            });
        }
    });
    assert_eq!(names(&db), ["one!!", "two!!"]);
}

#[test]
fn units_of_32_writers_on_10_rows_are_all_done_without_a_policy_of_their_own() {
    let db = fixture(module_path!());
    let many = Database::open_with(db.url(), Options::new().pool_size(32)).unwrap();
    let notes = db.begin(|session| {
        let user = session.add(NewUser::new(1, "step")?);
        let notes: Vec<_> =
            (0..10).map(|n| Ok(session.add(NewNote::new(format!("note {n}"), user)?))).collect::<Result<_>>()?;
        notes.into_iter().map(|note| Ok(session.detach(note)?.id)).collect::<Result<Vec<Id<Note>>>>()
    });
    let notes = notes.unwrap();
    let failures: Vec<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..32_usize)
            .map(|writer| {
                let (many, notes) = (&many, &notes);
                scope.spawn(move || {
                    let unit = |turn: usize| {
                        many.retrying(Retry::default(), |session| -> Result<()> {
                            let note = session.get_one::<Note>(notes[(writer + turn * 3) % notes.len()])?;
                            let body = format!("{}!", session.row(note)?.body);
                            session.edit(note)?.body = body.try_into()?;
                            Ok(())
                        })
                    };
                    (0..10).filter_map(|turn| unit(turn).err()).map(|e| e.to_string()).collect::<Vec<_>>()
                })
            })
            .collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{} of 320 given up: {failures:#?}", failures.len());
    let bodies: Vec<Note> = db.read(|session| session.rows(Note::all())).unwrap();
    assert_eq!(bodies.iter().map(|note| note.body.to_string().len()).sum::<usize>(), 320);
}

#[test]
fn units_that_look_before_they_add_the_same_value_are_run_again_until_they_find_it() {
    let db = fixture(module_path!());
    let both_looked = Barrier::new(2);
    let added = std::thread::scope(|scope| {
        let units = [(); 2].map(|()| {
            scope.spawn(|| {
                let mut first_try = true;
                db.retrying(Retry::default().also_after_unique(), |session| -> Result<bool> {
                    let there = session.query(User::all().filter(users::user_id.eq(1))).exists()?;
                    if std::mem::take(&mut first_try) {
                        both_looked.wait();
                    }
                    if !there {
                        session.add(NewUser::new(1, "step")?);
                    }
                    Ok(!there)
                })
                .unwrap()
            })
        });
        units.map(|unit| unit.join().unwrap())
    });
    assert_eq!(added.iter().filter(|added| **added).count(), 1, "{added:?}");
    assert_eq!(names(&db), ["step"]);
}

#[test]
fn a_value_that_is_refused_in_the_same_words_twice_was_nobody_else_s_doing() {
    let db = fixture(module_path!());
    add(&db, 1, "step").unwrap();
    for (retry, expected) in [(Retry::default().also_after_unique(), 2), (Retry::default(), 1)] {
        let mut attempts = 0;
        let refused: Result<()> = db.retrying(retry.pause(Duration::ZERO), |session| {
            attempts += 1;
            session.add(NewUser::new(1, "again")?);
            session.flush()
        });
        let refused = refused.unwrap_err();
        assert!(refused.is_unique() && attempts == expected, "{attempts}: {refused:?}");
    }
}

#[test]
fn a_row_that_changed_between_its_reading_and_its_writing_runs_the_unit_again() {
    let db = fixture(module_path!());
    let read = db.begin(|session| {
        let user = session.add(NewUser::new(1, "step")?);
        let note = session.add(NewNote::new("note", user)?);
        session.detach(note)
    });
    let read: Note = read.unwrap();
    let change = |session: &mut folio::Session<'_>, more: &str| {
        let note = session.get_one::<Note>(read.id)?;
        let body = format!("{}{more}", session.row(note)?.body);
        session.edit(note)?.body = body.try_into()?;
        Ok::<(), Error>(())
    };
    let mut attempts = 0;
    db.retrying(Retry::default(), |session| {
        attempts += 1;
        let note = session.get_one::<Note>(read.id)?;
        let body = format!("{}!", session.row(note)?.body);
        if attempts == 1 {
            db.begin(|other| change(other, "?"))?;
        }
        session.edit(note)?.body = body.try_into()?;
        Ok::<(), Error>(())
    })
    .unwrap();
    assert_eq!(attempts, 2);
    let body: Vec<Note> = db.read(|session| session.rows(Note::all())).unwrap();
    assert_eq!(body[0].body.to_string(), "?!");

    // What was shown before the unit began is as stale in every attempt.
    attempts = 0;
    let stale = db.retrying(Retry::default().attempts(3).pause(Duration::ZERO), |session| {
        attempts += 1;
        let note = session.attach(Note { name: "renamed".try_into()?, ..read.clone() })?;
        session.view(note).map(drop)
    });
    assert!(stale.unwrap_err().is_stale());
    assert_eq!(attempts, 3);
}

#[test]
fn a_server_that_only_reads_is_not_called_by_the_name_of_a_table() {
    let db = fixture(module_path!());
    let mut connection = db.connection().unwrap();
    let only_reads = match dialect() {
        Engine::Postgres => "SET default_transaction_read_only = on",
        _ => "SET SESSION TRANSACTION READ ONLY",
    };
    connection.batch_execute(only_reads).unwrap();
    let refused = folio::Session::on(&mut *connection).begin(|session| -> Result<()> {
        session.add(NewUser::new(1, "step")?);
        Ok(())
    });
    let said = refused.unwrap_err().to_string();
    assert!(said.starts_with("the database behind this connection is read-only: "), "{said}");
}

#[test]
fn a_time_that_the_server_cannot_hold_is_named_and_not_said_to_be_missing() {
    let db = fixture(module_path!());
    let user = |id: i64, moment: &str| User {
        id: Id::new(id),
        user_id: id,
        username: "step".try_into().unwrap(),
        email: None,
        created_at: moment.parse().unwrap(),
        updated_at: Timestamp::now(),
        name: None,
        kind: None,
        url: None,
        company: None,
        location: None,
    };
    let rows = [user(1, "2001-01-01T00:00:00Z"), user(2, "1955-11-05T06:00:00Z"), user(3, "2001-01-01T00:00:00Z")];
    let said = db.begin(|session| session.insert_whole(&rows)).map_err(|refused| refused.to_string());
    let refusal = "created_at: users cannot hold 1955-11-05T06:00:00 on this engine, which makes NULL of it";
    let can = engine(module_path!()).holds_times_before_1970();
    assert_eq!(said, if can { Ok(()) } else { Err(refusal.to_owned()) });
}
