//! Hooks: what a session calls before and after its flushes, and after the end of a transaction (74, 157–161).

use std::sync::{Arc, Mutex};

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::session::MAX_FLUSH_ROUNDS;
use diesel_session::{Error, Result, State};

use super::domain::*;

/// What hooks noted, in order.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn add(&self, note: impl Into<String>) {
        self.0.lock().unwrap().push(note.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

pub fn b074_hooks_accompany_every_change_whatever_service_makes_it() -> Result<()> {
    let (library, mut session, recorder) = open();
    session.before_flush(|session| {
        for book in session.pending::<Book>() {
            let title = session.pending_mut(book)?.title.clone();
            session.add(NewEvent::new(format!("new book: {title}"))?);
        }
        Ok(())
    });
    session.add(NewBook::new(ANN, "Tree")?);
    session.commit()?;
    assert_eq!(steps(recorder.sql()), ["INSERT events", "INSERT books", "COMMIT"]);
    assert_eq!(library.see("SELECT MAX(name) FROM events WHERE id > 60001"), "new book: Tree");
    Ok(())
}

pub fn b157_a_hook_before_the_flush_adds_edits_and_deletes_in_the_same_flush() -> Result<()> {
    let (library, mut session, recorder) = open();
    let root = session.get_one::<Author>(BEN)?;
    let tag = session.get_one::<Tag>("old")?;
    session.before_flush(move |session| {
        if session.pending::<Event>().is_empty() {
            session.add(NewEvent::new("hook")?);
        }
        session.edit(root)?.name = "Benjamin".into();
        session.delete(tag)
    });
    let ann = session.get_one::<Author>(ANN)?;
    session.edit(ann)?.name = "Anna".into();
    recorder.take();
    session.flush()?;
    assert_eq!(
        steps(recorder.sql()),
        ["UPDATE authors", "INSERT events", "DELETE tags"],
        "one flush, with both rows in one UPDATE"
    );
    assert_eq!((session.row(root)?.name.as_str(), session.state(tag)?), ("Benjamin", State::Deleted));
    session.commit()?;
    assert_eq!(recorder.sql(), ["COMMIT"], "nothing to flush, and no hook");
    assert_eq!(library.see("SELECT COUNT(*) FROM authors WHERE name LIKE '%n%a%' OR name = 'Benjamin'"), "2");
    Ok(())
}

pub fn b157_hooks_are_called_in_the_order_of_registration_and_each_sees_the_changes_before_it() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let notes = Notes::default();
    for name in ["one", "two", "three"] {
        let notes = notes.clone();
        session.before_flush(move |session| {
            notes.add(format!("{name} sees {}", session.pending::<Event>().len()));
            session.add(NewEvent::new(name)?);
            Ok(())
        });
    }
    session.add(NewEvent::new("first")?);
    session.flush()?;
    assert_eq!(notes.take(), ["one sees 1", "two sees 2", "three sees 3"]);
    session.commit()?;
    assert!(notes.take().is_empty());
    Ok(())
}

pub fn b157_an_automatic_flush_calls_hooks_and_queries_in_them_do_not_flush() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let notes = Notes::default();
    let hook = notes.clone();
    session.before_flush(move |session| {
        hook.add(format!("{} events", session.query(Event::query()).count()?));
        Ok(())
    });
    session.add(NewEvent::new("second")?);
    recorder.take();
    assert_eq!(session.query(Event::query().filter(events::name.eq("second"))).count()?, 1);
    assert_eq!(notes.take(), ["1 events"]);
    assert_eq!(steps(recorder.sql()), ["SELECT COUNT(*)", "INSERT events", "SELECT COUNT(*)"]);
    session.nested(|session| -> Result<()> {
        session.add(NewEvent::new("third")?);
        Ok(())
    })?;
    assert_eq!(notes.take(), ["2 events"], "a savepoint's end flushes too");
    Ok(())
}

pub fn b157_plan_shows_the_changes_without_those_of_hooks() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    session.before_flush(|session| {
        session.add(NewEvent::new("hook")?);
        Ok(())
    });
    session.add(NewTag::new("new")?);
    assert_eq!(session.plan()?.to_string(), "INSERT tags (1 row)");
    session.rollback()
}

pub fn b158_an_error_before_the_flush_sends_nothing_and_takes_back_what_hooks_added() -> Result<()> {
    let (library, mut session, recorder) = open();
    let refuse = Arc::new(Mutex::new(true));
    let refused = Arc::clone(&refuse);
    session.before_flush(|session| {
        session.add(NewEvent::new("hook")?);
        Ok(())
    });
    session.before_flush(move |_| match *refused.lock().unwrap() {
        true => Err(Error::Plan { problem: "not today".to_owned() }),
        false => Ok(()),
    });
    let tag = session.add(NewTag::new("new")?);
    for _ in 0..2 {
        assert_eq!(session.flush().unwrap_err().to_string(), "cannot plan the flush: not today");
    }
    assert!(recorder.sql().is_empty());
    assert_eq!((session.pending::<Event>().len(), session.pending::<Tag>()), (0, vec![tag]));
    *refuse.lock().unwrap() = false;
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM events WHERE name = 'hook'"), "1");
    Ok(())
}

