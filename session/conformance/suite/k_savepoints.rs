//! Savepoints (108–114).

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::{Error, Result, State};

use super::domain::*;

const SAVEPOINT: &str = "SAVEPOINT diesel_savepoint_1";
const ROLLBACK_TO: &str = "ROLLBACK TO SAVEPOINT diesel_savepoint_1";
const RELEASE: &str = "RELEASE SAVEPOINT diesel_savepoint_1";

fn fail<T>() -> Result<T> {
    Err(Error::NoRows { what: "reason".into() })
}

pub fn b108_a_savepoint_flushes_first_and_its_rollback_undoes_only_what_is_within() -> Result<()> {
    let (library, mut session, recorder) = open();
    session.begin(|session| -> Result<()> {
        let ann = session.get_one::<Author>(ANN)?;
        session.edit(ann)?.name = "outer".into();
        let dot = session.add(NewAuthor::new(7, "Dot")?);
        let mut within = None;
        recorder.take();
        let failed = session.nested(|session| -> Result<()> {
            let sent = recorder.sql();
            assert!(sent[0].starts_with("INSERT") && sent[1].starts_with("UPDATE") && sent[2] == SAVEPOINT, "{sent:?}");
            session.edit(ann)?.name = "inner".into();
            within = Some(session.add(NewAuthor::new(8, "Eve")?));
            session.flush()?;
            session.edit(ann)?.email = Some("unflushed".into());
            fail()
        });
        assert!(failed.unwrap_err().is_not_found());
        assert_eq!(recorder.sql().last().map(String::as_str), Some(ROLLBACK_TO));
        assert_eq!(session.view(ann)?, &Author { id: 1, number: 10, name: "outer".into(), email: None });
        assert_eq!(session.row(dot)?.name, "Dot");
        assert_eq!(within.map(|eve| session.state(eve)).transpose()?, Some(State::Transient));
        Ok(())
    })?;
    assert_eq!(
        library.see("SELECT GROUP_CONCAT(name) FROM (SELECT name FROM authors ORDER BY id) AS named"),
        "outer,Ben,Cid,Dot"
    );
    Ok(())
}

pub fn b109_a_savepoint_s_rollback_expires_only_what_changed_within() -> Result<()> {
    let (_library, mut session, recorder) = open();
    session.begin(|session| -> Result<()> {
        let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
        let failed = session.nested(|session| -> Result<()> {
            session.edit(ann)?.name = "inner".into();
            session.flush()?;
            fail()
        });
        failed.unwrap_err();
        assert_eq!(session.state(ann)?, State::Expired);
        assert_eq!(session.state(ben)?, State::Persistent { modified: false });
        recorder.take();
        assert_eq!(session.view(ben)?.name, "Ben");
        assert!(recorder.sql().is_empty());
        assert_eq!(session.view(ann)?.name, "Ann");
        Ok(())
    })
}

pub fn b109_what_was_read_within_after_a_write_is_read_again() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    session.begin(|session| -> Result<()> {
        let mut ann = None;
        let failed = session.nested(|session| -> Result<()> {
            session.execute(diesel::update(authors::table).set(authors::name.eq("inner")))?;
            ann = session.get::<Author>(ANN)?;
            fail()
        });
        failed.unwrap_err();
        let ann = ann.ok_or(Error::AlreadyInTransaction)?;
        assert_eq!(session.view(ann)?.name, "Ann");
        Ok(())
    })
}

pub fn b109_a_row_that_was_only_read_within_stays_as_it_is() -> Result<()> {
    let (_library, mut session, recorder) = open();
    session.begin(|session| -> Result<()> {
        let ann = session.get_one::<Author>(ANN)?;
        let (mut ben, mut old) = (ann, None);
        let failed = session.nested(|session| -> Result<()> {
            ben = session.get_one::<Author>(BEN)?;
            session.edit(ann)?.name = "inner".into();
            session.flush()?;
            old = session.get::<Tag>("old".to_owned())?;
            session.view(ben)?;
            fail()
        });
        failed.unwrap_err();
        recorder.take();
        assert_eq!(session.state(ann)?, State::Expired);
        // It was read before anything was written.
        assert_eq!(session.state(ben)?, State::Persistent { modified: false });
        assert_eq!(session.view(ben)?.name, "Ben");
        assert!(recorder.sql().is_empty());
        // It was read after a write to another table, whose trigger may have changed it: its value is kept, and
        // reloaded on use.
        let old = old.ok_or(Error::AlreadyInTransaction)?;
        assert_eq!(session.state(old)?, State::Stale);
        assert_eq!(session.row(old)?.colour, "grey");
        session.view(old)?;
        session.view(old)?;
        assert_eq!(recorder.sql().len(), 1);
        Ok(())
    })
}

