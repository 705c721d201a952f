//! `stamp` and `baseline`: recording migrations without running them.

use clap::Args;
use diesel_session::Database;
use diesel_session::connection::Access;

use super::context::Context;
use super::failure::Failure;
use super::options::Yes;
use crate::database::Migrate as _;
use crate::migration::Migration;
use crate::target::Target;

const STAMP: &str = "\
Examples:
  migrate stamp 20261101000002                    this one and those before it, none after
  migrate stamp latest --yes

Writes the history alone: for a schema that was made by hand, from the output of 'sql', or repaired
after a failure. An edited script counts as the one that was applied. Says what it would write and
asks; elsewhere it needs --yes, exit code 2 without it.
Nothing checks that the schema is what the migrations make: 'diff' does.
Prints nothing on standard output.";

/// Record migrations as applied, without running them
#[derive(Debug, Args)]
#[command(after_help = STAMP)]
pub(super) struct StampTo {
    /// The version, or the name, of the newest one applied; 'latest' for the newest there is
    version: String,
    #[command(flatten)]
    confirm: Yes,
}

impl StampTo {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let target = if self.version == "latest" { Target::All } else { Target::To(self.version) };
        let database = context.open(Access::Write)?;
        write(context, &database, &target, self.confirm)
    }
}

/// Writes the records, once the person agrees.
pub(super) fn write(
    context: &mut Context<'_>,
    database: &Database,
    target: &Target,
    Yes { yes }: Yes,
) -> Result<(), Failure> {
    let migrations = context.migrations;
    let planned = database.plan_stamp(migrations, target)?;
    if planned.is_empty() {
        context.say(&format!("nothing to do: {} records that already", database.place()));
        return Ok(());
    }
    let parts = [("record as applied", &planned.recorded), ("remove the record of", &planned.removed)];
    let doing = parts.iter().filter(|(_, migrations)| !migrations.is_empty());
    let doing =
        doing.map(|(verb, migrations)| format!("{verb} {}", names(migrations))).collect::<Vec<_>>().join(", and ");
    context.confirm(&format!("{doing} in {}, without running anything", database.place()), yes)?;
    let stamped = database.stamp(migrations, target)?;
    for migration in &stamped.removed {
        context.say(&format!("removed the record of {migration}"));
    }
    for migration in &stamped.recorded {
        context.say(&format!("recorded {migration}"));
    }
    Ok(())
}

fn names(migrations: &[Migration]) -> String {
    migrations.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
