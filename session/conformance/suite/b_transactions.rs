//! Engine and echo (4–6), transaction scope (7–20).

use diesel::connection::SimpleConnection as _;
use diesel::{HasQuery as _, RunQueryDsl as _};
use diesel_session::connection::{EchoOptions, Mode};
use diesel_session::{Error, Result, State};

use super::domain::*;

const INSERT_AUTHOR: &str = "INSERT INTO authors (number, name, email) VALUES (?, ?, ?) RETURNING id, number";

pub fn b005_each_statement_is_echoed_once_with_binds_rows_and_duration() -> Result<()> {
    let (_library, mut session, recorder) = open();
    session.begin(|session| -> Result<()> {
        session.add(NewAuthor::new(7, "Dot")?);
        Ok(())
    })?;
    let sent = recorder.take();
    assert_eq!(
        sent.iter().map(|sent| sent.sql.replace('`', "")).collect::<Vec<_>>(),
        ["BEGIN IMMEDIATE", INSERT_AUTHOR, "COMMIT"]
    );
    assert_eq!(sent[1].binds, r#"[7, "Dot", None]"#);
    assert_eq!(sent[1].rows, Some(1));
    assert!(sent[1].timed && sent[1].error.is_none());
    Ok(())
}

pub fn b005_a_failed_statement_is_echoed_with_its_error() -> Result<()> {
    let (_library, mut session, recorder) = open();
    session.add(NewAuthor::new(10, "Dot")?);
    session.flush().unwrap_err();
    let failed = recorder.take().into_iter().find(|sent| sent.error.is_some()).unwrap();
    assert!(failed.sql.starts_with("INSERT INTO") && !failed.error.unwrap().is_empty());
    Ok(())
}

pub fn b006_binds_can_be_hidden_and_long_ones_are_cut() -> Result<()> {
    let library = Library::new();
    let recorder = Recorder::start();
    let mut hidden = EchoOptions::default();
    hidden.binds = false;
    library.session_for(Mode::Write, hidden).get::<Author>(ANN)?;
    assert_eq!(recorder.take()[1].binds, "[hidden]");
    let mut short = EchoOptions::default();
    short.longest = 10;
    library.session_for(Mode::Write, short).get::<Tag>("a name that is longer than that")?;
    let sent = recorder.take();
    assert!(sent[1].binds.starts_with("[\"a name t… ("), "{}", sent[1].binds);
    assert!(sent[1].sql.contains("na… ("), "{}", sent[1].sql);
    Ok(())
}

pub fn b007_begin_is_sent_with_the_first_statement_and_nothing_for_nothing() -> Result<()> {
    let (_library, mut session, recorder) = open();
    session.flush()?;
    session.commit()?;
    session.rollback()?;
    session.begin(|_| -> Result<()> { Ok(()) })?;
    session.begin(|session| session.flush())?;
    assert!(recorder.sql().is_empty());
    assert!(!session.in_transaction());
    session.get::<Author>(ANN)?;
    assert!(session.in_transaction());
    session.commit()?;
    session.get::<Author>(BEN)?;
    session.rollback()?;
    let select = "SELECT id, number, name, email FROM authors WHERE id = ?";
    assert_eq!(recorder.sql(), ["BEGIN IMMEDIATE", select, "COMMIT", "BEGIN IMMEDIATE", select, "ROLLBACK"]);
    Ok(())
}

pub fn b007_a_reader_begins_without_the_write_lock() -> Result<()> {
    let library = Library::new();
    let mut reader = library.reader();
    let recorder = Recorder::start();
    reader.get::<Author>(ANN)?;
    assert_eq!(recorder.sql()[0], "BEGIN");
    library.elsewhere("UPDATE authors SET name = 'Eve' WHERE id = 1");
    Ok(())
}

pub fn b007_a_reader_refuses_every_write() -> Result<()> {
    let library = Library::new();
    let mut reader = library.reader();
    let ann = reader.get_one::<Author>(ANN)?;
    assert!(matches!(reader.edit(ann), Err(Error::ReadOnlySession)));
    reader.delete(ann)?;
    assert!(matches!(reader.flush(), Err(Error::ReadOnlySession)));
    reader.undelete(ann)?;
    let statement = diesel::delete(tags::table);
    assert!(matches!(reader.execute(statement), Err(Error::ReadOnlySession)));
    Ok(())
}

pub fn b008_begin_inside_a_transaction_is_an_error() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let again = session.begin(|session| session.begin(|_| -> Result<()> { Ok(()) }));
    // The first block sent nothing, but it is a transaction.
    assert!(matches!(again, Err(Error::AlreadyInTransaction)), "{again:?}");
    session.get::<Author>(ANN)?;
    let error = session.begin(|_| -> Result<()> { Ok(()) }).unwrap_err();
    assert!(matches!(error, Error::AlreadyInTransaction));
    assert!(error.to_string().contains("'nested'") && error.to_string().contains("'commit'"), "{error}");
    session.commit()?;
    session.begin(|_| -> Result<()> { Ok(()) })
}

