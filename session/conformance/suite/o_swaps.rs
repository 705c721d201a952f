//! Unique values that rows exchange: one row of each cycle is parked (147), as the plan shows (148).

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::session::Freshness;
use diesel_session::{Error, Handle, Result};

use super::domain::*;
use super::exchanges::*;
use super::graphs::{flushed, planned};
use super::ledger::kept;

const PARKED: &str = "UPDATE slots SET position (1 row, parked)";

/// Rows of one list at positions from 1 on.
fn listed(session: &mut Session<'_>, list: i64, count: i64) -> Result<Vec<Handle<Slot>>> {
    let slots: Vec<_> = (1..=count).map(|position| session.add(NewSlot::new(list, position, "row").unwrap())).collect();
    session.flush()?;
    Ok(slots)
}

fn swap(session: &mut Session<'_>, one: Handle<Slot>, two: Handle<Slot>) -> Result<()> {
    let positions = [session.view(one)?.position, session.view(two)?.position];
    session.edit(one)?.position = positions[1];
    session.edit(two)?.position = positions[0];
    Ok(())
}

/// The positions and versions that are stored, in order of the keys.
fn stored(session: &mut Session<'_>) -> Result<Vec<(i64, i64)>> {
    session.rows(slots::table.select((slots::position, slots::version)).order(slots::id))
}

fn held(session: &mut Session<'_>, badges: &[Handle<Badge>]) -> Result<Vec<Option<i64>>> {
    badges.iter().map(|badge| Ok(session.view(*badge)?.holder)).collect()
}

pub fn b147_a_swap_goes_through_the_free_value_and_counts_each_version_once() -> Result<()> {
    let (_library, mut session, recorder) = exchanging();
    let rows = listed(&mut session, 1, 2)?;
    swap(&mut session, rows[0], rows[1])?;
    session.edit(rows[1])?.label = "moved".into();
    recorder.take();
    let steps = [
        PARKED,
        "UPDATE slots SET position, label, changed, version (1 row)",
        "UPDATE slots SET position, changed, version (1 row)",
    ];
    let parked_first = planned(&session)?;
    session.flush()?;
    let sent = recorder.take();
    // Either of the two can be the one that is parked.
    assert!(parked_first == steps || parked_first[1..] == [steps[2], steps[1]], "{parked_first:?}");
    assert_eq!(sent[0].sql.replace('`', ""), "UPDATE slots SET position = ? WHERE id = ? AND version = ?");
    assert!(sent[0].binds.starts_with("[-1, ") && sent[0].binds.ends_with(", 1]"), "{}", sent[0].binds);
    assert!(sent[1..].iter().all(|sent| sent.binds.ends_with(", 2, 1, 1]") || sent.binds.ends_with(", 2, 2, 1]")));
    assert_eq!(stored(&mut session)?, [(2, 2), (1, 2)]);
    assert_eq!((session.view(rows[0])?.version, session.view(rows[1])?.position), (2, 1));
    assert!(!session.is_modified(rows[0])? && !session.is_modified(rows[1])?);
    session.commit()
}

pub fn b147_a_rotation_parks_one_row_however_long_it_is() -> Result<()> {
    let (_library, mut session, recorder) = exchanging();
    let rows = listed(&mut session, 1, 100)?;
    for (number, row) in (1..).zip(&rows) {
        session.edit(*row)?.position = number % 100 + 1;
    }
    recorder.take();
    assert_eq!(flushed(&mut session)?, [PARKED, "UPDATE slots SET position, changed, version (100 rows)"]);
    assert_eq!(recorder.take().len(), 101);
    let stored = stored(&mut session)?;
    assert!((1..).zip(stored).all(|(number, (position, version))| (position, version) == (number % 100 + 1, 2)));
    Ok(())
}

pub fn b147_cycles_use_the_free_value_one_after_another() -> Result<()> {
    let (_library, mut session, _recorder) = exchanging();
    let rows = listed(&mut session, 1, 6)?;
    for pair in rows.chunks(2) {
        swap(&mut session, pair[0], pair[1])?;
    }
    let both = "UPDATE slots SET position, changed, version (2 rows)";
    assert_eq!(flushed(&mut session)?, [PARKED, both, PARKED, both, PARKED, both]);
    let positions: Vec<i64> = stored(&mut session)?.into_iter().map(|(position, _)| position).collect();
    assert_eq!(positions, [2, 1, 4, 3, 6, 5]);
    Ok(())
}

