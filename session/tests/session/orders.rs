//! Random changes of rows whose keys and unique values change hands: a flush works if any order of statements does, and
//! then sends one for each row.
//!
//! The oracle has a database of its own and tries the orders, one statement a row: which statements were sent says all
//! about a database without cascades, so that it need not come to the same place twice.

use std::collections::HashSet;
use std::iter;

use diesel::connection::SimpleConnection as _;
use diesel::{HasQuery as _, QueryDsl as _};
use diesel_session::connection::{AnyConnection, SessionConnection as _};
use diesel_session::session::Ref;
use diesel_session::{Error, Handle, Result, Session};
use proptest::prelude::*;

use crate::choices::{Choices, cases};
use crate::domain::*;
use diesel_session_conformance::Recorder;

/// What becomes of one row: it is there before, after, or both.
struct Life<R> {
    before: Option<R>,
    after: Option<R>,
}

impl<R: PartialEq> Life<R> {
    fn is_still(&self) -> bool {
        self.before == self.after
    }
}

/// Values that few rows share: how many there are decides how often they change hands.
struct Pools {
    codes: Vec<i64>,
    numbers: Vec<i64>,
    places: Vec<i64>,
}

impl Pools {
    fn new() -> Self {
        Self { codes: (1..=5).collect(), numbers: (11..=15).collect(), places: (21..=25).collect() }
    }

    /// A seat with values that it shares with no other of these pools.
    fn seat(&mut self, choices: &mut Choices) -> Seat {
        let number = if choices.of(4) > 0 { Some(choices.draw(&mut self.numbers)) } else { None };
        let (code, place) = (choices.draw(&mut self.codes), choices.draw(&mut self.places));
        Seat { code, number, hall: 1, place, beside: None }
    }
}

/// A row before from its row after, which most often keeps some of the values.
fn seats(choices: &mut Choices) -> Vec<Life<Seat>> {
    let (mut before, mut after) = (Pools::new(), Pools::new());
    let mut lives = Vec::new();
    for _ in 0..2 + choices.of(3) {
        let (was, is) = (before.seat(choices), after.seat(choices));
        lives.push(match choices.of(5) {
            0 => Life { before: Some(was), after: None },
            1 => Life { before: None, after: Some(is) },
            _ => Life { before: Some(was), after: Some(is) },
        });
    }
    let codes = |lives: &[Life<Seat>], of: fn(&Life<Seat>) -> Option<&Seat>| -> Vec<i64> {
        lives.iter().filter_map(of).map(|seat| seat.code).collect()
    };
    let (codes_before, codes_after) =
        (codes(&lives, |life| life.before.as_ref()), codes(&lives, |life| life.after.as_ref()));
    for life in &mut lives {
        for (seat, codes) in [(&mut life.before, &codes_before), (&mut life.after, &codes_after)] {
            if let Some(seat) = seat
                && choices.of(3) == 0
            {
                seat.beside = choices.maybe(codes);
            }
        }
    }
    lives
}

fn guests(choices: &mut Choices, seats: &[Life<Seat>]) -> Vec<Life<Guest>> {
    let pool = |seats: Vec<&Seat>| -> (Vec<i64>, Vec<i64>) {
        (seats.iter().map(|seat| seat.code).collect(), seats.iter().filter_map(|seat| seat.number).collect())
    };
    let before = seats.iter().filter_map(|life| life.before.as_ref()).collect();
    let after = seats.iter().filter_map(|life| life.after.as_ref()).collect();
    let mut pools = [pool(before), pool(after)];
    let mut lives = Vec::new();
    for id in 101..101 + i64::try_from(choices.of(4)).unwrap_or(0) {
        let [was, is] = pools.each_mut().map(|(codes, numbers)| {
            let seat_number = if choices.yes() { choices.maybe(numbers) } else { None };
            numbers.retain(|number| Some(*number) != seat_number);
            Guest { id, seat_code: choices.maybe(codes), seat_number }
        });
        lives.push(match choices.of(5) {
            0 => Life { before: Some(was), after: None },
            1 => Life { before: None, after: Some(is) },
            _ => Life { before: Some(was), after: Some(is) },
        });
    }
    lives
}

pub fn sql(value: Option<i64>) -> String {
    value.map_or("NULL".to_owned(), |value| value.to_string())
}

fn insert_seat(seat: &Seat) -> String {
    let Seat { code, number, hall, place, beside } = seat;
    format!("INSERT INTO seats VALUES ({code}, {}, {hall}, {place}, {})", sql(*number), sql(*beside))
}

