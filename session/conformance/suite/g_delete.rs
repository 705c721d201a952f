//! Delete (75–84).

use diesel::ExpressionMethods as _;
use diesel_session::{Error, Result, State};

use super::domain::*;

pub fn b075_delete_only_marks_until_the_flush() -> Result<()> {
    let (library, mut session, recorder) = open();
    let old = session.get_one::<Tag>("old".to_owned())?;
    recorder.take();
    session.delete(old)?;
    assert!(recorder.sql().is_empty());
    assert_eq!(session.state(old)?, State::Persistent { modified: false });
    session.flush()?;
    assert_eq!(recorder.sql(), ["DELETE FROM tags WHERE name = ?"]);
    assert_eq!(session.state(old)?, State::Deleted);
    assert_eq!(session.get::<Tag>("old".to_owned())?, None);
    let error = session.view(old).unwrap_err();
    assert!(error.is_deleted() && error.to_string() == "tags name old: this row has been deleted", "{error}");
    session.commit()?;
    assert_eq!(session.state(old)?, State::Gone);
    assert_eq!(library.see("SELECT COUNT(*) FROM tags"), "0");
    Ok(())
}

pub fn b076_a_detached_row_is_deleted_without_a_select() -> Result<()> {
    let (library, mut session, recorder) = open();
    let old = session.begin(|session| -> Result<_> {
        let old = session.get_one::<Tag>("old".to_owned())?;
        session.detach(old)
    })?;
    recorder.take();
    library.session().begin(|session| session.delete(&old))?;
    assert_eq!(recorder.sql(), ["BEGIN IMMEDIATE", "DELETE FROM tags WHERE name = ?", "COMMIT"]);
    assert_eq!(library.see("SELECT COUNT(*) FROM tags"), "0");
    Ok(())
}

pub fn b075_a_stale_row_with_a_version_is_read_again_before_it_is_deleted() -> Result<()> {
    let (library, mut session, recorder) = open();
    session.execute(diesel::delete(reviews::table))?;
    let (sea, sky) = (session.get_one::<Book>(SEA)?, session.get_one::<Book>(SKY)?);
    let copy = session.row(sky)?.clone();
    session.commit()?;
    library.elsewhere("UPDATE books SET title = 'Lake', version = version + 1");
    recorder.take();
    session.begin(|session| session.delete(sea))?;
    let sent = recorder.sql();
    assert_eq!(sent.len(), 4, "{sent:?}");
    assert!(sent[1].starts_with("SELECT "), "{sent:?}");
    assert_eq!(sent[2], "DELETE FROM books WHERE id = ? AND version = ?");
    assert_eq!(library.see("SELECT GROUP_CONCAT(id) FROM books"), "10002");
    // A copy is deleted with the version it was read with, even if its handle is deleted afterwards.
    let late = session.begin(|session| -> Result<()> {
        session.delete(&copy)?;
        session.delete(sky)
    });
    assert!(late.unwrap_err().is_stale());
    library.elsewhere("DELETE FROM books");
    assert!(session.begin(|session| session.get::<Book>(SKY)).unwrap().is_none());
    Ok(())
}

pub fn b075_a_stale_row_with_a_version_that_is_gone_is_found_so_when_it_is_marked() -> Result<()> {
    let (library, mut session, recorder) = open();
    let (sea, ann) = (session.get_one::<Book>(SEA)?, session.get_one::<Author>(ANN)?);
    session.commit()?;
    library.elsewhere("DELETE FROM reviews; DELETE FROM books; DELETE FROM prizes");
    session.begin(|session| -> Result<()> {
        assert!(session.delete(sea).unwrap_err().is_stale());
        assert_eq!(session.state(sea)?, State::Deleted);
        Ok(())
    })?;
    recorder.take();
    session.begin(|session| session.delete(ann))?;
    assert_eq!(recorder.sql(), ["BEGIN IMMEDIATE", "DELETE FROM authors WHERE id = ?", "COMMIT"]);
    Ok(())
}

pub fn b077_deleting_a_row_that_was_never_stored_is_an_error() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    let error = session.delete(dot).unwrap_err();
    assert_eq!(error.to_string(), "authors: this row is not in the database (pending); flush it first");
    session.rollback()?;
    let error = session.delete(dot).unwrap_err();
    assert!(error.to_string().contains("undone by a rollback") && error.to_string().contains("'add_back'"), "{error}");
    Ok(())
}

pub fn b078_a_copy_of_a_row_that_is_present_deletes_that_row() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    let copy = session.row(ann)?.clone();
    session.edit(ann)?.name = "Anna".into();
    session.execute(diesel::delete(reviews::table))?;
    session.execute(diesel::delete(books::table))?;
    recorder.take();
    session.edit(ann)?.name = "Annika".into();
    recorder.take();
    session.delete(&copy)?;
    session.delete(ann)?;
    session.flush()?;
    assert_eq!(recorder.sql(), ["DELETE FROM authors WHERE id = ?"]);
    assert_eq!(session.state(ann)?, State::Deleted);
    Ok(())
}

