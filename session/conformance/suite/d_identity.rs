//! The identity map and get by key (28–40).

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::{Error, Result, State};

use super::domain::*;

const SELECT_AUTHOR: &str = "SELECT id, number, name, email FROM authors WHERE id = ?";

pub fn b028_a_second_get_is_the_same_handle_without_sql() -> Result<()> {
    let (library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    assert_eq!(recorder.sql(), ["BEGIN IMMEDIATE", SELECT_AUTHOR]);
    assert_eq!(session.get::<Author>(ANN)?, Some(ann));
    assert!(recorder.sql().is_empty());
    session.clear()?;
    let again = session.get_one::<Author>(ANN)?;
    assert_ne!(again, ann);
    assert_eq!(recorder.sql(), [SELECT_AUTHOR]);
    assert_ne!(library.reader().get_one::<Author>(ANN)?, again);
    Ok(())
}

pub fn b029_a_missing_key_is_none_and_asked_for_each_time() -> Result<()> {
    let (_library, mut session, recorder) = open();
    assert_eq!(session.get::<Author>(99)?, None);
    assert_eq!(session.get::<Author>(99)?, None);
    assert_eq!(recorder.sql(), ["BEGIN IMMEDIATE", SELECT_AUTHOR, SELECT_AUTHOR]);
    let error = session.get_one::<Author>(99).unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.to_string(), "authors id 99: nothing found");
    Ok(())
}

pub fn b030_get_of_an_unknown_key_flushes_first() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let new = session.add(NewTag::new("new")?);
    assert_eq!(session.get::<Tag>("new".to_owned())?, Some(new));
    assert_eq!(recorder.sql(), ["BEGIN IMMEDIATE", "INSERT INTO tags (name) VALUES (?) RETURNING colour, name"]);
    Ok(())
}

pub fn b031_a_key_of_two_columns_is_a_tuple() -> Result<()> {
    let (library, mut session, recorder) = open();
    let door = session.get_one::<Place>((1, 1))?;
    assert_eq!(recorder.sql()[1], "SELECT room, number, label, state FROM places WHERE room = ? AND number = ?");
    let window = session.get_one::<Place>((1, 2))?;
    assert_eq!(session.key(window).ok(), Some((1, 2)));
    session.expire_all();
    recorder.take();
    session.load(&[door, window])?;
    let condition = if library.engine().lists_rows() {
        "(room, number) IN (SELECT * FROM (VALUES (?, ?), (?, ?)) AS v)"
    } else {
        "(room, number) IN ((?, ?), (?, ?))"
    };
    assert_eq!(recorder.sql(), [format!("SELECT room, number, label, state FROM places WHERE {condition}")]);
    session.edit(window)?.label = "hatch".into();
    session.delete(door)?;
    session.commit()?;
    assert_eq!(
        recorder.sql(),
        [
            "UPDATE places SET label = ? WHERE room = ? AND number = ?",
            "DELETE FROM places WHERE room = ? AND number = ?",
            "COMMIT"
        ]
    );
    assert_eq!(library.see("SELECT GROUP_CONCAT(label) FROM places"), "hatch");
    assert_eq!(session.get_one::<Place>((9, 9)).unwrap_err().to_string(), "places room 9, number 9: nothing found");
    Ok(())
}

pub fn b032_get_of_an_expired_row_is_one_select_and_the_next_none() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.expire(ann)?;
    recorder.take();
    assert_eq!(session.get::<Author>(ANN)?, Some(ann));
    assert_eq!(session.get::<Author>(ANN)?, Some(ann));
    assert_eq!(recorder.sql(), [SELECT_AUTHOR]);
    Ok(())
}

pub fn b033_get_of_an_expired_row_that_is_gone_is_none_until_a_rollback() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let old = session.get_one::<Tag>("old".to_owned())?;
    session.execute(diesel::delete(tags::table))?;
    assert_eq!(session.get::<Tag>("old".to_owned())?, None);
    assert_eq!(session.state(old)?, State::Deleted);
    session.rollback()?;
    assert_eq!(session.get::<Tag>("old".to_owned())?, Some(old));
    assert_eq!(session.view(old)?.colour, "grey");
    Ok(())
}

pub fn b034_a_query_row_does_not_overwrite_what_the_session_has() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    session.execute_unsynchronized(diesel::update(authors::table).set(authors::email.eq("x")))?;
    session.edit(ann)?.name = "Anna".into();
    recorder.take();
    let all = session.no_autoflush(|session| session.query(Author::query().order(authors::id)).all())?;
    assert_eq!(
        recorder.sql(),
        ["SELECT authors.id, authors.number, authors.name, authors.email FROM authors ORDER BY authors.id"]
    );
    assert_eq!(all[..2], [ann, ben]);
    assert_eq!(session.row(ann)?.name, "Anna");
    assert_eq!(session.row(ann)?.email, None);
    assert_eq!(session.row(ben)?.email, None);
    assert!(session.is_modified(ann)?);
    assert_eq!(session.row(all[2])?.email.as_deref(), Some("x"));
    Ok(())
}

pub fn b035_a_fresh_query_overwrites_and_nothing_is_left_to_flush() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.edit(ann)?.name = "Anna".into();
    session.no_autoflush(|session| session.query(Author::query()).fresh().all().map(drop))?;
    assert_eq!(session.row(ann)?.name, "Ann");
    assert_eq!(session.state(ann)?, State::Persistent { modified: false });
    recorder.take();
    session.flush()?;
    assert!(recorder.sql().is_empty());
    Ok(())
}

