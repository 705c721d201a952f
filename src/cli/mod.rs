//! The program: arguments, commands, output.
//!
//! Data goes to standard output, messages to standard error. Every command ends with one of the [`Exit`] codes. Users
//! never see a backtrace, a password or a panic.

mod adopt;
mod arguments;
mod beside;
mod browse;
mod completions;
mod confirm;
mod copy;
mod db;
mod dotenv;
mod echo;
mod editor;
mod environment;
mod exit;
mod export;
mod globals;
mod hint;
mod import;
mod input;
mod interrupt;
mod list;
mod migrate;
mod note;
mod open;
pub mod output;
mod overview;
mod owner;
mod preview;
mod progress;
mod records;
mod repo;
mod resume;
mod search;
mod sql;
mod stats;
mod stderr;
mod suggest;
mod text_input;
mod topics;
mod user;
mod values;
mod when;

use std::panic;
use std::process::ExitCode;

pub use exit::Exit;

use arguments::{Arguments, Command};

/// Runs the program on its arguments, and returns its exit code.
#[must_use]
pub fn run() -> ExitCode {
    panic::set_hook(Box::new(|panicked| {
        let panicked = panicked.to_string().replace('\n', " ");
        stderr::report(&format!("internal error (a bug in folio): {panicked}"));
    }));
    panic::catch_unwind(|| match arguments::parse() {
        Ok(arguments) => exit::of(execute(arguments)),
        Err(exit) => exit,
    })
    .unwrap_or(Exit::Failed)
    .into()
}

fn execute(Arguments { globals, command }: Arguments) -> anyhow::Result<()> {
    echo::install(globals.echo);
    let Some(command) = command else { return overview::run(&globals) };
    let done = match command {
        Command::User { command } => user::run(&globals, command),
        Command::Repo { command } => repo::run(&globals, command),
        Command::Resume { command } => resume::run(&globals, command),
        Command::Note { command } => note::run(&globals, command),
        Command::Import(arguments) => import::run(&globals, arguments),
        Command::Export(arguments) => export::run(&globals, arguments),
        Command::Search(arguments) => search::run(&globals, arguments),
        Command::Stats(arguments) => stats::run(&globals, &arguments),
        Command::Sql(arguments) => sql::run(&globals, arguments),
        Command::Open(arguments) => browse::run(&globals, &arguments),
        Command::Migrate { command } => migrate::run(&globals, command),
        Command::Db { command } => db::run(&globals, command),
        Command::Completions(arguments) => completions::run(&arguments, arguments::program()),
        Command::Topic(topic) => topics::run(topic, arguments::program()),
    };
    done.map_err(|error| hint::with_advice(error, globals.database_url.as_deref()))
}
