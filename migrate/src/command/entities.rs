//! `entities`: Rust code for the tables of the database.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use clap::Args;
use diesel_session::connection::{Access, SessionConnection as _};

use super::context::Context;
use super::failure::Failure;
use super::tables::only;
use crate::entities::{self, Entities};
use crate::schema::Schema;

const AFTER: &str = "\
Examples:
  migrate entities > src/tables.rs
  migrate entities --out src/tables.rs            again, after the database has changed
  migrate entities orders order_items

Prints Diesel's 'table!' for each table, and a struct that derives diesel-session's 'Entity'. With
--out, a file that exists keeps what was added to it: columns that changed in the database are
added, removed or retyped, and nothing else. What cannot be expressed or placed is told on standard
error.";

/// Write Rust code for the tables of the database
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct WriteEntities {
    /// The file to write, or to bring up to date [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The tables to write [default: all]
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
}

impl WriteEntities {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let database = context.open(Access::Read)?;
        let mut connection = database.connection()?;
        let (engine, schema) = (connection.engine(), Schema::read(&mut connection)?);
        let chosen = only(schema, &self.tables)?;
        let Some(out) = &self.out else {
            let Entities { code, notes, .. } = entities::generate(&chosen, engine);
            notes.iter().for_each(|note| context.warn(&note.to_string()));
            return context.text(&code);
        };
        let before = read(out)?;
        let after = match &before {
            None => entities::generate(&chosen, engine),
            Some(before) => entities::update(before, &chosen, engine)
                .map_err(|error| Failure::Usage(format!("{} is not Rust: {error}", out.display())))?,
        };
        // A table that was not asked for is not gone.
        let is_asked = |table: &str| self.tables.is_empty() || chosen.table(table).is_some();
        after.notes.iter().filter(|note| is_asked(&note.table)).for_each(|note| context.warn(&note.to_string()));
        let done = match before {
            Some(before) if before == after.code => "is up to date",
            Some(_) => "has been brought up to date",
            None => "has been written",
        };
        if !done.starts_with("is") {
            replace(out, &after.code).map_err(|error| about(out, &error))?;
        }
        context.say(&format!("{} {done}", out.display()));
        Ok(())
    }
}

/// Writes a file's text beside it first: what was added to it by hand is not lost if the disk is full.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = match fs::canonicalize(path) {
        Ok(path) if path.is_file() => path,
        _ => return fs::write(path, text),
    };
    let mut beside = path.clone().into_os_string();
    beside.push(".new");
    let written = fs::write(&beside, text)
        .and_then(|()| fs::set_permissions(&beside, fs::metadata(&path)?.permissions()))
        .and_then(|()| fs::rename(&beside, &path));
    written.inspect_err(|_| drop(fs::remove_file(&beside)))
}

/// The text of a file, if it exists.
fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(about(path, &error)),
    }
}

fn about(path: &Path, error: &io::Error) -> Failure {
    Failure::Output(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
