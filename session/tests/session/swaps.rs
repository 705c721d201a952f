//! Random exchanges of unique values: what a flush can do with a free value, and what it can do only in some order.
//!
//! The slots have a free value, so that every exchange works, and as many rows are parked as there are cycles. The
//! addresses have none, and tracks have theirs checked at COMMIT or not: they are held against an oracle that tries the
//! orders, as in `orders`.

use std::collections::{HashMap, HashSet};

use diesel::QueryDsl as _;
use diesel::connection::SimpleConnection as _;
use diesel_session::connection::AnyConnection;
use diesel_session::{Error, Handle, Result, Session};
use proptest::prelude::*;

use crate::any::suite::exchanges::*;
use crate::choices::{Choices, cases};
use crate::orders::works;

/// What becomes of one row: the value that it has before and after, if it is there.
type Life<V> = (Option<V>, Option<V>);

/// Rows that come, go, stay and move, with values drawn `before` and `after`.
fn lives<V>(
    choices: &mut Choices,
    mut before: impl FnMut(&mut Choices) -> V,
    mut after: impl FnMut(&mut Choices) -> V,
) -> Vec<Life<V>> {
    let rows = 2 + choices.of(5);
    let life = |_| match choices.of(8) {
        0 => (Some(before(choices)), None),
        1 => (None, Some(after(choices))),
        _ => (Some(before(choices)), Some(after(choices))),
    };
    (0..rows).map(life).collect()
}

/// The key of a row that is there before, far above what the database counts up to.
fn id(row: usize) -> i64 {
    1_000_001 + i64::try_from(row).unwrap()
}

/// The number of cycles in which rows would exchange their values.
fn cycles(lives: &[Life<(i64, i64)>]) -> usize {
    let owners: HashMap<(i64, i64), usize> =
        lives.iter().enumerate().filter_map(|(row, (before, _))| Some(((*before)?, row))).collect();
    let next = |row: usize| owners.get(&lives[row].1?).copied().filter(|owner| *owner != row);
    let mut found = HashSet::new();
    for row in 0..lives.len() {
        let mut path = vec![row];
        while let Some(owner) = next(path[path.len() - 1]) {
            if let Some(begin) = path.iter().position(|seen| *seen == owner) {
                found.insert(path[begin..].iter().min().copied());
                break;
            }
            path.push(owner);
        }
    }
    found.len()
}

/// Puts the slots into the database, brings them to where they are to be, and looks at what was sent and stored.
fn exchange(session: &mut Session<'_>, choices: &mut Choices) -> Result<usize> {
    let places = || [1, 2].iter().flat_map(|list| (1..=3).map(|position| (*list, position))).collect::<Vec<_>>();
    let (mut before, mut after) = (places(), places());
    let lives = lives(
        choices,
        |choices| before.remove(choices.of(before.len())),
        |choices| after.remove(choices.of(after.len())),
    );
    let setting = lives.iter().enumerate().filter_map(|(row, (before, _))| {
        let (list, position) = (*before)?;
        Some(format!("INSERT INTO slots VALUES ({}, {list}, {position}, 'row', 0, 1)", id(row)))
    });
    let setting: Vec<String> = std::iter::once("DELETE FROM slots".to_owned()).chain(setting).collect();
    session.connection()?.batch_execute(&setting.join(";")).unwrap();
    for (row, (before, after)) in lives.iter().enumerate() {
        match (before, after) {
            (Some(_), Some((list, position))) => {
                let slot = session.no_autoflush(|session| session.get_one::<Slot>(id(row)))?;
                let slot = session.edit(slot)?;
                (slot.list, slot.position) = (*list, *position);
            }
            (Some(_), None) => {
                let slot = session.no_autoflush(|session| session.get_one::<Slot>(id(row)))?;
                session.delete(slot)?;
            }
            (None, Some((list, position))) => drop(session.add(NewSlot::new(*list, *position, "new")?)),
            (None, None) => {}
        }
    }
    let plan = session.plan()?;
    let story = format!("{lives:?}\n{plan}");
    session.flush().unwrap_or_else(|error| panic!("{error}\n{story}"));
    let parked: usize = plan.steps().iter().filter(|step| step.parks).map(|step| step.rows).sum();
    assert_eq!(parked, cycles(&lives), "{story}");
    let others: usize = plan.steps().iter().filter(|step| !step.parks).map(|step| step.rows).sum();
    assert_eq!(others, lives.iter().filter(|(before, after)| before != after).count(), "each row once: {story}");
    let mut wanted: Vec<(i64, i64)> = lives.iter().filter_map(|(_, after)| *after).collect();
    wanted.sort_unstable();
    let order = (slots::list, slots::position);
    assert_eq!(session.rows(slots::table.select(order).order(order))? as Vec<(i64, i64)>, wanted, "{story}");
    Ok(parked)
}