pub fn b147_rows_that_exchange_the_other_column_of_the_set_are_parked_too() -> Result<()> {
    let (_library, mut session, _recorder) = exchanging();
    let (one, two) = (listed(&mut session, 1, 1)?[0], listed(&mut session, 2, 1)?[0]);
    session.edit(one)?.list = 2;
    session.edit(two)?.list = 1;
    let steps = flushed(&mut session)?;
    assert_eq!(steps[0], PARKED);
    // The parked row gets its position back by its own statement.
    assert!(steps[1..].contains(&"UPDATE slots SET list, position, changed, version (1 row)".to_owned()), "{steps:?}");
    let lists: Vec<(i64, i64)> = session.rows(slots::table.select((slots::list, slots::position)).order(slots::id))?;
    assert_eq!(lists, [(2, 1), (1, 1)]);
    Ok(())
}

pub fn b147_a_nullable_column_is_null_meanwhile_and_many_rows_are_parked_together() -> Result<()> {
    let (_library, mut session, recorder) = exchanging();
    let new = |number| NewBadge { holder: Some(number), ..NewBadge::new("red").unwrap() };
    let badges: Vec<_> = (1..=20).map(|number| session.add(new(number))).collect();
    session.flush()?;
    for (number, badge) in (0..20).zip(&badges) {
        session.edit(*badge)?.holder = Some((number ^ 1) + 1);
    }
    let steps = [
        "UPDATE badges SET holder (10 rows, parked)",
        "UPDATE badges SET holder (20 rows)",
        "INSERT diesel_session_history (20 rows)",
    ];
    recorder.take();
    assert_eq!(flushed(&mut session)?, steps);
    assert_eq!(recorder.take().len(), 1 + 20 + 1);
    session.expire_all();
    let wanted: Vec<_> = (0..20).map(|number| Some((number ^ 1) + 1)).collect();
    assert_eq!(held(&mut session, &badges)?, wanted);
    Ok(())
}

pub fn b147_the_history_and_the_hooks_see_one_change_with_the_values_before_it() -> Result<()> {
    let (library, mut session, _recorder) = exchanging();
    let new = |number| NewBadge { holder: Some(number), ..NewBadge::new("red").unwrap() };
    let badges = [session.add(new(11)), session.add(new(12))];
    session.commit()?;
    session.after_flush(|_, flushed| {
        let before: Vec<_> = flushed.updated::<Badge>().iter().map(|updated| updated.before.holder).collect();
        let mut sorted = before.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [Some(11), Some(12)], "{before:?}");
        Ok(())
    });
    session.load(&badges)?;
    session.edit(badges[0])?.holder = Some(12);
    session.edit(badges[1])?.holder = Some(11);
    session.commit()?;
    let mut updates: Vec<String> =
        kept(&library, "badges").into_iter().filter(|kept| kept.starts_with("UPDATE")).collect();
    updates.sort_unstable();
    let kept = |id, holder| format!("UPDATE {id} {{\"id\":{id},\"holder\":{holder},\"colour\":\"red\"}}");
    assert_eq!(updates, [kept(1, 11), kept(2, 12)]);
    Ok(())
}

