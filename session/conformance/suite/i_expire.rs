//! Expire and refresh (93–101).

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::{Error, Handle, Result, State};

use super::domain::*;

const SELECT_AUTHOR: &str = "SELECT id, number, name, email FROM authors WHERE id = ?";

pub fn b093_expire_drops_value_and_changes_without_sql() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.edit(ann)?.name = "Anna".into();
    recorder.take();
    session.expire(ann)?;
    assert_eq!(session.state(ann)?, State::Expired);
    assert!(!session.is_modified(ann)?);
    assert_eq!(session.key(ann).ok(), Some(ANN));
    assert!(matches!(session.row(ann), Err(Error::NotLoaded { state: "expired", .. })));
    assert!(recorder.sql().is_empty());
    assert_eq!(session.view(ann)?.name, "Ann");
    assert_eq!(session.view(ann)?.number, 10);
    assert_eq!(recorder.sql(), [SELECT_AUTHOR]);
    Ok(())
}

pub fn b093_load_reads_many_expired_rows_by_one_select() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    session.expire_all();
    recorder.take();
    // The same handle may be given twice.
    session.load(&[ann, ben, ann])?;
    assert_eq!(recorder.sql(), ["SELECT id, number, name, email FROM authors WHERE id IN (?, ?)"]);
    session.load(&[ann, ben])?;
    assert!(recorder.sql().is_empty());
    Ok(())
}

/// One root and its fifty children, all read in an earlier transaction.
fn family(session: &mut Session<'_>) -> Result<(Handle<Member>, Vec<Handle<Member>>)> {
    let root = session.get_one::<Member>(40_001)?;
    let kids: Vec<Handle<Member>> = (0..50)
        .map(|number| Ok(session.add(NewMember { parent_id: root.into(), ..NewMember::new(format!("kid {number}"))? })))
        .collect::<Result<_>>()?;
    session.commit()?;
    Ok((root, kids))
}

/// Edits every row in a loop, flushes, and returns the statements except BEGIN.
fn edit_all(session: &mut Session<'_>, kids: &[Handle<Member>], recorder: &Recorder) -> Result<Vec<String>> {
    recorder.take();
    for kid in kids {
        session.edit(*kid)?.name.push('!');
    }
    session.flush()?;
    Ok(steps(recorder.sql()))
}

const A_LOOP: [&str; 4] = ["SELECT id,", "SELECT id,", "SELECT id,", "UPDATE members"];

pub fn b095_a_loop_of_edits_after_a_commit_costs_a_few_statements() -> Result<()> {
    let (library, mut session, recorder) = open();
    let (_, kids) = family(&mut session)?;
    assert_eq!(edit_all(&mut session, &kids, &recorder)?, A_LOOP);
    session.commit()?;
    // In any order.
    let backwards: Vec<_> = kids.iter().rev().copied().collect();
    assert_eq!(edit_all(&mut session, &backwards, &recorder)?, A_LOOP);
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM members WHERE name LIKE 'kid %!!'"), "50");
    Ok(())
}

pub fn b095_a_loop_of_edits_costs_a_few_statements_after_what_expires_rows() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let (_, kids) = family(&mut session)?;
    session.load(&kids)?;
    session.execute(diesel::update(members::table).set(members::name.eq("kid")))?;
    assert_eq!(edit_all(&mut session, &kids, &recorder)?, A_LOOP);
    // A row of the tree is deleted, and the database may have deleted others with it.
    let leaf = session.get_one::<Member>(40_002)?;
    session.delete(leaf)?;
    session.flush()?;
    assert_eq!(session.state(kids[0])?, State::Expired);
    assert_eq!(edit_all(&mut session, &kids, &recorder)?, A_LOOP);
    session.rollback()?;
    assert_eq!(edit_all(&mut session, &kids, &recorder)?, A_LOOP);
    // A deletion that is not flushed yet is flushed by the first edit only.
    let leaf = session.get_one::<Member>(40_002)?;
    session.expire_all();
    session.delete(leaf)?;
    let [deletes, edits @ ..] = &edit_all(&mut session, &kids, &recorder)?[..] else { panic!("no statements") };
    assert_eq!(deletes, "DELETE members");
    assert_eq!(edits, A_LOOP);
    Ok(())
}

