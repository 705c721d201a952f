//! `check`: one line and an exit code, for scripts that start a program.

use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use diesel_session::Database;
use diesel_session::connection::Access;

use super::context::Context;
use super::failure::Failure;
use crate::database::Migrate as _;
use crate::words::counted;

const AFTER: &str = "\
Examples:
  migrate check && my-app serve
  migrate check --wait 30s                        until the server answers
  migrate check --drift                           and the schema is what the migrations make

Prints one line: on standard output if the database is up to date, otherwise on standard error.
Exit codes: 0 up to date, 3 migrations are pending, 1 it cannot be read, an applied script has been
edited since, the schema has drifted, or the database is another application's. It writes nothing,
and without --drift needs only the right to read the two tables of the history.";

/// Between two attempts to reach the server.
const PAUSE: Duration = Duration::from_millis(250);

/// Check that the database is up to date
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Check {
    /// How long to wait until the server answers, such as 500ms, 30s or 2min
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    wait: Option<Duration>,
    /// Compare the schema too, as 'diff' does
    #[arg(long)]
    drift: bool,
}

impl Check {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let migrations = context.migrations;
        let deadline = Instant::now() + self.wait.unwrap_or_default();
        let database = reach(context, deadline)?;
        database.require_current(migrations)?;
        let status = database.migration_status(migrations)?;
        if let Some(edited) = status.applied.iter().find(|applied| applied.edited) {
            let (place, migration) = (database.place(), &edited.migration);
            let way_out = "restore it, or make the schema what it says and record it with 'stamp'";
            let problem = format!("{place}: the script of {migration} has changed since it was applied; {way_out}");
            return Err(Failure::Found(problem));
        }
        if self.drift {
            let drift = database.drift(migrations)?;
            if let Some(first) = drift.first() {
                let count = counted(drift.len(), "difference");
                return Err(Failure::Found(format!("{}: {count}: {first}", database.place())));
            }
        }
        context.text(&format!("{} is up to date: {}\n", database.place(), counted(status.applied.len(), "migration")))
    }
}

/// Opens the database as soon as its server answers.
fn reach(context: &Context<'_>, deadline: Instant) -> Result<Database, Failure> {
    loop {
        match context.open(Access::Read) {
            Err(failure) if failure.may_pass() && Instant::now() < deadline => thread::sleep(PAUSE),
            opened => return opened,
        }
    }
}