pub fn b009_adding_editing_and_deleting_open_the_transaction_without_sql() -> Result<()> {
    let (_library, mut session, recorder) = open();
    session.add(NewAuthor::new(7, "Dot")?);
    assert!(session.in_transaction());
    session.rollback()?;
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    session.commit()?;
    recorder.take();
    session.delete(ann)?;
    assert!(session.in_transaction());
    assert!(recorder.sql().is_empty());
    session.rollback()?;
    session.edit(ben)?;
    assert!(session.in_transaction());
    Ok(())
}

pub fn b010_a_begin_block_flushes_and_commits() -> Result<()> {
    let (library, mut session, recorder) = open();
    let key = session.begin(|session| -> Result<_> {
        let dot = session.add(NewAuthor::new(7, "Dot")?);
        session.flush()?;
        Ok(session.key(dot).ok())
    })?;
    assert_eq!(key, Some(4));
    assert_eq!(recorder.sql(), ["BEGIN IMMEDIATE", INSERT_AUTHOR, "COMMIT"]);
    assert_eq!(library.see("SELECT name FROM authors WHERE id = 4"), "Dot");
    Ok(())
}

#[derive(Debug)]
enum Own {
    Mine,
    Folio,
}

impl From<Error> for Own {
    fn from(_: Error) -> Self {
        Self::Folio
    }
}

pub fn b011_an_error_in_a_begin_block_rolls_back_and_is_returned() -> Result<()> {
    let (library, mut session, recorder) = open();
    let failed = session.begin(|session| -> Result<(), Own> {
        session.add(NewAuthor::new(7, "Dot")?);
        session.flush()?;
        Err(Own::Mine)
    });
    assert!(matches!(failed, Err(Own::Mine)));
    assert_eq!(recorder.sql(), ["BEGIN IMMEDIATE", INSERT_AUTHOR, "ROLLBACK"]);
    let failed = session.begin(|session| -> Result<(), Own> {
        session.get_one::<Author>(99)?;
        Ok(())
    });
    assert!(matches!(failed, Err(Own::Folio)));
    session.begin(|session| -> Result<()> {
        session.add(NewAuthor::new(8, "Eve")?);
        Ok(())
    })?;
    assert_eq!(library.see("SELECT GROUP_CONCAT(name) FROM authors WHERE id > 3"), "Eve");
    Ok(())
}

pub fn b011_a_panic_in_a_block_rolls_back_and_goes_on() -> Result<()> {
    let (library, mut session, recorder) = open();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        session.begin(|session| -> Result<()> {
            session.add(NewAuthor::new(7, "Dot")?);
            session.nested(|session| -> Result<()> {
                session.flush()?;
                std::panic::resume_unwind(Box::new("boom"))
            })
        })
    }));
    assert_eq!(*panicked.unwrap_err().downcast::<&str>().unwrap(), "boom");
    let sent = recorder.sql();
    assert_eq!(sent[2..], ["SAVEPOINT diesel_savepoint_1", "ROLLBACK TO SAVEPOINT diesel_savepoint_1", "ROLLBACK"]);
    assert!(!session.in_transaction() && !session.in_savepoint());
    session.begin(|session| session.get_one::<Author>(ANN).map(drop))?;
    assert_eq!(library.see("SELECT COUNT(*) FROM authors"), "3");
    Ok(())
}