pub fn b095_a_loop_of_edits_through_a_unique_value_is_flushed_when_it_is_whole() -> Result<()> {
    let (library, mut session, recorder) = open();
    let authors = [session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?, session.get_one::<Author>(CID)?];
    session.execute(diesel::delete(prizes::table))?;
    session.commit()?;
    recorder.take();
    session.begin(|session| -> Result<()> {
        for author in authors {
            session.edit(author)?.number += 10;
        }
        Ok(())
    })?;
    let sent = steps(recorder.sql());
    assert_eq!(sent[..2], ["SELECT id,", "SELECT id,"]);
    assert_eq!(sent[2..], ["UPDATE authors", "UPDATE authors", "UPDATE authors", "COMMIT"]);
    assert_eq!(library.see("SELECT SUM(number) FROM authors"), "90");
    Ok(())
}

pub fn b095_rows_read_ahead_are_bounded_and_leave_unflushed_changes_alone() -> Result<()> {
    let (library, mut session, recorder) = open();
    let (root, kids) = family(&mut session)?;
    session.insert_all((0..400).map(|number| NewMember::new(format!("far {number}")).unwrap()))?;
    let all = session.query(Member::query().order(members::id)).all()?;
    session.commit()?;
    library.elsewhere("UPDATE members SET name = 'elsewhere'; DELETE FROM members WHERE name = 'x'");
    session.edit(kids[3])?.name = "mine".into();
    recorder.take();
    session.view(kids[0])?;
    session.view(all[300])?;
    session.view(all[200])?;
    let sizes: Vec<usize> = recorder.sql().iter().map(|sql| sql.matches('?').count()).collect();
    assert_eq!(sizes, [10, 100, 100]);
    assert_eq!(session.row(kids[3])?.name, "mine");
    let stale = |session: &Session<'_>| all.iter().filter(|row| session.state(**row).unwrap() == State::Stale).count();
    assert!(stale(&session) > 200);
    session.view(root)?;
    session.flush()?;
    Ok(())
}

pub fn b095_rows_that_are_gone_do_not_stop_a_loop_over_others() -> Result<()> {
    let (library, mut session, recorder) = open();
    let (_, kids) = family(&mut session)?;
    library.elsewhere("DELETE FROM members WHERE name LIKE '%3'");
    recorder.take();
    let mut gone = 0;
    for kid in &kids {
        match session.edit(*kid) {
            Ok(kid) => kid.name.push('!'),
            Err(error) if error.is_deleted() => gone += 1,
            Err(error) => return Err(error),
        }
    }
    assert_eq!(gone, 5);
    session.commit()?;
    let sent = steps(recorder.sql());
    assert!(sent.iter().filter(|step| step.starts_with("SELECT")).count() <= 3 + gone, "{sent:?}");
    assert_eq!(library.see("SELECT COUNT(*) FROM members WHERE name LIKE 'kid %!'"), "45");
    Ok(())
}

pub fn b095_a_row_that_was_read_ahead_is_read_again_after_a_write() -> Result<()> {
    let (library, mut session, recorder) = open();
    let (root, kids) = family(&mut session)?;
    session.load(&kids[..1])?;
    session.view(kids[1])?;
    assert_eq!(session.state(kids[2])?, State::Persistent { modified: false });
    session.view(kids[2])?;
    // The effects of triggers are not known.
    session.edit(root)?.name = "Root".into();
    session.flush()?;
    session.execute_unsynchronized(diesel::update(members::table).set(members::name.eq("x")))?;
    assert_eq!(session.state(kids[2])?, State::Persistent { modified: false });
    assert_eq!(session.state(kids[3])?, State::Stale);
    recorder.take();
    assert_eq!(session.view(kids[3])?.name, "x");
    assert_eq!(recorder.sql(), ["SELECT id, parent_id, name FROM members WHERE id = ?"]);
    assert_ne!(session.view(kids[2])?.name, "x");
    session.rollback()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM members WHERE name = 'x'"), "0");
    Ok(())
}

pub fn b094_a_single_column_is_read_by_a_query_and_the_row_stays_as_it_is() -> Result<()> {
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

pub fn b095_edit_of_an_expired_row_loads_it_first() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let ann = session.get_one::<Author>(ANN)?;
    session.expire(ann)?;
    recorder.take();
    session.edit(ann)?.name = "Anna".into();
    session.flush()?;
    assert_eq!(recorder.sql(), [SELECT_AUTHOR, "UPDATE authors SET name = ? WHERE id = ?"]);
    Ok(())
}

