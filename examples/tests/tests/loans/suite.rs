//! A database for each test, fixtures, a clock, the SQL of a piece of work, and work that is undone.

use std::time::Duration;

use diesel_migrate::Migrate as _;
use diesel_session::prelude::*;
use diesel_session::testing::{Clock, TestDatabase, assert_statement_count, assert_statements, rolled_back};
use folio_example_tests::{Book, Lent, Loan, MIGRATIONS, NewBook, PERIOD, lend, reminders, take_back};
use folio_testing::{engine, existing};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A database of the test's own, with the library's tables. A program takes the URL from a variable instead.
fn database() -> TestDatabase {
    let db = TestDatabase::new(&existing(engine(module_path!()))).unwrap();
    db.migrate(&MIGRATIONS).unwrap();
    db
}

/// A fixture: three books.
fn books(session: &mut Session<'_>) -> Result<[Handle<Book>; 3]> {
    let [first, second, third] = ["Momo", "The Little Prince", "Emil"].map(NewBook::new);
    Ok([session.add(first?), session.add(second?), session.add(third?)])
}

#[test]
fn a_book_is_lent_to_one_reader_at_a_time() -> Result<()> {
    let db = database();
    let clock = Clock::at("2026-01-01T12:00:00Z".parse()?);
    let momo = db.begin(|session| {
        let [momo, ..] = books(session)?;
        assert_eq!(lend(session, momo, "Ann")?, Lent::Until("2026-01-15T12:00:00Z".parse()?));
        assert_eq!(lend(session, momo, "Ben")?, Lent::Already { reader: "Ann".to_owned() });
        session.key(momo)
    })?;
    clock.advance(DAY);
    db.begin(|session| take_back(session, momo))?;
    db.begin(|session| {
        let momo = session.get_one::<Book>(momo)?;
        assert_eq!(lend(session, momo, "Ben")?, Lent::Until("2026-01-16T12:00:00Z".parse()?));
        Ok(())
    })
}

#[test]
fn readers_are_reminded_when_the_time_has_passed_and_by_one_select() -> Result<()> {
    let db = database();
    let clock = Clock::at("2026-01-01T12:00:00Z".parse()?);
    db.begin(|session| -> Result<()> {
        for (book, reader) in books(session)?.into_iter().zip(["Ann", "Ben", "Eve"]) {
            lend(session, book, reader)?;
            clock.advance(DAY);
        }
        Ok(())
    })?;
    clock.set("2026-01-01T12:00:00Z".parse()?);
    clock.advance(PERIOD);
    assert_eq!(db.read(reminders)?, [], "the first is due in this moment");
    clock.advance(2 * DAY);
    let late = assert_statement_count!(1..=1, db.read(reminders)?);
    let late: Vec<String> = late.iter().map(ToString::to_string).collect();
    assert_eq!(late, ["Dear Ann, please return 'Momo'.", "Dear Ben, please return 'The Little Prince'."]);
    Ok(())
}

#[test]
fn books_are_added_by_one_insert_and_taken_back_by_one_delete() -> Result<()> {
    let db = database();
    let _clock = Clock::at("2026-01-01T12:00:00Z".parse()?);
    let momo = db.begin(|session| {
        let [momo, ..] = assert_statements!(
            {
                let books = books(session)?;
                session.flush()?;
                books
            },
            ["INSERT INTO books (title) VALUES (?), (?), (?)…"]
        );
        lend(session, momo, "Ann")?;
        session.key(momo)
    })?;
    assert_statements!(
        db.begin(|session| take_back(session, momo))?,
        ["SELECT loans.id, loans.book_id, loans.reader, loans.due FROM loans…", "DELETE FROM loans WHERE id = ?"]
    );
    Ok(())
}

#[test]
fn what_a_test_does_in_a_shared_database_is_undone() -> Result<()> {
    let shared = database();
    for _ in 0..2 {
        let db = rolled_back(&shared)?;
        db.begin(|session| -> Result<()> {
            let [momo, ..] = books(session)?;
            lend(session, momo, "Ann")?;
            Ok(())
        })?;
        assert_eq!(db.read(|session| session.query(Loan::query()).count())?, 1);
    }
    assert_eq!(shared.read(|session| session.query(Book::query()).count())?, 0);
    Ok(())
}
