//! The options that every command takes.

use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum, ValueHint};

use super::environment;
use super::output::{Color, Format};
use super::settings::Settings;
use super::values;
use folio::database::DatabaseUrl;

/// The options that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Globals {
    /// The database: a path, sqlite://FILE, sqlite::memory:, or, in a build with these engines (see --version),
    /// postgres://USER@HOST/DATABASE, mysql://… or mariadb://…
    #[arg(long, global = true, value_name = "URL", value_hint = ValueHint::FilePath)]
    pub database_url: Option<String>,
    /// How records are written: 'table', 'tsv', 'csv', 'json', 'ndjson' or 'markdown', by stats also 'svg' [default:
    /// table on a terminal, tsv in a pipe]
    #[arg(
        id = "format", long = "format", global = true, value_name = "FORMAT", hide_possible_values = true,
        value_parser = asked_format()
    )]
    pub asked_format: Option<AskedFormat>,
    /// The format of records, if it was asked for.
    #[arg(skip)]
    pub format: Option<Format>,
    /// When output has colours: 'auto', 'always' or 'never' [default: auto, on a terminal that shows them]
    #[arg(long, global = true, value_name = "WHEN", hide_possible_values = true)]
    pub color: Option<Color>,
    /// Do not show output that is longer than the screen in a pager
    #[arg(long, global = true)]
    pub no_pager: bool,
    /// Show every SQL statement on standard error, with its values, rows and time
    #[arg(long, global = true)]
    pub echo: bool,
    /// How long to wait for a lock that another program holds
    #[arg(long, global = true, value_name = "SECONDS", default_value = "5", value_parser = values::seconds)]
    pub busy_timeout: Duration,
    /// The user's settings, which the options come before.
    #[arg(skip)]
    pub settings: Settings,
}

/// A value of `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AskedFormat {
    Records(Format),
    /// A picture, of numbers alone.
    Svg,
}

fn asked_format() -> impl TypedValueParser<Value = AskedFormat> {
    let of_records = Format::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let names = of_records.chain([PossibleValue::new("svg").help("A picture, by stats alone")]);
    PossibleValuesParser::new(names)
        .map(|name| Format::from_str(&name, false).map_or(AskedFormat::Svg, AskedFormat::Records))
}

impl Globals {
    /// The database's URL, and the text to open it with, which may contain a password.
    pub(super) fn url(&self) -> anyhow::Result<(String, DatabaseUrl)> {
        environment::database_url(self.database_url.as_deref(), &self.settings)
    }
}
