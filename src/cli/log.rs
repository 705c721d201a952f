//! `folio log`: which commands changed what.

use std::borrow::Cow;

use clap::Args;
use serde::Serialize;

use super::globals::Globals;
use super::output::{Column, Record, with_columns};
use super::values;
use folio::services::history::{self, Subject, Unit};
use folio::services::search::Kind;

const LOG: &str = "\
Examples:
  folio log
  folio log note 5
  folio log --limit 100 --format csv --header

Prints the units of work that changed something, the newest first: what one command changed, all or
nothing. 'folio diff NUMBER' shows the values, 'folio undo NUMBER' reverses it. The author is the
variable FOLIO_AUTHOR, or else the account of the system. For one record, only its own changes are
counted, those of a note's tags and links included.
Columns: {columns}.";

#[derive(Debug, Args)]
#[command(after_help = with_columns::<Unit>(LOG))]
pub(super) struct Log {
    #[command(flatten)]
    record: RecordArgs,
    /// Maximum number of units
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    /// Begin tsv and csv with the names of the columns
    #[arg(long)]
    header: bool,
}

/// A record, by its kind and id.
#[derive(Debug, Args)]
struct RecordArgs {
    /// Only changes of this kind of record: 'user', 'repo', 'resume' or 'note', with an id
    #[arg(value_name = "NOUN", requires = "id", value_parser = values::SEARCHED, hide_possible_values = true)]
    kind: Option<Kind>,
    /// Its id
    #[arg(value_name = "ID", value_parser = values::number)]
    id: Option<i64>,
}

impl RecordArgs {
    fn subject(&self) -> Option<Subject> {
        self.kind.zip(self.id).map(|(kind, id)| Subject { kind, id })
    }
}

impl Record for Unit {
    const COLUMNS: &'static [Column] = &[
        Column::number("number"),
        Column::moment("at"),
        Column::text("author"),
        Column::text("command"),
        Column::text("changes"),
    ];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        vec![
            Some(self.number.to_string().into()),
            Some(self.at.to_string().into()),
            self.author.as_deref().map(Into::into),
            self.command.as_deref().map(Into::into),
            Some(changes(self).into()),
        ]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

/// "2 notes added, 1 tag removed".
pub(super) fn changes(unit: &Unit) -> String {
    unit.changes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

pub(super) fn run(globals: &Globals, Log { record, limit, header }: &Log) -> anyhow::Result<()> {
    let database = globals.open_to_read()?;
    let units = database.named("log").read(|session| history::units(session, record.subject(), *limit))?;
    let mut listing = globals.listing().on(|sheet| sheet.with_header(*header));
    for unit in &units {
        listing.push(unit)?;
    }
    Ok(listing.finish()?)
}
