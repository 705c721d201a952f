//! Random trees by a unique column outside the key, and random changes of natural keys that the database passes on.
//!
//! The trees are held against an oracle that tries the orders, as in `orders`. What follows a key is held against the
//! database: each handle still names the row that it named.

use std::collections::HashSet;

use diesel::connection::SimpleConnection as _;
use diesel::{HasQuery as _, QueryDsl as _};
use diesel_session::connection::AnyConnection;
use diesel_session::{Error, Handle, Result, Session};
use proptest::prelude::*;

use crate::any::suite::trees::*;
use crate::choices::{Choices, cases};
use crate::orders::{sql, works};

/// Puts parts into the database, of which each refers to one before it or to none, and changes them: some are deleted,
/// some move, some come, and of some the session has no value.
fn grow_and_fell(session: &mut Session<'_>, oracle: &mut AnyConnection, choices: &mut Choices) -> Result<bool> {
    let rows = 2 + choices.of(4);
    // Far above what the database counts up to.
    let id = |row: usize| 1_000_001 + row;
    let code = |row: usize| 70 - 10 * i64::try_from(row).unwrap();
    let parents: Vec<Option<i64>> = (0..rows).map(|row| choices.of(row + 1).checked_sub(1).map(code)).collect();
    let setting: Vec<String> = parents
        .iter()
        .enumerate()
        .map(|(row, parent)| format!("INSERT INTO parts VALUES ({}, {}, {})", id(row), code(row), sql(*parent)))
        .collect();
    let setting = setting.join(";");
    session.connection()?.batch_execute(&setting).unwrap();
    let parts = session.query(Part::query().order(parts::id)).all()?;
    let mut statements = Vec::new();
    session.no_autoflush(|session| -> Result<()> {
        for (row, part) in parts.iter().enumerate() {
            match choices.of(5) {
                0 | 1 => {
                    if choices.yes() {
                        session.expire(*part)?;
                    }
                    session.delete(*part)?;
                    statements.push(format!("DELETE FROM parts WHERE id = {}", id(row)));
                }
                2 => {
                    let parent = choices.of(row + 1).checked_sub(1).map(code);
                    session.edit(*part)?.parent_code = parent;
                    if session.is_modified(*part)? {
                        statements.push(format!(
                            "UPDATE parts SET parent_code = {} WHERE id = {}",
                            sql(parent),
                            id(row)
                        ));
                    }
                }
                _ => {}
            }
        }
        let above = choices.of(rows + 1).checked_sub(1);
        if choices.yes() {
            session.add(NewPart { parent_code: above.map(code).into(), ..NewPart::new(5)? });
            statements.push(format!("INSERT INTO parts (code, parent_code) VALUES (5, {})", sql(above.map(code))));
        }
        Ok(())
    })?;
    oracle.batch_execute(&format!("BEGIN; {setting}")).unwrap();
    let works = works(oracle, &statements, 0, &mut HashSet::new());
    oracle.batch_execute("ROLLBACK").unwrap();
    let plan = session.plan()?;
    let flushed = session.flush();
    let story = format!("{setting}\n{}\n{plan}\n{flushed:?}", statements.join("\n"));
    match flushed {
        Ok(()) => {
            let gone = statements.iter().filter(|statement| statement.starts_with("DELETE")).count();
            let came = statements.iter().filter(|statement| statement.starts_with("INSERT")).count();
            assert_eq!(session.query(Part::query()).count()?, (rows + came - gone) as u64, "{story}");
        }
        Err(error) => assert!(!works && error.is_foreign_key(), "{story}"),
    }
    session.rollback()?;
    session.clear()?;
    Ok(works)
}

/// Changes courses and enrolments, and looks where the handles lead.
fn rename(session: &mut Session<'_>, choices: &mut Choices) -> Result<bool> {
    let courses = session.query(Course::query().order(courses::code)).all()?;
    let enrolments = session.query(Enrolment::query().order((enrolments::course, enrolments::student))).all()?;
    // Each has a grade of its own from here on, whatever becomes of its key.
    let grade = |row: usize| 100 + i64::try_from(row).unwrap();
    for (row, enrolment) in enrolments.iter().enumerate() {
        session.edit(*enrolment)?.grade = grade(row);
    }
    session.flush()?;
    let mut left: Vec<Handle<Enrolment>> = enrolments.clone();
    session.load(&left)?;
    for _ in 0..2 {
        let mut codes = vec!["A", "B", "C", "X", "Y"];
        session.no_autoflush(|session| -> Result<()> {
            for course in &courses {
                if choices.yes() {
                    session.edit(*course)?.code = codes.remove(choices.of(codes.len())).to_owned();
                }
            }
            for enrolment in &enrolments {
                match choices.of(5) {
                    0 => {
                        let course = choices.one(&["A", "B", "X"]).to_owned();
                        session.edit(*enrolment)?.next_course = Some(course);
                    }
                    1 if left.contains(enrolment) => {
                        session.delete(*enrolment)?;
                        left.retain(|other| other != enrolment);
                    }
                    2 => session.edit(*enrolment)?.course = choices.one(&["A", "B", "X"]).to_owned(),
                    3 => session.expire(*enrolment)?,
                    _ => {}
                }
            }
            Ok(())
        })?;
        if let Err(error) = session.flush() {
            assert!(!error.is_stale() && !error.is_deleted(), "{error}");
            return Ok(false);
        }
        let stored = session.rows::<Enrolment, _>(Enrolment::query())?;
        assert_eq!(stored.len(), left.len(), "{stored:?}");
        for (row, enrolment) in enrolments.iter().enumerate().filter(|(_, row)| left.contains(row)) {
            let there = stored.iter().find(|stored| stored.grade == grade(row));
            assert_eq!(Some(session.view(*enrolment)?), there, "{stored:?}");
        }
        if left.len() < enrolments.len() {
            break;
        }
    }
    Ok(true)
}

pub fn b049_a_random_tree_is_deleted_if_any_order_of_statements_does_it() -> Result<()> {
    let ((library, mut session, _), (other, ..)) = (planted(), planted());
    let mut oracle = other.connect();
    let worked = std::cell::Cell::new(0);
    let config = cases(library.engine(), 400, 300);
    let cases = config.cases;
    let session = std::cell::RefCell::new(&mut session);
    let oracle = std::cell::RefCell::new(&mut oracle);
    proptest!(config, |(choices in proptest::collection::vec(any::<u8>(), 5..40))| {
        let mut choices = Choices(choices.into_iter());
        let works = grow_and_fell(&mut session.borrow_mut(), &mut oracle.borrow_mut(), &mut choices);
        worked.set(worked.get() + u32::from(works.map_err(|error| TestCaseError::fail(error.to_string()))?));
    });
    drop(library);
    assert!((cases / 4..cases).contains(&worked.get()), "{} worked", worked.get());
    Ok(())
}

pub fn b083_handles_follow_random_changes_of_natural_keys() -> Result<()> {
    let (library, _, _) = planted();
    let (worked, broken) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let config = cases(library.engine(), 400, 300);
    let cases = config.cases;
    proptest!(config, |(choices in proptest::collection::vec(any::<u8>(), 5..40))| {
        let mut session = library.session();
        let done = match rename(&mut session, &mut Choices(choices.into_iter())) {
            // Some keys cannot be had in any order.
            Err(Error::Plan { .. }) => false,
            done => done.map_err(|error| TestCaseError::fail(error.to_string()))?,
        };
        let count = if done { &worked } else { &broken };
        count.set(count.get() + 1);
    });
    assert!(worked.get() > cases / 4, "{} worked, {} did not", worked.get(), broken.get());
    Ok(())
}
