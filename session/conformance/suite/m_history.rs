//! The history: what a flush records, and what a session reads of it (162, 163, 165).

use diesel::{ExpressionMethods as _, QueryDsl as _};
use diesel_session::session::history::Operation;
use diesel_session::types::Timestamp;
use diesel_session::{Error, Result};

use super::domain::*;
use super::ledger::*;

const INSERT: &str = "INSERT INTO diesel_session_history (unit, unit_name, author, changed_at, table_name, row_key, \
                      operation, values_before) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

/// A change of anything else.
fn values(count: usize) -> String {
    INSERT.to_owned() + &", (?, ?, ?, ?, ?, ?, ?, ?)".repeat(count - 1)
}

pub fn b162_the_flush_records_its_changes_by_one_insert_in_its_own_transaction() -> Result<()> {
    let (library, mut session, recorder) = booked();
    let ann = session.get_one::<Account>(1)?;
    let rate = session.get_one::<Rate>("A")?;
    session.edit(ann)?.balance = 90;
    session.add(NewEntry::new(ann, -10, 0.1)?);
    session.delete(rate)?;
    assert_eq!(
        session.plan()?.to_string(),
        "UPDATE accounts SET balance, changed, version (1 row)\nINSERT entries (1 row)\nDELETE rates (1 row)\n\
         INSERT diesel_session_history (3 rows)"
    );
    recorder.take();
    session.commit()?;
    let sent = recorder.sql();
    assert_eq!(sent[sent.len() - 2..], [values(3), "COMMIT".to_owned()]);
    assert_eq!(
        steps(sent),
        ["UPDATE accounts", "INSERT entries", "DELETE rates", "INSERT diesel_session_history", "COMMIT"]
    );
    let ann = "{\"id\":1,\"owner\":\"Ann\",\"balance\":100,\"note\":null,\"changed\":0,\"version\":1}";
    assert_eq!(kept(&library, "accounts"), [format!("UPDATE 1 {ann}")]);
    assert_eq!(kept(&library, "entries"), ["INSERT 70001 -"]);
    assert_eq!(kept(&library, "rates"), ["DELETE \"A\" {\"code\":\"A\",\"label\":\"first\"}"]);
    assert_eq!(library.see("SELECT COUNT(DISTINCT unit) FROM diesel_session_history"), "1");
    Ok(())
}

pub fn b162_entities_without_a_history_are_not_recorded() -> Result<()> {
    let (library, mut session, recorder) = booked();
    let ann = session.get_one::<Author>(ANN)?;
    session.edit(ann)?.name = "Anna".into();
    recorder.take();
    session.commit()?;
    assert_eq!(steps(recorder.sql()), ["UPDATE authors", "COMMIT"]);
    assert_eq!(library.see("SELECT COUNT(*) FROM diesel_session_history"), "0");
    Ok(())
}

pub fn b162_rows_to_delete_that_are_not_in_memory_are_read_first_by_one_select() -> Result<()> {
    let (library, mut session, recorder) = booked();
    let [one, two] = [NewEntry::new(1, 5, 0.5)?, NewEntry::new(2, 6, 0.5)?].map(|new| session.add(new));
    session.commit()?;
    library.elsewhere("UPDATE entries SET amount = amount * 10");
    session.delete(one)?;
    session.delete(two)?;
    recorder.take();
    session.commit()?;
    let sent = recorder.sql();
    assert_eq!(sent.iter().filter(|sql| sql.starts_with("SELECT")).count(), 1, "{sent:?}");
    assert_eq!(steps(sent)[1..], ["DELETE entries", "INSERT diesel_session_history", "COMMIT"]);
    let deleted = kept(&library, "entries").pop().expect("a change");
    assert_eq!(deleted, "DELETE 70002 {\"id\":70002,\"account_id\":2,\"amount\":60,\"rate\":0.5}");
    Ok(())
}

pub fn b162_a_detached_row_to_delete_is_recorded_as_it_was_stored() -> Result<()> {
    let (library, mut session, _recorder) = booked();
    let entry = session.add(NewEntry::new(1, 5, 0.5)?);
    let entry = session.detach(entry)?;
    session.commit()?;
    session.delete(&Entry { amount: 999, ..entry })?;
    session.commit()?;
    let deleted = kept(&library, "entries").pop().expect("a change");
    assert_eq!(deleted, "DELETE 70001 {\"id\":70001,\"account_id\":1,\"amount\":5,\"rate\":0.5}");
    Ok(())
}

pub fn b162_what_is_rolled_back_leaves_no_history() -> Result<()> {
    let (library, mut session, _recorder) = booked();
    session.begin(|session| -> Result<()> {
        session.add(NewRate::new("B", "kept")?);
        let undone = session.nested(|session| -> Result<()> {
            session.add(NewRate::new("C", "undone")?);
            session.flush()?;
            Err(Error::NoRows { what: "nothing".to_owned() })
        });
        undone.unwrap_err();
        Ok(())
    })?;
    session.add(NewRate::new("D", "undone")?);
    session.flush()?;
    session.rollback()?;
    assert_eq!(kept(&library, "rates"), ["INSERT \"B\" -"]);
    Ok(())
}

