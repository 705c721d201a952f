//! Rows that refer to each other, or to themselves: a nullable foreign key is written apart from its row (135, 136).

use diesel::{HasQuery as _, QueryDsl as _};
use diesel_session::{Error, Result, State};

use super::domain::*;
use super::graphs::*;

pub fn b135_two_new_rows_that_refer_to_each_other_are_inserted_and_one_is_updated() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    let team = session.add(NewTeam::new("red")?);
    let worker = session.add(NewWorker::new(team, "Ann")?);
    session.pending_mut(team)?.lead_id = worker.into();
    let steps = ["INSERT teams (1 row)", "INSERT workers (1 row)", "UPDATE teams SET lead_id (1 row)"];
    assert_eq!(planned(&session)?, steps);
    session.flush()?;
    let sent = recorder.sql();
    let update = sent.last().unwrap().replace('`', "");
    assert_eq!(update, "UPDATE teams SET lead_id = ? WHERE id = ? AND version = ?");
    assert_eq!(session.row(team)?.lead_id, session.key(worker).ok());
    // It completes the insertion: neither the version nor what every update refreshes is touched.
    assert_eq!((session.row(team)?.version, session.row(worker)?.version), (1, 1));
    assert!(!session.is_modified(team)?);
    session.commit()?;
    assert_eq!(library.see("SELECT workers.name FROM teams JOIN workers ON workers.id = lead_id"), "Ann");
    // The version in memory is that of the database.
    session.edit(team)?.name = "blue".into();
    session.commit()?;
    assert_eq!(library.see("SELECT version FROM teams"), "2");
    Ok(())
}

pub fn b135_a_new_row_refers_to_itself() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    let root = session.add(NewMember::new("own parent")?);
    let leaf = session.add(NewMember { parent_id: root.into(), ..NewMember::new("leaf")? });
    session.pending_mut(root)?.parent_id = root.into();
    let steps_planned = ["INSERT members (1 row)", "INSERT members (1 row)", "UPDATE members SET parent_id (1 row)"];
    assert_eq!(planned(&session)?, steps_planned);
    session.commit()?;
    assert_eq!(steps(recorder.sql()).last().unwrap(), "COMMIT");
    assert_eq!(session.row(root)?.parent_id, session.key(root).ok());
    assert_eq!(session.row(leaf)?.parent_id, session.key(root).ok());
    assert_eq!(library.see("SELECT COUNT(*) FROM members WHERE id = parent_id"), "1");
    Ok(())
}

pub fn b135_a_ring_of_new_rows_needs_one_update() -> Result<()> {
    let (_library, mut session, _recorder) = drawn();
    let ring: Vec<_> = (0..50).map(|number| session.add(NewMember::new(format!("m{number}")).unwrap())).collect();
    for (number, member) in ring.iter().enumerate() {
        session.pending_mut(*member)?.parent_id = ring[(number + 1) % 50].into();
    }
    let updates = planned(&session)?.into_iter().filter(|step| step.starts_with("UPDATE")).collect::<Vec<_>>();
    assert_eq!(updates, ["UPDATE members SET parent_id (1 row)"]);
    session.flush()?;
    session.expire_all();
    for (number, member) in ring.iter().enumerate() {
        let next = session.key(ring[(number + 1) % 50]).ok();
        assert_eq!(session.view(*member)?.parent_id, next);
    }
    Ok(())
}

pub fn b135_many_cycles_share_their_statements() -> Result<()> {
    let (_library, mut session, recorder) = drawn();
    for _ in 0..50 {
        let dog = session.add(NewDog::new("Rex")?);
        let owner = session.add(NewOwner { dog_id: dog.into(), ..NewOwner::new("Uma")? });
        session.pending_mut(dog)?.owner_id = owner.into();
    }
    let steps_planned = planned(&session)?;
    assert_eq!(steps_planned.len(), 3, "{steps_planned:?}");
    assert!(steps_planned[2].ends_with("(50 rows)"), "{steps_planned:?}");
    recorder.take();
    session.flush()?;
    assert_eq!(recorder.sql().iter().filter(|sql| sql.starts_with("UPDATE")).count(), 1);
    Ok(())
}

