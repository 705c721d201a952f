//! Statements and values that are larger than the server takes: an error of their own, sent once.

use diesel::ExpressionMethods as _;
use diesel::dsl::sql;
use diesel::sql_types::{BigInt, Text};
use diesel_session::{Error, Result};
use folio::Database;
use folio::connection::Engine;
use folio::database::Retry;
use folio::models::{NewNote, NewUser, Note};
use folio::schema::notes;

use super::{dialect, names};
use crate::support::fixture;

/// How long a statement may be, where the server says less than a gigabyte.
fn limit(db: &Database) -> Option<usize> {
    if dialect() == Engine::Postgres {
        println!("skipped: needs a limit of a statement that a test can exceed (LimitsStatements)");
        return None;
    }
    let limit: Vec<i64> =
        db.read(|session| session.rows(diesel::select(sql::<BigInt>("CAST(@@max_allowed_packet AS SIGNED)")))).unwrap();
    Some(usize::try_from(limit[0]).unwrap())
}

/// Adds a user and a note of that length, as `retrying` does it; gives what came of it and how often it was tried.
fn add_note(db: &Database, length: usize) -> (Result<()>, usize) {
    let mut tries = 0;
    let body = "x".repeat(length);
    let added = db.retrying(Retry::default(), |session| -> Result<()> {
        tries += 1;
        let user = session.add(NewUser::new(1, "step")?);
        session.add(NewNote { body: body.as_str().try_into()?, ..NewNote::new("long", user)? });
        session.flush()
    });
    (added, tries)
}

#[test]
fn a_row_longer_than_a_statement_may_be_is_an_error_of_its_own_and_sent_once() {
    let db = fixture(module_path!());
    let Some(limit) = limit(&db) else { return };
    // A little too long, so that the server reads it and says so; and so long that it hangs up while it is sent.
    for length in [limit + 1, limit * 2] {
        let (refused, tries) = add_note(&db, length);
        let refused = refused.unwrap_err();
        assert!(matches!(refused, Error::StatementTooLarge { .. }), "{refused:?}");
        assert!(!refused.is_retryable() && tries == 1, "{tries}");
        assert!(refused.to_string().contains("max_allowed_packet"), "{refused}");
        assert!(names(&db).is_empty());
    }
    let (added, _) = add_note(&db, limit - 1_000);
    added.unwrap();
    assert_eq!(names(&db), ["step"]);
}

#[test]
fn rows_that_are_too_long_for_one_statement_together_go_by_several() {
    let db = fixture(module_path!());
    let Some(limit) = limit(&db) else { return };
    let body = "x".repeat(limit / 4);
    db.begin(|session| -> Result<()> {
        let user = session.add(NewUser::new(1, "step")?);
        let notes =
            (0..5).map(|_| Ok(session.add(NewNote { body: body.as_str().try_into()?, ..NewNote::new("long", user)? })));
        let notes = notes.collect::<Result<Vec<_>>>()?;
        session.flush()?;
        for note in notes {
            session.edit(note)?.body = body.replace('x', "y").as_str().try_into()?;
        }
        Ok(())
    })
    .unwrap();
    let stored = sql::<BigInt>("(SELECT CAST(SUM(LENGTH(body)) AS SIGNED) FROM notes)");
    let bytes: Vec<i64> = db.read(|session| session.rows(diesel::select(stored))).unwrap();
    assert_eq!(bytes, [i64::try_from(body.len() * 5).unwrap()]);
}

#[test]
fn a_change_longer_than_a_statement_may_be_is_an_error_of_its_own_and_sent_once() {
    let db = fixture(module_path!());
    let Some(limit) = limit(&db) else { return };
    add_note(&db, 1).0.unwrap();
    let (body, mut tries) = ("y".repeat(limit * 2), 0);
    let refused = db.retrying(Retry::default(), |session| -> Result<()> {
        tries += 1;
        let note = session.query::<Note, _>(Note::all()).one()?;
        session.edit(note)?.body = body.as_str().try_into()?;
        Ok(())
    });
    let refused = refused.unwrap_err();
    assert!(matches!(refused, Error::StatementTooLarge { .. }) && tries == 1, "{tries}: {refused:?}");
}

#[test]
fn a_statement_of_diesel_s_that_is_too_long_is_an_error_of_its_own_and_sent_once_with_an_echo_and_without() {
    let db = fixture(module_path!());
    let Some(limit) = limit(&db) else { return };
    add_note(&db, 1).0.unwrap();
    let body = "y".repeat(limit * 2);
    for db in [&Database::open(db.url()).unwrap(), &*db] {
        let mut tries = 0;
        let refused = db.retrying(Retry::default(), |session| -> Result<()> {
            tries += 1;
            session.execute(diesel::update(notes::table).set(notes::body.eq(&body))).map(drop)
        });
        let refused = refused.unwrap_err();
        assert!(matches!(refused, Error::StatementTooLarge { .. }) && tries == 1, "{tries}: {refused:?}");
        assert_eq!(db.read(|session| session.query(Note::all()).count()).unwrap(), 1);
    }
}

#[test]
fn a_value_larger_than_any_can_be_is_an_error_of_its_own() {
    let db = fixture(module_path!());
    if dialect() == Engine::Mysql {
        // It makes NULL of a result that is too long and only warns.
        println!("skipped: needs a server that refuses long results (RefusesLongResults)");
        return;
    }
    let value = diesel::select(sql::<Text>("repeat('x', 1073741824)"));
    let refused = db.read(|session| session.rows::<String, _>(value)).unwrap_err();
    assert!(matches!(refused, Error::StatementTooLarge { .. }) && !refused.is_retryable(), "{refused:?}");
}