pub fn b162_changes_of_one_key_are_in_the_order_of_the_statements() -> Result<()> {
    let (library, mut session, _recorder) = booked();
    let old = session.get_one::<Rate>("A")?;
    session.add(NewRate::new("A", "second")?);
    session.delete(old)?;
    session.commit()?;
    assert_eq!(kept(&library, "rates"), ["DELETE \"A\" {\"code\":\"A\",\"label\":\"first\"}", "INSERT \"A\" -"]);
    Ok(())
}

pub fn b162_rows_without_handles_are_recorded_with_their_keys() -> Result<()> {
    let (library, mut session, recorder) = booked();
    recorder.take();
    session.insert_all([NewEntry::new(1, 5, 0.5)?, NewEntry::new(2, 6, 0.5)?])?;
    session.insert_whole(&[Rate { code: "B".into(), label: "whole".into() }])?;
    session.commit()?;
    let sent = recorder.sql();
    assert_eq!(sent.iter().filter(|sql| sql.starts_with("INSERT INTO diesel_session_history")).count(), 2, "{sent:?}");
    assert_eq!(kept(&library, "entries"), ["INSERT 70001 -", "INSERT 70002 -"]);
    assert_eq!(kept(&library, "rates"), ["INSERT \"B\" -"]);
    Ok(())
}

pub fn b162_many_changes_are_few_inserts() -> Result<()> {
    let (library, mut session, recorder) = booked();
    for number in 0..250 {
        session.add(NewRate::new(format!("R{number}"), "many")?);
    }
    recorder.take();
    session.commit()?;
    let inserts = recorder.sql().iter().filter(|sql| sql.starts_with("INSERT INTO diesel_session_history")).count();
    let expected = if library.engine() == Engine::Sqlite { 3 } else { 1 };
    assert_eq!((inserts, kept(&library, "rates").len()), (expected, 250));
    Ok(())
}

pub fn b162_hooks_see_what_the_history_records() -> Result<()> {
    let (library, mut session, _recorder) = booked();
    session.after_flush(|session, flushed| {
        for account in flushed.updated::<Account>() {
            session.add(NewEntry::new(
                account.handle,
                session.row(account.handle)?.balance - account.before.balance,
                1.0,
            )?);
        }
        Ok(())
    });
    let ann = session.get_one::<Account>(1)?;
    session.edit(ann)?.balance = 70;
    session.commit()?;
    assert_eq!(library.see("SELECT amount FROM entries"), "-30");
    assert_eq!((kept(&library, "accounts").len(), kept(&library, "entries").len()), (1, 1));
    Ok(())
}

pub fn b163_the_history_of_a_row_has_its_values_before_each_change() -> Result<()> {
    let (_library, mut session, recorder) = booked();
    session.set_author("ann".to_owned());
    session.set_unit_name("opening".to_owned());
    let account =
        session.add(NewAccount { note: Some("\u{e9}\u{1f600} \"q\" \\".into()), ..NewAccount::new("Dot", 5)? });
    let opening = session.unit();
    session.commit()?;
    session.set_unit_name(None);
    session.set_author(None);
    session.edit(account)?.balance = 6;
    session.flush()?;
    let before = session.row(account)?.clone();
    session.edit(account)?.note = None;
    session.flush()?;
    session.delete(account)?;
    let second = session.unit();
    session.flush()?;
    recorder.take();
    let history = session.history(account)?;
    assert_eq!(
        recorder.sql(),
        [
            "SELECT id, unit, unit_name, author, changed_at, table_name, row_key, operation, values_before, delivered_at \
          FROM diesel_session_history WHERE table_name = ? AND row_key = ?"
        ]
    );
    let operations: Vec<Operation> = history.iter().map(|change| change.operation).collect();
    assert_eq!(operations, [Operation::Insert, Operation::Update, Operation::Update, Operation::Delete]);
    assert_eq!((history[0].author.as_deref(), history[0].unit_name.as_deref()), (Some("ann"), Some("opening")));
    assert_eq!((history[1].author.as_deref(), history[1].unit_name.as_deref()), (None, None));
    assert_eq!((history[0].unit, history[1].unit, history[3].unit), (opening, second, second));
    assert_eq!(history[0].before, None);
    assert_eq!(history[2].before.as_ref(), Some(&before));
    let note = history[1].before.as_ref().and_then(|row| row.note.clone());
    assert_eq!(note.as_deref(), Some("\u{e9}\u{1f600} \"q\" \\"));
    session.commit()?;
    assert!(
        matches!(session.history(account), Err(Error::Gone { .. })),
        "gone with the commit; its key still finds it"
    );
    assert_eq!(session.history_of::<Account>(3)?.len(), 4);
    assert!(session.history_of::<Account>(99)?.is_empty());
    Ok(())
}

