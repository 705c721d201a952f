//! Commit and rollback: effect on rows (102–107).

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::session::Freshness;
use diesel_session::{Result, State};

use super::domain::*;

pub fn b102_after_commit_rows_stay_readable_and_are_read_again_in_the_next_transaction() -> Result<()> {
    let (library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.commit()?;
    library.elsewhere("UPDATE authors SET name = 'Eve' WHERE id = 1");
    recorder.take();
    assert_eq!(session.state(ann)?, State::Stale);
    assert_eq!(session.view(ann)?.name, "Ann");
    assert_eq!(session.row(ann)?.name, "Ann");
    assert!(recorder.sql().is_empty());
    session.begin(|session| -> Result<()> {
        assert_eq!(session.view(ann)?.name, "Eve");
        assert_eq!(session.view(ann)?.name, "Eve");
        Ok(())
    })?;
    assert_eq!(
        recorder.sql(),
        ["BEGIN IMMEDIATE", "SELECT id, number, name, email FROM authors WHERE id = ?", "COMMIT"]
    );
    Ok(())
}

pub fn b102_many_stale_rows_are_one_select_and_only_those_that_are_named() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let all = session.query(Author::query().order(authors::id)).all()?;
    session.commit()?;
    recorder.take();
    session.load(&all[..2])?;
    assert_eq!(recorder.sql()[1], "SELECT id, number, name, email FROM authors WHERE id IN (?, ?)");
    assert_eq!(session.state(all[2])?, State::Stale);
    Ok(())
}

pub fn b102_edit_of_a_stale_row_begins_a_transaction_and_takes_the_new_version() -> Result<()> {
    let (library, mut session, recorder) = open();
    let sea = session.get_one::<Book>(SEA)?;
    session.commit()?;
    library.elsewhere("UPDATE books SET version = 7 WHERE id = 10001");
    recorder.take();
    session.edit(sea)?.title = "Ocean".into();
    assert_eq!(recorder.sql().len(), 2);
    session.commit()?;
    assert_eq!(library.see("SELECT version || title FROM books WHERE id = 10001"), "8Ocean");
    Ok(())
}

pub fn b103_rows_of_a_session_that_never_reads_again_stay_as_they_are() -> Result<()> {
    let (library, mut session, recorder) = open();
    session.set_freshness(Freshness::Never);
    let ann = session.get_one::<Author>(ANN)?;
    session.commit()?;
    library.elsewhere("UPDATE authors SET name = 'Eve' WHERE id = 1");
    recorder.take();
    session.begin(|session| -> Result<()> {
        assert_eq!(session.state(ann)?, State::Persistent { modified: false });
        assert_eq!(session.view(ann)?.name, "Ann");
        assert_eq!(session.get::<Author>(ANN)?, Some(ann));
        Ok(())
    })?;
    assert!(recorder.sql().is_empty());
    session.refresh(ann)?;
    assert_eq!(session.row(ann)?.name, "Eve");
    Ok(())
}

pub fn b104_a_rollback_makes_pending_rows_transient_and_keeps_their_values() -> Result<()> {
    let (library, mut session, recorder) = open();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    let tree = session.add(NewBook::new(dot, "Tree")?);
    session.rollback()?;
    assert!(recorder.sql().is_empty());
    assert_eq!(session.state(dot)?, State::Transient);
    session.flush()?;
    assert!(recorder.sql().is_empty());
    session.add_back(tree)?;
    assert!(session.flush().unwrap_err().to_string().contains("undone by a rollback"));
    session.add_back(dot)?;
    session.commit()?;
    assert_eq!(session.row(dot)?.name, "Dot");
    assert_eq!(library.see("SELECT title FROM books WHERE author_id = 4"), "Tree");
    assert!(session.add_back(dot).unwrap_err().to_string().contains("in the session already"));
    Ok(())
}

pub fn b105_a_rollback_makes_flushed_rows_transient_and_takes_their_keys() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    session.flush()?;
    session.edit(dot)?.name = "changed".into();
    session.flush()?;
    session.rollback()?;
    assert_eq!(session.state(dot)?, State::Transient);
    assert_eq!(session.key(dot).ok(), None);
    assert_eq!(session.get::<Author>(4)?, None);
    session.add_back(dot)?;
    session.commit()?;
    assert_eq!(library.see("SELECT name FROM authors WHERE number = 7"), "Dot");
    Ok(())
}

pub fn b106_a_rollback_expires_stored_rows_and_drops_all_changes() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let (ann, ben, cid) =
        (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?, session.get_one::<Author>(CID)?);
    session.edit(ann)?.name = "flushed".into();
    session.flush()?;
    session.edit(ben)?.name = "unflushed".into();
    session.rollback()?;
    for author in [ann, ben, cid] {
        assert_eq!(session.state(author)?, State::Expired);
    }
    recorder.take();
    session.load(&[ann, ben, cid])?;
    assert_eq!(recorder.sql().len(), 2);
    assert_eq!(session.row(ann)?.name, "Ann");
    assert_eq!(session.row(ben)?.name, "Ben");
    session.flush()?;
    assert!(recorder.sql().is_empty());
    Ok(())
}

pub fn b107_a_rollback_restores_keys_after_they_were_changed_and_used_again() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let old = session.get_one::<Tag>("old".to_owned())?;
    session.edit(old)?.name = "ancient".into();
    session.flush()?;
    let new = session.add(NewTag::new("old")?);
    session.flush()?;
    session.delete(old)?;
    session.flush()?;
    session.execute(diesel::insert_into(tags::table).values(tags::name.eq("ancient")))?;
    let third = session.get_one::<Tag>("ancient".to_owned())?;
    session.rollback()?;
    assert_eq!(session.key(old).ok().as_deref(), Some("old"));
    assert_eq!(session.get::<Tag>("old".to_owned())?, Some(old));
    assert_eq!(session.view(old)?.colour, "grey");
    assert!(session.state(new)?.is_transient());
    assert!(session.view(third).is_err());
    assert_eq!(session.get::<Tag>("ancient".to_owned())?, None);
    Ok(())
}
