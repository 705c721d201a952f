//! The program: arguments, commands, output.
//!
//! Data goes to standard output, messages to standard error. Every command ends with one of the [`Exit`] codes. Users
//! never see a backtrace, a password or a panic.

mod adopt;
mod arguments;
mod author;
mod beside;
mod browse;
mod candidates;
mod completions;
mod config;
mod confirm;
mod copy;
mod db;
mod diff;
mod dotenv;
mod drawing;
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
mod log;
mod manual;
mod migrate;
mod note;
mod open;
pub mod output;
mod overview;
mod owner;
mod plugin;
mod preview;
mod progress;
mod records;
mod repo;
mod resume;
mod search;
mod settings;
mod sql;
mod stats;
mod stderr;
mod suggest;
mod text_input;
mod topics;
mod undo;
mod user;
mod values;
mod when;

use std::panic;
use std::process::ExitCode;

pub use exit::Exit;
use exit::Usage;
use globals::AskedFormat;

use arguments::{Arguments, Command};
use clap::ValueEnum as _;
use config::ConfigCommand;
use output::Color;
use settings::Settings;

/// Runs the program on its arguments, and returns its exit code.
#[must_use]
pub fn run() -> ExitCode {
    panic::set_hook(Box::new(|panicked| {
        let panicked = panicked.to_string().replace('\n', " ");
        stderr::report(&format!("internal error (a bug in folio): {panicked}"));
    }));
    panic::catch_unwind(|| {
        if completions::answer(arguments::program) {
            return Exit::Done;
        }
        let settings = Settings::load();
        let color = environment::written("--color").and_then(|color| Color::from_str(&color, false).ok());
        environment::color(color, settings.as_ref().unwrap_or(&Settings::default())).0.choose();
        match arguments::parse() {
            Ok(arguments) => exit::of(execute(arguments, settings)),
            Err(exit) => exit,
        }
    })
    .unwrap_or(Exit::Failed)
    .into()
}

/// Whether the command does without the user's settings, so that it runs where their file cannot be read.
fn is_without_settings(command: &Command) -> bool {
    matches!(
        command,
        Command::Config { command: ConfigCommand::Path }
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Topic(_)
    )
}

fn execute(
    Arguments { mut globals, command }: Arguments,
    settings: folio::error::Result<Settings>,
) -> anyhow::Result<()> {
    match settings {
        Ok(settings) => globals.settings = settings,
        Err(_) if command.as_ref().is_some_and(is_without_settings) => {}
        Err(error) => return Err(error.into()),
    }
    globals.format = match globals.asked_format {
        Some(AskedFormat::Records(format)) => Some(format),
        Some(AskedFormat::Svg) if !matches!(command, Some(Command::Stats(_))) => {
            return Err(Usage("svg is a format of 'folio stats' alone".to_owned()).into());
        }
        Some(AskedFormat::Svg) | None => None,
    };
    for problem in globals.settings.unknown() {
        stderr::report(&format!("warning: {problem}"));
    }
    echo::install(globals.echo);
    // The echo would be written across the pager's screen.
    if !globals.no_pager && !globals.echo {
        output::page_with(&environment::pager(&globals.settings).0);
    }
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
        Command::Log(arguments) => log::run(&globals, &arguments),
        Command::Diff(arguments) => diff::run(&globals, &arguments),
        Command::Undo(arguments) => undo::run(&globals, &arguments),
        Command::Migrate { command } => migrate::run(&globals, command),
        Command::Db { command } => db::run(&globals, command),
        Command::Config { command } => config::run(&globals, command),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => manual::run(&arguments, arguments::program()),
        Command::Topic(topic) => topics::run(topic, arguments::program()),
        Command::Plugin(words) => match words.split_first() {
            Some((name, arguments)) => plugin::run(&globals, name, arguments),
            None => Ok(()),
        },
    };
    done.map_err(|error| hint::with_advice(error, globals.database_url.as_deref()))
}
