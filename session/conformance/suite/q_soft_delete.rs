//! Soft deletion (174, 175): `delete` is an UPDATE, and `hard_delete` is a DELETE.

use diesel::HasQuery as _;
use diesel_session::session::Freshness;
use diesel_session::{Error, Result, State};

use super::domain::*;
use super::offices::*;

pub fn b174_delete_is_an_update_that_sets_the_column() -> Result<()> {
    let (library, mut session, recorder) = office();
    let house = session.get_one::<Paper>(HOUSE)?;
    recorder.take();
    session.delete(house)?;
    assert!(recorder.sql().is_empty());
    assert!(session.is_modified(house)? && session.deleted::<Paper>().is_empty());
    assert_eq!(session.plan()?.to_string(), "UPDATE papers SET deleted_at, changed, version (1 row)");
    session.flush()?;
    let update = "UPDATE papers SET deleted_at = ?, changed = ?, version = ? WHERE id = ? AND version = ?";
    assert_eq!(recorder.sql(), [update]);
    assert_eq!(session.get::<Paper>(HOUSE)?, None);
    assert_eq!(session.state(house)?, State::Persistent { modified: false });
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM papers WHERE id = 601 AND deleted_at > 0 AND version = 2"), "1");
    Ok(())
}

pub fn b174_a_flag_can_mark_deleted_rows() -> Result<()> {
    let (library, mut session, _recorder) = office();
    let red = session.get_one::<Label>(701)?;
    session.delete(red)?;
    assert_eq!(session.plan()?.to_string(), "UPDATE labels SET hidden (1 row)");
    session.commit()?;
    assert_eq!(session.get::<Label>(701)?, None);
    session.add(NewLabel::new(704, "blue")?);
    session.commit()?;
    assert!(session.get::<Label>(704)?.is_some());
    assert_eq!(library.see("SELECT COUNT(*) FROM labels"), "4");
    Ok(())
}

pub fn b174_many_rows_are_deleted_by_one_update() -> Result<()> {
    let (_library, mut session, recorder) = office();
    for paper in session.query(Paper::query()).all()? {
        session.delete(paper)?;
    }
    recorder.take();
    session.flush()?;
    let updates = recorder.sql();
    assert_eq!(updates.len(), 1, "{updates:?}");
    assert_eq!(session.query(Paper::query()).count()?, 0);
    Ok(())
}

pub fn b174_a_row_that_is_deleted_already_stays_as_it_is() -> Result<()> {
    let (_library, mut session, _recorder) = office();
    let shed = session.without_filter(Paper::LIVE, |session| session.get_one::<Paper>(SHED))?;
    session.delete(shed)?;
    assert!(session.plan()?.is_empty());
    assert_eq!(session.view(shed)?.deleted_at, Some(5));
    Ok(())
}

pub fn b174_a_stale_row_is_read_before_it_is_deleted() -> Result<()> {
    let (library, mut session, recorder) = office();
    let house = session.get_one::<Paper>(HOUSE)?;
    session.commit()?;
    library.elsewhere("UPDATE papers SET version = 8 WHERE id = 601");
    recorder.take();
    session.delete(house)?;
    assert_eq!(recorder.sql().len(), 2, "BEGIN and a SELECT");
    session.commit()?;
    assert_eq!(library.see("SELECT version FROM papers WHERE id = 601"), "9");
    let town = session.without_filters(|session| session.get_one::<Paper>(TOWN))?;
    session.commit()?;
    library.elsewhere("DELETE FROM papers WHERE id = 603");
    assert!(session.delete(town).unwrap_err().is_deleted());
    Ok(())
}

pub fn b174_the_version_guards_a_soft_deletion() -> Result<()> {
    let (library, mut session, _recorder) = office();
    session.set_freshness(Freshness::Never);
    let house = session.get_one::<Paper>(HOUSE)?;
    session.commit()?;
    library.elsewhere("UPDATE papers SET version = 8 WHERE id = 601");
    session.delete(house)?;
    assert!(session.commit().unwrap_err().is_stale());
    assert_eq!(library.see("SELECT COUNT(*) FROM papers WHERE deleted_at IS NULL"), "4");
    Ok(())
}

pub fn b174_undelete_takes_the_deletion_back_before_the_flush_and_not_after_it() -> Result<()> {
    let (_library, mut session, _recorder) = office();
    let house = session.get_one::<Paper>(HOUSE)?;
    session.edit(house)?.slug = "home".into();
    session.delete(house)?;
    session.undelete(house)?;
    assert_eq!(session.plan()?.to_string(), "UPDATE papers SET slug, changed, version (1 row)");
    session.undelete(house)?;
    session.delete(house)?;
    session.flush()?;
    assert!(matches!(session.undelete(house), Err(Error::RowDeleted { table: "papers", .. })));
    session.edit(house)?.deleted_at = None;
    session.flush()?;
    assert_eq!(session.get::<Paper>(HOUSE)?, Some(house));
    Ok(())
}

