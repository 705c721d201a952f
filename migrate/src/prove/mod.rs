//! Proves the way down: plays each migration up, down and up again in a scratch database with rows, and compares the
//! schema and the rows on the way.

mod content;
mod fill;
mod proof;
mod values;

use diesel_session::Database;
use diesel_session::connection::SessionConnection as _;

pub use proof::{Attempt, Lost, Outcome, Proof, Unfilled};

use crate::error::{Error, Result};
use crate::migration::Direction;
use crate::schema::Schema;
use crate::scratch::Scratch;
use crate::scripts::{Body, NO_WAY_DOWN, Step};
use crate::source::Migrations;
use content::Content;

impl Migrations {
    /// The proof of each migration, oldest first, in scratch databases beside `live`.
    pub(crate) fn prove(&self, live: &Database) -> Result<Vec<Proof>> {
        let engine = live.connection()?.engine();
        let steps = self.steps(engine)?;
        let mut scratch = Scratch::beside(live)?;
        let mut schema = Schema::default();
        let mut proofs: Vec<Proof> = Vec::new();
        for (at, step) in steps.iter().enumerate() {
            let mut proof = Proof::new(step.migration.clone());
            proof.outcome = prove(&mut scratch, &mut schema, step, &mut proof)?;
            let works = matches!(proof.outcome, Outcome::Proven | Outcome::NoWayDown);
            let mut applies = true;
            if let Outcome::Failed { attempt, only_with_rows, .. } = &mut proof.outcome {
                drop(scratch);
                scratch = without_rows(live, &steps[..at])?;
                *only_with_rows = works_without_rows(&mut scratch, step, *attempt)?;
                applies = *only_with_rows || *attempt != Attempt::Up;
            }
            proofs.push(proof);
            if !applies {
                proofs.extend(steps[at + 1..].iter().map(|step| Proof::new(step.migration.clone())));
                break;
            }
            if !works {
                // The next one is tried on what this one makes, without the traces of the failure.
                drop(scratch);
                scratch = without_rows(live, &steps[..=at])?;
                schema = Schema::read(&mut scratch)?;
            }
        }
        Ok(proofs)
    }
}

/// A scratch database to which migrations were applied that are known to work there.
fn without_rows(live: &Database, steps: &[Step]) -> Result<Scratch> {
    let mut scratch = Scratch::beside(live)?;
    scratch.apply(steps)?;
    Ok(scratch)
}

/// Goes as far as the attempt that failed, in tables without rows.
fn works_without_rows(scratch: &mut Scratch, step: &Step, attempt: Attempt) -> Result<bool> {
    let directions: &[Direction] = match attempt {
        Attempt::Up => &[Direction::Up],
        Attempt::Down => &[Direction::Up, Direction::Down],
        Attempt::UpAgain => &[Direction::Up, Direction::Down, Direction::Up],
    };
    for direction in directions {
        if play(scratch, step, *direction)?.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Plays a script; what the database says to it is inside, and other errors, such as a lost connection, are outside.
fn play(scratch: &mut Scratch, step: &Step, direction: Direction) -> Result<std::result::Result<(), String>> {
    match scratch.play(step, direction) {
        Ok(()) => Ok(Ok(())),
        Err(problem) => match step.failed(scratch, direction, problem) {
            Error::Failed { problem, .. } => Ok(Err(problem)),
            other => Err(other),
        },
    }
}

/// Proves a migration on the schema of those before it, which becomes the schema with it.
fn prove(scratch: &mut Scratch, schema: &mut Schema, step: &Step, proof: &mut Proof) -> Result<Outcome> {
    let engine = scratch.engine();
    let failed = |attempt, problem| Ok(Outcome::Failed { attempt, problem, only_with_rows: false });
    let before = std::mem::take(schema);
    proof.unfilled = fill::fill(scratch, &before)?;
    let rows_before = Content::read(scratch, &before, &before)?;
    if let Err(problem) = play(scratch, step, Direction::Up)? {
        return failed(Attempt::Up, problem);
    }

    *schema = Schema::read(scratch)?;
    let up = &*schema;
    for unfilled in fill::fill(scratch, up)? {
        if !proof.unfilled.iter().any(|known| known.table == unfilled.table) {
            proof.unfilled.push(unfilled);
        }
    }
    // What this migration created goes with it, by intention.
    let rows_up = Content::read(scratch, up, &before)?;
    if step.has_no_way_down() {
        return Ok(Outcome::NoWayDown);
    }
    if let Err(problem) = play(scratch, step, Direction::Down)? {
        // A source of Diesel's says so only now.
        return if problem == NO_WAY_DOWN { Ok(Outcome::NoWayDown) } else { failed(Attempt::Down, problem) };
    }
    let down = Schema::read(scratch)?;
    proof.losses = rows_before.lost(&Content::read(scratch, &down, &before)?);
    let differences = before.differences(&down, engine);
    if !differences.is_empty() {
        let empty = matches!(step.body, Body::Scripts { .. }) && step.statements(Direction::Down, engine).is_empty();
        return Ok(if empty { Outcome::NoWayDown } else { Outcome::Differs { attempt: Attempt::Down, differences } });
    }

    if let Err(problem) = play(scratch, step, Direction::Up)? {
        return failed(Attempt::UpAgain, problem);
    }
    let again = Schema::read(scratch)?;
    for lost in rows_up.lost(&Content::read(scratch, &again, &before)?) {
        if !proof.losses.iter().any(|known| known.is_of_same(&lost)) {
            proof.losses.push(lost);
        }
    }
    let differences = up.differences(&again, engine);
    if differences.is_empty() {
        Ok(Outcome::Proven)
    } else {
        Ok(Outcome::Differs { attempt: Attempt::UpAgain, differences })
    }
}
