//! The command line: its nouns and verbs, the options that every command takes, and what a slip in it is answered with.

use std::error::Error as _;
use std::io::{self, Write as _};
use std::sync::LazyLock;
use std::time::Duration;

use clap::builder::ArgGroup;
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueHint};

use super::completions::Completions;
use super::db::DbCommand;
use super::exit::{self, Exit};
use super::import::Import;
use super::migrate::MigrateCommand;
use super::note::NoteCommand;
use super::output::{Format, OutputError};
use super::repo::RepoCommand;
use super::resume::ResumeCommand;
use super::user::UserCommand;
use super::{talk, values};
use crate::database::Backend;
use crate::error::Error;

const AFTER: &str = "\
Examples:
  folio import samples/github                   take in accounts and repositories
  folio user add ada                            record an account
  folio repo add engine --login ada             record a repository of it
  folio repo list --login ada
  folio note add 'To do' --login ada --body 'call back'

Records go to standard output: a table on a terminal; in a pipe one line a record with
tabs between the fields and no header. All else goes to standard error. Times are UTC; a table
shows them to the minute. A table that is wider than the terminal (or COLUMNS) shows the days of
times, then leaves times out, then cuts texts with '…', then leaves out its last columns; 'tsv'
and 'json' always have everything.

The database is what --database-url says, else FOLIO_DATABASE_URL, else DATABASE_URL, else
one of the two in the file .env of the current folder, else sqlite://folio.db.

Exit codes:
  0  done, also when the reader of a pipe went away
  1  failed
  2  the command line cannot be understood
  3  the database lacks migrations: run 'folio migrate up'
  4  there is no such record";

const USER: &str = "\
Examples:
  folio user add octocat --number 583231
  folio user list
  folio user get --login octocat

A user is named by ID, or by --account N (the number where the account comes from) or
--login NAME. Each verb's help says what it prints.";

const REPO: &str = "\
Examples:
  folio repo add hello-world --login octocat
  folio repo list --status public
  folio repo get octocat/hello-world

A repository is named by ID or by owner/name. Each verb's help says what it prints.";

const RESUME: &str = "\
Examples:
  folio resume add 'Rust developer' --login ada --body-file cv.md
  folio resume list --login ada
  folio resume edit 4

A résumé is named by ID. Each verb's help says what it prints.";

const NOTE: &str = "\
Examples:
  folio note add 'To do' --login ada --body 'call back on Monday'
  folio note list --repo octocat/hello-world
  folio note edit 5

A note is named by ID. Each verb's help says what it prints.";

const MIGRATE: &str = "\
Examples:
  folio migrate status
  folio migrate up
  folio migrate down

'diesel migration' works on the same record. Each verb's help says what it prints.";

const DB: &str = "\
Examples:
  folio db create
  folio db copy folio.db postgres://app@db.example.org/folio

Commands that add or import make a database too, where there is none.";

/// What `--version` says; `-V` says the first line.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    let compiled_in = || Backend::ALL.iter().filter(|backend| backend.is_compiled_in());
    let engines = compiled_in().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let tested = compiled_in().map(|backend| backend.tested_on()).collect::<Vec<_>>().join(", ");
    format!("{}\nengines: {engines}\ntested on: {tested}", env!("CARGO_PKG_VERSION"))
});

/// A record of developers: their accounts, code repositories, résumés and notes, in one database
#[derive(Debug, Parser)]
#[command(name = "folio", bin_name = "folio", version, long_version = LONG_VERSION.as_str(), after_help = AFTER, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Command,
}

/// The options that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct Globals {
    /// The database: a path, sqlite://FILE, sqlite::memory:, or, in a build with these engines (see --version),
    /// postgres://USER@HOST/DATABASE, mysql://… or mariadb://…
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::FilePath)]
    pub database_url: Option<String>,
    /// How records are written: 'table', 'tsv' or 'json' [default: table on a terminal, tsv in a pipe]
    #[arg(long, global = true, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Option<Format>,
    /// Show every SQL statement on standard error, with its values, rows and time
    #[arg(long, global = true)]
    pub echo: bool,
    /// How long to wait for another program that is writing
    #[arg(long, global = true, value_name = "SECONDS", default_value = "5", value_parser = values::seconds)]
    pub busy_timeout: Duration,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Accounts: developers, each at one place
    #[command(disable_help_subcommand = true, after_help = USER)]
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Code repositories, each of one account
    #[command(disable_help_subcommand = true, after_help = REPO)]
    Repo {
        #[command(subcommand)]
        command: RepoCommand,
    },
    /// Résumés: what one person offers for one vacancy
    #[command(disable_help_subcommand = true, after_help = RESUME)]
    Resume {
        #[command(subcommand)]
        command: ResumeCommand,
    },
    /// Notes: of one person, and perhaps about a repository
    #[command(disable_help_subcommand = true, after_help = NOTE)]
    Note {
        #[command(subcommand)]
        command: NoteCommand,
    },
    /// Take in records from files of other formats
    Import(Import),
    /// The database's version: bring it up to date, go back, look
    #[command(disable_help_subcommand = true, after_help = MIGRATE)]
    Migrate {
        #[command(subcommand)]
        command: MigrateCommand,
    },
    /// The database itself
    #[command(disable_help_subcommand = true, after_help = DB)]
    Db {
        #[command(subcommand)]
        command: DbCommand,
    },
    /// Write a script that completes folio's commands in a shell
    Completions(Completions),
}

/// Arguments of which exactly one must be given.
pub(super) fn one_of(arguments: &[&'static str]) -> ArgGroup {
    ArgGroup::new("one").args(arguments.iter().copied()).required(true)
}

/// Reads the command line. Help, the version and mistakes are answered here; then only the exit code is left.
pub(super) fn parse() -> Result<Arguments, Exit> {
    Arguments::try_parse().map_err(|error| {
        if !error.use_stderr() {
            let printed = error.print().and_then(|()| io::stdout().flush());
            return exit::of(printed.map_err(|error| OutputError::from(error).into()));
        }
        match (error.kind(), error.source().and_then(|source| source.downcast_ref::<Error>())) {
            // Our own words, which do not repeat a value of ten thousand characters.
            (ErrorKind::ValueValidation, Some(refused)) => talk::complain(&refused.to_string()),
            _ => talk::refuse(error),
        }
        Exit::Usage
    })
}
