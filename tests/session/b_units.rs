//! How far the units of a `Database` are kept apart from each other (13): the level, and the next try.

use std::time::Duration;

use diesel::{HasQuery as _, QueryDsl as _};
use diesel_session::{Database, Result, Session};
use folio::connection::{EchoOptions, Engine, Isolation};
use folio::database::{Options, Retry};
use folio::models::{NewUser, User};
use folio::schema::users;

use crate::support::{dialect, fixture};
use diesel_session_conformance::Recorder;
use folio_testing::engine;

#[test]
fn b013_a_unit_takes_its_level_from_the_database_unless_it_says_its_own() -> Result<()> {
    let engine = dialect(engine(module_path!()));
    Recorder::install(engine);
    let begins = |level: &str| match engine {
        Engine::Sqlite => vec!["BEGIN IMMEDIATE".to_owned()],
        Engine::Postgres => vec![format!("BEGIN ISOLATION LEVEL {level}")],
        _ => vec![format!("SET TRANSACTION ISOLATION LEVEL {level}; BEGIN")],
    };
    let place = fixture(module_path!());
    let options = Options::default().echo(EchoOptions::default()).isolation(Isolation::Serializable);
    let db = Database::open_with(place.url(), options)?;
    let recorder = Recorder::start();
    let count = |session: &mut Session<'static>| session.query(User::query()).count().map(drop);
    let begun = || {
        let sent = recorder.sql();
        sent[..sent.len() - 2].to_vec()
    };
    db.begin(count)?;
    assert_eq!(begun(), begins("SERIALIZABLE"));
    db.retrying(Retry::default(), count)?;
    assert_eq!(begun(), begins("SERIALIZABLE"));
    db.named("count").isolated(Isolation::RepeatableRead).begin(count)?;
    assert_eq!(begun(), begins("REPEATABLE READ"));
    db.isolated(Isolation::ReadCommitted).retrying(Retry::default(), count)?;
    assert_eq!(begun(), begins("READ COMMITTED"));
    let mut session = db.session()?;
    count(&mut session)?;
    session.commit()?;
    assert_eq!(begun(), begins("SERIALIZABLE"));
    place.begin(count)?;
    assert_eq!(begun(), ["BEGIN IMMEDIATE"]);
    Ok(())
}

/// Whether it is when the second of two transactions ends that the engine finds they cannot have run one after the
/// other; elsewhere the second one waits for the first.
fn finds_conflicts_at_the_end() -> bool {
    let engine = dialect(engine(module_path!()));
    let can = engine == Engine::Postgres;
    if !can {
        println!("{engine}: skipped: needs conflicts that are found at the end (FindConflictsAtTheEnd)");
    }
    can
}

#[test]
fn b013_a_serializable_unit_that_met_another_runs_again() -> Result<()> {
    if !finds_conflicts_at_the_end() {
        return Ok(());
    }
    let db = fixture(module_path!());
    db.begin(|session| -> Result<()> {
        for (number, name) in [(1, "one"), (2, "two")] {
            session.add(NewUser::new(number, name)?);
        }
        Ok(())
    })?;
    // Each renames one account by what it reads of both.
    let rename = |session: &mut Session<'static>, place: usize| -> Result<()> {
        let both = session.query(User::query().order(users::id)).all()?;
        let names: Vec<String> =
            both.iter().map(|user| Ok(session.view(*user)?.username.to_string())).collect::<Result<_>>()?;
        session.edit(both[place])?.username = names.join("+").try_into()?;
        Ok(())
    };
    let mut attempts = 0;
    let units = db.isolated(Isolation::Serializable);
    units.retrying(Retry::default().pause(Duration::ZERO), |session| -> Result<()> {
        attempts += 1;
        rename(session, 0)?;
        if attempts == 1 {
            units.begin(|other| rename(other, 1))?;
        }
        Ok(())
    })?;
    assert_eq!(attempts, 2);
    let names: Vec<String> = db.read(|session| session.rows(users::table.select(users::username).order(users::id)))?;
    assert_eq!(names, ["one+one+two", "one+two"]);
    Ok(())
}