fn insert_guest(guest: &Guest) -> String {
    format!("INSERT INTO guests VALUES ({}, {}, {})", guest.id, sql(guest.seat_code), sql(guest.seat_number))
}

/// The one statement of each row that does not stay as it is.
fn statements(seats: &[Life<Seat>], guests: &[Life<Guest>]) -> Vec<String> {
    let seats = seats.iter().filter(|life| !life.is_still()).filter_map(|life| match (&life.before, &life.after) {
        (Some(was), None) => Some(format!("DELETE FROM seats WHERE code = {}", was.code)),
        (None, Some(is)) => Some(insert_seat(is)),
        (Some(was), Some(is)) => Some(format!(
            "UPDATE seats SET code = {}, number = {}, place = {}, beside = {} WHERE code = {}",
            is.code,
            sql(is.number),
            is.place,
            sql(is.beside),
            was.code
        )),
        (None, None) => None,
    });
    let guests = guests.iter().filter(|life| !life.is_still()).filter_map(|life| match (&life.before, &life.after) {
        (Some(was), None) => Some(format!("DELETE FROM guests WHERE id = {}", was.id)),
        (None, Some(is)) => Some(insert_guest(is)),
        (Some(_), Some(is)) => Some(format!(
            "UPDATE guests SET seat_code = {}, seat_number = {} WHERE id = {}",
            sql(is.seat_code),
            sql(is.seat_number),
            is.id
        )),
        (None, None) => None,
    });
    seats.chain(guests).collect()
}

/// The rows before, those that refer to another one last.
fn setting(seats: &[Life<Seat>], guests: &[Life<Guest>]) -> String {
    let before: Vec<&Seat> = seats.iter().filter_map(|life| life.before.as_ref()).collect();
    let alone = before.iter().map(|seat| insert_seat(&Seat { beside: None, ..(*seat).clone() }));
    let beside =
        before.iter().map(|seat| format!("UPDATE seats SET beside = {} WHERE code = {}", sql(seat.beside), seat.code));
    let guests = guests.iter().filter_map(|life| life.before.as_ref()).map(insert_guest);
    // There may be none, and PostgreSQL refuses a text without a statement.
    iter::once("DELETE FROM guests".to_owned()).chain(alone).chain(beside).chain(guests).collect::<Vec<_>>().join(";")
}

/// Whether some order of the statements works, when those in `sent` are sent.
pub fn works(connection: &mut AnyConnection, statements: &[String], sent: u32, tried: &mut HashSet<u32>) -> bool {
    if sent.count_ones() as usize == statements.len() {
        return true;
    }
    if !tried.insert(sent) {
        return false;
    }
    (0..statements.len()).filter(|number| sent >> number & 1 == 0).any(|number| {
        connection.batch_execute(&format!("SAVEPOINT s{sent}")).unwrap();
        let works = connection.batch_execute(&statements[number]).is_ok()
            && self::works(connection, statements, sent | 1 << number, tried);
        connection.batch_execute(&format!("ROLLBACK TO s{sent}; RELEASE SAVEPOINT s{sent}")).unwrap();
        works
    })
}

/// The row that holds a value and that may be named by its handle instead.
fn row_of(
    choices: &mut Choices,
    value: Option<i64>,
    rows: &[(Seat, Handle<Seat>)],
    held: fn(&Seat) -> Option<i64>,
) -> Option<Handle<Seat>> {
    let row = rows.iter().find(|(seat, _)| value.is_some() && held(seat) == value)?;
    choices.yes().then_some(row.1)
}

/// Brings the rows in memory to where they are to be.
fn change(
    session: &mut Session<'_>,
    choices: &mut Choices,
    seats: &[Life<Seat>],
    guests: &[Life<Guest>],
) -> Result<()> {
    let mut there: Vec<(Seat, Handle<Seat>)> = Vec::new();
    for life in seats {
        let row = match &life.before {
            Some(was) => Some(session.get_one::<Seat>(was.code)?),
            None => None,
        };
        match (row, &life.after) {
            (Some(row), None) => session.delete(row)?,
            (Some(row), Some(is)) => {
                session.edit(row)?.clone_from(is);
                there.push((is.clone(), row));
            }
            (None, Some(is)) => {
                let Seat { code, number, hall, place, beside } = is.clone();
                let new = NewSeat { code, number, hall, place, beside: Ref::of(beside) };
                there.push((is.clone(), session.add(new)));
            }
            (None, None) => {}
        }
    }
    for (seat, row) in &there {
        let other = row_of(choices, seat.beside, &there, |seat| Some(seat.code)).filter(|other| other != row);
        if let Some(other) = other
            && session.state(*row)?.is_pending()
        {
            session.pending_mut(*row)?.beside = other.into();
        }
    }
    for life in guests {
        match (&life.before, &life.after) {
            (Some(was), None) => {
                let row = session.get_one::<Guest>(was.id)?;
                session.delete(row)?;
            }
            (Some(was), Some(is)) => {
                let row = session.get_one::<Guest>(was.id)?;
                session.edit(row)?.clone_from(is);
            }
            (None, Some(is)) => {
                let by_code = row_of(choices, is.seat_code, &there, |seat| Some(seat.code));
                let by_number = row_of(choices, is.seat_number, &there, |seat| seat.number);
                session.add(NewGuest {
                    id: is.id,
                    seat_code: by_code.map_or_else(|| Ref::of(is.seat_code), Ref::from),
                    seat_number: by_number.map_or_else(|| Ref::of(is.seat_number), Ref::from),
                });
            }
            (None, None) => {}
        }
    }
    Ok(())
}