pub fn b135_given_values_in_a_cycle_need_an_update_where_the_engine_checks_row_by_row() -> Result<()> {
    let (library, mut session, _recorder) = drawn();
    session.add(NewSeat { beside: Some(1_002).into(), ..NewSeat::new(1_001, 1, 1)? });
    session.add(NewSeat { beside: Some(1_001).into(), ..NewSeat::new(1_002, 1, 2)? });
    session.add(NewSeat { beside: Some(1_003).into(), ..NewSeat::new(1_003, 1, 3)? });
    let steps: &[&str] = if library.engine().checks_after_statement() {
        &["INSERT seats (3 rows)"]
    } else {
        &["INSERT seats (2 rows)", "INSERT seats (1 row)", "UPDATE seats SET beside (1 row)"]
    };
    assert_eq!(planned(&session)?, steps);
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM seats WHERE beside IS NOT NULL"), "3");
    Ok(())
}

pub fn b135_a_part_of_a_foreign_key_that_can_be_null_opens_the_cycle() -> Result<()> {
    let (library, mut session, _recorder) = drawn();
    let one = session.add(NewStage::new(1, 1)?);
    let two = session.add(NewStage { after: one.into(), ..NewStage::new(1, 2)? });
    session.pending_mut(one)?.after = two.into();
    let steps = ["INSERT stages (1 row)", "INSERT stages (1 row)", "UPDATE stages SET after (1 row)"];
    assert_eq!(flushed(&mut session)?, steps);
    assert_eq!((session.view(one)?.after, session.view(two)?.after), (Some(2), Some(1)));
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM stages WHERE after IS NOT NULL"), "2");
    Ok(())
}

