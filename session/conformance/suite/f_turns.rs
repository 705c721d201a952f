//! Keys and unique values that pass between rows within one flush (71, 72): which row is sent first, and when none can
//! be.

use diesel::{HasQuery as _, QueryDsl as _};
use diesel_session::session::Ref;
use diesel_session::{Error, Handle, Result};

use super::domain::*;

type Seated = (Library, Session<'static>, [Handle<Seat>; 4], Vec<Handle<Guest>>);

/// Four seats with these guests, and a session that has them all.
fn seated(guests: &str) -> Result<Seated> {
    let library = Library::new();
    library.elsewhere(
        "INSERT INTO seats (code, number, hall, place) VALUES (1, 11, 1, 1), (2, 12, 1, 2), (3, 13, 1, 3), (4, NULL, 2, 1)",
    );
    if !guests.is_empty() {
        library.elsewhere(&format!("INSERT INTO guests (id, seat_code, seat_number) VALUES {guests}"));
    }
    let mut session = library.session();
    let seats = session.query(Seat::query().order(seats::code)).all()?;
    let guests = session.query(Guest::query().order(guests::id)).all()?;
    Ok((library, session, [seats[0], seats[1], seats[2], seats[3]], guests))
}

fn new_seat(code: i64, number: Option<i64>, hall: i64, place: i64) -> Result<NewSeat> {
    Ok(NewSeat { number, ..NewSeat::new(code, hall, place)? })
}

/// Flushes, and returns the planned steps.
fn flushed(session: &mut Session<'_>) -> Result<Vec<String>> {
    let plan = session.plan()?;
    session.flush()?;
    assert!(session.plan()?.is_empty());
    Ok(plan.steps().iter().map(ToString::to_string).collect())
}

/// The codes and numbers of the seats that are stored.
fn numbers(session: &mut Session<'_>) -> Result<Vec<(i64, Option<i64>)>> {
    session.rows(seats::table.select((seats::code, seats::number)).order(seats::code))
}

pub fn b072_a_chain_of_values_goes_from_its_free_end() -> Result<()> {
    let (_library, mut session, [one, two, three, _], _) = seated("")?;
    for (seat, number) in [(one, 12), (two, 13), (three, 14)] {
        session.edit(seat)?.number = Some(number);
    }
    let recorder = Recorder::start();
    assert_eq!(flushed(&mut session)?, ["UPDATE seats SET number (3 rows)"]);
    let binds: Vec<String> = recorder.take().into_iter().map(|sent| sent.binds).collect();
    assert_eq!(binds, ["[Some(14), 3]", "[Some(13), 2]", "[Some(12), 1]"]);
    assert_eq!(numbers(&mut session)?, [(1, Some(12)), (2, Some(13)), (3, Some(14)), (4, None)]);
    Ok(())
}

pub fn b072_a_chain_runs_through_rows_whose_other_columns_change_too() -> Result<()> {
    let (_library, mut session, [one, two, three, _], _) = seated("")?;
    for (seat, number) in [(one, 12), (two, 13), (three, 14)] {
        session.edit(seat)?.number = Some(number);
    }
    session.edit(two)?.place = 9;
    let steps = [
        "UPDATE seats SET number (1 row)",
        "UPDATE seats SET number, place (1 row)",
        "UPDATE seats SET number (1 row)",
    ];
    assert_eq!(flushed(&mut session)?, steps);
    assert_eq!(numbers(&mut session)?, [(1, Some(12)), (2, Some(13)), (3, Some(14)), (4, None)]);
    Ok(())
}

pub fn b072_a_new_row_takes_the_value_that_a_changed_one_frees() -> Result<()> {
    let (_library, mut session, [one, ..], _) = seated("")?;
    session.add(new_seat(8, None, 8, 8)?);
    session.add(new_seat(9, Some(11), 9, 9)?);
    session.edit(one)?.number = Some(15);
    assert_eq!(flushed(&mut session)?, ["UPDATE seats SET number (1 row)", "INSERT seats (2 rows)"]);
    assert_eq!(numbers(&mut session)?[0], (1, Some(15)));
    Ok(())
}

pub fn b072_children_leave_before_the_delete_and_the_value_is_taken_after_it() -> Result<()> {
    let (_library, mut session, [one, two, ..], guests) = seated("(101, 1, NULL), (102, 1, NULL), (103, 3, NULL)")?;
    session.edit(two)?.number = Some(11);
    session.delete(one)?;
    session.edit(guests[0])?.seat_code = Some(2);
    session.delete(guests[1])?;
    session.delete(guests[2])?;
    let steps = [
        "UPDATE guests SET seat_code (1 row)",
        "DELETE guests (1 row)",
        "DELETE seats (1 row)",
        "UPDATE seats SET number (1 row)",
        "DELETE guests (1 row)",
    ];
    assert_eq!(flushed(&mut session)?, steps);
    assert_eq!(numbers(&mut session)?, [(2, Some(11)), (3, Some(13)), (4, None)]);
    Ok(())
}

pub fn b072_children_that_go_to_a_value_wait_for_the_row_that_brings_it() -> Result<()> {
    let (_library, mut session, [one, two, ..], guests) = seated("(101, NULL, 11)")?;
    // The guest moves from 11 to 15, which the second seat provides, before the third row can have 11.
    session.edit(guests[0])?.seat_number = Some(15);
    session.edit(two)?.number = Some(15);
    session.delete(one)?;
    session.add(new_seat(9, Some(11), 9, 9)?);
    let steps = [
        "UPDATE seats SET number (1 row)",
        "UPDATE guests SET seat_number (1 row)",
        "DELETE seats (1 row)",
        "INSERT seats (1 row)",
    ];
    assert_eq!(flushed(&mut session)?, steps);
    assert_eq!(numbers(&mut session)?, [(2, Some(15)), (3, Some(13)), (4, None), (9, Some(11))]);
    Ok(())
}

pub fn b072_a_pair_is_taken_when_all_of_it_is_free() -> Result<()> {
    let (_library, mut session, [one, two, three, four], _) = seated("")?;
    session.edit(one)?.place = 2;
    session.edit(two)?.hall = 2;
    // It shares a hall with one seat and a place with another, and waits for neither.
    session.edit(four)?.place = 3;
    session.edit(three)?.hall = 3;
    let steps = [
        "UPDATE seats SET hall (1 row)",
        "UPDATE seats SET place (1 row)",
        "UPDATE seats SET hall (1 row)",
        "UPDATE seats SET place (1 row)",
    ];
    assert_eq!(flushed(&mut session)?, steps);
    let places: Vec<(i64, i64)> = session.rows(seats::table.select((seats::hall, seats::place)).order(seats::code))?;
    assert_eq!(places, [(1, 2), (2, 2), (3, 3), (2, 3)]);
    Ok(())
}

pub fn b072_null_collides_with_nothing() -> Result<()> {
    let (_library, mut session, [one, two, _, four], _) = seated("")?;
    // An exchange with a row without a number is not a swap.
    session.edit(one)?.number = None;
    session.edit(four)?.number = Some(11);
    assert_eq!(flushed(&mut session)?, ["UPDATE seats SET number (2 rows)"]);
    session.delete(one)?;
    session.add(new_seat(9, None, 9, 9)?);
    session.edit(two)?.number = None;
    let steps = ["INSERT seats (1 row)", "UPDATE seats SET number (1 row)", "DELETE seats (1 row)"];
    assert_eq!(flushed(&mut session)?, steps);
    assert_eq!(numbers(&mut session)?, [(2, None), (3, Some(13)), (4, Some(11)), (9, None)]);
    Ok(())
}

pub fn b071_given_keys_move_in_a_chain_and_handles_go_on_naming_their_rows() -> Result<()> {
    let (_library, mut session, [one, two, ..], guests) = seated("(101, 1, NULL)")?;
    session.edit(one)?.code = 2;
    session.edit(two)?.code = 5;
    session.edit(guests[0])?.seat_code = Some(3);
    let new = session.add(new_seat(1, None, 9, 9)?);
    let steps = [
        "UPDATE seats SET code (1 row)",
        "UPDATE guests SET seat_code (1 row)",
        "UPDATE seats SET code (1 row)",
        "INSERT seats (1 row)",
    ];
    assert_eq!(flushed(&mut session)?, steps);
    for (code, seat) in [(1, new), (2, one), (5, two)] {
        assert_eq!(session.get::<Seat>(code)?, Some(seat));
        assert_eq!(session.view(seat)?.code, code);
    }
    session.rollback()?;
    assert_eq!((session.key(one).ok(), session.key(two).ok(), session.key(new).ok()), (Some(1), Some(2), None));
    Ok(())
}

pub fn b072_a_unique_value_is_taken_through_a_handle() -> Result<()> {
    let (_library, mut session, [one, ..], guests) = seated("(101, NULL, 11), (102, NULL, 12)")?;
    // 12 is given up by an existing guest; 11 belongs to a new seat, which takes it over from a deleted one.
    session.edit(guests[1])?.seat_number = None;
    session.add(NewGuest { seat_number: Ref::of(Some(12)), ..NewGuest::new(103)? });
    session.edit(guests[0])?.seat_number = Some(13);
    session.delete(one)?;
    let seat = session.add(new_seat(9, Some(11), 9, 9)?);
    session.add(NewGuest { seat_number: seat.into(), ..NewGuest::new(104)? });
    let steps = [
        "UPDATE guests SET seat_number (2 rows)",
        "DELETE seats (1 row)",
        "INSERT seats (1 row)",
        "INSERT guests (2 rows)",
    ];
    assert_eq!(flushed(&mut session)?, steps);
    let guests: Vec<Option<i64>> = session.rows(guests::table.select(guests::seat_number).order(guests::id))?;
    assert_eq!(guests, [Some(13), None, Some(12), Some(11)]);
    Ok(())
}

pub fn b072_a_deleted_row_whose_values_are_not_in_memory_makes_room() -> Result<()> {
    let (_library, mut session, [one, two, ..], guests) = seated("(101, 1, NULL), (102, NULL, 11)")?;
    for guest in &guests {
        session.expire(*guest)?;
        session.delete(*guest)?;
    }
    session.expire(one)?;
    session.delete(one)?;
    session.edit(two)?.number = Some(11);
    let steps = ["DELETE guests (2 rows)", "DELETE seats (1 row)", "UPDATE seats SET number (1 row)"];
    assert_eq!(flushed(&mut session)?, steps);
    Ok(())
}

pub fn b072_many_new_rows_stay_in_few_statements_when_one_takes_a_value_over() -> Result<()> {
    let (_library, mut session, [one, two, ..], _) = seated("")?;
    session.delete(one)?;
    session.delete(two)?;
    for number in 11..261 {
        session.add(new_seat(number + 100, Some(number).filter(|number| *number != 12 && *number != 13), 9, number)?);
    }
    let recorder = Recorder::start();
    let steps = ["DELETE seats (1 row)", "INSERT seats (250 rows)", "DELETE seats (1 row)"];
    assert_eq!(flushed(&mut session)?, steps);
    // Rows with given keys may refer to each other, so one statement takes them all.
    assert_eq!(recorder.take().len(), 3);
    Ok(())
}

pub fn b072_a_swap_is_an_error_of_planning_that_says_the_way_out() -> Result<()> {
    let (_library, mut session, [one, two, three, _], _) = seated("")?;
    session.edit(one)?.number = Some(12);
    session.edit(two)?.number = Some(11);
    session.edit(three)?.number = Some(14);
    let recorder = Recorder::start();
    for error in [session.flush().unwrap_err(), session.plan().unwrap_err()] {
        assert!(matches!(error, Error::Plan { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            "cannot plan the flush: seats: number (11) and number (12) would be exchanged in a cycle, which no order of \
             single statements can do: give one of these rows another value, flush, and then give it its final value"
        );
    }
    assert!(recorder.sql().is_empty());
    session.edit(one)?.number = None;
    session.flush()?;
    session.edit(one)?.number = Some(12);
    session.commit()?;
    assert_eq!(numbers(&mut session)?, [(1, Some(12)), (2, Some(11)), (3, Some(14)), (4, None)]);
    Ok(())
}

pub fn b072_a_cycle_of_pairs_or_of_keys_is_named_by_its_columns() -> Result<()> {
    let (_library, mut session, [one, two, three, _], _) = seated("")?;
    for (seat, place) in [(one, 2), (two, 3), (three, 1)] {
        session.edit(seat)?.place = place;
    }
    let error = session.flush().unwrap_err().to_string();
    for place in 1..=3 {
        assert!(error.contains(&format!("hall, place (1, {place})")), "{error}");
    }
    session.rollback()?;
    session.load(&[one, two])?;
    session.edit(one)?.code = 2;
    session.edit(two)?.code = 1;
    let error = session.flush().unwrap_err().to_string();
    assert!(error.contains("code (1)") && error.contains("code (2)"), "{error}");
    Ok(())
}

pub fn b072_a_new_row_that_refers_to_a_deleted_one_goes_before_it() -> Result<()> {
    let (library, mut session, recorder) = open();
    let old = session.add(NewAuthor::new(7, "Old")?);
    session.flush()?;
    let key = session.key(old).unwrap();
    recorder.take();
    // By its handle, and by its key: the database deletes them with it.
    session.add(NewReview::new(old, "by handle")?);
    session.add(NewReview::new(key, "by key")?);
    let new = session.add(NewAuthor::new(7, "New")?);
    session.add(NewReview::new(new, "of the new one")?);
    session.delete(old)?;
    let steps =
        ["INSERT reviews (2 rows)", "DELETE authors (1 row)", "INSERT authors (1 row)", "INSERT reviews (1 row)"];
    assert_eq!(flushed(&mut session)?, steps);
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM reviews WHERE body LIKE 'by %'"), "0");
    assert_eq!(library.see("SELECT COUNT(*) FROM reviews WHERE body LIKE 'of %'"), "1");
    Ok(())
}

pub fn b072_a_new_row_that_refers_to_a_deleted_one_without_a_cascade_is_refused_by_the_database() -> Result<()> {
    let (_library, mut session, _recorder) = open();
    let old = session.add(NewAuthor::new(7, "Old")?);
    session.flush()?;
    session.add(NewPrize::new(old, "Silver")?);
    session.add(NewAuthor::new(7, "New")?);
    session.delete(old)?;
    let error = session.flush().unwrap_err();
    assert!(error.is_foreign_key(), "{error}");
    Ok(())
}

pub fn b072_a_new_row_refers_to_a_deleted_one_as_the_database_has_it() -> Result<()> {
    let (_library, mut session, recorder) = open();
    let old = session.add(NewAuthor::new(7, "Old")?);
    session.flush()?;
    // The edit is dropped with the row.
    session.edit(old)?.number = 8;
    session.delete(old)?;
    session.add(NewPrize::new(old, "Silver")?);
    recorder.take();
    let error = session.flush().unwrap_err();
    assert!(error.is_foreign_key(), "{error}");
    assert_eq!(recorder.take()[0].binds, r#"[7, "Silver"]"#);
    Ok(())
}

pub fn b072_where_no_order_can_work_nothing_is_sent() -> Result<()> {
    let (_library, mut session, [one, ..], _) = seated("")?;
    // The guest refers to the deleted seat, and waits for the seat that replaces it.
    session.delete(one)?;
    let new = session.add(new_seat(9, Some(11), 9, 9)?);
    session.add(NewGuest { seat_code: one.into(), seat_number: new.into(), ..NewGuest::new(101)? });
    let recorder = Recorder::start();
    for error in [session.flush().unwrap_err(), session.plan().unwrap_err()] {
        assert_eq!(
            error.to_string(),
            "cannot plan the flush: a new row of guests refers to a row of seats that this flush deletes, and to one that \
             can only be sent after that: flush before the row is deleted, or refer to another row"
        );
    }
    assert!(recorder.sql().is_empty());
    Ok(())
}

pub fn b072_a_new_row_refers_to_a_row_whose_key_changes_in_the_same_flush() -> Result<()> {
    let (_library, mut session, [one, two, ..], _) = seated("")?;
    session.edit(one)?.code = 9;
    session.edit(two)?.number = Some(19);
    let neighbour = session.add(NewSeat { beside: one.into(), ..new_seat(8, None, 8, 8)? });
    let guest = session.add(NewGuest { seat_code: one.into(), seat_number: two.into(), ..NewGuest::new(101)? });
    session.flush()?;
    assert_eq!(session.view(neighbour)?.beside, Some(9));
    assert_eq!((session.view(guest)?.seat_code, session.view(guest)?.seat_number), (Some(9), Some(19)));
    Ok(())
}