pub fn b158_a_flush_that_cannot_be_planned_takes_back_what_hooks_added() -> Result<()> {
    let (library, mut session, _recorder) = open();
    session.before_flush(|session| {
        session.add(NewEvent::new("hook")?);
        Ok(())
    });
    let [ann, ben] = [session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?];
    (session.edit(ann)?.number, session.edit(ben)?.number) = (20, 10);
    assert!(matches!(session.flush().unwrap_err(), Error::Plan { .. }), "a swap");
    assert!(session.pending::<Event>().is_empty());
    session.edit(ben)?.number = 99;
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM events WHERE name = 'hook'"), "1");
    Ok(())
}

pub fn b158_a_hook_can_neither_flush_nor_end_the_transaction() -> Result<()> {
    let (_library, mut session, recorder) = open();
    session.before_flush(|session| {
        let of = |result: Result<()>, expected: &str| match result.unwrap_err() {
            Error::InsideHook { hook: "before_flush", verb } => assert_eq!(verb, expected),
            other => panic!("{other}"),
        };
        of(session.flush(), "flush");
        of(session.commit(), "commit");
        of(session.rollback(), "rollback");
        of(session.begin(|_| Ok(())), "begin");
        of(session.nested(|_| Ok(())), "nested");
        of(session.connection().map(drop), "flush");
        let autoflush = session.execute(diesel::delete(members::table)).unwrap_err();
        assert!(matches!(autoflush.root(), Error::InsideHook { verb: "flush", .. }), "{autoflush}");
        Ok(())
    });
    session.add(NewTag::new("new")?);
    recorder.take();
    session.commit()?;
    assert_eq!(steps(recorder.sql()), ["INSERT tags", "COMMIT"]);
    Ok(())
}

pub fn b158_a_hook_that_panics_leaves_a_session_that_can_be_used() -> Result<()> {
    let (library, mut session, _recorder) = open();
    session.before_flush(|session| {
        assert!(session.pending::<Event>().is_empty(), "no events");
        Ok(())
    });
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        session.begin(|session| -> Result<()> {
            session.add(NewEvent::new("bad")?);
            Ok(())
        })
    }));
    assert!(panicked.is_err());
    session.begin(|session| -> Result<()> {
        session.add(NewTag::new("new")?);
        Ok(())
    })?;
    assert_eq!(library.see("SELECT COUNT(*) FROM tags WHERE name = 'new'"), "1");
    Ok(())
}

pub fn b159_a_hook_after_the_flush_sees_the_rows_by_entity_with_the_values_before() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let notes = Notes::default();
    let hook = notes.clone();
    session.after_flush(move |session, flushed| {
        for tag in flushed.inserted::<Tag>() {
            hook.add(format!("inserted {}", session.row(tag)?.name));
        }
        for author in flushed.updated::<Author>() {
            hook.add(format!("{} is {}", author.before.name, session.row(author.handle)?.name));
        }
        for book in flushed.deleted::<Book>() {
            hook.add(format!("deleted {} {:?}", book.key, book.row.map(|row| &row.title)));
        }
        hook.add(flushed.plan().to_string());
        Ok(())
    });
    let (ann, sea) = (session.get_one::<Author>(ANN)?, session.get_one::<Book>(SEA)?);
    session.edit(ann)?.name = "Anna".into();
    session.edit(sea)?.title = "never sent".into();
    session.delete(sea)?;
    session.add(NewTag::new("new")?);
    session.flush()?;
    assert_eq!(
        notes.take(),
        [
            "inserted new",
            "Ann is Anna",
            "deleted 10001 Some(\"Sea\")",
            "UPDATE authors SET name (1 row)\nINSERT tags (1 row)\nDELETE books (1 row)"
        ]
    );
    session.edit(ann)?.name = "Anna".into();
    session.commit()?;
    assert!(notes.take().is_empty(), "nothing was sent");
    Ok(())
}

pub fn b159_what_a_hook_changes_after_the_flush_is_sent_by_a_further_round() -> Result<()> {
    let (library, mut session, recorder) = open();
    session.after_flush(|session, flushed| {
        for book in flushed.inserted::<Book>() {
            let name = format!("book {}", session.key(book).expect("inserted"));
            session.add(NewEvent::new(name)?);
            session.execute_unsynchronized(diesel::delete(members::table)).unwrap_err();
        }
        Ok(())
    });
    session.add(NewBook::new(ANN, "Tree")?);
    recorder.take();
    session.flush()?;
    assert_eq!(steps(recorder.sql()), ["INSERT books", "INSERT events"]);
    session.commit()?;
    assert_eq!(library.see("SELECT MAX(name) FROM events WHERE id > 60001"), "book 10003");
    Ok(())
}

