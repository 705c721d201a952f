//! The migration status of a database: which migrations it has, which it lacks, and whether its tables are Folio's.

use chrono::NaiveDateTime;

use super::history::{self, Recorded};
use super::recovery;
use super::script::{self, Script};
use crate::connection::{AnyConnection, SessionConnection as _};
use crate::error::{Error, Result};

/// A Folio migration that is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// The migration.
    pub script: &'static Script,
    /// When it was applied, in UTC.
    pub run_on: NaiveDateTime,
}

/// The migrations and tables of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Folio's migrations that are applied, oldest first.
    pub applied: Vec<Applied>,
    /// Folio's migrations that are not, oldest first.
    pub pending: Vec<&'static Script>,
    /// The pending ones whose tables an interrupted runner created without recording them, on an engine that cannot
    /// undo tables ([`Engine::undoes_tables`](crate::connection::Engine::undoes_tables)): going up records them, going
    /// down drops them.
    pub unrecorded: Vec<&'static Script>,
    /// The pending ones that are recorded but whose tables are gone, on such an engine: going up creates the tables,
    /// going down removes the record.
    pub unmade: Vec<&'static Script>,
    /// Recorded versions that are not in this program, oldest first.
    pub unknown: Vec<Recorded>,
    /// All tables except the history table.
    pub tables: Vec<String>,
    /// The tables that Folio did not create and whose names pending migrations would use.
    pub taken: Vec<String>,
}

/// Whether a database's schema is Folio's, and how far it is migrated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaState {
    /// It has no tables except those of an interrupted migration of an empty database.
    Empty,
    /// It has every migration of this program and no newer ones.
    Current,
    /// It lacks this many migrations.
    Behind(usize),
    /// It has versions later than all that this program knows: a newer Folio migrated it.
    Newer(Vec<String>),
    /// It has these tables and none of Folio's migrations: it belongs to another application.
    Foreign(Vec<String>),
}

/// Reads the status: the names of the tables and, if there is one, the history table; on MySQL also the columns of
/// tables with the names of pending ones. It writes nothing and creates nothing.
///
/// # Errors
///
/// The database's errors while reading, [`Unreadable`](diesel_session::Error::Unreadable) for a recorded time that is not a date.
pub fn status(connection: &mut AnyConnection) -> Result<Status> {
    let mut tables = history::tables(connection)?;
    let all = tables.len();
    tables.retain(|table| table != history::NAME);
    let has_record = tables.len() < all;
    let recorded = if has_record { history::read(connection)? } else { Vec::new() };

    let engine = connection.engine();
    let scripts = script::all(engine);
    let (mut applied, mut pending) = (Vec::new(), Vec::new());
    let (mut unrecorded, mut unmade, mut taken) = (Vec::new(), Vec::new(), Vec::new());
    for script in scripts {
        let made: Vec<_> = tables
            .iter()
            .filter(|table| script.tables().any(|wanted| history::is_same_table(engine, wanted, table)))
            .collect();
        let run_on = recorded.iter().find(|row| row.version == script.version).map(|row| row.run_on);
        if let Some(run_on) = run_on
            && (engine.undoes_tables() || !made.is_empty())
        {
            applied.push(Applied { script, run_on });
            continue;
        }
        pending.push(script);
        if run_on.is_some() {
            unmade.push(script);
        }
        for table in made {
            // Without the history table there was no runner.
            if !engine.undoes_tables() && has_record && recovery::is_made_by(connection, script, table)? {
                unrecorded.push(script);
            } else {
                taken.push(table.clone());
            }
        }
    }
    let unknown =
        recorded.into_iter().filter(|row| !scripts.iter().any(|script| script.version == row.version)).collect();
    Ok(Status { applied, pending, unrecorded, unmade, unknown, tables, taken })
}

impl Status {
    /// Summarizes the status.
    ///
    /// The history table may be shared: Diesel keeps one per database, whichever application migrates it. Unknown
    /// versions without any of Folio's are another application's. Beside Folio's, unknown versions that sort after
    /// every version known here count as a newer Folio's, and earlier ones as another application's.
    #[must_use]
    pub fn schema_state(&self) -> SchemaState {
        if self.applied.is_empty() {
            let half_done =
                |table: &String| self.unrecorded.iter().any(|script| script.tables().any(|own| own == table));
            let foreign: Vec<_> = self.tables.iter().filter(|table| !half_done(table)).cloned().collect();
            return match (foreign.is_empty(), self.unknown.is_empty()) {
                (true, true) => SchemaState::Empty,
                (true, false) => SchemaState::Foreign(vec![history::NAME.to_owned()]),
                (false, _) => SchemaState::Foreign(foreign),
            };
        }
        let newer = self.newer();
        match (newer.is_empty(), self.pending.len()) {
            (false, _) => SchemaState::Newer(newer),
            (true, 0) => SchemaState::Current,
            (true, pending) => SchemaState::Behind(pending),
        }
    }

    /// What going down reverts, newest first: the applied migrations, and those that an interrupted runner left
    /// half-done.
    pub(super) fn revertible(&self) -> Vec<&'static Script> {
        let applied = self.applied.iter().map(|applied| applied.script);
        let mut scripts: Vec<_> = applied.chain(self.unrecorded.iter().chain(&self.unmade).copied()).collect();
        scripts.sort_by(|one, other| other.version.cmp(one.version));
        scripts
    }

    /// Why this program cannot work with the database at `place` in its current state, or `None` if it can.
    #[must_use]
    pub fn refusal(&self, place: &str) -> Option<Error> {
        let place = place.to_owned();
        match self.schema_state() {
            SchemaState::Current => None,
            SchemaState::Empty | SchemaState::Behind(_) => {
                Some(Error::MigrationsPending { place, pending: self.pending.len() })
            }
            SchemaState::Newer(versions) => Some(Error::SchemaTooNew { place, versions: abbreviated(&versions) }),
            SchemaState::Foreign(tables) => {
                self.unshareable(&place).or_else(|| Some(Error::NotFolio { place, tables: abbreviated(&tables) }))
            }
        }
    }

    /// Why Folio cannot be added to another application's database: tables with the names of Folio's already exist; or
    /// the application's later versions, once beside Folio's, would count as a newer Folio's, and every command would
    /// be refused from then on.
    pub(super) fn unshareable(&self, place: &str) -> Option<Error> {
        let later = self.newer();
        let problem = match (self.taken.is_empty(), later.is_empty()) {
            (true, true) => return None,
            (false, _) => format!(
                "it contains tables that Folio did not create and whose names Folio's own would have ({})",
                abbreviated(&self.taken)
            ),
            (true, false) => format!(
                "another application keeps versions later than Folio's in {} ({}), so the two cannot share it",
                history::NAME,
                abbreviated(&later)
            ),
        };
        let problem = problem + "; give Folio a database of its own";
        Some(diesel_session::Error::Open { place: place.to_owned(), problem }.into())
    }

    /// The recorded versions that sort after all those that this program knows.
    fn newer(&self) -> Vec<String> {
        let newest = self.applied.iter().map(|applied| applied.script).chain(self.pending.iter().copied());
        let newest = newest.map(|script| script.version).max().unwrap_or_default();
        self.unknown.iter().map(|row| row.version.clone()).filter(|version| version.as_str() > newest).collect()
    }
}

/// The first few names, and how many more there are.
fn abbreviated(names: &[String]) -> String {
    const SHOWN: usize = 5;
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..SHOWN].join(", ")),
    }
}
