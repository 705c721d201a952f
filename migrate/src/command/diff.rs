//! `diff`: how the database differs from what the migrations make.

use clap::Args;
use diesel_session::Database;
use diesel_session::connection::Access;
use diesel_session::database::Options;
use serde::Serialize;

use super::console::{Column, Row};
use super::context::Context;
use super::failure::Failure;
use crate::database::Migrate as _;
use crate::diff::Difference;
use crate::words::counted;

const AFTER: &str = "\
Examples:
  migrate diff
  migrate diff --scratch postgres://app@db.example.org/empty
  migrate diff --format json

Plays the applied migrations in a scratch database and compares: tables, columns, types, defaults,
keys, indexes, foreign keys, checks, enums, triggers, views. The scratch database is in memory on
SQLite; on a server it is one of its own, which is dropped in the end, or an empty one that
--scratch names. The database itself is only read.
Prints each difference with the SQL that would mend it. Exit code 1 if there is any.";

/// Show how the database differs from what its migrations make
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Diff {
    #[command(flatten)]
    scratch: ScratchUrl,
}

/// The database in which migrations are tried.
#[derive(Debug, Args)]
pub(super) struct ScratchUrl {
    /// An empty database to try the migrations in, where the user may not create one
    #[arg(long = "scratch", value_name = "URL")]
    url: Option<String>,
}

impl ScratchUrl {
    pub(super) fn open(&self) -> Result<Option<Database>, Failure> {
        let open = |url: &String| Database::open_with(url, Options::new().access(Access::Write));
        Ok(self.url.as_ref().map(open).transpose()?)
    }
}

impl Diff {
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let (migrations, database) = (context.migrations, context.open(Access::Read)?);
        let drift = match self.scratch.open()? {
            Some(scratch) => database.drift_with(migrations, &scratch),
            None => database.drift(migrations),
        };
        let drift = drift?;
        show(context, &drift)?;
        match drift.len() {
            0 => {
                context.say(&format!("{} is what its migrations make", database.place()));
                Ok(())
            }
            count => Err(Failure::Found(format!("{}: {}", database.place(), counted(count, "difference")))),
        }
    }
}

/// Prints differences, each with the statements that mend it.
pub(super) fn show(context: &mut Context<'_>, drift: &[Difference]) -> Result<(), Failure> {
    let rows: Vec<_> = drift.iter().map(|difference| Listed { text: difference.to_string(), difference }).collect();
    context.text_or_table(|| drift.iter().map(text).collect(), &rows)
}

fn text(difference: &Difference) -> String {
    let sql = difference.sql.iter().map(|statement| format!("    {};\n", statement.replace('\n', "\n    ")));
    format!("{difference}\n{}", sql.collect::<String>())
}

/// A difference, as listed.
#[derive(Debug, Serialize)]
struct Listed<'d> {
    text: String,
    #[serde(flatten)]
    difference: &'d Difference,
}

impl Row for Listed<'_> {
    const COLUMNS: &'static [Column] = &[Column::text("difference"), Column::text("sql")];

    fn cells(&self) -> Vec<Option<String>> {
        let sql = self.difference.sql.iter().map(|statement| format!("{statement};"));
        vec![Some(self.text.clone()), Some(sql.collect::<Vec<_>>().join(" "))]
    }
}
