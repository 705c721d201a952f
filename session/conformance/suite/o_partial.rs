//! Unique sets of some rows (145), and sets that the database checks at COMMIT (146).

use diesel::{ExpressionMethods as _, HasQuery as _, QueryDsl as _};
use diesel_session::{Error, Handle, Result};

use super::domain::*;
use super::exchanges::*;
use super::graphs::flushed;

const ONE: &str = "UPDATE addresses SET is_current (1 row)";

/// A person's current address and another, and the current address of a second person.
fn moved_in(session: &mut Session<'_>) -> Result<[Handle<Address>; 3]> {
    let new = [(1, "Oak", true), (1, "Elm", false), (2, "Ash", true)];
    let added = new.map(|(person, street, current)| session.add(NewAddress::new(person, street, current).unwrap()));
    session.flush()?;
    Ok(added)
}

/// The streets of the current addresses, by person.
fn current(session: &mut Session<'_>) -> Result<Vec<String>> {
    let current = addresses::table.filter(addresses::is_current.eq(true)).order(addresses::person);
    session.rows(current.select(addresses::street))
}

pub fn b145_the_current_row_changes_whichever_was_edited_first() -> Result<()> {
    let (_library, mut session, recorder) = exchanging();
    let [oak, elm, _] = moved_in(&mut session)?;
    for (old, new) in [(oak, elm), (elm, oak)] {
        session.edit(new)?.is_current = true;
        session.edit(old)?.is_current = false;
        let keys = [session.key(old)?, session.key(new)?];
        recorder.take();
        assert_eq!(flushed(&mut session)?, [ONE, ONE]);
        assert_eq!(binds(&recorder), [format!("[false, {}]", keys[0]), format!("[true, {}]", keys[1])]);
    }
    assert_eq!(current(&mut session)?, ["Oak", "Ash"]);
    Ok(())
}

pub fn b145_a_new_row_takes_the_place_of_the_current_one_and_a_deleted_one_leaves_it() -> Result<()> {
    let (_library, mut session, _recorder) = exchanging();
    let [oak, elm, _] = moved_in(&mut session)?;
    let new = session.add(NewAddress::new(1, "Fir", true)?);
    session.edit(oak)?.is_current = false;
    assert_eq!(flushed(&mut session)?, [ONE, "INSERT addresses (1 row)"]);
    session.edit(elm)?.is_current = true;
    session.delete(new)?;
    assert_eq!(flushed(&mut session)?, ["DELETE addresses (1 row)", ONE]);
    assert_eq!(current(&mut session)?, ["Elm", "Ash"]);
    Ok(())
}

pub fn b145_a_value_passes_from_a_row_that_leaves_it_by_another_column() -> Result<()> {
    let (_library, mut session, _recorder) = exchanging();
    let [oak, elm, ash] = moved_in(&mut session)?;
    // The second person's address becomes the first's, whose own goes to a third.
    session.edit(ash)?.person = 1;
    session.edit(oak)?.person = 3;
    session.edit(elm)?.person = 2;
    let one = "UPDATE addresses SET person (1 row)";
    let two = "UPDATE addresses SET person (2 rows)";
    assert_eq!(flushed(&mut session)?, [two, one]);
    assert_eq!(current(&mut session)?, ["Ash", "Oak"]);
    Ok(())
}

pub fn b145_rows_outside_the_condition_never_wait_and_share_a_statement() -> Result<()> {
    let (_library, mut session, recorder) = exchanging();
    let [oak, elm, ash] = moved_in(&mut session)?;
    let old = session.add(NewAddress::new(2, "Yew", false)?);
    session.flush()?;
    // A swap of values that neither of them takes.
    session.edit(elm)?.person = 2;
    session.edit(old)?.person = 1;
    recorder.take();
    assert_eq!(flushed(&mut session)?, ["UPDATE addresses SET person (2 rows)"]);
    assert_eq!(recorder.take().len(), 1);
    for address in [oak, ash] {
        session.edit(address)?.is_current = false;
    }
    assert_eq!(flushed(&mut session)?, ["UPDATE addresses SET is_current (2 rows)"]);
    assert_eq!(recorder.take().len(), 1);
    Ok(())
}

