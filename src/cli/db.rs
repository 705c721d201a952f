//! `folio db`: the database itself.

use clap::{Args, Subcommand};

use super::arguments::Globals;
use super::copy::{self, Copy};
use super::talk;
use crate::database::Access;
use crate::migrations::Standing;

const CREATE: &str = "\
Examples:
  folio db create
  folio db create --database-url sqlite:///srv/folio.db

Prints nothing on standard output. A database that is there already is left as it is: that is
no failure if it is up to date, and exit code 3 if it lacks migrations.";

#[derive(Debug, Subcommand)]
pub(super) enum DbCommand {
    /// Make a database with all of Folio's tables
    #[command(after_help = CREATE)]
    Create(Create),
    /// Copy every record into another database, on any engine
    Copy(Copy),
}

#[derive(Debug, Args)]
pub(super) struct Create {}

pub(super) fn run(globals: &Globals, command: DbCommand) -> anyhow::Result<()> {
    match command {
        DbCommand::Create(Create {}) => create(globals),
        DbCommand::Copy(arguments) => copy::run(globals, &arguments),
    }
}

fn create(globals: &Globals) -> anyhow::Result<()> {
    let database = globals.open(Access::Create)?;
    // An empty file is nobody's yet, whoever made it.
    if database.created() || database.standing()? == Standing::Empty {
        database.migrate()?;
    } else {
        database.require_current()?;
        talk::say(&format!("{} is there already, and up to date", database.place()));
    }
    Ok(())
}
