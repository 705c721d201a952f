//! `folio migrate`: the commands of diesel-migrate on Folio's migrations.

use std::borrow::Cow;
use std::io;

use clap::Subcommand;
use diesel_migrate::Error as MigrateError;
use diesel_migrate::command::{self, ColumnKind, Console, Context, Failure, Table};
use diesel_session::Error as SessionError;

use super::adopt::{self, Adopt};
use super::confirm;
use super::exit::Usage;
use super::globals::Globals;
use super::output::{self, Column, OutputError, Signal};
use super::stderr;
use folio::error::Error;
use folio::migrations::MIGRATIONS;
use folio::services::tables::ENTITIES;

#[derive(Debug, Subcommand)]
pub(super) enum MigrateCommand {
    #[command(flatten)]
    Verb(command::Command),
    /// Convert a database that SQLAlchemy made into Folio's
    Adopt(Adopt),
}

pub(super) fn run(globals: &Globals, command: MigrateCommand) -> anyhow::Result<()> {
    let verb = match command {
        MigrateCommand::Verb(verb) => verb,
        MigrateCommand::Adopt(arguments) => return adopt::run(globals, &arguments),
    };
    let mut console = OwnConsole { globals };
    let open = |access| globals.open(access).map_err(of_the_program);
    let migrations = MIGRATIONS.clone().with_entities(ENTITIES);
    verb.run(Context::new(&migrations, &open, &mut console)).map_err(own_error)
}

/// The error of opening the database, as the commands know it.
fn of_the_program(error: anyhow::Error) -> Failure {
    match error.downcast::<Usage>() {
        Ok(Usage(problem)) => Failure::Usage(problem),
        Err(error) => {
            error.downcast::<SessionError>().map_or_else(|other| Failure::Program(other.into()), Failure::from)
        }
    }
}

/// The failure as an error of the program's, which its exit codes and hints know.
fn own_error(failure: Failure) -> anyhow::Error {
    match failure {
        Failure::Migrate(MigrateError::Session(error)) => Error::from(error).into(),
        Failure::Migrate(error) => Error::from(error).into(),
        Failure::Usage(problem) => Usage(problem).into(),
        Failure::Output(error) => OutputError::from(error).into(),
        Failure::Program(error) => anyhow::Error::from_boxed(error),
        other => other.into(),
    }
}

/// What the states of migrations signal.
const STATES: &[(&str, Signal)] = &[
    ("applied", Signal::Good),
    ("pending", Signal::Attention),
    ("unfinished", Signal::Bad),
    ("edited", Signal::Attention),
];

/// The program's own way of printing and asking.
struct OwnConsole<'g> {
    globals: &'g Globals,
}

impl Console for OwnConsole<'_> {
    fn table(&mut self, table: &Table) -> io::Result<()> {
        let columns = table.columns.iter().map(|column| match column.kind {
            ColumnKind::Number => Column::number(column.name),
            ColumnKind::Time => Column::moment(column.name),
            _ => Column::text(column.name).signals(STATES),
        });
        let mut sheet = self.globals.sheet(columns.collect());
        for (cells, json) in table.rows.iter().zip(&table.json) {
            sheet.push(cells.iter().map(|cell| cell.as_deref().map(Cow::Borrowed)).collect(), json)?;
        }
        Ok(sheet.finish()?)
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        Ok(output::write(text)?)
    }

    fn wants_rows(&self) -> bool {
        self.globals.format.is_some()
    }

    fn say(&mut self, line: &str) {
        stderr::print(line);
    }

    fn warn(&mut self, problem: &str) {
        stderr::report(&format!("warning: {problem}"));
    }

    fn confirm(&mut self, doing: &str) -> io::Result<Option<bool>> {
        confirm::answer(&format!("This would {doing}."))
    }
}
