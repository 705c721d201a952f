//! Expire and refresh (93–101).

use diesel::{ExpressionMethods as _, QueryDsl as _};
use folio::{Error, Result, State};

use super::domain::*;

const SELECT_AUTHOR: &str = "SELECT id, number, name, email FROM authors WHERE id = ?";

#[test]
fn b093_expire_drops_value_and_changes_without_sql() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.edit(ann)?.name = "Anna".into();
    recorder.take();
    session.expire(ann)?;
    assert_eq!(session.state(ann)?, State::Expired);
    assert!(!session.is_modified(ann)?);
    assert_eq!(session.key(ann), Some(ANN));
    assert!(matches!(session.row(ann), Err(Error::NotLoaded { state: "expired", .. })));
    assert!(recorder.sql().is_empty());
    assert_eq!(session.view(ann)?.name, "Ann");
    assert_eq!(session.view(ann)?.number, 10);
    assert_eq!(recorder.sql(), [SELECT_AUTHOR]);
    Ok(())
}

#[test]
fn b093_load_reads_many_expired_rows_by_one_select() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    session.expire_all();
    recorder.take();
    // A handle may be named twice.
    session.load(&[ann, ben, ann])?;
    assert_eq!(recorder.sql(), ["SELECT id, number, name, email FROM authors WHERE id IN (?, ?)"]);
    session.load(&[ann, ben])?;
    assert!(recorder.sql().is_empty());
    Ok(())
}

#[test]
fn b094_a_single_column_is_read_by_a_query_and_the_row_stays_as_it_is() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.execute_unsynchronized(diesel::update(authors::table).set(authors::email.eq("x")))?;
    session.edit(ann)?.name = "Anna".into();
    recorder.take();
    let email: Vec<Option<String>> = session.rows(authors::table.find(ANN).select(authors::email))?;
    assert_eq!(email, [Some("x".to_owned())]);
    assert_eq!(session.row(ann)?.name, "Anna");
    assert_eq!(session.row(ann)?.email, None);
    Ok(())
}

#[test]
fn b095_edit_of_an_expired_row_loads_it_first() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.expire(ann)?;
    recorder.take();
    session.edit(ann)?.name = "Anna".into();
    session.flush()?;
    assert_eq!(recorder.sql(), [SELECT_AUTHOR, "UPDATE authors SET name = ? WHERE id = ?"]);
    Ok(())
}

#[test]
fn b096_expire_and_refresh_of_a_row_that_is_not_stored_are_errors() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    assert!(matches!(session.expire(dot), Err(Error::NotPersistent { state: "pending", .. })));
    assert!(matches!(session.refresh(dot), Err(Error::NotPersistent { .. })));
    session.rollback()?;
    assert!(matches!(session.expire(dot), Err(Error::NotPersistent { .. })));
    session.discard(dot)?;
    assert!(matches!(session.refresh(dot), Err(Error::Gone { .. })));
    assert!(recorder.sql().is_empty());
    Ok(())
}

#[test]
fn b097_reading_or_refreshing_a_row_that_is_gone_is_an_error() -> Result<()> {
    let (library, mut session, _recorder) = open();
    let old = session.get_one::<Tag>("old".to_owned())?;
    session.commit()?;
    library.elsewhere("DELETE FROM tags");
    session.expire(old)?;
    assert!(session.view(old).unwrap_err().is_deleted());
    session.rollback()?;
    assert!(session.refresh(old).unwrap_err().is_deleted());
    assert!(session.load(&[old]).unwrap_err().is_deleted());
    Ok(())
}

#[test]
fn b098_expire_all_leaves_pending_rows_alone() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    let dot = session.add(NewAuthor::new(7, "Dot")?);
    recorder.take();
    session.expire_all();
    assert!(recorder.sql().is_empty());
    assert_eq!(session.state(dot)?, State::Pending);
    session.flush()?;
    recorder.take();
    session.view(ann)?;
    session.view(ben)?;
    assert_eq!(recorder.sql(), [SELECT_AUTHOR, SELECT_AUTHOR]);
    Ok(())
}

#[test]
fn b099_refresh_reads_now_and_drops_the_row_s_own_changes() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    session.execute_unsynchronized(diesel::update(authors::table).set(authors::email.eq("x")))?;
    session.edit(ann)?.name = "lost".into();
    recorder.take();
    session.refresh(ann)?;
    assert_eq!(recorder.sql(), [SELECT_AUTHOR]);
    assert_eq!(session.row(ann)?, &Author { id: 1, number: 10, name: "Ann".into(), email: Some("x".into()) });
    assert_eq!(session.state(ann)?, State::Persistent { modified: false });
    assert_eq!(session.row(ben)?.email, None);
    Ok(())
}

#[test]
fn b100_refresh_and_the_load_of_expired_rows_flush_other_work_first() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    session.edit(ben)?.name = "Benno".into();
    recorder.take();
    session.refresh(ann)?;
    assert_eq!(recorder.sql(), ["UPDATE authors SET name = ? WHERE id = ?", SELECT_AUTHOR]);
    session.add(NewAuthor::new(7, "Dot")?);
    session.expire(ann)?;
    session.view(ann)?;
    assert!(recorder.sql()[0].starts_with("INSERT"));
    Ok(())
}

#[test]
fn b101_refresh_of_a_row_with_a_changed_key_reads_it_under_the_stored_one() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let old = session.get_one::<Tag>("old".to_owned())?;
    session.edit(old)?.name = "ancient".into();
    recorder.take();
    session.refresh(old)?;
    let sent = recorder.take();
    assert_eq!((sent.len(), sent[0].binds.as_str()), (1, r#"["old"]"#));
    assert_eq!(session.row(old)?.name, "old");
    session.flush()?;
    assert!(recorder.sql().is_empty());
    Ok(())
}
