//! `folio migrate`: the version of the database's schema.

use folio::migrations::Migrate as _;
use std::borrow::Cow;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::adopt::{self, Adopt};
use super::confirm::Confirm;
use super::globals::Globals;
use super::output::{Column, Record, with_columns};
use super::stderr;
use folio::database::Access;
use folio::error::Error;
use folio::migrations::{Existing, Loss, Status, Target};
use folio::services::counted;
use folio::types::Timestamp;

const UP: &str = "\
Examples:
  folio migrate up                                all that are pending
  folio migrate up --steps 1
  folio migrate up --to 20261101000002            until this version is applied
  folio migrate up --into-existing                add Folio's tables to another application's

Creates the database if it does not exist. Prints nothing on standard output; reports on standard
error what was applied. Each migration is a transaction of its own; in an empty database all of
them are one. MySQL and MariaDB cannot roll back tables: the next run completes what an interrupted
one left.";

const DOWN: &str = "\
Examples:
  folio migrate down                              the newest one, after a confirmation
  folio migrate down --steps 2
  folio migrate down --to 20261101000002          until this version is the newest
  folio migrate down --all --yes                  drop all of Folio's tables, without a confirmation

Drops the tables that the reverted migrations made, with all their rows. On a terminal it lists
them with their numbers of rows and asks; elsewhere it needs --yes, exit code 2 without it.
Prints nothing on standard output; reports on standard error what was reverted.";

const STATUS: &str = "\
Examples:
  folio migrate status
  folio migrate status --format json

Prints every migration, oldest first. Columns: {columns}.
The state is 'applied', 'pending', 'edited' (applied, but its script has changed since), or
'unknown' (this program does not have it).
Exit code 3 if any are pending.";

#[derive(Debug, Subcommand)]
pub(super) enum MigrateCommand {
    /// Apply pending migrations
    #[command(after_help = UP)]
    Up(Up),
    /// Revert applied migrations
    #[command(after_help = DOWN)]
    Down(Down),
    /// Show which migrations are applied
    #[command(after_help = with_columns::<Row<'_>>(STATUS))]
    Status(StatusOptions),
    /// Convert a database that SQLAlchemy made into Folio's
    Adopt(Adopt),
}

#[derive(Debug, Args)]
pub(super) struct Up {
    /// Maximum number of migrations
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// The version, or the name, of the last one to apply
    #[arg(long, value_name = "VERSION", conflicts_with = "steps")]
    to: Option<String>,
    /// Add Folio's tables even though the database has tables of another application
    #[arg(long)]
    into_existing: bool,
}

#[derive(Debug, Args)]
pub(super) struct Down {
    /// Maximum number of migrations
    #[arg(long, value_name = "N", default_value_t = 1)]
    steps: usize,
    /// The version, or the name, of the newest one to keep
    #[arg(long, value_name = "VERSION", conflicts_with = "steps")]
    to: Option<String>,
    /// All of them
    #[arg(long, conflicts_with_all = ["steps", "to"])]
    all: bool,
    #[command(flatten)]
    confirm: Confirm,
}

#[derive(Debug, Args)]
pub(super) struct StatusOptions {}

pub(super) fn run(globals: &Globals, command: MigrateCommand) -> anyhow::Result<()> {
    match command {
        MigrateCommand::Up(arguments) => up(globals, arguments),
        MigrateCommand::Down(arguments) => down(globals, arguments),
        MigrateCommand::Status(StatusOptions {}) => status(globals),
        MigrateCommand::Adopt(arguments) => adopt::run(globals, &arguments),
    }
}

fn up(globals: &Globals, Up { steps, to, into_existing }: Up) -> anyhow::Result<()> {
    let existing = if into_existing { Existing::Join } else { Existing::Refuse };
    let target = steps.map(Target::Steps).or(to.map(Target::To)).unwrap_or(Target::All);
    let database = globals.open(Access::Create)?;
    let applied =
        database.migrate_up(target.clone(), existing, |migration| stderr::print(&format!("applied {migration}")))?;
    for changed in database.status()?.applied.iter().filter(|applied| applied.edited) {
        let migration = &changed.migration;
        stderr::report(&format!("warning: the script of {migration} has changed since it was applied here"));
    }
    if applied.is_empty() && target == Target::All {
        stderr::print(&format!("nothing to do: {} is up to date", database.place()));
    }
    Ok(())
}

fn down(globals: &Globals, Down { steps, to, all, confirm }: Down) -> anyhow::Result<()> {
    let target = if all { Target::All } else { to.map_or(Target::Steps(steps), Target::To) };
    let database = globals.open(Access::Write)?;
    let losses = database.migration_losses(target.clone())?;
    if !losses.is_empty() {
        confirm.ask(&format!("{} from {}", lost(&losses), database.place()))?;
    }
    let reverted =
        database.migrate_down(target.clone(), |migration| stderr::print(&format!("reverted {migration}")))?;
    if reverted.is_empty() && target != Target::Steps(0) {
        stderr::print(&format!("nothing to do: {} has none of Folio's migrations", database.place()));
    }
    Ok(())
}

/// A list of what reverting removes: "notes (3 rows), resumes (1 row)".
fn lost(losses: &[Loss]) -> String {
    let tables = losses.iter().flat_map(|Loss { migration, tables, .. }| {
        let without_tables = tables.is_empty().then(|| format!("what {migration} made"));
        let tables = tables.iter().map(|(table, rows)| format!("{table} ({})", counted(*rows, "row", "rows")));
        tables.chain(without_tables)
    });
    tables.collect::<Vec<_>>().join(", ")
}

fn status(globals: &Globals) -> anyhow::Result<()> {
    let database = globals.open(Access::Read)?;
    let status = database.status()?;
    let mut listing = globals.listing();
    for row in rows(&status) {
        listing.push(&row)?;
    }
    listing.finish()?;
    match status.refusal(database.place()) {
        None => Ok(()),
        Some(refusal) => Err(Error::from(refusal).into()),
    }
}

/// A migration, as listed.
#[derive(Debug, Serialize)]
struct Row<'s> {
    version: &'s str,
    name: Option<&'s str>,
    state: &'static str,
    applied: Option<Timestamp>,
}

impl Record for Row<'_> {
    const COLUMNS: &'static [Column] =
        &[Column::text("version"), Column::text("name"), Column::text("state"), Column::moment("applied")];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        vec![
            Some(self.version.into()),
            self.name.map(Into::into),
            Some(self.state.into()),
            self.applied.map(|moment| moment.to_string().into()),
        ]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

/// Every migration of the program or the database's history, oldest first.
fn rows(status: &Status) -> Vec<Row<'_>> {
    let applied = status.applied.iter().map(|applied| Row {
        version: &applied.migration.version,
        name: Some(&applied.migration.name),
        state: if applied.edited { "edited" } else { "applied" },
        applied: Timestamp::try_from(applied.run_on.and_utc()).ok(),
    });
    let unknown = status.unknown.iter().map(|recorded| Row {
        version: &recorded.version,
        name: None,
        state: "unknown",
        applied: Timestamp::try_from(recorded.run_on.and_utc()).ok(),
    });
    let pending = status.pending.iter().map(|migration| Row {
        version: &migration.version,
        name: Some(&migration.name),
        state: "pending",
        applied: None,
    });
    let mut rows: Vec<_> = applied.chain(unknown).chain(pending).collect();
    rows.sort_by_key(|row| row.version);
    rows
}
