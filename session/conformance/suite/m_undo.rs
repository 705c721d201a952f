//! Undo of one unit of work (164).

use diesel_session::session::history::UnitId;
use diesel_session::{Error, Result};

use super::domain::*;
use super::ledger::*;

/// Runs a unit of work and returns which it was.
fn unit(session: &mut Session<'_>, work: impl FnOnce(&mut Session<'_>) -> Result<()>) -> Result<UnitId> {
    work(session)?;
    let unit = session.unit();
    session.commit()?;
    Ok(unit)
}

pub fn b164_undo_reverses_what_a_unit_inserted_updated_and_deleted() -> Result<()> {
    let (library, mut session, recorder) = booked();
    let [one, two] = [session.add(NewEntry::new(1, 5, 0.5)?), session.add(NewEntry::new(2, 6, 0.25)?)];
    session.commit()?;
    let mistake = unit(&mut session, |session| {
        let ann = session.get_one::<Account>(1)?;
        session.edit(ann)?.balance = 0;
        session.flush()?;
        session.edit(ann)?.note = Some("empty".into());
        session.delete(one)?;
        session.edit(two)?.amount = 7;
        let new = session.add(NewEntry::new(1, 8, 1.0)?);
        session.flush()?;
        session.edit(new)?.amount = 9;
        session.add(NewRate::new("B", "gone at once")?);
        session.flush()?;
        let gone = session.get_one::<Rate>("B")?;
        session.delete(gone)
    })?;
    recorder.take();
    session.undo::<(Account, Entry, Rate)>(mistake)?;
    let sent = recorder.sql();
    assert!(sent[1..].iter().all(|sql| sql.starts_with("SELECT")), "nothing is written yet: {sent:?}");
    assert_eq!(
        session.plan()?.to_string(),
        "UPDATE accounts SET balance, note, changed, version (1 row)\nINSERT entries (1 row)\n\
         UPDATE entries SET amount (1 row)\nDELETE entries (1 row)\nINSERT diesel_session_history (4 rows)"
    );
    session.commit()?;
    let account = "SELECT balance || ' ' || COALESCE(note, '-') || ' ' || version FROM accounts WHERE id = 1";
    assert_eq!(library.see(account), "100 - 4", "the version counts on");
    let entries =
        "SELECT GROUP_CONCAT(entry) FROM (SELECT id || ':' || amount AS entry FROM entries ORDER BY id) AS rows_";
    assert_eq!(library.see(entries), "70001:5,70002:6", "with its old key");
    assert_eq!(library.see("SELECT COUNT(*) FROM rates"), "1");
    Ok(())
}

pub fn b164_undo_of_rows_that_others_refer_to_comes_back_parents_first() -> Result<()> {
    let (library, mut session, _recorder) = booked();
    let account = session.add(NewAccount::new("Dot", 5)?);
    session.add(NewEntry::new(account, 1, 1.0)?);
    session.commit()?;
    let mistake = unit(&mut session, |session| {
        let entry = session.get_one::<Entry>(70_001)?;
        session.delete(entry)?;
        session.delete(account)
    })?;
    session.undo::<(Entry, Account)>(mistake)?;
    assert!(session.plan()?.to_string().starts_with("INSERT accounts (1 row)\nINSERT entries (1 row)\n"));
    session.commit()?;
    assert_eq!(library.see("SELECT owner FROM accounts WHERE id = 3"), "Dot");
    assert_eq!(library.see("SELECT account_id FROM entries"), "3");
    let next = session.add(NewAccount::new("Eve", 5)?);
    session.flush()?;
    assert_eq!(session.key(next).ok(), Some(4));
    Ok(())
}

