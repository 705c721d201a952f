//! `plan`: what `up` or `down` would do.

use std::fmt::Write as _;

use clap::Args;
use diesel_session::connection::Access;
use serde::Serialize;

use super::console::{Column, Row};
use super::context::Context;
use super::failure::Failure;
use super::options::steps;
use super::text::lost;
use crate::database::Migrate as _;
use crate::plan::Planned;
use crate::target::{Target, Up};
use crate::words::counted;

const AFTER: &str = "\
Examples:
  migrate plan                                    what 'up' would do
  migrate plan --to 20261101000002
  migrate plan --down                             what 'down' would do, and what is lost
  migrate plan --down --all --format json

Prints, for each migration, its statements, and whether they are one transaction; writes nothing and
waits for no lock. An SQLite file that does not exist yet counts as empty. JSON has an object per
migration.
Exit code 0, also if there is something to do; otherwise as the command that is planned.";

/// Show what 'up' or 'down' would do, without doing it
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Plan {
    /// What going down would do
    #[arg(long)]
    down: bool,
    /// Maximum number of migrations [default: all, or 1 with --down]
    #[arg(short = 'n', long, value_name = "N", value_parser = steps)]
    steps: Option<usize>,
    /// The version, or the name, up to which to go
    #[arg(long, value_name = "VERSION", conflicts_with = "steps")]
    to: Option<String>,
    /// All of them
    #[arg(long, conflicts_with_all = ["steps", "to"])]
    all: bool,
    /// Plan for a database that has tables of other applications alone
    #[arg(long, conflicts_with = "down")]
    into_existing: bool,
    /// Plan for migrations that are older than the newest one applied
    #[arg(long, conflicts_with = "down")]
    out_of_order: bool,
}

impl Plan {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let database = if self.down { context.open(Access::Read)? } else { context.open_or_empty()? };
        let usual = if self.down && !self.all { Target::Steps(1) } else { Target::All };
        let target = self.steps.map(Target::Steps).or(self.to.map(Target::To)).unwrap_or(usual);
        let planned = if self.down {
            database.plan_down(context.migrations, target)
        } else {
            database.plan_up(context.migrations, up(target, self.into_existing, self.out_of_order))
        };
        let planned = planned?;
        if planned.is_empty() {
            context.say(&format!("nothing to do: {}", database.place()));
        }
        planned.iter().flat_map(|planned| &planned.warnings).for_each(|warning| context.warn(warning));
        let rows: Vec<_> = planned.iter().map(Listed::of).collect();
        context.text_or_table(|| planned.iter().map(text).collect(), &rows)
    }
}

/// How to go up, as the options say.
pub(super) fn up(target: Target, into_existing: bool, out_of_order: bool) -> Up {
    let up = Up::to(target);
    let up = if into_existing { up.into_existing() } else { up };
    if out_of_order { up.out_of_order() } else { up }
}

/// A migration that would be executed, as a script with comments.
fn text(planned: &Planned) -> String {
    let Planned { migration, direction, statements, done, transaction, losses, .. } = planned;
    let count = match statements.len() {
        0 => "what it does is not known".to_owned(),
        count => counted(count, "statement"),
    };
    let how = if *transaction { "in one transaction" } else { "each for good" };
    let mut text = format!("-- {direction} {migration}: {count}, {how}\n");
    if *done > 0 {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "-- done before: {done}");
    }
    if !losses.is_empty() {
        let _ = writeln!(text, "-- removes {}", lost(losses));
    }
    for statement in statements {
        let _ = writeln!(text, "{statement};");
    }
    text.push('\n');
    text
}

/// A migration that would be executed, as listed.
#[derive(Debug, Serialize)]
struct Listed<'p> {
    version: &'p str,
    name: &'p str,
    direction: String,
    transaction: bool,
    done: usize,
    statements: &'p [String],
    losses: Vec<Loss<'p>>,
    warnings: &'p [String],
}

#[derive(Debug, Serialize)]
struct Loss<'p> {
    table: &'p str,
    rows: u64,
}

impl<'p> Listed<'p> {
    fn of(planned: &'p Planned) -> Self {
        Self {
            version: &planned.migration.version,
            name: &planned.migration.name,
            direction: planned.direction.to_string(),
            transaction: planned.transaction,
            done: planned.done,
            statements: &planned.statements,
            losses: planned.losses.iter().map(|(table, rows)| Loss { table, rows: *rows }).collect(),
            warnings: &planned.warnings,
        }
    }
}

impl Row for Listed<'_> {
    const COLUMNS: &'static [Column] =
        &[Column::text("version"), Column::text("name"), Column::text("direction"), Column::number("statements")];

    fn cells(&self) -> Vec<Option<String>> {
        let (version, name) = (self.version.to_owned(), self.name.to_owned());
        vec![Some(version), Some(name), Some(self.direction.clone()), Some(self.statements.len().to_string())]
    }
}
