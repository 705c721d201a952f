//! How far units of work are kept apart from each other (13, 17): what is sent, and what comes of it.

use std::time::Duration;

use diesel::{Connection as _, ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use folio::connection::{EchoOptions, Isolation};
use folio::database::{Options, Retry};
use folio::models::{NewUser, User};
use folio::schema::users;
use folio::{Database, Error, Handle, Result, Session};

use super::domain::*;
use crate::support::fixture::{engine, fixture};
use crate::support::recorder::Recorder;

const LEVELS: [(Isolation, &str); 3] = [
    (Isolation::ReadCommitted, "READ COMMITTED"),
    (Isolation::RepeatableRead, "REPEATABLE READ"),
    (Isolation::Serializable, "SERIALIZABLE"),
];

fn number_of_ann(session: &mut Session<'_>) -> Result<i64> {
    Ok(session.rows(authors::table.filter(authors::id.eq(ANN)).select(authors::number))?[0])
}

#[test]
fn b013_the_isolation_level_goes_with_begin_and_lasts_until_another_is_set() -> Result<()> {
    let (_library, mut session, recorder) = open();
    for (level, name) in LEVELS {
        session.set_isolation(level)?;
        assert!(recorder.sql().is_empty());
        for _ in 0..2 {
            number_of_ann(&mut session)?;
            session.commit()?;
            let sent = recorder.sql();
            assert_eq!(sent[..sent.len() - 2], begins(name));
        }
    }
    session.set_isolation(None)?;
    number_of_ann(&mut session)?;
    assert_eq!(recorder.sql()[0], "BEGIN IMMEDIATE");
    Ok(())
}

#[test]
fn b013_a_unit_takes_its_level_from_the_database_unless_it_says_its_own() -> Result<()> {
    Recorder::install(engine(module_path!()));
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

#[test]
fn b013_a_reading_unit_sees_one_moment_whatever_its_level() -> Result<()> {
    let library = Library::new();
    for (level, _) in LEVELS {
        let mut reader = library.reader();
        reader.set_isolation(level)?;
        let before = number_of_ann(&mut reader)?;
        if level < Isolation::Serializable || !can(Capability::KeepApartLess) {
            library.elsewhere("UPDATE authors SET number = number + 1 WHERE id = 1");
        }
        assert_eq!(number_of_ann(&mut reader)?, before);
        reader.commit()?;
    }
    Ok(())
}

#[test]
fn b013_the_level_of_a_transaction_that_is_open_cannot_be_changed() -> Result<()> {
    let (library, mut session, _recorder) = open();
    number_of_ann(&mut session)?;
    let error = session.set_isolation(Isolation::Serializable).unwrap_err();
    assert!(matches!(error, Error::AlreadyInTransaction), "{error}");
    session.commit()?;
    session.set_isolation(Isolation::Serializable)?;
    // Nor that of someone else's, in which this session's is a savepoint.
    let mut connection = library.connect();
    connection.begin_test_transaction().unwrap();
    let mut within = Session::on(&mut connection);
    within.set_isolation(Isolation::Serializable)?;
    let error = number_of_ann(&mut within).unwrap_err();
    assert!(matches!(error, Error::AlreadyInTransaction), "{error}");
    within.set_isolation(None)?;
    assert_eq!(number_of_ann(&mut within)?, 10);
    Ok(())
}

#[test]
fn b017_what_others_commit_is_seen_between_two_reads_or_not_as_the_level_says() -> Result<()> {
    if !can(Capability::KeepApartLess) {
        return Ok(());
    }
    let library = Library::new();
    for (level, seen) in [(Isolation::ReadCommitted, 11), (Isolation::RepeatableRead, 10)] {
        let mut session = library.session();
        session.set_isolation(level)?;
        assert_eq!(number_of_ann(&mut session)?, 10);
        library.elsewhere("UPDATE authors SET number = 11 WHERE id = 1");
        assert_eq!(number_of_ann(&mut session)?, seen, "{level:?}");
        session.commit()?;
        assert_eq!(number_of_ann(&mut session)?, 11, "{level:?}");
        session.rollback()?;
        library.elsewhere("UPDATE authors SET number = 10 WHERE id = 1");
    }
    Ok(())
}

/// Two units read two rows, and each changes one of them; gives what they fail with.
fn cross(library: &Library, level: Isolation) -> Result<Vec<Error>> {
    let mut sessions = [library.session(), library.session()];
    let mut read: Vec<Result<[Handle<Author>; 2]>> = Vec::new();
    for session in &mut sessions {
        session.set_isolation(level)?;
        let ann = session.get_one::<Author>(ANN);
        read.push(ann.and_then(|ann| Ok([ann, session.get_one::<Author>(BEN)?])));
    }
    let mut done = Vec::new();
    for (number, (session, authors)) in sessions.iter_mut().zip(read).enumerate() {
        done.push(authors.and_then(|authors| {
            session.edit(authors[number])?.email = Some(format!("{level:?}"));
            session.flush()
        }));
    }
    let commits = sessions.iter_mut().zip(done).map(|(session, done)| done.and_then(|()| session.commit()));
    Ok(commits.filter_map(Result::err).collect())
}

#[test]
fn b017_of_two_serializable_units_that_each_read_what_the_other_changes_one_is_refused() -> Result<()> {
    let library = Library::new();
    let changed = |level: &str| library.see(&format!("SELECT COUNT(*) FROM authors WHERE email = '{level}'"));
    let refused = cross(&library, Isolation::Serializable)?;
    assert!(matches!(refused.as_slice(), [error] if error.is_retryable()), "{refused:?}");
    assert_eq!(changed("Serializable"), "1");
    if can(Capability::KeepApartLess) {
        let refused = cross(&library, Isolation::RepeatableRead)?;
        assert!(refused.is_empty(), "{refused:?}");
        assert_eq!(changed("RepeatableRead"), "2");
    }
    Ok(())
}

#[test]
fn b013_a_serializable_unit_that_met_another_runs_again() -> Result<()> {
    if !can(Capability::FindConflictsAtTheEnd) {
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