pub fn b109_what_a_write_within_may_have_changed_is_expired() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    session.begin(|session| -> Result<()> {
        session.execute(diesel::delete(prizes::table))?;
        let cid = session.get_one::<Author>(CID)?;
        let (mut ben, mut nothing, mut event) = (cid, None, None);
        let failed = session.nested(|session| -> Result<()> {
            session.nested(|session| -> Result<()> {
                session.delete(cid)?;
                session.flush()
            })?;
            ben = session.get_one::<Author>(BEN)?;
            nothing = session.get::<Review>(20_003)?;
            session.insert_all([NewEvent::new("inner")?])?;
            event = session.query(Event::query().order(events::id.desc())).first()?;
            fail()
        });
        failed.unwrap_err();
        assert_eq!(session.state(ben)?, State::Expired);
        assert_eq!(nothing.map(|nothing| session.state(nothing)).transpose()?, Some(State::Expired));
        let event = event.ok_or(Error::AlreadyInTransaction)?;
        assert_eq!(session.state(event)?, State::Expired);
        assert!(session.view(event).unwrap_err().is_deleted());
        Ok(())
    })
}

pub fn b109_a_row_let_go_of_and_read_again_after_its_change_is_expired() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    session.begin(|session| -> Result<()> {
        let ann = session.get_one::<Author>(ANN)?;
        let mut again = ann;
        let failed = session.nested(|session| -> Result<()> {
            session.edit(ann)?.name = "inner".into();
            session.flush()?;
            session.forget(ann)?;
            again = session.get_one::<Author>(ANN)?;
            assert_eq!(session.row(again)?.name, "inner");
            fail()
        });
        failed.unwrap_err();
        assert_eq!(session.view(again)?.name, "Ann");
        Ok(())
    })
}

