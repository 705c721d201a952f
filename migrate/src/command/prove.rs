//! `prove`: whether every way down undoes its way up.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::console::{Column, Row};
use super::context::Context;
use super::failure::Failure;
use crate::database::Migrate as _;
use crate::prove::{Lost, Outcome, Proof, Unfilled};
use crate::words::counted;

const AFTER: &str = "\
Examples:
  migrate prove
  migrate prove --format json

Plays each migration up, down and up again in a scratch database, as 'diff' does, with a few
generated rows in the tables, and compares the schemas. The database itself is not touched.
Prints one line for each migration, and what its way down loses. Exit code 1 if any is not proven.";

/// Prove in a scratch database that the ways down undo the ways up
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Prove {}

impl Prove {
    pub(super) fn run(context: &mut Context<'_>) -> Result<(), Failure> {
        let database = context.open_or_empty()?;
        let proofs = database.prove_migrations(context.migrations)?;
        let rows: Vec<_> = proofs.iter().map(Listed::of).collect();
        context.text_or_table(|| proofs.iter().map(text).collect(), &rows)?;
        match proofs.iter().filter(|proof| !proof.is_proven()).count() {
            0 => Ok(()),
            count => Err(Failure::Found(format!("not proven: {}", counted(count, "migration")))),
        }
    }
}

fn text(proof: &Proof) -> String {
    let mut text = format!("{proof}\n");
    let notes = proof.losses.iter().map(ToString::to_string).chain(proof.unfilled.iter().map(ToString::to_string));
    for note in notes {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "    {note}");
    }
    text
}

/// A proof, as listed.
#[derive(Debug, Serialize)]
struct Listed<'p> {
    version: &'p str,
    name: &'p str,
    proven: bool,
    text: String,
    outcome: &'p Outcome,
    losses: &'p [Lost],
    unfilled: &'p [Unfilled],
}

impl<'p> Listed<'p> {
    fn of(proof: &'p Proof) -> Self {
        Self {
            version: &proof.migration.version,
            name: &proof.migration.name,
            proven: proof.is_proven(),
            text: proof.to_string(),
            outcome: &proof.outcome,
            losses: &proof.losses,
            unfilled: &proof.unfilled,
        }
    }
}

impl Row for Listed<'_> {
    const COLUMNS: &'static [Column] =
        &[Column::text("version"), Column::text("name"), Column::text("proven"), Column::text("text")];

    fn cells(&self) -> Vec<Option<String>> {
        let proven = if self.proven { "yes" } else { "no" };
        let text = |text: &str| Some(text.to_owned());
        vec![text(self.version), text(self.name), text(proven), text(&self.text)]
    }
}
