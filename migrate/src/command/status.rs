//! `status`: every migration and its state.

use chrono::{NaiveDateTime, SecondsFormat};
use clap::Args;
use diesel_session::connection::Access;
use serde::Serialize;

use super::console::{Column, Row};
use super::context::Context;
use super::failure::Failure;
use crate::database::Migrate as _;
use crate::status::{Status, Unfinished};

const AFTER: &str = "\
Examples:
  migrate status
  migrate status --format json

Prints every migration, oldest first. Columns: version, name, state, applied.
The state is 'applied', 'pending', 'edited' (applied, but its script has changed since),
'unfinished' (left half-way: going up or down finishes it), or 'unknown' (applied, but this program
does not have it). JSON also has the number of statements that are done of an unfinished one.
Exit code 3 if any are pending.";

/// Show which migrations are applied
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct ShowStatus {}

impl ShowStatus {
    pub(super) fn run(context: &mut Context<'_>) -> Result<(), Failure> {
        let database = context.open(Access::Read)?;
        let status = database.migration_status(context.migrations)?;
        context.table(&rows(&status))?;
        match status.refusal(database.place()) {
            None => Ok(()),
            Some(refusal) => Err(Failure::from(refusal)),
        }
    }
}

/// A migration, as listed.
#[derive(Debug, Serialize)]
struct Listed<'s> {
    version: &'s str,
    name: Option<&'s str>,
    state: &'static str,
    applied: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unfinished: Option<Progress>,
}

#[derive(Debug, Serialize)]
struct Progress {
    direction: String,
    done: usize,
    running: bool,
}

impl Row for Listed<'_> {
    const COLUMNS: &'static [Column] =
        &[Column::text("version"), Column::text("name"), Column::text("state"), Column::time("applied")];

    fn cells(&self) -> Vec<Option<String>> {
        let text = |text: &str| text.to_owned();
        vec![Some(text(self.version)), self.name.map(text), Some(text(self.state)), self.applied.clone()]
    }
}

/// Every migration of the program or the database's history, oldest first.
fn rows(status: &Status) -> Vec<Listed<'_>> {
    let mut rows = Vec::new();
    for applied in &status.applied {
        let state = if applied.edited { "edited" } else { "applied" };
        let (version, name) = (&applied.migration.version, Some(applied.migration.name.as_str()));
        rows.push(Listed { version, name, state, applied: Some(time(applied.run_on)), unfinished: None });
    }
    for migration in &status.pending {
        let (version, name) = (&migration.version, Some(migration.name.as_str()));
        rows.push(Listed { version, name, state: "pending", applied: None, unfinished: None });
    }
    for recorded in &status.unknown {
        let applied = Some(time(recorded.run_on));
        rows.push(Listed { version: &recorded.version, name: None, state: "unknown", applied, unfinished: None });
    }
    for Unfinished { migration, direction, done, running, .. } in &status.unfinished {
        for row in rows.iter_mut().filter(|row| row.version == migration.version) {
            row.state = "unfinished";
            row.unfinished = Some(Progress { direction: direction.to_string(), done: *done, running: *running });
        }
    }
    rows.sort_by_key(|row| row.version);
    rows
}

/// In RFC 3339.
fn time(utc: NaiveDateTime) -> String {
    utc.and_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
