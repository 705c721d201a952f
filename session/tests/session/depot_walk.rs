//! A random walk over relations, links, upserts, soft deletion and the history: transactions, savepoints and undo around
//! the steps, and at the end a look at what is stored and at what the history remembers.

use std::collections::BTreeSet;

use diesel::{HasQuery as _, QueryDsl as _};
use diesel_session::types::Timestamp;
use diesel_session::{Error, Result};
use proptest::prelude::*;

use crate::choices::{Choices, cases};
use crate::depot::*;
use crate::depot_model::Model;
use crate::depot_reads::*;
use crate::depot_steps::*;
use crate::domain::{Library, Session};

/// Takes random steps until the choices run out or, within a savepoint, until one of them ends it.
fn walk(session: &mut Session<'_>, walk: &mut Walk, choices: &mut Choices, depth: usize) -> Result<()> {
    while !choices.is_empty() {
        match choices.of(18) {
            0..=3 => add(session, walk, choices)?,
            4..=6 => change(session, walk, choices)?,
            7 | 8 => delete(session, walk, choices)?,
            9 | 10 => link(session, walk, choices)?,
            11 => upsert(session, walk, choices)?,
            12 | 13 => relate(session, walk, choices)?,
            14 => read(session, walk, choices)?,
            15 => session.flush()?,
            16 if depth < 3 => {
                let keep = choices.yes();
                savepoint(session, walk, choices, depth, keep)?;
            }
            _ if depth > 0 => return Ok(()),
            _ => match choices.of(6) {
                0 | 1 => commit(session, walk)?,
                2 => {
                    session.rollback()?;
                    walk.model = walk.committed.clone();
                    walk.renumbered = false;
                }
                3 => {
                    commit(session, walk)?;
                    session.clear()?;
                    walk.model.find_again(session)?;
                    walk.committed = walk.model.clone();
                }
                _ => {
                    commit(session, walk)?;
                    undo(session, walk)?;
                }
            },
        }
    }
    Ok(())
}

fn savepoint(
    session: &mut Session<'_>,
    state: &mut Walk,
    choices: &mut Choices,
    depth: usize,
    keep: bool,
) -> Result<()> {
    let before = state.model.clone();
    let mut reached_the_end = false;
    let done = session.nested(|session| -> Result<()> {
        state.renumbered = false;
        walk(session, state, choices, depth + 1)?;
        reached_the_end = true;
        if keep { Ok(()) } else { Err(Error::NoRows { what: "a reason to keep it".into() }) }
    });
    state.renumbered = false;
    match done {
        Err(_) if reached_the_end && !keep => {
            state.model = before;
            Ok(())
        }
        done => done,
    }
}

fn commit(session: &mut Session<'_>, walk: &mut Walk) -> Result<()> {
    let unit = session.unit();
    session.commit()?;
    walk.renumbered = false;
    walk.model.keep_keys(session);
    let before = std::mem::replace(&mut walk.committed, walk.model.clone());
    walk.last = Some((unit, before));
    let now = Timestamp::now();
    walk.past.push((now, walk.model.clone()));
    // What follows has a later time.
    while Timestamp::now() == now {}
    Ok(())
}

/// Undoes the last unit of work, if nothing without a history refers to what it has inserted.
fn undo(session: &mut Session<'_>, walk: &mut Walk) -> Result<()> {
    let Some((unit, before)) = walk.last.take() else { return Ok(()) };
    let had_item = |item: usize| before.items.0.get(item).is_some_and(|item| item.value.is_some());
    let had_shelf = |shelf: usize| before.shelves.0.get(shelf).is_some_and(|shelf| shelf.value.is_some());
    let (items, shelves) = (walk.model.links.iter().map(|(item, _)| *item), walk.model.slots.alive());
    let mut shelves = shelves.into_iter().map(|slot| walk.model.slots.value(slot).shelf);
    if !items.into_iter().all(had_item) || !shelves.all(had_shelf) {
        return Ok(());
    }
    match session.undo::<(Shelf, Item)>(unit) {
        // The unit changed nothing that has a history.
        Err(Error::NoRows { .. }) => {}
        done => done?,
    }
    session.flush()?;
    (walk.model.shelves, walk.model.items) = (before.shelves, before.items);
    walk.model.shelves.find_again(session)?;
    walk.model.items.find_again(session)?;
    check(session, &walk.model)?;
    commit(session, walk)
}

/// What is stored, as another session finds it.
fn check_stored(library: &Library, model: &Model) -> Result<()> {
    let (mut session, mut model) = (library.session(), model.clone());
    model.find_again(&mut session)?;
    check(&mut session, &model)?;
    let items = session.without_filters(|session| session.query(Item::query()).count())?;
    let counts = [
        items,
        session.query(Shelf::query()).count()?,
        session.query(Mark::query()).count()?,
        session.query(Slot::query()).count()?,
        session.query(Card::query()).count()?,
        session.query(Pin::query()).count()?,
    ];
    let alive = [
        model.items.alive(),
        model.shelves.alive(),
        model.marks.alive(),
        model.slots.alive(),
        model.cards.alive(),
        model.pins.alive(),
    ];
    assert_eq!(counts, alive.map(|alive| alive.len() as u64));
    let mut links = BTreeSet::new();
    for (item, mark) in &model.links {
        links.insert((session.key(model.items.handle(*item))?, model.marks.value(*mark).0));
    }
    let stored = session.rows::<ItemMark, _>(ItemMark::query().order((item_marks::item_id, item_marks::mark_code)))?;
    assert_eq!(stored.into_iter().map(|link| (link.item_id, link.mark_code)).collect::<BTreeSet<_>>(), links);
    Ok(())
}

/// What the history remembers of items at earlier times.
fn check_past(session: &mut Session<'_>, walk: &Walk, choices: &mut Choices) -> Result<()> {
    for (time, model) in &walk.past {
        let item = choices.of(model.items.0.len());
        let Some(key) = model.items.0.get(item).and_then(|item| item.key) else { continue };
        let then = session.as_of::<Item>(key, *time)?;
        let then = then.map(|row| (row.shelf_id, row.above_id, row.name, row.hidden));
        assert_eq!(then, model.committed_item(item), "item {key} at {time}");
    }
    Ok(())
}

pub fn a_session_and_a_model_of_its_relations_and_history_walk_together() -> Result<()> {
    let library = depot();
    proptest!(cases(library.engine(), 400, 100), |(choices in proptest::collection::vec(any::<u8>(), 0..400))| {
        library.elsewhere(EMPTY);
        let mut session = library.session();
        let (mut state, end) = (Walk::default(), choices.iter().rev().copied().collect::<Vec<u8>>());
        let done = walk(&mut session, &mut state, &mut Choices(choices.into_iter()), 0)
            .and_then(|()| commit(&mut session, &mut state))
            .and_then(|()| check_stored(&library, &state.model))
            .and_then(|()| check_past(&mut session, &state, &mut Choices(end.into_iter())));
        if let Err(error) = done {
            return Err(TestCaseError::fail(error.to_string()));
        }
    });
    Ok(())
}