pub fn b135_a_cycle_without_a_nullable_foreign_key_is_an_error_that_names_the_way_out() -> Result<()> {
    let (_library, mut session, recorder) = drawn();
    let hen = session.add(NewHen::new(0)?);
    let egg = session.add(NewEgg::new(hen)?);
    session.pending_mut(hen)?.egg_id = egg.into();
    for error in [session.flush().unwrap_err(), session.plan().unwrap_err()] {
        assert!(matches!(error, Error::Plan { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            "cannot plan the flush: new rows of eggs and hens refer to each other in a cycle of foreign keys that cannot \
             be NULL, so none can be inserted first: make one of these foreign keys an `Option`, or refer to a row that is \
             in the database"
        );
    }
    assert!(recorder.sql().is_empty());
    // Nothing is poisoned: the caller breaks the cycle and continues. There is no foreign key from hens to eggs here.
    session.pending_mut(hen)?.egg_id = 7.into();
    session.commit()
}

pub fn b135_a_changed_row_and_the_new_row_that_takes_its_unique_value_refer_to_each_other() -> Result<()> {
    let (library, mut session, _recorder) = drawn();
    let old = session.add(NewPrice { item: Some(5), ..NewPrice::new()? });
    session.commit()?;
    session.edit(old)?.item = None;
    let new = session.add(NewPrice { item: Some(5), ..NewPrice::new()? });
    session.set_parent(prices::next_id, old, new)?;
    // The new price waits for the item, and the old one for the key of the new.
    let steps = ["UPDATE prices SET item (1 row)", "INSERT prices (1 row)", "UPDATE prices SET next_id (1 row)"];
    assert_eq!(flushed(&mut session)?, steps);
    assert_eq!((session.row(old)?.next_id, session.row(old)?.item), (session.key(new).ok(), None));
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM prices WHERE next_id IS NOT NULL AND item IS NULL"), "1");
    Ok(())
}

pub fn b135_a_failed_update_undoes_the_insert_with_its_level() -> Result<()> {
    let (library, mut session, _recorder) = drawn();
    let keep = session.add(NewTeam::new("kept")?);
    session.flush()?;
    let mut team = None;
    let undone = session.nested(|session| -> Result<()> {
        let new = session.add(NewTeam::new("red")?);
        team = Some(new);
        let worker = session.add(NewWorker::new(new, "Ann")?);
        session.pending_mut(new)?.lead_id = worker.into();
        session.flush()?;
        Err(Error::ReadOnlySession)
    });
    assert!(undone.is_err());
    let team = team.unwrap();
    assert_eq!(session.state(team)?, State::Transient);
    // Added again, it has the reference that it was added with, to a worker that is not there.
    session.add_back(team)?;
    assert!(session.plan().is_err());
    session.pending_mut(team)?.lead_id = diesel_session::session::Ref::of(None);
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM teams"), "2");
    assert_eq!(session.view(keep)?.lead_id, None);
    Ok(())
}

pub fn b136_rows_that_refer_to_each_other_are_deleted_after_an_update_to_null() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    let team = session.add(NewTeam::new("red")?);
    let worker = session.add(NewWorker::new(team, "Ann")?);
    session.pending_mut(team)?.lead_id = worker.into();
    session.commit()?;
    session.load(&[worker])?;
    // What it refers to must be known for the order, so an expired one is read.
    session.expire(team)?;
    session.delete(team)?;
    session.delete(worker)?;
    recorder.take();
    session.flush()?;
    assert_eq!(steps(recorder.sql()), ["SELECT id,", "UPDATE teams", "DELETE workers", "DELETE teams"]);
    session.rollback()?;
    let lead = session.view(team)?.lead_id;
    assert!(lead.is_some() && lead == session.key(worker).ok());
    session.view(worker)?;
    session.delete(worker)?;
    session.delete(team)?;
    let steps = ["UPDATE teams SET lead_id (1 row)", "DELETE workers (1 row)", "DELETE teams (1 row)"];
    assert_eq!(planned(&session)?, steps);
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM teams"), "0");
    Ok(())
}

pub fn b136_rows_of_one_table_in_a_cycle_are_deleted_on_every_engine() -> Result<()> {
    let (library, mut session, _recorder) = drawn();
    let one = session.add(NewMember::new("one")?);
    let two = session.add(NewMember { parent_id: one.into(), ..NewMember::new("two")? });
    let own = session.add(NewMember::new("own")?);
    session.pending_mut(one)?.parent_id = two.into();
    session.pending_mut(own)?.parent_id = own.into();
    session.commit()?;
    session.load(&[one, two, own])?;
    for member in [one, two, own] {
        session.delete(member)?;
    }
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM members"), "2");
    Ok(())
}

pub fn b136_expired_rows_in_a_cycle_are_deleted_on_every_engine() -> Result<()> {
    let (library, mut session, _recorder) = drawn();
    let ring: Vec<_> = (0..20).map(|number| session.add(NewMember::new(format!("m{number}")).unwrap())).collect();
    for (number, member) in ring.iter().enumerate() {
        session.pending_mut(*member)?.parent_id = ring[(number + 1) % 20].into();
    }
    session.commit()?;
    session.expire_all();
    for member in ring {
        session.delete(member)?;
    }
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM members"), "2");
    Ok(())
}

pub fn b136_a_versioned_row_that_someone_else_changed_is_stale_before_it_is_deleted() -> Result<()> {
    let (library, mut session, _recorder) = drawn();
    let team = session.add(NewTeam::new("red")?);
    let worker = session.add(NewWorker::new(team, "Ann")?);
    session.pending_mut(team)?.lead_id = worker.into();
    session.commit()?;
    let copies = (session.detach(team)?, session.detach(worker)?);
    session.commit()?;
    library.elsewhere("UPDATE teams SET version = 2");
    session.delete(&copies.0)?;
    session.delete(&copies.1)?;
    let error = session.flush().unwrap_err();
    assert!(error.is_stale(), "{error}");
    session.rollback()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM teams WHERE lead_id IS NOT NULL"), "1");
    Ok(())
}

pub fn b136_a_row_moves_to_the_one_that_replaces_its_parent() -> Result<()> {
    let (library, mut session, _recorder) = drawn();
    let old = session.add(NewPrice { item: Some(5), ..NewPrice::new()? });
    let child = session.add(NewPrice { next_id: old.into(), ..NewPrice::new()? });
    session.commit()?;
    session.load(&[old, child])?;
    // The child leaves the old price, which frees the item for the new one, to which the child goes.
    session.delete(old)?;
    let new = session.add(NewPrice { item: Some(5), ..NewPrice::new()? });
    session.set_parent(prices::next_id, child, new)?;
    let steps = [
        "UPDATE prices SET next_id (1 row)",
        "DELETE prices (1 row)",
        "INSERT prices (1 row)",
        "UPDATE prices SET next_id (1 row)",
    ];
    assert_eq!(flushed(&mut session)?, steps);
    let next = session.view(child)?.next_id;
    assert_eq!(next, session.key(new).ok());
    session.commit()?;
    let rows = session.rows(prices::table.select((prices::id, prices::next_id)))?;
    let rows: Vec<(i64, Option<i64>)> = rows;
    assert_eq!(rows.len(), 2);
    assert_eq!(library.see("SELECT COUNT(*) FROM prices WHERE next_id IS NOT NULL"), "1");
    assert_eq!(session.query(Price::query()).count()?, 2);
    Ok(())
}