pub fn b079_a_mark_is_taken_back_before_the_flush_and_not_after() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let old = session.get_one::<Tag>("old".to_owned())?;
    recorder.take();
    session.delete(old)?;
    session.undelete(old)?;
    session.flush()?;
    assert!(recorder.sql().is_empty());
    session.delete(old)?;
    session.flush()?;
    assert!(session.undelete(old).unwrap_err().is_deleted());
    Ok(())
}

pub fn b079_a_row_undeleted_after_a_copy_was_marked_is_read_again() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    let copy = session.row(ann)?.clone();
    session.commit()?;
    library.elsewhere("UPDATE authors SET name = 'Eve' WHERE id = 1");
    session.delete(&copy)?;
    session.undelete(ann)?;
    assert_eq!(session.view(ann)?.name, "Eve");
    Ok(())
}

pub fn b080_a_rollback_brings_a_deleted_row_back() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let old = session.get_one::<Tag>("old".to_owned())?;
    session.delete(old)?;
    session.flush()?;
    session.rollback()?;
    assert_eq!(session.state(old)?, State::Expired);
    assert_eq!(session.view(old)?.colour, "grey");
    session.delete(old)?;
    session.rollback()?;
    session.commit()?;
    assert_eq!(session.view(old)?.colour, "grey");
    Ok(())
}

pub fn b081_a_changed_row_that_is_deleted_is_not_updated() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let old = session.get_one::<Tag>("old".to_owned())?;
    recorder.take();
    let row = session.edit(old)?;
    row.name = "ancient".into();
    row.colour = "white".into();
    session.delete(old)?;
    session.flush()?;
    let sent = recorder.take();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].binds, r#"["old"]"#);
    Ok(())
}

pub fn b082_only_the_parent_is_deleted_and_the_database_does_the_rest() -> Result<()> {
    let (library, mut session, recorder) = open();
    let cid = session.get_one::<Author>(CID)?;
    let sky = session.get_one::<Book>(SKY)?;
    session.execute(diesel::delete(prizes::table))?;
    recorder.take();
    session.delete(sky)?;
    session.flush()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM reviews"), "3");
    session.commit()?;
    assert_eq!(library.see("SELECT book_id FROM reviews WHERE id = 20002"), "NULL");
    session.delete(cid)?;
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM reviews"), "1");
    let sent = recorder.sql();
    assert_eq!(sent.iter().filter(|sql| sql.starts_with("DELETE")).count(), 2, "{sent:?}");
    Ok(())
}

pub fn b083_loaded_children_of_a_deleted_parent_are_expired_at_once() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    session.execute(diesel::delete(prizes::table))?;
    let wet = session.get_one::<Review>(20_001)?;
    let nothing = session.get_one::<Review>(20_003)?;
    let sea = session.get_one::<Book>(SEA)?;
    session.delete(sea)?;
    session.flush()?;
    assert_eq!(session.state(wet)?, State::Expired);
    assert_eq!(session.view(wet)?.book_id, None);
    let cid = session.get_one::<Author>(CID)?;
    session.delete(cid)?;
    session.flush()?;
    assert_eq!(session.get::<Review>(20_001)?, None);
    assert!(session.view(wet).unwrap_err().is_deleted());
    assert_eq!(session.view(nothing)?.body, "nothing");
    Ok(())
}

pub fn b083_children_follow_a_changed_parent() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let gold = session.get_one::<Prize>(30_001)?;
    let cid = session.get_one::<Author>(CID)?;
    session.edit(cid)?.number = 31;
    session.flush()?;
    assert_eq!(session.view(gold)?.author_number, 31);
    session.edit(cid)?.name = "Cindy".into();
    session.flush()?;
    assert_eq!(session.state(gold)?, State::Persistent { modified: false });
    Ok(())
}

pub fn b084_a_parent_that_others_still_refer_to_is_refused_by_the_database() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.delete(ann)?;
    let error = session.commit().unwrap_err();
    assert!(error.is_foreign_key(), "{error:?}");
    let said = error.to_string();
    assert!(said.starts_with("authors: "), "{said}");
    if can(Capability::CountWhoRefers) {
        assert_eq!(said, "authors: 1 row of books still refers to it by author_id");
    }
    assert_eq!(session.state(ann)?, State::Expired);
    assert_eq!(library.see("SELECT COUNT(*) FROM authors"), "3");
    Ok(())
}

pub fn b083_a_statement_finds_rows_of_tables_below() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let wet = session.get_one::<Review>(20_001)?;
    session.execute(diesel::update(books::table).set(books::title.eq("x")))?;
    assert_eq!(session.state(wet)?, State::Expired);
    assert!(matches!(session.row(wet), Err(Error::NotLoaded { state: "expired", .. })));
    Ok(())
}