pub fn b147_a_deleted_row_is_parked_for_the_row_that_replaces_it_and_takes_its_children() -> Result<()> {
    let (library, mut session, _recorder) = exchanging();
    let old = session.add(NewBadge { holder: Some(11), ..NewBadge::new("red")? });
    let lanyard = session.add(NewLanyard::new(old)?);
    session.commit()?;
    session.load(&[old])?;
    session.load(&[lanyard])?;
    // The lanyard cannot be without a badge, and the new badge needs the holder of the old one.
    let new = session.add(NewBadge { holder: Some(11), ..NewBadge::new("blue")? });
    session.set_parent(lanyards::badge_id, lanyard, new)?;
    session.delete(old)?;
    let steps = [
        "UPDATE badges SET holder (1 row, parked)",
        "INSERT badges (1 row)",
        "UPDATE lanyards SET badge_id (1 row)",
        "DELETE badges (1 row)",
        "INSERT diesel_session_history (2 rows)",
    ];
    assert_eq!(flushed(&mut session)?, steps);
    session.commit()?;
    assert_eq!(
        library.see("SELECT colour FROM badges JOIN lanyards ON badges.id = badge_id WHERE holder = 11"),
        "blue"
    );
    let deleted = kept(&library, "badges").into_iter().find(|kept| kept.starts_with("DELETE"));
    assert_eq!(deleted.as_deref(), Some("DELETE 1 {\"id\":1,\"holder\":11,\"colour\":\"red\"}"));
    Ok(())
}

pub fn b147_a_parked_row_that_someone_else_changed_is_stale() -> Result<()> {
    let (library, mut session, _recorder) = exchanging();
    let rows = listed(&mut session, 1, 2)?;
    session.set_freshness(Freshness::Never);
    session.commit()?;
    library.elsewhere("UPDATE slots SET version = 2");
    swap(&mut session, rows[0], rows[1])?;
    let error = session.flush().unwrap_err();
    assert!(error.is_stale(), "{error}");
    session.rollback()?;
    assert_eq!(stored(&mut session)?, [(1, 2), (2, 2)]);
    Ok(())
}

pub fn b147_a_rollback_undoes_the_parking_and_the_session_shows_what_is_stored() -> Result<()> {
    let (_library, mut session, _recorder) = exchanging();
    let rows = listed(&mut session, 1, 2)?;
    let undone = session.nested(|session| -> Result<()> {
        swap(session, rows[0], rows[1])?;
        session.flush()?;
        Err(Error::ReadOnlySession)
    });
    assert!(undone.is_err());
    assert_eq!((session.view(rows[0])?.position, session.view(rows[1])?.position), (1, 2));
    swap(&mut session, rows[0], rows[1])?;
    session.commit()?;
    assert_eq!(stored(&mut session)?, [(2, 2), (1, 2)]);
    Ok(())
}

pub fn b147_a_free_value_that_a_row_has_is_a_violation() -> Result<()> {
    let (_library, mut session, _recorder) = exchanging();
    let rows = listed(&mut session, 1, 2)?;
    session.add(NewSlot::new(1, -1, "in the way")?);
    session.flush()?;
    swap(&mut session, rows[0], rows[1])?;
    let error = session.flush().unwrap_err();
    assert!(error.is_unique() && error.to_string().contains("-1"), "{error}");
    Ok(())
}

pub fn b148_without_a_free_value_the_error_says_how_to_name_one() -> Result<()> {
    let (_library, mut session, recorder) = exchanging();
    let lockers = [1, 2].map(|number| session.add(NewLocker::new(number).unwrap()));
    session.flush()?;
    session.edit(lockers[0])?.number = 2;
    session.edit(lockers[1])?.number = 1;
    recorder.take();
    let error = session.flush().unwrap_err().to_string();
    assert!(error.ends_with("; or name a value that no row has: `#[entity(unique(number, free(value)))]`"), "{error}");
    assert!(recorder.sql().is_empty());
    Ok(())
}

pub fn b148_the_plan_tells_which_updates_park_rows() -> Result<()> {
    let (_library, mut session, recorder) = exchanging();
    let rows = listed(&mut session, 1, 3)?;
    swap(&mut session, rows[0], rows[1])?;
    session.edit(rows[2])?.position = 4;
    recorder.take();
    let plan = session.plan()?;
    let parks: Vec<(bool, usize)> = plan.steps().iter().map(|step| (step.parks, step.rows)).collect();
    assert_eq!(parks, [(true, 1), (false, 3)], "{plan}");
    assert_eq!(plan.steps()[0].columns, ["position"]);
    assert!(recorder.sql().is_empty());
    session.flush()?;
    assert_eq!(session.query(Slot::query().filter(slots::position.lt(0))).count()?, 0);
    Ok(())
}
