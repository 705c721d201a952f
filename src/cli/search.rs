//! `folio search`: records by the words in them.

use std::borrow::Cow;

use clap::Args;
use serde::Serialize;

use super::exit::Usage;
use super::globals::Globals;
use super::output::{Column, Record, with_columns};
use super::owner::OwnerArgs;
use super::values;
use folio::error::Error;
use folio::services::search::{self, Found, Kind, Words};
use folio::services::users;

const SEARCH: &str = "\
Examples:
  folio search migration
  folio search '\"call back\" mon*' --kind note --login ada
  folio search 'rust -draft' --format json | jq -r '.[].name'

Finds the records with all of the words, in any letter case, the best first: users by login, name,
email, company and location; repositories by name, description, language and topics; résumés and
notes by name and text.
  \"a phrase\"   these words one after the other
  data*        words that begin so
  -draft       not with this word; where it comes first, write it after '--'
Prints where a word was found; a terminal shows the words in bold.
Columns: {columns}.";

#[derive(Debug, Args)]
#[command(after_help = with_columns::<Found>(SEARCH))]
pub(super) struct Search {
    /// The words
    #[arg(value_name = "WORDS", required = true)]
    words: Vec<String>,
    /// Only records of this kind; several times for several kinds
    #[arg(long, value_name = "KIND", value_parser = values::SEARCHED)]
    kind: Vec<Kind>,
    #[command(flatten)]
    owner: OwnerArgs,
    /// Maximum number of records
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Begin tsv and csv with the names of the columns
    #[arg(long)]
    header: bool,
    /// In csv, leave cells as they are that a spreadsheet would take for formulas
    #[arg(long)]
    plain_formulas: bool,
}

impl Record for Found {
    const COLUMNS: &'static [Column] = &[
        Column::text("kind"),
        Column::number("id"),
        Column::text("login").meaning("of the user that it belongs to"),
        Column::text("name"),
        Column::text("snippet"),
    ];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        vec![
            Some(self.kind.to_string().into()),
            Some(self.id.to_string().into()),
            Some((&*self.login).into()),
            Some((&*self.name).into()),
            Some((&*self.snippet).into()),
        ]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

pub(super) fn run(globals: &Globals, arguments: Search) -> anyhow::Result<()> {
    let Search { words, kind, owner, limit, header, plain_formulas } = arguments;
    let words: Words = words.join(" ").parse().map_err(|error: Error| Usage(error.to_string()))?;
    let database = globals.open_to_read()?;
    let found = database.named("search").read(|session| {
        let user = owner.selector().map(|selector| users::get(session, &selector)).transpose()?;
        search::search(
            session,
            &search::Search { words: words.clone(), kinds: kind, user: user.map(|user| user.id), limit },
        )
    })?;
    let mut listing = globals
        .listing::<Found>()
        .on(|sheet| sheet.with_header(header).guarding_formulas(!plain_formulas).marking(words));
    for found in &found {
        listing.push(found)?;
    }
    Ok(listing.finish()?)
}
