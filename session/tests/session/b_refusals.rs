//! What a refusal names (66, 68, 72): the columns of a UNIQUE constraint, declared or not, the value, the field.

use diesel::connection::SimpleConnection as _;
use diesel_session::{Result, Session};

use super::{NewStep, Step};
use crate::fixture::{Fixture, fixture};

fn steps() -> Fixture {
    let place = fixture(module_path!());
    let made = place.begin(|session| -> Result<()> {
        session.connection()?.batch_execute(
            "CREATE TABLE steps (id BIGINT NOT NULL PRIMARY KEY, recipe BIGINT NOT NULL, place BIGINT NOT NULL,
                label VARCHAR(256) NOT NULL UNIQUE, UNIQUE (recipe, place));
             INSERT INTO steps VALUES (1, 1, 1, 'peel'), (2, 1, 2, 'cut')",
        )?;
        Ok(())
    });
    made.unwrap();
    place
}

/// The words of the refusal of what `work` leaves to be flushed.
fn refused(place: &Fixture, work: impl FnOnce(&mut Session<'static>) -> Result<()>) -> String {
    let done = place.begin(|session| -> Result<()> {
        work(session)?;
        let error = session.flush().unwrap_err();
        assert!(error.is_unique(), "{error}");
        Err(error)
    });
    done.unwrap_err().to_string()
}

#[test]
fn b068_a_unique_constraint_without_a_name_is_told_by_all_its_columns() {
    let place = steps();
    let one = refused(&place, |session| {
        session.add(NewStep::new(3, 1, 2, "boil")?);
        Ok(())
    });
    assert_eq!(one, "steps: a row with this recipe, place already exists (1, 2)");
    let many = refused(&place, |session| {
        for number in 3..=5 {
            session.add(NewStep::new(number, 1, number, format!("step {number}"))?);
        }
        session.add(NewStep::new(6, 1, 1, "boil")?);
        Ok(())
    });
    assert_eq!(many, "steps: a row with this recipe, place already exists (1, 1)");
}

#[test]
fn b068_a_text_is_named_without_quotes() {
    let one = refused(&steps(), |session| {
        session.add(NewStep::new(3, 1, 3, "peel")?);
        Ok(())
    });
    assert_eq!(one, "steps: a row with this label already exists (peel)");
}

#[test]
fn b072_a_refusal_under_a_unique_constraint_that_is_not_declared_says_how_to_declare_it() {
    let one = refused(&steps(), |session| {
        let peel = session.get_one::<Step>(1)?;
        session.edit(peel)?.place = 3;
        session.add(NewStep::new(3, 1, 1, "wash")?);
        Ok(())
    });
    assert_eq!(
        one,
        "steps: a row with this recipe, place already exists (1, 1); if another row of this flush gives it up, \
         #[entity(unique(recipe, place))] on the entity sends that one first"
    );
}

#[test]
fn b066_a_value_that_a_new_row_refuses_is_named_by_its_field() {
    let error = NewStep::new(3, 1, 3, "x".repeat(257)).unwrap_err();
    assert_eq!(error.to_string(), "label: 257 characters, more than the limit of 256");
}
