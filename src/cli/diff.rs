//! `folio diff`: the values before and after a unit of work.

use std::borrow::Cow;

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};
use similar::TextDiff;

use super::exit::Usage;
use super::globals::Globals;
use super::log;
use super::output::{self, Column, Record, with_columns};
use super::stderr;
use folio::error::{Error, Result};
use folio::services::history::{self, Difference, Subject, Unit};
use folio::services::search::Kind;

const DIFF: &str = "\
Examples:
  folio diff                       the newest unit
  folio diff 42                    the unit with this number in 'folio log'
  folio diff note 5                the last change of a record
  folio diff note 5 --format json

Prints what a unit of work changed as a unified diff: for each record its values before and after,
one per line, then its texts line by line. What every change sets, 'updated_at' and 'version', is
left out. With --format, a row for each field that differs. Columns: {columns}.";

#[derive(Debug, Args)]
#[command(after_help = with_columns::<Field>(DIFF))]
pub(super) struct Diff {
    /// The number of a unit, or the kind of a record: 'user', 'repo', 'resume' or 'note' [default: the newest unit]
    #[arg(value_name = "UNIT|NOUN")]
    what: Option<String>,
    /// The record's id
    #[arg(value_name = "ID", value_parser = super::values::number)]
    id: Option<i64>,
    /// Maximum number of records
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
}

/// Columns that every change sets.
const SET_ALWAYS: [&str; 2] = ["updated_at", "version"];

/// A field that differs.
#[derive(Debug, Serialize)]
pub(super) struct Field {
    record: String,
    field: String,
    before: Option<Value>,
    after: Option<Value>,
}

impl Record for Field {
    const COLUMNS: &'static [Column] =
        &[Column::text("record"), Column::text("field"), Column::text("before"), Column::text("after")];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        let value = |value: &Option<Value>| value.as_ref().and_then(shown).map(Into::into);
        vec![Some((&*self.record).into()), Some((&*self.field).into()), value(&self.before), value(&self.after)]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

/// A value as a text; `None` for NULL.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// What the arguments name: a unit, or a record, whose last change is shown.
fn asked(what: Option<&str>, id: Option<i64>) -> Result<(Option<i64>, Option<Subject>), Usage> {
    match (what, id) {
        (None, _) => Ok((None, None)),
        (Some(kind), Some(id)) => {
            let kind: Kind = kind.parse().map_err(|error: Error| Usage(error.to_string()))?;
            Ok((None, Some(Subject { kind, id })))
        }
        (Some(text), None) => match text.parse() {
            Ok(number) => Ok((Some(number), None)),
            Err(_) => Err(Usage(format!("{text:?} is not the number of a unit; write UNIT, or NOUN ID for a record"))),
        },
    }
}

pub(super) fn run(globals: &Globals, Diff { what, id, limit }: &Diff) -> anyhow::Result<()> {
    let (number, subject) = asked(what.as_deref(), *id)?;
    let limit = usize::try_from(*limit)?;
    let database = globals.open_to_read()?;
    let (unit, mut differences) = database.named("diff").read(|session| -> Result<_> {
        let unit = match subject {
            None => history::unit(session, number)?,
            Some(subject) => {
                let last = history::units(session, Some(subject), 1)?.pop();
                let missing = || format!("change of {} {} in the history", subject.kind, subject.id);
                last.ok_or_else(|| Error::NotFound { what: missing() })?
            }
        };
        let differences = history::differences(session, &unit, subject, limit + 1)?;
        Ok((unit, differences))
    })?;
    if differences.len() > limit {
        differences.truncate(limit);
        stderr::print(&format!("only the first {limit} records are shown; --limit shows more"));
    }
    if globals.format.is_none() {
        return Ok(output::write(&patch(&unit, &differences))?);
    }
    let mut listing = globals.listing();
    for field in differences.into_iter().flat_map(fields) {
        listing.push(&field)?;
    }
    Ok(listing.finish()?)
}

/// The fields that differ.
fn fields(Difference { what, before, after, .. }: Difference) -> Vec<Field> {
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    let added = after.keys().filter(|name| !before.contains_key(*name));
    let names = before.keys().chain(added).filter(|name| !SET_ALWAYS.contains(&name.as_str()));
    let changed = names.filter(|name| before.get(*name) != after.get(*name));
    let field = |name: &String| Field {
        record: what.clone(),
        field: name.clone(),
        before: before.get(name).cloned(),
        after: after.get(name).cloned(),
    };
    changed.map(field).collect()
}

/// All differences as one unified diff, under a line that names the unit.
fn patch(unit: &Unit, differences: &[Difference]) -> String {
    let by = unit.author.as_ref().map(|author| format!(" by {author}")).unwrap_or_default();
    let command = unit.command.as_deref().unwrap_or("without a name");
    let mut patch = format!("unit {}: {command}{by}, {}: {}\n", unit.number, unit.at, log::changes(unit));
    for Difference { what, before, after, .. } in differences {
        let (old, new) = (document(before.as_ref()), document(after.as_ref()));
        let name = |values: &Option<Map<String, Value>>| values.as_ref().map_or("(none)", |_| what).to_owned();
        let diff = TextDiff::from_lines(&old, &new);
        patch.push_str(&diff.unified_diff().header(&name(before), &name(after)).to_string());
    }
    patch
}

/// The values of a row, one per line, then those with several lines.
fn document(values: Option<&Map<String, Value>>) -> String {
    let (mut lines, mut texts) = (String::new(), String::new());
    for (name, value) in values.into_iter().flatten().filter(|(name, _)| !SET_ALWAYS.contains(&name.as_str())) {
        match shown(value) {
            None => {}
            Some(text) if text.contains('\n') => {
                let end = if text.ends_with('\n') { "" } else { "\n" };
                texts.push_str(&format!("{name}:\n{text}{end}"));
            }
            Some(text) => lines.push_str(&format!("{name}: {text}\n")),
        }
    }
    lines + &texts
}