/// A table, and how its rows are written: as SQL, and by a session.
struct Moved<V> {
    table: &'static str,
    /// The columns and values of an INSERT without its key.
    insert: fn(V) -> [String; 2],
    update: fn(V) -> String,
    change: fn(&mut Session<'_>, Option<i64>, Option<V>) -> Result<()>,
}

/// Moves rows in a session, and by single statements in any order; returns whether one works.
fn compare<V: Copy + PartialEq + std::fmt::Debug>(
    moved: &Moved<V>,
    lives: &[Life<V>],
    session: &mut Session<'_>,
    oracle: &mut AnyConnection,
) -> Result<bool> {
    let table = moved.table;
    let numbered = || lives.iter().enumerate();
    let setting = numbered().filter_map(|(row, (before, _))| {
        let [columns, values] = (moved.insert)((*before)?);
        Some(format!("INSERT INTO {table} (id, {columns}) VALUES ({}, {values})", id(row)))
    });
    let setting: Vec<String> = std::iter::once(format!("DELETE FROM {table}")).chain(setting).collect();
    let statements = numbered().filter_map(|(row, life)| match life {
        (before, after) if before == after => None,
        (Some(_), None) => Some(format!("DELETE FROM {table} WHERE id = {}", id(row))),
        (Some(_), Some(after)) => Some(format!("UPDATE {table} SET {} WHERE id = {}", (moved.update)(*after), id(row))),
        (None, after) => {
            let [columns, values] = (moved.insert)((*after)?);
            Some(format!("INSERT INTO {table} ({columns}) VALUES ({values})"))
        }
    });
    let statements: Vec<String> = statements.collect();
    oracle.batch_execute(&format!("BEGIN; {}", setting.join(";"))).unwrap();
    let works = works(oracle, &statements, 0, &mut HashSet::new());
    oracle.batch_execute("ROLLBACK").unwrap();

    session.connection()?.batch_execute(&setting.join(";")).unwrap();
    for (row, (before, after)) in numbered() {
        (moved.change)(session, before.map(|_| id(row)), *after)?;
    }
    let planned = session.plan();
    let flushed = session.flush();
    let story = format!("{lives:?}\n{:?}\n{flushed:?}", planned.as_ref().map(ToString::to_string));
    match flushed {
        Ok(()) => {
            let rows: usize = planned?.steps().iter().map(|step| step.rows).sum();
            assert!(works && rows == statements.len(), "each row once: {story}");
        }
        Err(error) => assert!(!works && matches!(error, Error::Plan { .. }), "{story}"),
    }
    Ok(works)
}

/// The row with this key.
fn found<E: diesel_session::session::Everywhere<Key = i64>>(session: &mut Session<'_>, id: i64) -> Result<Handle<E>> {
    session.no_autoflush(|session| session.get_one::<E>(id))
}

const ADDRESSES: Moved<(i64, bool)> = Moved {
    table: "addresses",
    insert: |(person, current)| ["person, street, is_current".into(), format!("{person}, 'Oak', {current}")],
    update: |(person, current)| format!("person = {person}, is_current = {current}"),
    change: |session, before, after| {
        match (before, after) {
            (Some(id), Some(after)) => {
                let address = found::<Address>(session, id)?;
                let address = session.edit(address)?;
                (address.person, address.is_current) = after;
            }
            (Some(id), None) => {
                let address = found::<Address>(session, id)?;
                session.delete(address)?;
            }
            (None, Some((person, current))) => drop(session.add(NewAddress::new(person, "Oak", current)?)),
            (None, None) => {}
        }
        Ok(())
    },
};

const TRACKS: Moved<i64> = Moved {
    table: "tracks",
    insert: |position| ["position, title".into(), format!("{position}, 'song'")],
    update: |position| format!("position = {position}"),
    change: |session, before, after| {
        match (before, after) {
            (Some(id), Some(position)) => {
                let track = found::<Track>(session, id)?;
                session.edit(track)?.position = position;
            }
            (Some(id), None) => {
                let track = found::<Track>(session, id)?;
                session.delete(track)?;
            }
            (None, Some(position)) => drop(session.add(NewTrack::new(position, "song")?)),
            (None, None) => {}
        }
        Ok(())
    },
};

/// An address of one of two people, most often the current one if that person has none yet.
fn address(choices: &mut Choices, current: &mut HashSet<i64>) -> (i64, bool) {
    let person = choices.one(&[1, 2]);
    (person, choices.of(4) > 0 && current.insert(person))
}

pub fn b147_any_exchange_works_with_a_free_value_and_parks_one_row_of_each_cycle() -> Result<()> {
    let (library, ..) = exchanging();
    let (parked, config) = (std::cell::Cell::new(0), cases(library.engine(), 600, 200));
    let cases = config.cases;
    proptest!(config, |(choices in proptest::collection::vec(any::<u8>(), 10..40))| {
        let mut session = library.session();
        let rows = exchange(&mut session, &mut Choices(choices.into_iter()));
        let rows = rows.map_err(|error| TestCaseError::fail(error.to_string()))?;
        parked.set(parked.get() + u32::from(rows > 0));
    });
    assert!(parked.get() > cases / 20, "{} of {cases} had a cycle", parked.get());
    Ok(())
}

pub fn b145_values_of_some_rows_pass_if_any_order_of_statements_does_it() -> Result<()> {
    let (library, ..) = exchanging();
    let (worked, oracle) = (std::cell::Cell::new(0), std::cell::RefCell::new(library.connect()));
    let config = cases(library.engine(), 500, 150);
    let cases = config.cases;
    proptest!(config, |(choices in proptest::collection::vec(any::<u8>(), 10..40))| {
        let mut choices = Choices(choices.into_iter());
        let (mut before, mut after) = (HashSet::new(), HashSet::new());
        let lives =
            lives(&mut choices, |choices| address(choices, &mut before), |choices| address(choices, &mut after));
        let works = compare(&ADDRESSES, &lives, &mut library.session(), &mut oracle.borrow_mut());
        worked.set(worked.get() + u32::from(works.map_err(|error| TestCaseError::fail(error.to_string()))?));
    });
    assert!((cases / 2..cases).contains(&worked.get()), "{} of {cases} worked", worked.get());
    Ok(())
}

pub fn b146_positions_pass_if_any_order_of_statements_does_it() -> Result<()> {
    let (library, ..) = exchanging();
    let (worked, oracle) = (std::cell::Cell::new(0), std::cell::RefCell::new(library.connect()));
    let config = cases(library.engine(), 300, 150);
    let cases = config.cases;
    proptest!(config, |(choices in proptest::collection::vec(any::<u8>(), 10..40))| {
        let mut choices = Choices(choices.into_iter());
        let positions = || (1..=7).collect::<Vec<i64>>();
        let (mut before, mut after) = (positions(), positions());
        let lives = lives(&mut choices, |choices| choices.draw(&mut before), |choices| choices.draw(&mut after));
        let works = compare(&TRACKS, &lives, &mut library.session(), &mut oracle.borrow_mut());
        worked.set(worked.get() + u32::from(works.map_err(|error| TestCaseError::fail(error.to_string()))?));
    });
    let all = library.engine().defers_unique();
    assert!(worked.get() > cases / 2 && (worked.get() == cases) == all, "{} of {cases} worked", worked.get());
    Ok(())
}
