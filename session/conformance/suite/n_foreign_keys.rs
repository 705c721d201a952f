//! Foreign keys of several columns: they order the flush, take handles, and pass values (130, 131).

use diesel::{HasQuery as _, QueryDsl as _};
use diesel_session::{Error, Handle, Result};

use super::domain::*;
use super::graphs::*;

pub fn b130_a_new_row_takes_the_handle_of_a_parent_for_all_columns_of_its_foreign_key() -> Result<()> {
    let (library, mut session, recorder) = drawn();
    // The order's key comes from the database, and goes through the line to the parcel.
    let order = session.add(NewOrder::new("Ann")?);
    let line = NewLine::new(order, 1, "tea")?;
    let parcel = NewParcel::new((0, 0), 500)?;
    let parcel = session.add(parcel);
    let line = session.add(line);
    (session.pending_mut(parcel)?.order_id, session.pending_mut(parcel)?.line_no) = (line.into(), line.into());
    let second = session.add(NewParcel::new(line, 700)?);
    session.flush()?;
    assert_eq!(steps(recorder.sql()), ["INSERT orders", "INSERT order_lines", "INSERT parcels"]);
    let key = session.key(order).unwrap();
    assert_eq!(session.key(line).ok(), Some((key, 1)));
    assert_eq!((session.row(parcel)?.order_id, session.row(parcel)?.line_no), (key, 1));
    assert_eq!((session.row(second)?.order_id, session.row(second)?.line_no), (key, 1));
    // A tuple of values refers to a line that is in the database.
    session.add(NewParcel::new((key, 1), 900)?);
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM parcels WHERE line_no = 1"), "3");
    Ok(())
}

pub fn b130_children_are_deleted_before_parents() -> Result<()> {
    let (_library, mut session, recorder) = drawn();
    let order = session.add(NewOrder::new("Ann")?);
    let line = session.add(NewLine::new(order, 1, "tea")?);
    let parcel = session.add(NewParcel::new(line, 500)?);
    let remark = NewRemark::new(order, "late")?;
    let remark = session.add(NewRemark { line_no: line.into(), ..remark });
    session.commit()?;
    session.load(&[parcel])?;
    recorder.take();
    session.delete(order)?;
    session.delete(line)?;
    session.delete(parcel)?;
    session.delete(remark)?;
    session.flush()?;
    assert_eq!(steps(recorder.sql()), ["DELETE remarks", "DELETE parcels", "DELETE order_lines", "DELETE orders"]);
    Ok(())
}

pub fn b130_a_column_that_two_foreign_keys_share_is_given_once() -> Result<()> {
    let (_library, mut session, _recorder) = drawn();
    let order = session.add(NewOrder::new("Ann")?);
    let of_order = session.add(NewRemark::new(order, "late")?);
    let line = session.add(NewLine::new(order, 7, "tea")?);
    let of_line = session.add(NewRemark { line_no: line.into(), ..NewRemark::new(order, "cold")? });
    assert_eq!(
        flushed(&mut session)?,
        ["INSERT orders (1 row)", "INSERT order_lines (1 row)", "INSERT remarks (2 rows)"]
    );
    assert_eq!((session.row(of_order)?.line_no, session.row(of_line)?.line_no), (None, Some(7)));
    assert_eq!(Some(session.row(of_line)?.order_id), session.key(order).ok());
    Ok(())
}

pub fn b130_rows_of_one_table_are_ordered_by_a_foreign_key_of_several_columns() -> Result<()> {
    let (library, mut session, _recorder) = drawn();
    // Equal numbers in different plans are different stages: the last of one plan is not the parent of the other.
    let by_value = |plan, number, after: Option<i64>| -> Result<NewStage> {
        Ok(NewStage { after: after.into(), ..NewStage::new(plan, number)? })
    };
    session.add(by_value(1, 2, Some(3))?);
    session.add(by_value(1, 1, Some(2))?);
    session.add(by_value(2, 3, None)?);
    session.add(by_value(1, 3, None)?);
    let handle = session.add(by_value(2, 4, None)?);
    session.add(NewStage { after: handle.into(), ..NewStage::new(2, 1)? });
    let steps = ["INSERT stages (3 rows)", "INSERT stages (2 rows)", "INSERT stages (1 row)"];
    assert_eq!(flushed(&mut session)?, steps);
    let stages = session.query(Stage::query().order((stages::plan, stages::number))).all()?;
    for stage in stages {
        session.delete(stage)?;
    }
    let steps = ["DELETE stages (3 rows)", "DELETE stages (2 rows)", "DELETE stages (1 row)"];
    assert_eq!(planned(&session)?, steps);
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM stages"), "0");
    Ok(())
}

