//! The verbs as a command of clap's, which any program embeds: `my-app migrate status`.
//!
//! ```
//! use std::process::ExitCode;
//!
//! use clap::Parser;
//! use diesel_migrate::{Migrations, command, include_dir};
//!
//! static FOLDER: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/docs/example");
//! static MIGRATIONS: Migrations = Migrations::embedded("my-app", &FOLDER);
//!
//! #[derive(Parser)]
//! enum Cli {
//!     Serve,
//!     Migrate(command::Arguments),
//! }
//!
//! # fn main() { run(["my-app", "migrate", "plan"]); }
//! # fn run<const N: usize>(arguments: [&str; N]) -> ExitCode {
//! match Cli::parse_from(arguments) {
//!     Cli::Serve => ExitCode::SUCCESS,
//!     Cli::Migrate(arguments) => arguments.run(&MIGRATIONS, "sqlite::memory:"),
//! }
//! # }
//! ```
//!
//! A program with its own way of printing, or of opening its database, takes [`Command`] and a [`Context`].

mod apply;
mod baseline;
mod check;
mod console;
mod context;
mod diagram;
mod diff;
mod entities;
mod failure;
mod lint;
mod new;
mod options;
mod plan;
mod prove;
mod sql;
mod stamp;
mod status;
mod tables;
mod text;

use std::process::ExitCode;

use clap::{ArgMatches, Args, FromArgMatches, Subcommand};
use diesel_session::Database;
use diesel_session::connection::{Access, Engine};
use diesel_session::database::{DatabaseUrl, Options};

use apply::{GoDown, GoUp, Redo};
use baseline::Baseline;
use check::Check;
use diagram::Diagram;
use diff::Diff;
use entities::WriteEntities;
use lint::Lint;
use new::New;
use plan::Plan;
use prove::Prove;
use sql::Sql;
use stamp::StampTo;
use status::ShowStatus;

use crate::source::Migrations;

pub use console::{Column, ColumnKind, Console, Format, Standard, Table};
pub use context::Context;
pub use failure::Failure;

const AFTER: &str = "\
Examples:
  migrate status
  migrate plan
  migrate up
  migrate down

'diesel migration' uses the same history table. Each verb's help says what it prints.";

/// Migrations: bring the database up to date, revert, compare, show
#[derive(Debug, Args)]
#[command(disable_help_subcommand = true, after_help = AFTER)]
pub struct Arguments {
    /// How rows are written: 'table', 'tsv' or 'json' [default: table on a terminal, tsv in a pipe]
    #[arg(long, global = true, value_name = "FORMAT", hide_possible_values = true, help_heading = "Global options")]
    format: Option<Format>,
    #[command(subcommand)]
    command: Command,
}

impl Arguments {
    /// Runs the command on the database at `url`, a URL or a path; prints data to standard output, and messages, an
    /// error among them, to standard error.
    ///
    /// The exit codes: 0 done, 1 failed or found differences, 2 a mistake on the command line, 3 migrations are
    /// pending.
    #[must_use]
    pub fn run(self, migrations: &Migrations, url: &str) -> ExitCode {
        // A URL that cannot be read is an error of the verbs that open it.
        let engine = DatabaseUrl::parse(url).ok().map(|url| url.address().engine());
        self.run_for(migrations, engine, &|access| Ok(Database::open_with(url, Options::new().access(access))?))
    }

    /// Like [`run`](Self::run), on the database that `open` opens, for looking, for changing, or making it where it is
    /// missing; verbs that look at the scripts alone never call it.
    #[must_use]
    pub fn run_with(self, migrations: &Migrations, open: &dyn Fn(Access) -> Result<Database, Failure>) -> ExitCode {
        self.run_for(migrations, None, open)
    }

    fn run_for(
        self,
        migrations: &Migrations,
        engine: Option<Engine>,
        open: &dyn Fn(Access) -> Result<Database, Failure>,
    ) -> ExitCode {
        let mut console = Standard::new(self.format);
        let context = Context::new(migrations, open, &mut console);
        let context = match engine {
            Some(engine) => context.for_engine(engine),
            None => context,
        };
        let done = self.command.run(context);
        let Err(failure) = done else { return ExitCode::SUCCESS };
        let code = failure.exit_code();
        if code != 0 {
            let advice = failure.advice().map(|verb| format!("; see '{verb}'")).unwrap_or_default();
            console.say(&format!("error: {failure}{advice}"));
        }
        ExitCode::from(code)
    }
}

/// The verbs, as subcommands of clap's.
///
/// A program adds verbs of its own beside them in an enum with `#[command(flatten)]`, and runs them with its own
/// [`Context`].
#[derive(Debug)]
pub struct Command(Verb);

impl Command {
    /// Runs the verb.
    ///
    /// # Errors
    ///
    /// [`Failure`], and what opening the database returns.
    pub fn run(self, mut context: Context<'_>) -> Result<(), Failure> {
        let context = &mut context;
        match self.0 {
            Verb::Status(ShowStatus {}) => ShowStatus::run(context),
            Verb::Plan(plan) => plan.run(context),
            Verb::Up(up) => up.run(context),
            Verb::Down(down) => down.run(context),
            Verb::Redo(redo) => redo.run(context),
            Verb::Check(check) => check.run(context),
            Verb::Diff(diff) => diff.run(context),
            Verb::Sql(sql) => sql.run(context),
            Verb::Stamp(stamp) => stamp.run(context),
            Verb::Baseline(baseline) => baseline.run(context),
            Verb::New(new) => new.run(context),
            Verb::Lint(lint) => lint.run(context),
            Verb::Prove(Prove {}) => Prove::run(context),
            Verb::Diagram(diagram) => diagram.run(context),
            Verb::Entities(entities) => entities.run(context),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Verb {
    Status(ShowStatus),
    Plan(Plan),
    Up(GoUp),
    Down(GoDown),
    Redo(Redo),
    Check(Check),
    Diff(Diff),
    Sql(Sql),
    Stamp(StampTo),
    Baseline(Baseline),
    New(New),
    Lint(Lint),
    Prove(Prove),
    Diagram(Diagram),
    Entities(WriteEntities),
}

impl FromArgMatches for Command {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Verb::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl Subcommand for Command {
    fn augment_subcommands(command: clap::Command) -> clap::Command {
        Verb::augment_subcommands(command)
    }

    fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
        Verb::augment_subcommands_for_update(command)
    }

    fn has_subcommand(name: &str) -> bool {
        Verb::has_subcommand(name)
    }
}

/// The command with `invocation`, such as `my-app migrate`, in the examples of its help pages, where they say
/// `migrate`.
///
/// ```
/// use clap::{Args as _, Command};
/// use diesel_migrate::command;
///
/// let migrate = command::Arguments::augment_args(Command::new("migrate"));
/// let mut status = command::invoked_as(migrate, "my-app migrate").find_subcommand("status").unwrap().clone();
/// assert!(status.render_help().to_string().contains("  my-app migrate status --format json"));
/// ```
#[must_use]
pub fn invoked_as(command: clap::Command, invocation: &str) -> clap::Command {
    let page = command.get_after_help().map(ToString::to_string);
    let command = match page {
        Some(page) => command.after_help(page.replace("\n  migrate ", &format!("\n  {invocation} "))),
        None => command,
    };
    command.mut_subcommands(|verb| invoked_as(verb, invocation))
}