fn check(session: &mut Session<'_>, oracle: &mut AnyConnection, sent: &Recorder, choices: Vec<u8>) -> Result<bool> {
    let mut choices = Choices(choices.into_iter());
    let seats = seats(&mut choices);
    let guests = guests(&mut choices, &seats);
    let (setting, statements) = (setting(&seats, &guests), statements(&seats, &guests));

    oracle.batch_execute(&format!("BEGIN; {setting}")).unwrap();
    let works = works(oracle, &statements, 0, &mut HashSet::new());
    oracle.batch_execute("ROLLBACK").unwrap();

    session.connection()?.batch_execute(&setting).unwrap();
    session.no_autoflush(|session| change(session, &mut choices, &seats, &guests))?;
    sent.take();
    let planned = session.plan();
    let flushed = session.flush();
    let story = || {
        format!("{setting}\n{}\n{:?}\n{flushed:?}", statements.join("\n"), planned.as_ref().map(ToString::to_string))
    };
    match &flushed {
        Ok(()) => {
            let rows: usize = planned.iter().flat_map(|plan| plan.steps()).map(|step| step.rows).sum();
            if works && oracle.engine().checks_after_statement() {
                assert_eq!(rows, statements.len(), "each row once: {}", story());
            } else if works {
                // InnoDB lets a row that changes its key refer to the key that it gives up, which no order relies on.
                assert!(rows >= statements.len(), "each row: {}", story());
            } else {
                // A statement of several rows does more than its rows one by one only where the engine looks at its end;
                // and a foreign key may be written apart from its row.
                assert!(rows > statements.len() || oracle.engine().checks_after_statement(), "{}", story());
            }
            assert!(session.plan()?.is_empty(), "{}", story());
            session.clear()?;
            let mut seats: Vec<Seat> = seats.into_iter().filter_map(|life| life.after).collect();
            seats.sort_by_key(|seat| seat.code);
            assert_eq!(session.rows(Seat::query().order(seats::code))?, seats, "{}", story());
            let guests: Vec<Guest> = guests.into_iter().filter_map(|life| life.after).collect();
            assert_eq!(session.rows(Guest::query().order(guests::id))?, guests, "{}", story());
        }
        Err(error) => {
            assert!(!works, "an order of single statements works: {}", story());
            if matches!(error, Error::Plan { .. }) {
                assert!(sent.sql().is_empty() && session.plan().is_err(), "{}", story());
                // A cycle of foreign keys alone is no reason: all of them can be NULL.
                assert!(!error.to_string().contains("that cannot be NULL"), "{}", story());
            } else {
                assert!(error.is_unique() || error.is_foreign_key(), "{}", story());
            }
        }
    }
    Ok(works)
}

pub fn a_flush_works_if_any_order_of_statements_does() -> Result<()> {
    let (library, other) = (Library::new(), Library::new());
    let (sent, oracle) = (Recorder::start(), std::cell::RefCell::new(other.connect()));
    let (worked, refused) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let config = cases(library.engine(), 1_000, 400);
    let cases = config.cases;
    proptest!(config, |(choices in proptest::collection::vec(any::<u8>(), 20..80))| {
        let mut session = library.session();
        let works = check(&mut session, &mut oracle.borrow_mut(), &sent, choices);
        let count = if works.map_err(|error| TestCaseError::fail(error.to_string()))? { &worked } else { &refused };
        count.set(count.get() + 1);
    });
    let (worked, refused) = (worked.get(), refused.get());
    assert!(worked > cases * 3 / 10 && refused > cases / 10, "{worked} worked, {refused} were refused");
    Ok(())
}