pub fn b110_a_release_expires_nothing_and_an_outer_rollback_undoes_it() -> Result<()> {
    let (library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    let dot = session.nested(|session| -> Result<_> {
        session.edit(ann)?.name = "inner".into();
        Ok(session.add(NewAuthor::new(7, "Dot")?))
    })?;
    assert_eq!(recorder.sql().last().map(String::as_str), Some(RELEASE));
    assert_eq!(session.state(ann)?, State::Persistent { modified: false });
    assert_eq!(session.row(ann)?.name, "inner");
    session.rollback()?;
    assert_eq!(session.view(ann)?.name, "Ann");
    assert!(session.state(dot)?.is_transient());
    assert_eq!(library.see("SELECT COUNT(*) FROM authors"), "3");
    Ok(())
}

pub fn b111_rollback_inside_a_savepoint_ends_the_whole_transaction() -> Result<()> {
    let (library, mut session, recorder) = open();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    let mut late = None;
    session.nested(|session| -> Result<()> {
        session.nested(|session| -> Result<()> {
            session.rollback()?;
            let error = session.get::<Author>(ANN).unwrap_err();
            assert!(matches!(error.root(), Error::Ended { verb: "rollback" }), "{error}");
            late = Some(session.add(NewAuthor::new(8, "late")?));
            Ok(())
        })?;
        assert!(session.flush().is_err());
        Ok(())
    })?;
    assert_eq!(recorder.sql()[4..], ["ROLLBACK TO SAVEPOINT diesel_savepoint_2", ROLLBACK_TO, "ROLLBACK"]);
    assert!(!session.in_savepoint());
    assert!(session.state(dot)?.is_transient());
    assert_eq!(late.map(|late| session.state(late)).transpose()?, Some(State::Transient));
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM authors"), "3");
    session.get_one::<Author>(ANN).map(drop)
}

pub fn b111_commit_inside_a_savepoint_commits_the_whole_transaction() -> Result<()> {
    let (library, mut session, recorder) = open();
    session.add(NewAuthor::new(7, "Dot")?);
    let mut late = None;
    session.nested(|session| -> Result<()> {
        session.add(NewAuthor::new(8, "Eve")?);
        session.commit()?;
        assert!(session.commit().is_err());
        late = Some(session.add(NewAuthor::new(9, "late")?));
        Ok(())
    })?;
    assert_eq!(recorder.sql()[4..], [RELEASE, "COMMIT"]);
    assert_eq!(late.map(|late| session.state(late)).transpose()?, Some(State::Transient));
    session.rollback()?;
    assert_eq!(library.see("SELECT GROUP_CONCAT(name) FROM authors WHERE id > 3"), "Dot,Eve");
    session.begin(|session| session.get_one::<Author>(ANN).map(drop))
}

pub fn b111_a_commit_inside_a_savepoint_that_fails_undoes_all() -> Result<()> {
    let (library, mut session, _recorder) = open();
    session.add(NewLoan::new(99, "pen")?);
    let failed = session.nested(|session| -> Result<()> {
        assert!(session.commit().unwrap_err().is_foreign_key());
        Ok(())
    });
    assert!(failed.unwrap_err().is_foreign_key());
    assert!(session.get::<Author>(ANN).unwrap_err().is_poisoned());
    session.rollback()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM loans"), "0");
    session.get_one::<Author>(ANN).map(drop)
}

pub fn b112_an_error_in_a_savepoint_costs_only_the_savepoint() -> Result<()> {
    let (library, mut session, _recorder) = open();
    session.begin(|session| -> Result<()> {
        session.add(NewAuthor::new(7, "Dot")?);
        let failed = session.nested(|session| -> Result<()> {
            session.add(NewAuthor::new(10, "Ann again")?);
            Ok(())
        });
        assert!(failed.unwrap_err().is_unique());
        session.add(NewAuthor::new(8, "Eve")?);
        Ok(())
    })?;
    assert_eq!(library.see("SELECT GROUP_CONCAT(name) FROM authors WHERE id > 3"), "Dot,Eve");
    Ok(())
}

pub fn b112_a_poisoned_savepoint_takes_no_more_work_and_leaves_none_behind() -> Result<()> {
    let (library, mut session, recorder) = open();
    session.begin(|session| -> Result<()> {
        let ben = session.get_one::<Author>(BEN)?;
        let mut late = None;
        let swallowed = session.nested(|session| -> Result<()> {
            session.add(NewAuthor::new(10, "Ann again")?);
            assert!(session.flush().unwrap_err().is_unique());
            assert_eq!(recorder.sql().last().map(String::as_str), Some(ROLLBACK_TO));
            late = Some(session.add(NewAuthor::new(9, "late")?));
            assert!(session.edit(ben).unwrap_err().is_poisoned());
            assert!(session.delete(ben).unwrap_err().is_poisoned());
            assert!(session.nested(|_| -> Result<()> { Ok(()) }).unwrap_err().is_poisoned());
            Ok(())
        });
        let error = swallowed.unwrap_err();
        assert!(error.is_unique() && !error.is_poisoned(), "{error}");
        assert!(recorder.sql().is_empty());
        let late = late.ok_or(Error::AlreadyInTransaction)?;
        assert_eq!(session.state(late)?, State::Transient);
        session.edit(ben)?.name = "Benno".into();
        Ok(())
    })?;
    assert_eq!(
        library.see("SELECT GROUP_CONCAT(name) FROM (SELECT name FROM authors ORDER BY id) AS named"),
        "Ann,Benno,Cid"
    );
    Ok(())
}

pub fn b113_a_delete_in_a_savepoint_is_undone_by_its_rollback() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    session.begin(|session| -> Result<()> {
        let old = session.get_one::<Tag>("old".to_owned())?;
        for flushed in [true, false] {
            let failed = session.nested(|session| -> Result<()> {
                session.delete(old)?;
                if flushed {
                    session.flush()?;
                    assert_eq!(session.state(old)?, State::Deleted);
                }
                fail()
            });
            failed.unwrap_err();
            assert_eq!(session.get::<Tag>("old".to_owned())?, Some(old));
            assert_eq!(session.view(old)?.colour, "grey");
        }
        Ok(())
    })
}

pub fn b114_savepoints_nest_and_an_inner_change_counts_for_the_outer() -> Result<()> {
    let (_library, mut session, recorder) = open();
    session.begin(|session| -> Result<()> {
        let ann = session.get_one::<Author>(ANN)?;
        let mut dot = None;
        let failed = session.nested(|session| -> Result<()> {
            session.nested(|session| -> Result<()> {
                session.edit(ann)?.name = "inner".into();
                dot = Some(session.add(NewAuthor::new(7, "Dot")?));
                Ok(())
            })?;
            assert_eq!(session.row(ann)?.name, "inner");
            fail()
        });
        failed.unwrap_err();
        assert_eq!(session.view(ann)?.name, "Ann");
        assert_eq!(dot.map(|dot| session.state(dot)).transpose()?, Some(State::Transient));
        Ok(())
    })?;
    let sent = recorder.sql();
    assert!(sent.contains(&"SAVEPOINT diesel_savepoint_2".to_owned()));
    assert!(sent.contains(&"RELEASE SAVEPOINT diesel_savepoint_2".to_owned()));
    assert_eq!(sent.last().map(String::as_str), Some("COMMIT"));
    Ok(())
}