pub fn b036_one_query_fills_all_expired_rows() -> Result<()> {
    let (library, mut session, recorder) = open();
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    session.commit()?;
    library.elsewhere("UPDATE authors SET name = name || '!'");
    session.expire(ann)?;
    assert_eq!(session.state(ben)?, State::Stale);
    session.query(Author::query()).all()?;
    recorder.take();
    assert_eq!(session.view(ann)?.name, "Ann!");
    assert_eq!(session.view(ben)?.name, "Ben!");
    assert!(recorder.sql().is_empty());
    Ok(())
}

pub fn b037_a_get_for_update_always_selects_and_takes_what_it_finds() -> Result<()> {
    let (library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.execute_unsynchronized(diesel::update(authors::table).set(authors::name.eq("x")))?;
    recorder.take();
    assert_eq!(session.get_for_update::<Author>(ANN)?, Some(ann));
    // If a writing transaction excludes all other writers, the SQL contains no lock.
    let lock = library.engine().row_lock();
    assert_eq!(recorder.sql(), [format!("{SELECT_AUTHOR}{lock}")]);
    assert_eq!(session.row(ann)?.name, "x");
    assert_eq!(session.get_for_update::<Author>(99)?, None);
    session.execute_unsynchronized(diesel::update(authors::table).set(authors::name.eq("y")))?;
    session.query(Author::query().order(authors::id)).for_update().first()?;
    assert_eq!(session.row(ann)?.name, "y");
    Ok(())
}

pub fn b038_a_changed_key_moves_the_row() -> Result<()> {
    let (library, mut session, recorder) = open();
    let old = session.get_one::<Tag>("old".to_owned())?;
    session.edit(old)?.name = "ancient".into();
    recorder.take();
    session.flush()?;
    assert_eq!(recorder.sql(), ["UPDATE tags SET name = ? WHERE name = ?"]);
    assert_eq!(session.key(old).ok().as_deref(), Some("ancient"));
    assert_eq!(session.get::<Tag>("ancient".to_owned())?, Some(old));
    assert!(recorder.sql().is_empty());
    assert_eq!(session.get::<Tag>("old".to_owned())?, None);
    session.commit()?;
    assert_eq!(library.see("SELECT GROUP_CONCAT(name) FROM tags"), "ancient");
    Ok(())
}

pub fn b039_clear_lets_go_of_every_row_and_refuses_unsaved_work() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.edit(ann)?.name = "Anna".into();
    session.add(NewAuthor::new(7, "Dot")?);
    assert!(matches!(session.clear(), Err(Error::Unflushed { table: "authors", rows: 2 })));
    session.flush()?;
    recorder.take();
    session.clear()?;
    assert_eq!(session.state(ann)?, State::Gone);
    assert!(session.row(ann).unwrap_err().is_bad_handle());
    // Flushed changes are still part of the transaction.
    session.commit()?;
    assert_eq!(recorder.sql(), ["COMMIT"]);
    let anna = session.get_one::<Author>(ANN)?;
    assert_ne!(anna, ann);
    assert_eq!(session.row(anna)?.name, "Anna");
    Ok(())
}

pub fn b039_clear_inside_a_savepoint_keeps_its_rollback_right() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    session.begin(|session| -> Result<()> {
        for number in 100..110 {
            session.add(NewAuthor::new(number, "many")?);
        }
        let mut pending = None;
        let failed = session.nested(|session| -> Result<()> {
            session.clear()?;
            pending = Some(session.add(NewAuthor::new(7, "Dot")?));
            session.flush()?;
            session.get_one::<Author>(99).map(drop)
        });
        assert!(failed.unwrap_err().is_not_found());
        let dot = pending.ok_or(Error::AlreadyInTransaction)?;
        assert!(session.state(dot)?.is_transient());
        session.add_back(dot)?;
        session.flush()?;
        assert_eq!(session.query(Author::query()).count()?, 14);
        Ok(())
    })
}

pub fn b039_forgotten_rows_leave_handles_that_stay_gone() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..1_000 {
        let ann = session.get_one::<Author>(ANN)?;
        assert!(seen.insert(ann));
        session.forget(ann)?;
    }
    for ann in seen {
        assert_eq!(session.state(ann)?, State::Gone);
    }
    Ok(())
}

pub fn b040_a_new_row_takes_the_key_of_one_that_someone_else_deleted() -> Result<()> {
    let (library, mut session, recorder) = open();
    let old = session.get_one::<Tag>("old".to_owned())?;
    session.commit()?;
    library.elsewhere("DELETE FROM tags");
    session.expire(old)?;
    recorder.take();
    let new = session.add(NewTag::new("old")?);
    session.flush()?;
    assert_eq!(recorder.sql(), ["BEGIN IMMEDIATE", "INSERT INTO tags (name) VALUES (?) RETURNING colour, name"]);
    assert_eq!(session.get::<Tag>("old".to_owned())?, Some(new));
    assert_eq!(session.state(old)?, State::Deleted);
    session.rollback()?;
    assert!(session.state(new)?.is_transient());
    assert_eq!(session.state(old)?, State::Expired);
    Ok(())
}
