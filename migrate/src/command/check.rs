//! `check`: one line and an exit code, for scripts that start a program.

use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use diesel_session::Database;
use diesel_session::connection::Access;

use super::context::Context;
use super::failure::Failure;
use super::text::counted;
use crate::database::Migrate as _;

const AFTER: &str = "\
Examples:
  migrate check && my-app serve
  migrate check --wait 30s                        until the server answers

Prints one line: on standard output if the database is up to date, otherwise on standard error.
Exit codes: 0 up to date, 3 migrations are pending, 1 it cannot be read, an applied script has been
edited since, or the database is another application's. It writes nothing, and needs only the right
to read the two tables of the history.";

/// Between two attempts to reach the server.
const PAUSE: Duration = Duration::from_millis(250);

/// Check that the database is up to date
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Check {
    /// How long to wait until the server answers, such as 500ms, 30s or 2min
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    wait: Option<Duration>,
}

impl Check {
    pub(super) fn run<E: From<Failure>>(self, context: &mut Context<'_, E>) -> Result<(), E> {
        let migrations = context.migrations;
        let deadline = Instant::now() + self.wait.unwrap_or_default();
        let database = context.open(Access::Read)?;
        reach(&database, deadline)?;
        database.require_current(migrations).map_err(Failure::from)?;
        let status = database.migration_status(migrations).map_err(Failure::from)?;
        if let Some(edited) = status.applied.iter().find(|applied| applied.edited) {
            let (place, migration) = (database.place(), &edited.migration);
            let problem = format!("{place}: the script of {migration} has changed since it was applied");
            return Err(Failure::Found(problem).into());
        }
        context.text(&format!("{} is up to date: {}\n", database.place(), counted(status.applied.len(), "migration")))
    }
}

/// Waits until the server gives a connection.
fn reach(database: &Database, deadline: Instant) -> Result<(), Failure> {
    loop {
        match database.connection() {
            Ok(_) => return Ok(()),
            Err(error) if error.is_retryable() && Instant::now() < deadline => thread::sleep(PAUSE),
            Err(error) => return Err(error.into()),
        }
    }
}
