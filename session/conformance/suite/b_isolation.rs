//! Isolation levels (13, 17): the SQL sent, and the effect.

use diesel::{Connection as _, ExpressionMethods as _, QueryDsl as _};
use diesel_session::connection::Isolation;
use diesel_session::{Error, Handle, Result};

use super::domain::*;

const LEVELS: [(Isolation, &str); 3] = [
    (Isolation::ReadCommitted, "READ COMMITTED"),
    (Isolation::RepeatableRead, "REPEATABLE READ"),
    (Isolation::Serializable, "SERIALIZABLE"),
];

fn number_of_ann(session: &mut Session<'_>) -> Result<i64> {
    Ok(session.rows(authors::table.filter(authors::id.eq(ANN)).select(authors::number))?[0])
}

pub fn b013_the_isolation_level_goes_with_begin_and_lasts_until_another_is_set() -> Result<()> {
    let (library, mut session, recorder) = open();
    for (level, name) in LEVELS {
        session.set_isolation(level)?;
        assert!(recorder.sql().is_empty());
        for _ in 0..2 {
            number_of_ann(&mut session)?;
            session.commit()?;
            let sent = recorder.sql();
            assert_eq!(sent[..sent.len() - 2], library.begins(name));
        }
    }
    session.set_isolation(None)?;
    number_of_ann(&mut session)?;
    assert_eq!(recorder.sql()[0], "BEGIN IMMEDIATE");
    Ok(())
}

pub fn b013_a_reading_unit_sees_one_moment_whatever_its_level() -> Result<()> {
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

pub fn b013_the_level_of_a_transaction_that_is_open_cannot_be_changed() -> Result<()> {
    let (library, mut session, _recorder) = open();
    number_of_ann(&mut session)?;
    let error = session.set_isolation(Isolation::Serializable).unwrap_err();
    assert!(matches!(error, Error::AlreadyInTransaction), "{error}");
    session.commit()?;
    session.set_isolation(Isolation::Serializable)?;
    // Nor can the level of an outer transaction, in which this session's is a savepoint.
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

pub fn b017_what_others_commit_is_seen_between_two_reads_as_the_level_determines() -> Result<()> {
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

/// Two units read two rows, and each changes one of them; returns their errors.
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

pub fn b017_of_two_serializable_units_that_each_read_what_the_other_changes_one_is_refused() -> Result<()> {
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