pub fn b163_history_follows_a_key_that_was_changed() -> Result<()> {
    let (_library, mut session, _recorder) = booked();
    let rate = session.add(NewRate::new("old", "one")?);
    session.flush()?;
    session.edit(rate)?.label = "two".into();
    session.flush()?;
    session.edit(rate)?.code = "new".into();
    session.flush()?;
    session.edit(rate)?.label = "three".into();
    let history = session.history(rate)?;
    let before: Vec<Option<(String, String)>> =
        history.into_iter().map(|change| change.before.map(|row| (row.code, row.label))).collect();
    let row = |code: &str, label: &str| Some((code.to_owned(), label.to_owned()));
    assert_eq!(before, [None, row("old", "one"), row("old", "two"), row("new", "two")]);
    Ok(())
}

pub fn b163_as_of_shows_a_row_as_it_was() -> Result<()> {
    let (library, mut session, _recorder) = booked();
    let rate = session.add(NewRate::new("B", "one")?);
    session.flush()?;
    session.edit(rate)?.label = "two".into();
    session.flush()?;
    session.delete(rate)?;
    session.commit()?;
    // Their times are those of the program's clock: here, three days.
    for (day, operation) in [(1, "INSERT"), (2, "UPDATE"), (3, "DELETE")] {
        library.elsewhere(&format!(
            "UPDATE diesel_session_history SET changed_at = '2026-01-0{day} 12:00:00' WHERE operation = '{operation}'"
        ));
    }
    let mut label = |day: u32| -> Result<Option<String>> {
        let time: Timestamp = format!("2026-01-0{day}T23:00:00Z").parse()?;
        Ok(session.as_of::<Rate>("B", time)?.map(|row| row.label))
    };
    assert_eq!(label(1)?.as_deref(), Some("one"));
    assert_eq!(label(2)?.as_deref(), Some("two"));
    assert_eq!(label(3)?, None);
    let before: Timestamp = "2025-12-31T00:00:00Z".parse()?;
    assert_eq!(session.as_of::<Rate>("B", before)?, None);
    let unchanged = session.as_of::<Rate>("A", before)?.map(|row| row.label);
    assert_eq!(unchanged.as_deref(), Some("first"), "a row without changes since is as it is now");
    Ok(())
}

pub fn b163_a_session_that_reads_reads_the_history() -> Result<()> {
    let (library, mut session, _recorder) = booked();
    session.add(NewRate::new("B", "one")?);
    session.commit()?;
    assert_eq!(library.reader().history_of::<Rate>("B")?.len(), 1);
    Ok(())
}

pub fn b163_numbers_come_back_as_they_were() -> Result<()> {
    let (_library, mut session, _recorder) = booked();
    let entry = session.add(NewEntry::new(1, i64::MIN, 0.1 + 0.2)?);
    session.flush()?;
    let before = session.row(entry)?.clone();
    session.edit(entry)?.amount = 0;
    assert_eq!(session.history(entry)?[1].before.as_ref(), Some(&before));
    Ok(())
}

pub fn b165_statements_that_would_bypass_the_history_are_refused_by_name() -> Result<()> {
    let (_library, mut session, recorder) = booked();
    let update = || diesel::update(rates::table.find("A")).set(rates::label.eq("x"));
    let refused = [
        session.execute(update()),
        session.execute_unsynchronized(update()),
        session.execute(diesel::delete(rates::table)),
        session.execute(diesel::insert_into(rates::table).values((rates::code.eq("B"), rates::label.eq("x")))),
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert!(matches!(error, Error::KeepsHistory { table: "rates" }), "{error}");
    }
    assert!(recorder.sql().is_empty());
    session.execute(diesel::delete(tags::table))?;
    Ok(())
}

pub fn b165_an_upsert_that_would_update_rows_with_a_history_is_refused_and_others_are_recorded() -> Result<()> {
    let (library, mut session, recorder) = booked();
    let rows = || diesel_session::Ok([NewRate::new("A", "x")?, NewRate::new("B", "second")?]);
    let error = session.upsert(rows()?).on_conflict(rates::code).update(rates::label).run().unwrap_err();
    assert!(matches!(error, Error::KeepsHistory { table: "rates" }), "{error}");
    assert!(recorder.sql().is_empty());
    session.upsert(rows()?).on_conflict(rates::code).nothing().run()?;
    session.get_or_add(rates::code, NewRate::new("C", "third")?)?;
    session.commit()?;
    assert_eq!(kept(&library, "rates"), [r#"INSERT "B" -"#, r#"INSERT "C" -"#]);
    Ok(())
}

pub fn b165_links_with_a_history_are_added_and_deleted_as_rows() -> Result<()> {
    let (library, mut session, recorder) = booked();
    let (ann, rate) = (session.get_one::<Account>(1)?, session.get_one::<Rate>("A")?);
    recorder.take();
    let refused = [
        session.link(account_rates::account_id, account_rates::code, ann, rate),
        session.unlink(account_rates::account_id, account_rates::code, ann, rate),
    ];
    for refused in refused {
        assert!(matches!(refused, Err(Error::KeepsHistory { table: "account_rates" })), "{refused:?}");
    }
    assert!(session.plan()?.steps().is_empty() && recorder.sql().is_empty());
    session.add(NewAccountRate::new(ann, rate)?);
    session.commit()?;
    assert_eq!(kept(&library, "account_rates"), [r#"INSERT [1,"A"] -"#]);
    Ok(())
}
