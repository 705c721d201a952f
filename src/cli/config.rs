//! `folio config`: the user's own settings.

use std::borrow::Cow;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::environment;
use super::exit::Usage;
use super::globals::Globals;
use super::output::{self, Column, Record, with_columns};
use super::settings::{self, Key};
use super::stderr;
use folio::database::redact;

const LIST: &str = "\
Examples:
  folio config list
  folio config list --format json

Prints every setting, its value in effect, and what it is from: an option, a variable of the
environment, .env, the file of the settings, or the default. Columns: {columns}.";

const GET: &str = "\
Examples:
  folio config get database-url
  folio config get pager

Prints the value in effect; of a URL without its password.";

const SET: &str = "\
Examples:
  folio config set database-url ~/records/folio.db
  folio config set format json
  folio config set pager 'less -S'
  folio config set pager ''                       no pager
  folio config set color never

  color         when output has colours: auto, always or never
  database-url  the database, if neither an option nor a variable nor .env names one; a path is
                kept as an absolute one
  format        how a terminal gets records; a pipe gets tsv all the same, so that scripts go on
  pager         the program for output that is longer than the screen

Everything else in the file stays as it is, comments included. Prints nothing on standard output.";

const UNSET: &str = "\
Examples:
  folio config unset format

What is not set has its default. Prints nothing on standard output.";

const PATH: &str = "\
Examples:
  folio config path
  $EDITOR \"$(folio config path)\"

Prints where the file of the settings is, whether or not it is there: FOLIO_CONFIG if that is set,
otherwise folio/config.toml in XDG_CONFIG_HOME, otherwise ~/.config/folio/config.toml.";

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Show every setting, and what it is from
    #[command(after_help = with_columns::<Row>(LIST))]
    List,
    /// Show one setting
    #[command(after_help = GET)]
    Get(Get),
    /// Set a setting
    #[command(after_help = SET)]
    Set(Set),
    /// Take a setting away
    #[command(after_help = UNSET)]
    Unset(Get),
    /// Show where the file of the settings is
    #[command(after_help = PATH)]
    Path,
}

#[derive(Debug, Args)]
pub(super) struct Get {
    /// The setting: 'color', 'database-url', 'format' or 'pager'
    key: String,
}

#[derive(Debug, Args)]
pub(super) struct Set {
    /// The setting: 'color', 'database-url', 'format' or 'pager'
    key: String,
    /// Its value
    #[arg(allow_hyphen_values = true)]
    value: String,
}

/// A setting in effect.
#[derive(Serialize)]
struct Row {
    key: &'static str,
    value: String,
    from: String,
}

impl Record for Row {
    const COLUMNS: &'static [Column] = &[Column::text("key"), Column::text("value"), Column::text("from")];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        vec![Some(self.key.into()), Some((&*self.value).into()), Some((&*self.from).into())]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

pub(super) fn run(globals: &Globals, command: ConfigCommand) -> anyhow::Result<()> {
    match command {
        ConfigCommand::List => {
            let mut listing = globals.listing();
            for key in Key::ALL {
                listing.push(&in_effect(globals, key)?)?;
            }
            Ok(listing.finish()?)
        }
        ConfigCommand::Get(Get { key }) => {
            Ok(output::write(&format!("{}\n", in_effect(globals, key.parse()?)?.value))?)
        }
        ConfigCommand::Set(Set { key, value }) => change(key.parse()?, Some(&value)),
        ConfigCommand::Unset(Get { key }) => change(key.parse()?, None),
        ConfigCommand::Path => match settings::path() {
            Some(path) => Ok(output::write(&format!("{}\n", path.display()))?),
            None => Err(Usage(settings::NOWHERE.to_owned()).into()),
        },
    }
}

fn in_effect(globals: &Globals, key: Key) -> anyhow::Result<Row> {
    let settings = &globals.settings;
    let (value, from) = match key {
        Key::Color => {
            let (color, from) = environment::color(globals.color, settings);
            (color.name().to_owned(), from)
        }
        Key::DatabaseUrl => {
            let (text, from) = environment::named_url(globals.database_url.as_deref(), settings)?;
            (redact(&text), from)
        }
        Key::Format => environment::format(globals.format, settings),
        Key::Pager => environment::pager(settings),
    };
    Ok(Row { key: key.name(), value, from })
}

fn change(key: Key, value: Option<&str>) -> anyhow::Result<()> {
    let (kept, path) = settings::change(key, value)?;
    let done = match kept {
        Some(kept) => format!("{key} is {} in {}", redact(&kept), path.display()),
        None => format!("{key} is not set in {}", path.display()),
    };
    stderr::print_on_terminal(&done);
    Ok(())
}