pub fn b131_a_key_of_several_columns_passes_to_another_row_with_what_refers_to_it() -> Result<()> {
    let (_library, mut session, _recorder) = drawn();
    let order = session.add(NewOrder::new("Ann")?);
    session.flush()?;
    let key = session.key(order).unwrap();
    let one = session.add(NewLine::new(key, 1, "tea")?);
    let two = session.add(NewLine::new(key, 2, "cake")?);
    let parcel = session.add(NewParcel::new(one, 500)?);
    session.flush()?;
    // The parcel leaves line 1 before that becomes line 3, and a new line takes the number over.
    session.edit(one)?.line_no = 3;
    session.edit(parcel)?.line_no = 2;
    let new = session.add(NewLine::new(key, 1, "milk")?);
    let late = session.add(NewParcel::new(new, 100)?);
    let steps = [
        "UPDATE parcels SET line_no (1 row)",
        "UPDATE order_lines SET line_no (1 row)",
        "INSERT order_lines (1 row)",
        "INSERT parcels (1 row)",
    ];
    assert_eq!(flushed(&mut session)?, steps);
    assert_eq!(
        (session.key(one).ok(), session.key(two).ok(), session.key(new).ok()),
        (Some((key, 3)), Some((key, 2)), Some((key, 1)))
    );
    assert_eq!(session.view(late)?.line_no, 1);
    // A parcel that goes to a number waits for the line that brings it.
    session.edit(parcel)?.line_no = 9;
    session.edit(two)?.line_no = 9;
    let error = session.flush().unwrap_err();
    assert!(error.is_foreign_key(), "a parcel cannot follow before the line is there, nor the line leave it: {error}");
    Ok(())
}

pub fn b131_a_row_that_refers_to_half_of_a_key_waits_for_nothing() -> Result<()> {
    let (_library, mut session, _recorder) = drawn();
    let order = session.add(NewOrder::new("Ann")?);
    session.flush()?;
    let key = session.key(order).unwrap();
    let [one, two] = [1, 2].map(|number| session.add(NewLine::new(key, number, "tea").unwrap()));
    let remark = session.add(NewRemark { line_no: one.into(), ..NewRemark::new(key, "late")? });
    session.flush()?;
    session.edit(remark)?.line_no = None;
    session.delete(one)?;
    session.edit(two)?.line_no = 1;
    let steps =
        ["UPDATE remarks SET line_no (1 row)", "DELETE order_lines (1 row)", "UPDATE order_lines SET line_no (1 row)"];
    assert_eq!(flushed(&mut session)?, steps);
    Ok(())
}

pub fn b131_loaded_children_are_read_again_after_a_change_of_a_part_of_the_key() -> Result<()> {
    let (_library, mut session, _recorder) = drawn();
    let order = session.add(NewOrder::new("Ann")?);
    session.flush()?;
    let line = session.add(NewLine::new(order, 1, "tea")?);
    let remark = session.add(NewRemark { line_no: line.into(), ..NewRemark::new(order, "late")? });
    session.flush()?;
    session.edit(line)?.line_no = 5;
    session.flush()?;
    assert_eq!(session.view(remark)?.line_no, Some(5), "the database cascaded it");
    Ok(())
}

