//! Where a database stands: which migrations it has, which it lacks, and whose it is.

use chrono::NaiveDateTime;

use super::history::{self, Recorded};
use super::recovery;
use super::script::{self, Script};
use crate::connection::{AnyConnection, SessionConnection as _};
use crate::error::{Error, Result};

/// A migration of Folio's that the database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// The migration.
    pub script: &'static Script,
    /// When it was applied, in UTC.
    pub run_on: NaiveDateTime,
}

/// What a database has and lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Folio's migrations that are applied, oldest first.
    pub applied: Vec<Applied>,
    /// Folio's migrations that are not, oldest first.
    pub pending: Vec<&'static Script>,
    /// Those of the pending ones whose tables an interrupted runner has made and did not come to record, where the engine
    /// cannot undo tables ([`Backend::undoes_tables`](crate::connection::Engine::undoes_tables)): the way up records them,
    /// the way down drops them.
    pub unrecorded: Vec<&'static Script>,
    /// Those of the pending ones that are recorded and whose tables are gone, likewise: the way up makes them, the way down
    /// strikes them off.
    pub unmade: Vec<&'static Script>,
    /// Recorded versions that this program does not know, oldest first.
    pub unknown: Vec<Recorded>,
    /// All tables but the migration record's own.
    pub tables: Vec<String>,
    /// Those of them whose names the pending migrations would give to tables of Folio's, and that are not theirs.
    pub taken: Vec<String>,
}

/// Whose a database is, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaState {
    /// It has no tables but those of a migration into an empty database that was interrupted.
    Empty,
    /// It has every migration of this program and no newer ones.
    Current,
    /// It lacks this many migrations.
    Behind(usize),
    /// It has versions later than all that this program knows: a newer Folio was here.
    Newer(Vec<String>),
    /// It has these tables and none of Folio's migrations: it is someone else's.
    Foreign(Vec<String>),
}

/// Reads what the database has: the names of its tables and, where there is one, the record of migrations; on MySQL also
/// the columns of tables that bear the names of pending ones. It writes nothing and creates nothing.
///
/// # Errors
///
/// What the database says against reading, [`Error::Unreadable`] for a record that is no date.
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
            // Without the table of the record no runner was here.
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
    /// Sums it up.
    ///
    /// The record may be shared: Diesel keeps one table per database, whoever migrates it. Unknown versions without any
    /// of Folio's are another application's. Beside Folio's, those that sort after every version known here are taken
    /// for a newer Folio's, and earlier ones for another application's.
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

    /// What going down reverts, newest first: the migrations that are applied, and those that an interrupted runner left
    /// half-way.
    pub(super) fn revertible(&self) -> Vec<&'static Script> {
        let applied = self.applied.iter().map(|applied| applied.script);
        let mut scripts: Vec<_> = applied.chain(self.unrecorded.iter().chain(&self.unmade).copied()).collect();
        scripts.sort_by(|one, other| other.version.cmp(one.version));
        scripts
    }

    /// Why this program cannot work with the database at `place` as it stands, or `None` where it can.
    #[must_use]
    pub fn refusal(&self, place: &str) -> Option<Error> {
        let place = place.to_owned();
        match self.schema_state() {
            SchemaState::Current => None,
            SchemaState::Empty | SchemaState::Behind(_) => {
                Some(Error::MigrationsPending { place, pending: self.pending.len() })
            }
            SchemaState::Newer(versions) => Some(Error::SchemaTooNew { place, versions: some_of(&versions) }),
            SchemaState::Foreign(tables) => {
                self.unshareable(&place).or_else(|| Some(Error::NotFolio { place, tables: some_of(&tables) }))
            }
        }
    }

    /// Why Folio cannot be added to another application's database: tables of Folio's names are there already; or once
    /// beside Folio's, its later versions would be taken for a newer Folio's, and every command refused from then on.
    pub(super) fn unshareable(&self, place: &str) -> Option<Error> {
        let later = self.newer();
        let problem = match (self.taken.is_empty(), later.is_empty()) {
            (true, true) => return None,
            (false, _) => format!(
                "it contains tables that Folio did not create and whose names Folio's own would have ({})",
                some_of(&self.taken)
            ),
            (true, false) => format!(
                "another application keeps versions later than Folio's in {} ({}), so the two cannot share it",
                history::NAME,
                some_of(&later)
            ),
        };
        Some(Error::Open { place: place.to_owned(), problem: problem + "; give Folio a database of its own" })
    }

    /// The recorded versions that sort after all that this program knows.
    fn newer(&self) -> Vec<String> {
        let newest = self.applied.iter().map(|applied| applied.script).chain(self.pending.iter().copied());
        let newest = newest.map(|script| script.version).max().unwrap_or_default();
        self.unknown.iter().map(|row| row.version.clone()).filter(|version| version.as_str() > newest).collect()
    }
}

/// The first few names, and how many more there are.
fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 5;
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..SHOWN].join(", ")),
    }
}
