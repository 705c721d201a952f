//! `folio undo`: reverses a unit of work.

use clap::Args;

use super::author;
use super::confirm::Confirm;
use super::globals::Globals;
use super::{log, stderr, values};
use folio::services::history;

const UNDO: &str = "\
Examples:
  folio undo                       the newest unit in 'folio log'
  folio undo 42
  folio undo 42 --yes              in a script

Reverses everything that one command changed: what it added is removed, what it removed is added
again with its id, and what it changed has the values it had. If a record has been changed since, or
other records depend on it, nothing is changed and it is named; undo the later change first. An undo
is in the log like any other change, and can be undone itself.
On a terminal it says what it will reverse, and asks; elsewhere it needs --yes, exit code 2 without.
Prints nothing on standard output.";

#[derive(Debug, Args)]
#[command(after_help = UNDO)]
pub(super) struct Undo {
    /// The number of the unit [default: the newest]
    #[arg(value_name = "UNIT", value_parser = values::number)]
    unit: Option<i64>,
    #[command(flatten)]
    confirm: Confirm,
}

pub(super) fn run(globals: &Globals, Undo { unit, confirm }: &Undo) -> anyhow::Result<()> {
    let database = globals.open_to_change()?;
    // No transaction stays open while the user decides.
    let unit = database.named("undo").read(|session| history::unit(session, *unit))?;
    let command = unit.command.as_deref().unwrap_or("without a name");
    let by = unit.author.as_ref().map(|author| format!(" by {author}")).unwrap_or_default();
    let what = format!("unit {} ({command}{by}, {}): {}", unit.number, unit.at, log::changes(&unit));
    confirm.ask_to(["undo", "undoes", "undone"], &what)?;
    author::unit(&database, &format!("undo {}", unit.number)).begin(|session| history::undo(session, &unit))?;
    stderr::print(&format!("undone: {what}"));
    Ok(())
}
