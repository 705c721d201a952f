//! `baseline`: taking over a database that another tool has migrated.

use clap::Args;
use diesel_session::connection::Access;

use super::context::Context;
use super::diff::{self, ScratchUrl};
use super::failure::Failure;
use super::options::Yes;
use super::stamp;
use crate::database::Migrate as _;
use crate::target::Target;
use crate::words::counted;

const AFTER: &str = "\
Examples:
  migrate baseline                                its schema is what all migrations make
  migrate baseline --to 20261101000002            it is what those up to this one make
  migrate baseline --anyway --yes                 although it differs

For a database whose tables another tool has made. Plays the migrations in a scratch database, as
'diff' does, and compares; if the schema is the same, it records them as applied, after a
confirmation. Tables of others are left alone. It runs none of the migrations.
Prints each difference on standard output. Exit code 1 if there is any, 2 without --yes where it
cannot ask.";

/// Take over a database that another tool has migrated
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Baseline {
    /// The version, or the name, of the newest migration whose changes it has
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// Record them although the schema differs
    #[arg(long)]
    anyway: bool,
    #[command(flatten)]
    scratch: ScratchUrl,
    #[command(flatten)]
    confirm: Yes,
}

impl Baseline {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let target = self.to.map_or(Target::All, Target::To);
        let (migrations, database) = (context.migrations, context.open(Access::Write)?);
        let scratch = self.scratch.open()?;
        let drift = database.baseline_drift(migrations, &target, scratch.as_ref())?;
        diff::show(context, &drift)?;
        if !drift.is_empty() && !self.anyway {
            let count = counted(drift.len(), "difference");
            let way_out = "mend them, or record the migrations all the same with --anyway";
            return Err(Failure::Found(format!("{}: {count}; {way_out}", database.place())));
        }
        stamp::write(context, &database, &target, self.confirm)
    }
}