pub fn b145_an_exchange_that_no_order_can_do_is_refused_and_names_the_values() -> Result<()> {
    let (_library, mut session, recorder) = exchanging();
    let [oak, _, ash] = moved_in(&mut session)?;
    session.edit(oak)?.person = 2;
    session.edit(ash)?.person = 1;
    recorder.take();
    let error = session.flush().unwrap_err();
    assert!(matches!(error, Error::Plan { .. }), "{error}");
    assert!(error.to_string().contains("addresses: person (1) and person (2) would be exchanged"), "{error}");
    assert!(recorder.sql().is_empty());
    Ok(())
}

pub fn b145_a_value_of_a_row_that_is_deleted_softly_is_free_in_the_same_flush() -> Result<()> {
    let (library, mut session, recorder) = exchanging();
    let old = ["a@x", "b@x", "c@x"].map(|email| session.add(NewMailbox::new(email).unwrap()));
    session.flush()?;
    for mailbox in old {
        session.delete(mailbox)?;
    }
    session.add(NewMailbox::new("b@x")?);
    recorder.take();
    let steps = [
        "UPDATE mailboxes SET deleted_at (1 row)",
        "INSERT mailboxes (1 row)",
        "UPDATE mailboxes SET deleted_at (2 rows)",
    ];
    assert_eq!(flushed(&mut session)?, steps);
    assert_eq!(recorder.take().len(), 3, "rows that leave the index together share a statement");
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM mailboxes WHERE email = 'b@x'"), "2");
    assert_eq!(session.query(Mailbox::query()).count()?, 1);
    Ok(())
}

pub fn b145_a_second_row_of_the_kind_is_a_violation() -> Result<()> {
    let (library, mut session, _recorder) = exchanging();
    moved_in(&mut session)?;
    session.add(NewAddress::new(7, "Elm", true)?);
    session.add(NewAddress::new(1, "Fir", false)?);
    session.add(NewAddress::new(1, "Fir", true)?);
    let error = session.flush().unwrap_err();
    assert!(error.is_unique(), "{error}");
    if library.engine() != Engine::Mysql {
        assert!(error.to_string().contains("person") && error.to_string().contains('1'), "{error}");
    }
    Ok(())
}

pub fn b146_values_are_exchanged_by_one_statement_where_the_database_checks_them_at_commit() -> Result<()> {
    let (library, mut session, recorder) = exchanging();
    let tracks: Vec<_> = (1..=100).map(|position| session.add(NewTrack::new(position, "song").unwrap())).collect();
    session.commit()?;
    session.load(&tracks)?;
    for (number, track) in (1..).zip(&tracks) {
        session.edit(*track)?.position = number % 100 + 1;
    }
    recorder.take();
    if library.engine().defers_unique() {
        assert_eq!(flushed(&mut session)?, ["UPDATE tracks SET position (100 rows)"]);
        assert_eq!(recorder.take().len(), 1);
        session.commit()?;
        let moved = "SELECT COUNT(*) FROM tracks WHERE position = CASE WHEN id = 100 THEN 1 ELSE id + 1 END";
        assert_eq!(library.see(moved), "100");
        return Ok(());
    }
    let error = session.flush().unwrap_err();
    assert!(recorder.sql().is_empty());
    assert!(error.to_string().ends_with("(this engine has no deferrable UNIQUE constraints)"), "{error}");
    Ok(())
}

pub fn b146_elsewhere_the_set_orders_the_flush_as_any_other() -> Result<()> {
    let (library, mut session, _recorder) = exchanging();
    let [one, two] = [1, 2].map(|position| session.add(NewTrack::new(position, "song").unwrap()));
    session.flush()?;
    session.delete(two)?;
    session.edit(one)?.position = 2;
    session.add(NewTrack::new(1, "new")?);
    let mut steps = ["DELETE tracks (1 row)", "UPDATE tracks SET position (1 row)", "INSERT tracks (1 row)"];
    if library.engine().defers_unique() {
        steps.reverse();
    }
    assert_eq!(flushed(&mut session)?, steps);
    session.commit()
}

pub fn b146_a_value_that_is_taken_twice_is_a_violation_at_the_commit_at_the_latest() -> Result<()> {
    let (library, mut session, _recorder) = exchanging();
    session.add(NewTrack::new(1, "song")?);
    session.commit()?;
    session.add(NewTrack::new(1, "again")?);
    let flushed = session.flush();
    assert_eq!(flushed.is_ok(), library.engine().defers_unique());
    let error = session.commit().unwrap_err();
    let error = flushed.err().unwrap_or(error);
    assert!(error.is_unique(), "{error}");
    session.rollback()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM tracks"), "1");
    Ok(())
}
