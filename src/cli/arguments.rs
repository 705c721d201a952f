//! The command line: its nouns and verbs, and the reports of mistakes.

use std::error::Error as _;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::sync::LazyLock;

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use diesel_migrate::command;

use super::browse::Open;
use super::completions::Completions;
use super::config::ConfigCommand;
use super::db::DbCommand;
use super::diff::Diff;
use super::exit::{self, Exit};
use super::export::Export;
use super::globals::Globals;
use super::import::Import;
use super::log::Log;
use super::manual::Manual;
use super::migrate::MigrateCommand;
use super::note::NoteCommand;
use super::output::{OutputError, printable};
use super::plugin;
use super::repo::RepoCommand;
use super::resume::ResumeCommand;
use super::search::Search;
use super::sql::Sql;
use super::stats::Stats;
use super::stderr;
use super::suggest;
use super::topics::Topic;
use super::undo::Undo;
use super::user::UserCommand;
use folio::database::Engine;
use folio::error::Error;

const AFTER: &str = "\
Examples:
  folio import samples/github                   import accounts and repositories
  folio user add ada                            add an account
  folio repo add engine --login ada             add a repository
  folio repo list --login ada
  folio search engine                           find records by the words in them
  folio note add 'To do' --login ada --body 'call back'
  folio log                                     what was changed; 'folio undo' takes it back

Records go to standard output: a table on a terminal; in a pipe one line per record, with tabs
between the fields and no header. Everything else goes to standard error.

The database is named by --database-url, or else by the variable FOLIO_DATABASE_URL, then
DATABASE_URL, then either of them in the file .env of the current folder, then 'folio config'. The
default is sqlite://folio.db. 'folio' alone shows which it is, and what it holds.

More: folio help exit-codes | environment | formats";

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

'diesel migration' uses the same history table. Each verb's help says what it prints.";

const DB: &str = "\
Examples:
  folio db create
  folio db info
  folio db backup folio-monday.db
  folio db vacuum
  folio db copy folio.db postgres://app@db.example.org/folio

Commands that add or import create the database too, if it does not exist.";

const CONFIG: &str = "\
Examples:
  folio config set database-url ~/records/folio.db
  folio config list
  folio config unset format

Options, variables of the environment and .env come before the settings. Each verb's help says what
it prints.";

/// The output of `--version`; `-V` prints its first line.
static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    let compiled_in = || Engine::ALL.iter().filter(|engine| engine.is_compiled_in());
    let engines = compiled_in().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let tested = compiled_in().map(|engine| engine.tested_on()).collect::<Vec<_>>().join(", ");
    format!("{}\nengines: {engines}\ntested on: {tested}", env!("CARGO_PKG_VERSION"))
});

/// A record of developers: their accounts, code repositories, résumés and notes, in one database
#[derive(Debug, Parser)]
#[command(name = "folio", bin_name = "folio", version, long_version = LONG_VERSION.as_str(), after_help = AFTER, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Accounts of developers
    #[command(disable_help_subcommand = true, after_help = USER)]
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Code repositories, each owned by an account
    #[command(disable_help_subcommand = true, after_help = REPO)]
    Repo {
        #[command(subcommand)]
        command: RepoCommand,
    },
    /// Résumés, each written for a vacancy
    #[command(disable_help_subcommand = true, after_help = RESUME)]
    Resume {
        #[command(subcommand)]
        command: ResumeCommand,
    },
    /// Notes of a user, optionally about a repository
    #[command(disable_help_subcommand = true, after_help = NOTE)]
    Note {
        #[command(subcommand)]
        command: NoteCommand,
    },
    /// Import records from files: of other formats, and exports
    Import(Import),
    /// Export records, to import them again
    Export(Export),
    /// Find records by the words in them
    Search(Search),
    /// Show how many records there are, by kind, status, language, owner and month
    Stats(Stats),
    /// Run a SELECT of your own
    Sql(Sql),
    /// Open the page about a user or a repository, or print its URL
    Open(Open),
    /// Show which commands changed what, the newest first
    Log(Log),
    /// Show the values before and after a change
    Diff(Diff),
    /// Reverse what a command changed
    Undo(Undo),
    /// Migrations: bring the database up to date, revert, show
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
    /// The user's own settings: the database, colours, the format on a terminal, the pager
    #[command(disable_help_subcommand = true, after_help = CONFIG)]
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Write a script that completes folio's commands in a shell
    Completions(Completions),
    /// Show the manual page of a command
    Man(Manual),
    #[command(flatten)]
    Topic(Topic),
    /// The program `folio-NAME`, with its name and arguments.
    #[command(external_subcommand)]
    Plugin(Vec<OsString>),
}

/// The program's command line, for clap.
pub(super) fn program() -> clap::Command {
    Arguments::command().mut_subcommand("migrate", |migrate| command::invoked_as(migrate, "folio migrate"))
}

fn read(program: clap::Command) -> Result<Arguments, clap::Error> {
    program.try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches))
}

/// The page of the help; the first one lists the programs that are commands too, if there are any.
fn with_plugins(page: clap::Error) -> clap::Error {
    let names = plugin::names();
    if names.is_empty() {
        return page;
    }
    let listed: String = names.iter().map(|name| format!("\n  folio {}", printable(name))).collect();
    let program =
        program().after_help(format!("{AFTER}\n\nCommands of other programs, folio-NAME on the PATH:{listed}"));
    read(program).err().unwrap_or(page)
}

/// Parses the command line. Help, the version and mistakes are printed here; then only the exit code is returned.
pub(super) fn parse() -> Result<Arguments, Exit> {
    let parsed = read(program()).and_then(|arguments| match &arguments.command {
        // A name that is no command's and no program's is a mistake.
        Some(Command::Plugin(words)) if words.first().is_none_or(|name| plugin::find(name).is_none()) => {
            let without_others = program().external_subcommand_value_parser(Resettable::Reset);
            read(without_others.allow_external_subcommands(false))
        }
        _ => Ok(arguments),
    });
    parsed.map_err(|mut error| {
        if error.kind() == ErrorKind::DisplayHelp {
            error = with_plugins(error);
        }
        if !error.use_stderr() {
            let printed = error.print().and_then(|()| io::stdout().flush());
            return exit::of(printed.map_err(|error| OutputError::from(error).into()));
        }
        let error = suggest::verb(error, &program());
        match (error.kind(), error.source().and_then(|source| source.downcast_ref::<Error>())) {
            // Folio's own message, which does not repeat a value of ten thousand characters.
            (ErrorKind::ValueValidation, Some(refused)) => stderr::report(&refused.to_string()),
            _ => stderr::report_clap(error),
        }
        Exit::Usage
    })
}
