//! `folio db`: the database itself.

use clap::{Args, Subcommand};
use folio::migrations::Migrate as _;

use super::copy::{self, Copy};
use super::globals::Globals;
use super::stderr;
use folio::database::Access;
use folio::migrations::SchemaState;

const CREATE: &str = "\
Examples:
  folio db create
  folio db create --database-url sqlite:///srv/folio.db

Prints nothing on standard output. An existing database is not changed: that is
not a failure if it is up to date, and exit code 3 if it lacks migrations.";

#[derive(Debug, Subcommand)]
pub(super) enum DbCommand {
    /// Create a database with all of Folio's tables
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
    // An empty file has no owner yet, whichever program created it.
    if database.created() || database.schema_state()? == SchemaState::Empty {
        database.migrate()?;
    } else {
        database.require_current()?;
        stderr::print(&format!("{} is there already, and up to date", database.place()));
    }
    Ok(())
}