pub fn b174_a_rollback_restores_a_row_that_was_deleted_softly() -> Result<()> {
    let (_library, mut session, _recorder) = office();
    let house = session.get_one::<Paper>(HOUSE)?;
    let failed = session.nested(|session| -> Result<()> {
        session.delete(house)?;
        session.flush()?;
        Err(Error::ReadOnlySession)
    });
    assert!(failed.is_err());
    assert_eq!(session.get::<Paper>(HOUSE)?, Some(house));
    session.delete(house)?;
    session.flush()?;
    session.rollback()?;
    assert_eq!(session.get::<Paper>(HOUSE)?, Some(house));
    Ok(())
}

pub fn b174_a_pending_row_and_a_reading_session_delete_nothing() -> Result<()> {
    let (library, mut session, _recorder) = office();
    let new = session.add(NewPaper::new(1, "new")?);
    assert!(matches!(session.delete(new), Err(Error::NotPersistent { .. })));
    session.rollback()?;
    let mut reader = library.reader();
    reader.set_filter_value(Org(1));
    let house = reader.get_one::<Paper>(HOUSE)?;
    assert!(matches!(reader.delete(house), Err(Error::ReadOnlySession)));
    Ok(())
}

pub fn b174_a_copy_deletes_softly_too_if_its_version_is_the_stored_one() -> Result<()> {
    let (library, mut session, _recorder) = office();
    let house = session.get_one::<Paper>(HOUSE)?;
    let copy = session.detach(house)?;
    assert!(session.delete(&Paper { version: 0, ..copy.clone() }).unwrap_err().is_stale());
    session.delete(&copy)?;
    assert_eq!(session.plan()?.to_string(), "UPDATE papers SET deleted_at, changed, version (1 row)");
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM papers WHERE id = 601 AND deleted_at IS NULL"), "0");
    Ok(())
}

pub fn b174_a_value_that_is_unique_among_the_living_is_free_after_a_soft_deletion() -> Result<()> {
    let (library, mut session, _recorder) = office();
    session.add(NewPaper::new(1, "house")?);
    assert!(session.flush().unwrap_err().is_unique());
    session.rollback()?;
    let house = session.get_one::<Paper>(HOUSE)?;
    session.delete(house)?;
    session.flush()?;
    session.add(NewPaper::new(1, "house")?);
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM papers WHERE slug = 'house'"), "2");
    Ok(())
}

pub fn b175_hard_delete_is_a_delete() -> Result<()> {
    let (library, mut session, recorder) = office();
    let house = session.get_one::<Paper>(HOUSE)?;
    session.delete(house)?;
    session.hard_delete(house)?;
    recorder.take();
    assert_eq!(session.deleted::<Paper>(), [house]);
    session.flush()?;
    assert_eq!(recorder.sql(), ["DELETE FROM papers WHERE id = ? AND version = ?"]);
    assert_eq!(session.state(house)?, State::Deleted);
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM papers WHERE id = 601"), "0");
    Ok(())
}

pub fn b175_undelete_takes_back_a_hard_deletion_and_a_soft_one_before_it() -> Result<()> {
    let (_library, mut session, _recorder) = office();
    let house = session.get_one::<Paper>(HOUSE)?;
    session.hard_delete(house)?;
    session.delete(house)?;
    assert_eq!(session.plan()?.to_string(), "DELETE papers (1 row)", "a row to be deleted for good stays so");
    session.undelete(house)?;
    assert!(session.plan()?.is_empty());
    session.delete(house)?;
    session.hard_delete(house)?;
    session.undelete(house)?;
    assert!(session.plan()?.is_empty());
    Ok(())
}

pub fn b175_a_row_that_is_deleted_softly_is_purged_with_its_filter_off() -> Result<()> {
    let (library, mut session, _recorder) = office();
    let copy = session.without_filter(Paper::LIVE, |session| {
        let shed = session.get_one::<Paper>(SHED)?;
        session.detach(shed)
    })?;
    assert!(session.hard_delete(&copy).unwrap_err().is_stale(), "its filter excludes it");
    session.without_filter(Paper::LIVE, |session| session.hard_delete(&copy))?;
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM papers WHERE id = 602"), "0");
    Ok(())
}

pub fn b175_of_an_entity_without_soft_deletion_it_is_the_same_as_delete() -> Result<()> {
    let (_library, mut session, _recorder) = office();
    let old = session.get_one::<Tag>("old")?;
    session.hard_delete(old)?;
    assert_eq!(session.plan()?.to_string(), "DELETE tags (1 row)");
    session.undelete(old)?;
    let copy = Tag { name: "old".into(), colour: "grey".into() };
    session.hard_delete(&copy)?;
    assert_eq!(session.plan()?.to_string(), "DELETE tags (1 row)");
    Ok(())
}