pub fn b011_a_commit_that_the_database_refuses_rolls_back() -> Result<()> {
    if !can(Capability::CheckAtCommit) {
        return Ok(());
    }
    let (library, mut session, recorder) = open();
    let mut loan = None;
    let refused = session.begin(|session| -> Result<()> {
        loan = Some(session.add(NewLoan::new(99, "pen")?));
        session.flush()
    });
    let error = refused.unwrap_err();
    assert!(error.is_foreign_key() && error.to_string().starts_with("at COMMIT: "), "{error}");
    // Some engines end the transaction with the COMMIT that they refuse.
    let sent = recorder.sql();
    assert!(sent[2] == "COMMIT" && sent[3..].iter().all(|sql| sql == "ROLLBACK"), "{sent:?}");
    assert!(session.state(loan.unwrap())?.is_transient());
    assert!(!session.in_transaction());
    assert_eq!(library.see("SELECT COUNT(*) FROM loans"), "0");
    session.begin(|session| session.get_one::<Author>(ANN).map(drop))
}

pub fn b012_an_error_after_the_begin_block_leaves_the_commit_standing() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let work = |session: &mut Session<'_>| -> Result<()> {
        session.begin(|session| -> Result<()> {
            session.add(NewAuthor::new(7, "Dot")?);
            Ok(())
        })?;
        session.get_one::<Author>(99).map(drop)
    };
    assert!(work(&mut session).unwrap_err().is_not_found());
    drop(session);
    assert_eq!(library.see("SELECT name FROM authors WHERE number = 7"), "Dot");
    Ok(())
}

pub fn b014_a_session_dropped_without_commit_rolls_back() -> Result<()> {
    let (library, mut session, recorder) = open();
    session.add(NewAuthor::new(7, "Dot")?);
    session.flush()?;
    recorder.take();
    drop(session);
    assert_eq!(recorder.sql(), ["ROLLBACK"]);
    assert_eq!(library.see("SELECT COUNT(*) FROM authors"), "3");
    Ok(())
}

pub fn b015_a_dropped_session_gives_the_connection_back_outside_a_transaction() -> Result<()> {
    let library = Library::new();
    let mut connection = library.connect();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut session = Session::on(&mut connection);
        session.get::<Author>(ANN).unwrap();
        std::panic::resume_unwind(Box::new("boom"))
    }));
    panicked.unwrap_err();
    Session::on(&mut connection).begin(|session| -> Result<()> {
        session.add(NewAuthor::new(7, "Dot")?);
        Ok(())
    })?;
    assert_eq!(library.see("SELECT name FROM authors WHERE number = 7"), "Dot");
    Ok(())
}

pub fn b015_a_begin_that_fails_leaves_the_session_as_it_was() -> Result<()> {
    if !can(Capability::KeepOthersOutFromBegin) {
        return Ok(());
    }
    let (library, mut session, _recorder) = open();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    let mut other = library.session();
    other.get::<Author>(ANN)?;
    assert!(session.flush().unwrap_err().is_locked());
    assert!(session.commit().unwrap_err().is_locked());
    assert_eq!(session.state(dot)?, State::Pending);
    other.rollback()?;
    session.commit()?;
    assert_eq!(library.see("SELECT name FROM authors WHERE number = 7"), "Dot");
    Ok(())
}