pub fn b164_undo_is_refused_if_later_units_changed_the_same_rows_and_works_after_their_undo() -> Result<()> {
    let (library, mut session, _recorder) = booked();
    let first = unit(&mut session, |session| {
        let ann = session.get_one::<Account>(1)?;
        session.edit(ann)?.balance = 1;
        Ok(())
    })?;
    session.set_unit_name("correction".to_owned());
    let second = unit(&mut session, |session| {
        let ann = session.get_one::<Account>(1)?;
        session.edit(ann)?.note = Some("later".into());
        Ok(())
    })?;
    session.set_unit_name(None);
    let error = session.undo::<Account>(first).unwrap_err();
    let message =
        format!("cannot undo unit {first}: changed since then: accounts id 1 (by unit {second} 'correction')");
    assert!(error.to_string().starts_with(&message), "{error}");
    assert!(session.plan()?.is_empty(), "nothing was changed");
    session.undo::<Account>(second)?;
    session.commit()?;
    session.undo::<Account>(first)?;
    session.commit()?;
    assert_eq!(library.see("SELECT balance || COALESCE(note, '-') FROM accounts WHERE id = 1"), "100-");
    Ok(())
}

pub fn b164_undo_of_an_undo_does_it_again() -> Result<()> {
    let (library, mut session, _recorder) = booked();
    let raise = unit(&mut session, |session| {
        let ann = session.get_one::<Account>(1)?;
        session.edit(ann)?.balance = 1;
        Ok(())
    })?;
    let undo = unit(&mut session, |session| session.undo::<Account>(raise))?;
    assert_eq!(library.see("SELECT balance FROM accounts WHERE id = 1"), "100");
    let error = session.undo::<Account>(raise).unwrap_err();
    assert!(error.to_string().contains(&undo.to_string()), "it is undone already: {error}");
    session.undo::<Account>(undo)?;
    session.commit()?;
    assert_eq!(library.see("SELECT balance FROM accounts WHERE id = 1"), "1");
    Ok(())
}

pub fn b164_undo_gives_back_keys_that_moved() -> Result<()> {
    let (library, mut session, _recorder) = booked();
    session.add(NewRate::new("B", "second")?);
    session.commit()?;
    let mistake = unit(&mut session, |session| {
        let [a, b] = [session.get_one::<Rate>("A")?, session.get_one::<Rate>("B")?];
        session.delete(a)?;
        session.edit(b)?.code = "A".into();
        Ok(())
    })?;
    assert_eq!(library.see("SELECT label FROM rates"), "second");
    session.undo::<Rate>(mistake)?;
    session.commit()?;
    let rates =
        "SELECT GROUP_CONCAT(rate) FROM (SELECT code || ':' || label AS rate FROM rates ORDER BY code) AS rows_";
    assert_eq!(library.see(rates), "A:first,B:second");
    Ok(())
}

pub fn b164_undo_names_what_it_cannot_do() -> Result<()> {
    let (library, mut session, _recorder) = booked();
    let mistake = unit(&mut session, |session| {
        session.add(NewRate::new("B", "one")?);
        session.add(NewEntry::new(1, 5, 0.5)?);
        Ok(())
    })?;
    let error = session.undo::<Rate>(mistake).unwrap_err();
    let problem = format!("unit {mistake} also changed entries: name its entity in 'undo' too");
    assert_eq!(error.to_string(), format!("cannot plan the flush: {problem}"));
    assert!(session.plan()?.is_empty());
    assert!(session.undo::<Rate>(UnitId::default()).unwrap_err().is_not_found());
    assert!(matches!(library.reader().undo::<Rate>(mistake), Err(Error::ReadOnlySession)));
    session.rollback()?;
    // A change that bypassed the history is not overwritten either.
    library.elsewhere("DELETE FROM entries");
    let error = session.undo::<(Rate, Entry)>(mistake).unwrap_err();
    assert!(error.to_string().contains("changed since then: entries id 70001;"), "{error}");
    Ok(())
}

pub fn b164_a_rollback_undoes_the_undo() -> Result<()> {
    let (library, mut session, _recorder) = booked();
    let mistake = unit(&mut session, |session| {
        let rate = session.get_one::<Rate>("A")?;
        session.delete(rate)
    })?;
    session.undo::<Rate>(mistake)?;
    session.flush()?;
    session.rollback()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM rates"), "0");
    session.undo::<Rate>(mistake)?;
    session.commit()?;
    assert_eq!(library.see("SELECT label FROM rates WHERE code = 'A'"), "first");
    Ok(())
}