pub fn b159_a_hook_after_the_flush_may_run_statements() -> Result<()> {
    let (library, mut session, _recorder) = open();
    session.after_flush(|session, flushed| {
        if !flushed.inserted::<Book>().is_empty() {
            session.execute(diesel::update(members::table.find(40_001)).set(members::name.eq("counted")))?;
        }
        Ok(())
    });
    session.add(NewBook::new(ANN, "Tree")?);
    session.commit()?;
    assert_eq!(library.see("SELECT name FROM members WHERE id = 40001"), "counted");
    Ok(())
}

pub fn b159_an_error_after_the_flush_rolls_it_back() -> Result<()> {
    let (library, mut session, _recorder) = open();
    session.after_flush(|_, flushed| match flushed.inserted::<Book>().is_empty() {
        true => Ok(()),
        false => Err(Error::NoRows { what: "a shelf".to_owned() }),
    });
    let done = session.begin(|session| -> Result<()> {
        session.add(NewTag::new("outer")?);
        let inner = session.nested(|session| -> Result<()> {
            session.add(NewBook::new(ANN, "Tree")?);
            session.flush().unwrap_err();
            assert!(matches!(session.flush().unwrap_err(), Error::Poisoned { .. }), "its level is rolled back");
            Ok(())
        });
        assert!(inner.unwrap_err().is_not_found());
        Ok(())
    });
    done?;
    assert_eq!(library.see("SELECT COUNT(*) FROM books"), "2");
    assert_eq!(library.see("SELECT COUNT(*) FROM tags WHERE name = 'outer'"), "1");
    Ok(())
}

pub fn b160_hooks_that_never_come_to_an_end_are_an_error_and_the_flush_is_rolled_back() -> Result<()> {
    let (library, mut session, _recorder) = open();
    session.after_flush(|session, flushed| {
        for _ in flushed.inserted::<Event>() {
            session.add(NewEvent::new("again")?);
        }
        Ok(())
    });
    session.add(NewTag::new("new")?);
    session.flush()?;
    session.add(NewEvent::new("one")?);
    let error = session.flush().unwrap_err();
    assert!(matches!(error, Error::EndlessFlush { rounds: MAX_FLUSH_ROUNDS }), "{error}");
    session.rollback()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM events"), "1");
    Ok(())
}

pub fn b161_after_a_commit_hooks_see_the_flushes_that_were_kept() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let notes = Notes::default();
    let hook = notes.clone();
    session.after_commit(move |session, flushes| {
        assert!(!session.in_transaction());
        let plans: Vec<String> = flushes.iter().map(|flushed| flushed.plan().to_string()).collect();
        hook.add(plans.join("; "));
    });
    session.begin(|session| -> Result<()> {
        session.add(NewTag::new("kept")?);
        let undone = session.nested(|session| -> Result<()> {
            session.add(NewBook::new(ANN, "undone")?);
            session.flush()?;
            Err(Error::NoRows { what: "nothing".to_owned() })
        });
        undone.unwrap_err();
        session.nested(|session| -> Result<()> {
            session.add(NewEvent::new("kept too")?);
            Ok(())
        })?;
        assert!(notes.take().is_empty());
        Ok(())
    })?;
    assert_eq!(notes.take(), ["INSERT tags (1 row); INSERT events (1 row)"]);
    session.commit()?;
    assert!(notes.take().is_empty(), "no transaction was open");
    Ok(())
}

pub fn b161_after_a_rollback_hooks_are_called_once() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let notes = Notes::default();
    let (rolled_back, committed) = (notes.clone(), notes.clone());
    session.after_rollback(move |_| rolled_back.add("rolled back"));
    session.after_commit(move |_, _| committed.add("committed"));
    session.rollback()?;
    assert!(notes.take().is_empty(), "no transaction was open");
    session.add(NewTag::new("one")?);
    session.flush()?;
    session.rollback()?;
    assert_eq!(notes.take(), ["rolled back"]);
    // A statement that fails rolls back at once.
    session.add(NewTag::new("old")?);
    session.flush().unwrap_err();
    assert_eq!(notes.take(), ["rolled back"]);
    session.rollback()?;
    assert!(notes.take().is_empty());
    session.add(NewTag::new("two")?);
    session.flush()?;
    drop(session);
    assert_eq!(notes.take(), ["rolled back"]);
    let mut reader = library.reader();
    let rolled_back = notes.clone();
    reader.after_rollback(move |_| rolled_back.add("rolled back"));
    reader.get::<Tag>("old")?;
    drop(reader);
    assert!(notes.take().is_empty(), "a reading transaction has nothing to roll back");
    Ok(())
}
