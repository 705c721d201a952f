//! The program `diesel-migrate`: the runner for a project without a program of its own.

#![warn(clippy::expect_used, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser};
use diesel_migrate::Migrations;
use diesel_migrate::command::{self, Failure};

const AFTER: &str = "\
Examples:
  diesel-migrate --database-url app.db status
  diesel-migrate --database-url postgres://app@db.example.org/app --dir migrations up
  DATABASE_URL=mysql://app@db.example.org/app diesel-migrate check --wait 30s

The folder has a subfolder for each migration, as 'diesel migration generate' makes them; or
subfolders named sqlite, postgres and mysql, each with the migrations of that engine. The history
is Diesel's own table. Each verb's help says what it prints.

Exit codes:
  0  done
  1  failed, or found differences
  2  the command line cannot be understood
  3  the database lacks migrations";

const NO_DATABASE: &str =
    "no database: give --database-url, or set DATABASE_URL in the environment or in the file .env";

/// A migration runner for any Diesel project
#[derive(Debug, Parser)]
#[command(name = "diesel-migrate", version, after_help = AFTER, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(flatten)]
    arguments: command::Arguments,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
struct Globals {
    /// The database: a path, or a URL of an engine that is compiled in [default: DATABASE_URL in the environment or in
    /// the file .env]
    #[arg(long, global = true, env = "DATABASE_URL", hide_env = true, value_name = "URL")]
    database_url: Option<String>,
    /// The folder of the migrations [default: MIGRATION_DIRECTORY in the environment, or 'migrations']
    #[arg(long, global = true, env = "MIGRATION_DIRECTORY", hide_env = true, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Whose migrations these are: the name that is recorded with each, and must stay the same [default: the name of
    /// the package beside the folder]
    #[arg(long, global = true, value_name = "NAME")]
    application: Option<String>,
}

fn main() -> ExitCode {
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        return failed(&format!(".env cannot be read: {error}"));
    }
    let program = command::invoked_as(Cli::command(), "diesel-migrate");
    let cli = match program.try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let Globals { database_url, dir, application } = cli.globals;
    let dir = dir.unwrap_or_else(|| PathBuf::from("migrations"));
    let Some(application) = application.or_else(|| package_beside(&dir)) else {
        let dir = dir.display();
        return failed(&format!(
            "no Cargo.toml beside {dir} names a package; say whose migrations these are with --application"
        ));
    };
    let migrations = Migrations::folder(application, dir);
    match &database_url {
        Some(url) => cli.arguments.run(&migrations, url),
        None => cli.arguments.run_with(&migrations, &|_| Err(Failure::Usage(NO_DATABASE.to_owned()))),
    }
}

/// The name of the package whose folder contains `dir`.
fn package_beside(dir: &Path) -> Option<String> {
    let manifest = match dir.parent() {
        Some(parent) => parent.join("Cargo.toml"),
        None => PathBuf::from("Cargo.toml"),
    };
    let manifest: toml::Table = std::fs::read_to_string(manifest).ok()?.parse().ok()?;
    Some(manifest.get("package")?.get("name")?.as_str()?.to_owned())
}

/// Reports a mistake on the command line.
fn failed(problem: &str) -> ExitCode {
    // There is nobody left to tell if it cannot be printed.
    drop(Cli::command().error(ErrorKind::MissingRequiredArgument, problem).print());
    ExitCode::from(2)
}