pub fn b096_expire_and_refresh_of_a_row_that_is_not_stored_are_errors() -> Result<()> {
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

pub fn b097_reading_or_refreshing_a_row_that_is_gone_is_an_error() -> Result<()> {
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

pub fn b098_expire_all_leaves_pending_rows_alone() -> Result<()> {
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

pub fn b099_refresh_reads_now_and_drops_the_row_s_own_changes() -> Result<()> {
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

pub fn b100_reading_a_row_again_leaves_work_unflushed_that_cannot_reach_it() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let (ann, ben) = (session.get_one::<Author>(ANN)?, session.get_one::<Author>(BEN)?);
    let sea = session.get_one::<Book>(SEA)?;
    session.edit(ben)?.number = 11;
    session.edit(sea)?.title = "Ocean".into();
    let dot = session.add(NewAuthor::new(11, "half done")?);
    recorder.take();
    session.refresh(ann)?;
    session.expire(ann)?;
    session.view(ann)?;
    session.expire(ann)?;
    assert_eq!(session.get::<Author>(ANN)?, Some(ann));
    session.expire(ann)?;
    session.edit(ann)?.name = "Anna".into();
    assert_eq!(recorder.sql(), [SELECT_AUTHOR; 4]);
    session.pending_mut(dot)?.number = 12;
    session.flush()
}

pub fn b100_reading_a_row_again_flushes_what_can_reach_it() -> Result<()> {
    let (library, mut session, recorder) = open();
    let first = |recorder: &Recorder| steps(recorder.sql()).remove(0);
    // A new row with its key.
    let old = session.get_one::<Tag>("old".to_owned())?;
    session.commit()?;
    library.elsewhere("DELETE FROM tags");
    let new = session.add(NewTag::new("old")?);
    recorder.take();
    assert!(session.view(old).unwrap_err().is_deleted());
    assert_eq!(first(&recorder), "INSERT tags");
    assert_eq!(session.view(new)?.colour, "red");
    session.add(NewTag::new("other")?);
    session.expire(new)?;
    recorder.take();
    session.view(new)?;
    assert_eq!(first(&recorder), "SELECT name,");
    // A value that it refers to, and that the database cascades.
    let (gold, cid) = (session.get_one::<Prize>(30_001)?, session.get_one::<Author>(CID)?);
    session.edit(cid)?.number = 31;
    session.expire(gold)?;
    recorder.take();
    assert_eq!(session.view(gold)?.author_number, 31);
    assert_eq!(first(&recorder), "UPDATE authors");
    // A row whose deletion cascades to it.
    let wet = session.get_one::<Review>(20_001)?;
    session.execute(diesel::delete(prizes::table))?;
    session.delete(cid)?;
    session.expire(wet)?;
    recorder.take();
    assert!(session.view(wet).unwrap_err().is_deleted());
    assert_eq!(first(&recorder), "DELETE authors");
    // Its own mark for deletion.
    let sky = session.get_one::<Book>(SKY)?;
    session.expire(sky)?;
    session.delete(sky)?;
    recorder.take();
    assert!(session.edit(sky).unwrap_err().is_deleted());
    assert_eq!(steps(recorder.sql()), ["DELETE books"]);
    Ok(())
}

pub fn b100_a_key_that_is_changed_and_not_flushed_is_flushed_before_rows_of_its_table_are_read() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let old = session.get_one::<Tag>("old".to_owned())?;
    let new = session.add(NewTag::new("new")?);
    session.flush()?;
    session.edit(old)?.name = "ancient".into();
    session.expire(new)?;
    recorder.take();
    session.view(new)?;
    assert_eq!(steps(recorder.sql()), ["UPDATE tags", "SELECT name,"]);
    Ok(())
}

pub fn b101_refresh_of_a_row_with_a_changed_key_reads_it_under_the_stored_one() -> Result<()> {
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

pub fn b093_rows_that_are_expired_by_a_flush_on_the_way_are_loaded_too() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let members = session.query(Member::query().order(members::id)).all()?;
    session.delete(members[1])?;
    let new = session.add(NewMember::new("new")?);
    // The flush of the new row sends the DELETE, after which members are read again.
    session.load(&[members[0], new])?;
    assert_eq!(session.row(members[0])?.name, "root");
    let other = session.add(NewMember::new("other")?);
    session.flush()?;
    session.load(&[members[0], new, other])?;
    // So does the SELECT of a row that the DELETE may affect.
    session.delete(other)?;
    session.expire(new)?;
    session.load(&[members[0], new])?;
    assert_eq!((&*session.row(members[0])?.name, &*session.row(new)?.name), ("root", "new"));
    Ok(())
}