pub fn b016_commit_and_rollback_inside_a_block_are_errors() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    session.begin(|session| -> Result<()> {
        for refused in [session.commit(), session.rollback()] {
            let error = refused.unwrap_err();
            assert!(matches!(error, Error::InsideBegin { .. }), "{error}");
        }
        session.nested(|session| -> Result<()> {
            assert!(matches!(session.commit(), Err(Error::InsideBegin { verb: "commit" })));
            assert!(matches!(session.rollback(), Err(Error::InsideBegin { verb: "rollback" })));
            Ok(())
        })
    })
}

pub fn b017_flushed_rows_are_invisible_to_others_until_commit() -> Result<()> {
    let (library, mut session, _recorder) = open();
    session.add(NewAuthor::new(7, "Dot")?);
    session.flush()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM authors"), "3");
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM authors"), "4");
    Ok(())
}

pub fn b018_the_session_reports_its_transaction_and_savepoint() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    assert!(!session.in_transaction() && !session.in_savepoint());
    session.begin(|session| -> Result<()> {
        session.get::<Author>(ANN)?;
        assert!(session.in_transaction() && !session.in_savepoint());
        session.nested(|session| -> Result<()> {
            assert!(session.in_transaction() && session.in_savepoint());
            Ok(())
        })?;
        assert!(!session.in_savepoint());
        Ok(())
    })?;
    assert!(!session.in_transaction() && !session.in_savepoint());
    Ok(())
}

pub fn b019_inside_an_outer_transaction_commit_releases_a_savepoint() -> Result<()> {
    use diesel::Connection as _;
    let library = Library::new();
    let mut connection = library.connect();
    connection.test_transaction::<_, Error, _>(|connection| {
        let mut session = Session::on(connection);
        session.add(NewAuthor::new(7, "Dot")?);
        session.commit()?;
        session.add(NewAuthor::new(8, "Eve")?);
        session.flush()?;
        session.nested(|session| -> Result<()> {
            session.add(NewAuthor::new(9, "Fay")?);
            Ok(())
        })?;
        session.rollback()?;
        session.begin(|session| -> Result<()> {
            let failed = session.nested(|session| -> Result<()> {
                session.add(NewAuthor::new(7, "twice")?);
                session.flush()
            });
            assert!(failed.unwrap_err().is_unique());
            session.add(NewAuthor::new(11, "Gus")?);
            Ok(())
        })?;
        drop(session);
        use diesel::{ExpressionMethods as _, QueryDsl as _};
        let names = authors::table.select(authors::name).filter(authors::id.gt(3)).load::<String>(connection).unwrap();
        assert_eq!(names, ["Dot", "Gus"]);
        Ok(())
    });
    assert_eq!(library.see("SELECT COUNT(*) FROM authors"), "3");
    Ok(())
}

pub fn b019_a_session_works_over_a_connection_that_someone_else_opened() -> Result<()> {
    let library = Library::new();
    let mut connection = library.connect();
    let mut session = Session::on(&mut connection);
    let dot = session.begin(|session| -> Result<_> {
        let dot = session.add(NewAuthor::new(7, "Dot")?);
        session.add(NewBook::new(dot, "Tree")?);
        session.flush()?;
        session.edit(dot)?.name = "Dorothy".into();
        let books = session.children(books::author_id, &[dot])?;
        assert_eq!(books[0].len(), 1);
        Ok(dot)
    })?;
    assert_eq!(session.key(dot).ok(), Some(4));
    let mut pages = session.query(Author::query()).batches(3);
    assert_eq!(pages.next(&mut session)?.map(|page| page.len()), Some(3));
    assert_eq!(library.see("SELECT name FROM authors WHERE number = 7"), "Dorothy");
    Ok(())
}

pub fn b013_what_a_reading_session_writes_past_the_session_is_refused_or_undone() -> Result<()> {
    let library = Library::new();
    let mut reader = library.reader();
    let written = reader.connection()?.batch_execute("UPDATE authors SET name = 'Eve' WHERE id = 1");
    let ended = reader.commit();
    assert!(written.is_err() || ended.is_ok(), "{ended:?}");
    assert_eq!(library.see("SELECT name FROM authors WHERE id = 1"), "Ann");
    Ok(())
}
