//! `new`: a new migration on disk.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use diesel_session::types::Timestamp;

use super::context::Context;
use super::failure::Failure;
use crate::create::create;

const AFTER: &str = "\
Examples:
  migrate new create_tags
  migrate new 'add names to tags' --in db/migrations

Makes up.sql and down.sql in a subfolder named after the time in UTC, newer than all others; in each
of the subfolders sqlite, postgres and mysql, where there are such. Overwrites nothing.
Prints the paths of the files.";

/// Make a new migration
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct New {
    /// What it changes, in a few words
    name: String,
    /// The folder of the migrations [default: the one that the migrations are read from, or 'migrations']
    #[arg(long = "in", value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    folder: Option<PathBuf>,
}

impl New {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let read_from = || context.migrations.path().map(ToOwned::to_owned);
        let folder = self.folder.or_else(read_from).unwrap_or_else(|| PathBuf::from("migrations"));
        let created = create(folder, &self.name, Timestamp::now().utc().naive_utc())?;
        context.text(&created.files.iter().map(|file| format!("{}\n", file.display())).collect::<String>())
    }
}
