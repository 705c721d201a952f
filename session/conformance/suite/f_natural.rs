//! Natural keys that change, and that the database cascades to referring rows (83, 107).

use diesel::{HasQuery as _, QueryDsl as _};
use diesel_session::{Error, Handle, Result};

use super::domain::*;
use super::trees::*;

type Enrolled = (Library, Session<'static>, Recorder, Handle<Course>, Vec<Handle<Enrolment>>);

/// A session that has Algebra and all enrolments: 1 and 2 in A, 1 in B.
fn enrolled() -> Result<Enrolled> {
    let (library, mut session, recorder) = planted();
    let algebra = session.get_one::<Course>("A".to_owned())?;
    let all = session.query(Enrolment::query().order((enrolments::course, enrolments::student))).all()?;
    recorder.take();
    Ok((library, session, recorder, algebra, all))
}

fn key(student: i64, course: &str) -> (i64, String) {
    (student, course.to_owned())
}

pub fn b083_the_handle_of_a_row_follows_the_key_that_the_database_passes_on() -> Result<()> {
    let (_library, mut session, recorder, algebra, rows) = enrolled()?;
    session.edit(algebra)?.code = "Z".into();
    session.flush()?;
    // Whether the database cascades the key is asked once.
    assert_eq!(steps(recorder.sql()), ["UPDATE courses", "SELECT student,"]);
    assert_eq!(
        rows.iter().map(|row| session.key(*row).ok()).collect::<Vec<_>>(),
        [Some(key(1, "Z")), Some(key(2, "Z")), Some(key(1, "B"))]
    );
    assert_eq!(session.view(rows[1])?.course, "Z");
    assert_eq!(session.view(rows[2])?.next_course.as_deref(), Some("Z"));
    session.edit(rows[0])?.grade = 6;
    assert_eq!(session.get::<Enrolment>(key(1, "Z"))?, Some(rows[0]));
    assert_eq!(session.get::<Enrolment>(key(1, "A"))?, None);
    session.refresh(rows[0])?;
    session.edit(algebra)?.code = "Y".into();
    recorder.take();
    session.flush()?;
    assert_eq!(steps(recorder.sql()), ["UPDATE courses"]);
    session.commit()?;
    assert_eq!(session.view(rows[0])?.course, "Y");
    Ok(())
}

pub fn b083_a_key_and_a_row_that_follows_it_change_in_one_flush() -> Result<()> {
    let (library, mut session, _recorder, algebra, rows) = enrolled()?;
    session.edit(algebra)?.code = "Z".into();
    session.edit(rows[0])?.grade = 6;
    // One row sets the key that the database would give it anyway, and one refers to the new key.
    session.edit(rows[1])?.course = "Z".into();
    session.edit(rows[1])?.grade = 7;
    session.edit(rows[2])?.next_course = Some("Z".into());
    session.commit()?;
    let stored = "SELECT group_concat(student || course || grade) FROM (SELECT * FROM enrolments ORDER BY grade) AS e";
    assert_eq!(library.see(stored), "1B5,1Z6,2Z7");
    assert_eq!(session.view(rows[1])?.grade, 7);
    session.edit(algebra)?.code = "Y".into();
    session.delete(rows[0])?;
    session.edit(rows[1])?.grade = 8;
    session.commit()?;
    assert_eq!(library.see(stored), "1B5,2Y8");
    Ok(())
}

pub fn b013_a_retried_unit_does_not_meet_a_row_that_followed_its_key() -> Result<()> {
    let (_library, mut session, _recorder, algebra, rows) = enrolled()?;
    session.edit(algebra)?.code = "Z".into();
    session.edit(rows[0])?.grade = 6;
    session.commit()?;
    assert!(session.conflict().is_none());
    Ok(())
}

pub fn b083_keys_that_change_hands_take_their_rows_with_them() -> Result<()> {
    let (library, mut session, _recorder, algebra, rows) = enrolled()?;
    let biology = session.get_one::<Course>("B".to_owned())?;
    // Both are students in one of these courses: the key of one becomes that of the other.
    session.edit(algebra)?.code = "B".into();
    session.edit(biology)?.code = "Z".into();
    session.edit(rows[0])?.grade = 10;
    session.edit(rows[2])?.grade = 20;
    session.flush()?;
    assert_eq!((session.key(rows[0]).ok(), session.key(rows[2]).ok()), (Some(key(1, "B")), Some(key(1, "Z"))));
    assert_eq!((session.view(rows[0])?.grade, session.view(rows[2])?.grade), (10, 20));
    session.rollback()?;
    assert_eq!((session.key(rows[0]).ok(), session.key(rows[2]).ok()), (Some(key(1, "A")), Some(key(1, "B"))));
    assert_eq!((session.view(rows[0])?.grade, session.view(rows[2])?.grade), (3, 5));
    assert_eq!(library.see("SELECT COUNT(*) FROM enrolments WHERE course = 'A'"), "2");
    Ok(())
}

pub fn b107_a_rollback_restores_keys_that_were_passed_on() -> Result<()> {
    let (_library, mut session, _recorder, algebra, rows) = enrolled()?;
    let undone = session.nested(|session| -> Result<()> {
        session.edit(algebra)?.code = "Z".into();
        session.flush()?;
        assert_eq!(session.get::<Enrolment>(key(2, "Z"))?, Some(rows[1]));
        Err(Error::ReadOnlySession)
    });
    assert!(undone.is_err());
    assert_eq!(session.key(rows[1]).ok(), Some(key(2, "A")));
    assert_eq!(session.get::<Enrolment>(key(2, "A"))?, Some(rows[1]));
    assert_eq!(session.view(rows[1])?.course, "A");
    Ok(())
}

pub fn b083_a_key_is_passed_on_through_tables_that_the_session_has_no_row_of() -> Result<()> {
    let (_library, mut session, _recorder) = planted();
    let algebra = session.get_one::<Course>("A".to_owned())?;
    let desk = session.get_one::<Desk>(("A".to_owned(), 2))?;
    session.edit(algebra)?.code = "Z".into();
    session.edit(desk)?.label = "middle".into();
    session.flush()?;
    assert_eq!(session.view(desk)?, &Desk { course: "Z".into(), number: 2, label: "middle".into() });
    let lab = session.get_one::<Lab>("Z".to_owned())?;
    // The key of a row is known, and follows, even if its value is not in memory.
    session.expire_all();
    session.edit(algebra)?.code = "Y".into();
    session.flush()?;
    assert_eq!((session.key(lab).ok(), session.key(desk).ok()), (Some("Y".to_owned()), Some(("Y".to_owned(), 2))));
    assert_eq!((session.view(lab)?.room, session.view(desk)?.number), (7, 2));
    Ok(())
}

pub fn b083_a_key_that_the_database_does_not_pass_on_stays() -> Result<()> {
    let (library, mut session, _recorder) = planted();
    library.elsewhere("INSERT INTO exams (course, room) VALUES ('A', 9)");
    let algebra = session.get_one::<Course>("A".to_owned())?;
    let exam = session.get_one::<Exam>("A".to_owned())?;
    session.edit(algebra)?.code = "Z".into();
    session.edit(exam)?.room = 11;
    session.flush()?;
    assert_eq!(session.key(exam).ok(), Some("A".to_owned()));
    assert_eq!(session.view(exam)?.room, 11);
    session.edit(exam)?.course = "Z".into();
    session.commit()?;
    assert_eq!(library.see("SELECT room FROM exams WHERE course = 'Z'"), "11");
    Ok(())
}
