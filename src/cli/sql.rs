//! `folio sql`: a SELECT of the user's own.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::{self, Write};

use clap::Args;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::exit::Usage;
use super::globals::Globals;
use super::output::{Column, Format, Sheet};
use super::text_input::{bounded, checked};
use folio::database::Access;
use folio::exchange::MAX_RECORD;
use folio::services::query::{self, Value};

const SQL: &str = "\
Examples:
  folio sql 'SELECT language, count(*) AS repositories FROM repositories GROUP BY language'
  folio sql 'SELECT username, url FROM users ORDER BY username' --format csv --header
  folio sql - < report.sql

Prints the rows of one statement, which the engine runs in a read-only transaction: one that would
write is refused, and nothing is changed. The database needs no migrations of Folio's. A result
without rows prints nothing but the brackets of JSON.
Times, decimal numbers with more digits than JSON keeps, and UUIDs are texts in JSON; bytes are
written in hexadecimal after '0x'.";

#[derive(Debug, Args)]
#[command(after_help = SQL)]
pub(super) struct Sql {
    /// The statement; '-' is standard input
    #[arg(value_name = "SELECT")]
    statement: String,
    /// Begin tsv and csv with the names of the columns
    #[arg(long)]
    header: bool,
    /// In csv, leave cells as they are that a spreadsheet would take for formulas
    #[arg(long)]
    plain_formulas: bool,
}

pub(super) fn run(globals: &Globals, Sql { statement, header, plain_formulas }: Sql) -> anyhow::Result<()> {
    let statement = if statement == "-" {
        let place = "standard input";
        checked(place.to_owned(), bounded(io::stdin().lock(), MAX_RECORD, place)?)?.to_string()
    } else {
        statement
    };
    if statement.trim().is_empty() {
        return Err(Usage("the statement is empty".to_owned()).into());
    }
    let database = globals.open(Access::Read)?;
    let format = globals.format_here();
    let sheet = |columns| globals.sheet(columns).with_header(header).guarding_formulas(!plain_formulas);
    let mut open = None;
    database.named("sql").read(|session| {
        query::select(session, &statement, |names, values| -> anyhow::Result<()> {
            let sheet = match &mut open {
                Some(sheet) => sheet,
                None => open.insert(sheet(columns(names, &values, format)?)),
            };
            push(sheet, names, &values)
        })
    })?;
    match open {
        Some(sheet) => Ok(sheet.finish()?),
        None if format == Format::Json => Ok(sheet(Vec::new()).finish()?),
        None => Ok(()),
    }
}

/// The columns of a result, aligned by its first row.
fn columns(names: &[String], first: &[Value], format: Format) -> Result<Vec<Column>, Usage> {
    let mut seen = HashSet::new();
    if matches!(format, Format::Json | Format::Ndjson)
        && let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str()))
    {
        return Err(Usage(format!("two columns are named {twice:?}, which JSON cannot have: name one with AS")));
    }
    let column = |(name, value): (&String, &Value)| {
        // The program runs one statement, so its names are few and live as long as it does.
        let name: &'static str = Box::leak(name.clone().into_boxed_str());
        if value.is_number() { Column::number(name) } else { Column::text(name) }
    };
    Ok(names.iter().zip(first).map(column).collect())
}

fn push(sheet: &mut Sheet<impl Write>, names: &[String], values: &[Value]) -> anyhow::Result<()> {
    let cells: Vec<Option<Cow<'_, str>>> = values.iter().map(Value::text).collect();
    Ok(sheet.push(cells, &Object { names, values })?)
}

/// A row in JSON, its fields in the order of the columns.
struct Object<'r> {
    names: &'r [String],
    values: &'r [Value],
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.names.len()))?;
        for (name, value) in self.names.iter().zip(self.values) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
