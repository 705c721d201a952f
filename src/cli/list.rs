//! The options of every list, and what they ask for.

use clap::Args;

use super::exit::Usage;
use super::globals::Globals;
use super::open::listing_of;
use super::output::{self, Column, Format, Listing};
use super::records::Listed;
use super::suggest::nearest;
use super::values;
use super::when::when;
use folio::models::Criteria;
use folio::services::{Limit, Sort};
use folio::types::Timestamp;

/// What the pages of the lists say about their options.
pub(super) const ABOUT_LISTS: &str = "\
Options that restrict combine. A time is 2026-01-31, 2026-01-31T23:59 (UTC, or with a time zone), an
age such as 90m, 36h, 7d, 2w, 6mo or 1y, 'today' or 'yesterday', or seconds since 1970: @1767225600.
--sort compares texts byte by byte, capital letters first; records without the value come last.";

/// The options of every list.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only those whose names or descriptions contain this text, in any letter case
    #[arg(long, value_name = "TEXT")]
    like: Option<String>,
    /// Only those that last changed then or later
    #[arg(long, value_name = "TIME", value_parser = when)]
    since: Option<Timestamp>,
    /// Only those that last changed before that
    #[arg(long, value_name = "TIME", value_parser = when)]
    updated_before: Option<Timestamp>,
    /// The order: a column; with ':desc', the greatest first [default: id]
    #[arg(long, value_name = "COLUMN[:desc]")]
    sort: Option<String>,
    /// Maximum number of records
    #[arg(long, value_name = "N", value_parser = values::limit)]
    limit: Option<u64>,
    /// Number of records to pass over first
    #[arg(long, value_name = "N", value_parser = values::offset)]
    offset: Option<u64>,
    /// Print only how many there are
    #[arg(long, conflicts_with_all = ["sort", "limit", "offset", "columns", "json", "header", "plain_formulas"])]
    count: bool,
    /// The columns to print, in this order
    #[arg(long, value_name = "A,B,…", help_heading = "Output")]
    columns: Option<String>,
    /// JSON with these fields alone, named as in JSON or as columns; without names, with all
    #[arg(
        long, value_name = "A,B,…", num_args = 0..=1, default_missing_value = "", conflicts_with = "columns",
        help_heading = "Output"
    )]
    json: Option<String>,
    /// Begin tsv and csv with the names of the columns
    #[arg(long, help_heading = "Output")]
    header: bool,
    /// In csv, leave cells as they are that a spreadsheet would take for formulas
    #[arg(long, help_heading = "Output")]
    plain_formulas: bool,
}

/// What a list is asked for.
pub(super) struct Asked<R: Listed> {
    pub criteria: Criteria,
    pub sort: Option<Sort<R::Sort>>,
    pub limit: Limit,
    pub count: bool,
    columns: Option<Vec<usize>>,
    format: Format,
    header: bool,
    plain_formulas: bool,
}

impl ListArgs {
    /// Checks the options against the columns of the records.
    pub(super) fn asked<R: Listed>(self, globals: &Globals) -> anyhow::Result<Asked<R>> {
        let Self { like, since, updated_before, sort, limit, offset, count, columns, json, header, plain_formulas } =
            self;
        let names = columns.as_deref().or(json.as_deref().filter(|names| !names.is_empty()));
        let format = match (&json, globals.format) {
            (None, _) => globals.format_here(),
            (Some(_), Some(format @ (Format::Json | Format::Ndjson))) => format,
            (Some(_), None) => Format::Json,
            (Some(_), Some(_)) => {
                return Err(Usage(
                    "--json is a format of its own: leave out --format, or make it json or ndjson".to_owned(),
                )
                .into());
            }
        };
        Ok(Asked {
            criteria: Criteria { like, since, updated_before },
            sort: sort.map(|sort| read_sort::<R>(&sort)).transpose()?,
            limit: Limit { rows: limit, offset: offset.unwrap_or(0) },
            count,
            columns: names.map(|names| read_columns(R::COLUMNS, names)).transpose()?,
            format,
            header,
            plain_formulas,
        })
    }
}

impl<R: Listed> Asked<R> {
    /// The listing on standard output.
    pub(super) fn listing(&mut self) -> Listing<R, impl std::io::Write + use<R>> {
        let listing = listing_of(self.columns.take(), self.format);
        listing.on(|sheet| sheet.with_header(self.header).guarding_formulas(!self.plain_formulas))
    }
}

/// Ends a listing, or writes the number that was asked for instead.
pub(super) fn finish<R: Listed, W: std::io::Write>(listing: Listing<R, W>, count: Option<u64>) -> anyhow::Result<()> {
    match count {
        Some(count) => {
            drop(listing);
            Ok(output::write(&format!("{count}\n"))?)
        }
        None => Ok(listing.finish()?),
    }
}

/// The places of the columns with these names, which are those of the header or of JSON.
fn read_columns(columns: &[Column], names: &str) -> Result<Vec<usize>, Usage> {
    let mut places = Vec::new();
    for name in names.split(',').map(str::trim) {
        let place = place(columns, name)?;
        if places.contains(&place) {
            return Err(Usage(format!("column {name} is named twice")));
        }
        places.push(place);
    }
    Ok(places)
}

fn place(columns: &[Column], name: &str) -> Result<usize, Usage> {
    let found = columns.iter().position(|column| column.name() == name);
    let found = found.or_else(|| columns.iter().position(|column| column.json_name() == name));
    found.ok_or_else(|| unknown(name, columns))
}

fn unknown(name: &str, columns: &[Column]) -> Usage {
    let near = nearest(name, columns.iter().flat_map(|column| [column.name(), column.json_name()]));
    let near = near.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
    let all: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    Usage(format!("there is no column {name:?}; {near}The columns are {}", all.join(", ")))
}

/// `COLUMN`, `COLUMN:asc` or `COLUMN:desc`.
fn read_sort<R: Listed>(text: &str) -> Result<Sort<R::Sort>, Usage> {
    let (name, descending) = match text.split_once(':') {
        None => (text, false),
        Some((name, "asc")) => (name, false),
        Some((name, "desc")) => (name, true),
        // A URL in a wrong place is redacted only as a whole.
        Some(_) => {
            return Err(Usage(format!("--sort {text:?} has no order; write COLUMN, COLUMN:desc or COLUMN:asc")));
        }
    };
    let column = R::COLUMNS[place(R::COLUMNS, name)?].name();
    let key = R::sort_keys().find(|(key, _)| *key == column).map(|(_, key)| key);
    let key = key.ok_or_else(|| Usage(format!("a list cannot be sorted by {column}")))?;
    Ok(Sort { key, descending })
}