/// Two lines of an order; each has one note, and that a mark. MySQL 9 does not cascade to the marks of a line with two.
#[allow(clippy::type_complexity, reason = "the rows")]
fn noted(session: &mut Session<'_>) -> Result<(i64, [Handle<Line>; 2], [Handle<LineNote>; 2], [Handle<NoteMark>; 2])> {
    let order = session.add(NewOrder::new("Ann")?);
    session.flush()?;
    let key = session.key(order)?;
    let lines = [session.add(NewLine::new(key, 1, "tea")?), session.add(NewLine::new(key, 2, "cake")?)];
    let mut note =
        |line: Handle<Line>, number: i64| -> Result<_> { Ok(session.add(NewLineNote::new(line, number, "note")?)) };
    let notes = [note(lines[0], 1)?, note(lines[1], 1)?];
    let marks = [session.add(NewNoteMark::new(7, notes[0])?), session.add(NewNoteMark::new(7, notes[1])?)];
    session.flush()?;
    Ok((key, lines, notes, marks))
}

pub fn b131_handles_follow_a_key_of_several_columns_that_the_database_cascades() -> Result<()> {
    let (_library, mut session, recorder) = drawn();
    let (key, lines, notes, marks) = noted(&mut session)?;
    session.commit()?;
    session.load(&lines)?;
    session.load(&notes)?;
    session.load(&marks)?;
    session.edit(lines[0])?.line_no = 5;
    session.edit(notes[1])?.body = "changed".into();
    recorder.take();
    session.flush()?;
    let keys = |session: &Session<'_>| notes.map(|note| session.key(note).ok());
    let cascaded = [Some((key, 5, 1)), Some((key, 2, 1))];
    assert_eq!(keys(&session), cascaded);
    assert_eq!(marks.map(|mark| session.key(mark).ok()), [Some((7, 1, 5, key)), Some((7, 1, 2, key))]);
    let sent = recorder.sql();
    let asked = sent.iter().filter(|sql| sql.starts_with("SELECT")).count();
    assert_eq!(asked, 2, "once for each foreign key: {sent:?}");
    session.edit(lines[0])?.line_no = 6;
    session.edit(lines[1])?.line_no = 8;
    session.flush()?;
    assert_eq!(keys(&session), [Some((key, 6, 1)), Some((key, 8, 1))]);
    assert_eq!(recorder.sql().iter().filter(|sql| sql.starts_with("SELECT")).count(), 0);
    assert_eq!(session.view(notes[1])?.body, "changed");
    assert_eq!(session.view(marks[1])?.line_no, 8);
    session.rollback()?;
    assert_eq!(keys(&session), [Some((key, 1, 1)), Some((key, 2, 1))]);
    assert_eq!(session.view(marks[0])?.line_no, 1);
    Ok(())
}

pub fn b131_a_line_that_takes_over_a_number_takes_no_notes_with_it() -> Result<()> {
    let (library, mut session, _recorder) = drawn();
    let (key, lines, notes, marks) = noted(&mut session)?;
    session.edit(lines[0])?.line_no = 3;
    session.edit(lines[1])?.line_no = 1;
    session.flush()?;
    let keys = notes.map(|note| session.key(note).ok());
    assert_eq!(keys, [Some((key, 3, 1)), Some((key, 1, 1))]);
    assert_eq!(marks.map(|mark| session.key(mark).ok()), [Some((7, 1, 3, key)), Some((7, 1, 1, key))]);
    session.delete(marks[1])?;
    session.delete(notes[1])?;
    session.delete(lines[1])?;
    session.commit()?;
    assert_eq!(library.see("SELECT COUNT(*) FROM line_notes"), "1");
    assert_eq!(library.see("SELECT line_no FROM note_marks"), "3");
    Ok(())
}

pub fn b131_a_reference_to_nothing_names_all_columns() -> Result<()> {
    let (_library, mut session, _recorder) = drawn();
    session.add(NewParcel::new((7, 8), 500)?);
    let error = session.flush().unwrap_err();
    let Error::Violation(violation) = &error else { panic!("{error}") };
    assert!(violation.is_foreign_key(), "{error}");
    assert_eq!(violation.table, "parcels");
    Ok(())
}
