//! `up`, `down` and `redo`: what changes the schema.

use clap::Args;
use diesel_session::Database;
use diesel_session::connection::Access;

use super::context::Context;
use super::failure::Failure;
use super::options::{HowFarDown, HowFarUp, Yes, steps};
use super::plan;
use super::text::lost;
use crate::database::Migrate as _;
use crate::loss::Loss;
use crate::migration::{Direction, Migration};
use crate::target::{Target, Up};

const UP: &str = "\
Examples:
  migrate up                                      all that are pending
  migrate up -n 1
  migrate up --to 20261101000002                  until this version is applied
  migrate up --into-existing                      add the tables to another application's

Creates the database if it does not exist. Prints nothing on standard output; reports on standard
error what was applied. Each migration is a transaction of its own; in an empty database all of
them are one. MySQL and MariaDB cannot roll back tables: the next run completes what an interrupted
one left.";

const DOWN: &str = "\
Examples:
  migrate down                                    the newest one, after a confirmation
  migrate down -n 2
  migrate down --to 20261101000002                until this version is the newest
  migrate down --all --yes                        all of them, without a confirmation

Drops the tables that the reverted migrations made, with all their rows. On a terminal it lists
them with their numbers of rows and asks; elsewhere it needs --yes, exit code 2 without it.
Prints nothing on standard output; reports on standard error what was reverted.";

const REDO: &str = "\
Examples:
  migrate redo                                    the newest one, after a confirmation
  migrate redo -n 2 --yes

Reverts and applies again, for a migration that is being written. The rows of the tables that it
made are lost: it asks as 'down' does. If going down fails, nothing is applied.
Prints nothing on standard output; reports on standard error what was done.";

/// Apply pending migrations
#[derive(Debug, Args)]
#[command(after_help = UP)]
pub(super) struct GoUp {
    #[command(flatten)]
    how_far: HowFarUp,
    /// Also into a database that has tables of other applications alone
    #[arg(long)]
    into_existing: bool,
    /// Also migrations that are older than the newest one applied
    #[arg(long)]
    out_of_order: bool,
}

impl GoUp {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let target = self.how_far.target();
        // Before a database is created for a folder that was misspelt.
        context.migrations.engines()?;
        let database = context.open(Access::Create)?;
        let all = target == Target::All;
        let applied = apply(context, &database, plan::up(target, self.into_existing, self.out_of_order))?;
        let status = database.migration_status(context.migrations)?;
        for changed in status.applied.iter().filter(|applied| applied.edited) {
            let migration = &changed.migration;
            context.warn(&format!("the script of {migration} has changed since it was applied here"));
        }
        if applied.is_empty() && all {
            context.say(&format!("nothing to do: {} is up to date", database.place()));
        }
        Ok(())
    }
}

/// Revert applied migrations
#[derive(Debug, Args)]
#[command(after_help = DOWN)]
pub(super) struct GoDown {
    #[command(flatten)]
    how_far: HowFarDown,
    #[command(flatten)]
    confirm: Yes,
}

impl GoDown {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let database = context.open(Access::Write)?;
        let target = self.how_far.target();
        let reverted = revert(context, &database, &target, self.confirm)?;
        if reverted.is_empty() {
            nothing_to_revert(context, &database, &target);
        }
        Ok(())
    }
}

/// Revert the newest migrations, and apply them again
#[derive(Debug, Args)]
#[command(after_help = REDO)]
pub(super) struct Redo {
    /// Number of migrations
    #[arg(short = 'n', long, value_name = "N", value_parser = steps, default_value_t = 1)]
    steps: usize,
    #[command(flatten)]
    confirm: Yes,
}

impl Redo {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let database = context.open(Access::Write)?;
        let target = Target::Steps(self.steps);
        let reverted = revert(context, &database, &target, self.confirm)?;
        // What was the newest one is applied again, and nothing that was pending before.
        match reverted.first() {
            Some(newest) => {
                apply(context, &database, plan::up(Target::To(newest.name.clone()), false, true))?;
            }
            None => nothing_to_revert(context, &database, &target),
        }
        Ok(())
    }
}

fn apply(context: &mut Context<'_>, database: &Database, up: Up) -> Result<Vec<Migration>, Failure> {
    let migrations = context.migrations;
    if migrations.has_warnings(Direction::Up)? {
        let planned = database.plan_up(migrations, up.clone())?;
        planned.iter().flat_map(|planned| &planned.warnings).for_each(|warning| context.warn(warning));
    }
    let applied = database.migrate_up(migrations, up, |migration| context.say(&format!("applied {migration}")));
    Ok(applied?)
}

/// Goes down, once the person agrees with what is lost.
fn revert(
    context: &mut Context<'_>,
    database: &Database,
    target: &Target,
    Yes { yes }: Yes,
) -> Result<Vec<Migration>, Failure> {
    let migrations = context.migrations;
    let losses = database.migration_losses(migrations, target.clone())?;
    if !losses.is_empty() {
        context.confirm(&format!("remove {} from {}", removed(&losses), database.place()), yes)?;
    }
    let say = |migration: &Migration| context.say(&format!("reverted {migration}"));
    Ok(database.migrate_down(migrations, target.clone(), say)?)
}

fn nothing_to_revert(context: &mut Context<'_>, database: &Database, target: &Target) {
    let after = match target {
        Target::To(kept) => format!(" after {kept}"),
        _ => String::new(),
    };
    let application = context.migrations.application();
    context.say(&format!("nothing to do: {} has none of {application}'s migrations{after}", database.place()));
}

/// A list of what reverting removes: "notes (3 rows), resumes (1 row)".
fn removed(losses: &[Loss]) -> String {
    let removed = losses.iter().map(
        |Loss { migration, tables, .. }| {
            if tables.is_empty() { format!("what {migration} made") } else { lost(tables) }
        },
    );
    removed.collect::<Vec<_>>().join(", ")
}
