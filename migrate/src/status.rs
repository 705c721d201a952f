//! The status of a database: which of an application's migrations it has, which it lacks, and whose its tables are.

use chrono::NaiveDateTime;
use diesel::QueryResult;
use diesel::migration::MigrationConnection as _;
use diesel_session::connection::{AnyConnection, SessionConnection as _};

use crate::catalogue::{self, is_same_table};
use crate::error::{Error, Result};
use crate::history::{self, Recorded};
use crate::journal::{self, Entry, Progress};
use crate::lock;
use crate::migration::{Direction, Migration};
use crate::scripts::Step;
use crate::source::Migrations;

/// A migration that is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// The migration.
    pub migration: Migration,
    /// When it was applied, in UTC.
    pub run_on: NaiveDateTime,
    /// Whether its `up.sql` is another than the one that was applied, apart from white space and comments; `false` also
    /// where that is not known, because Diesel's own runner applied it.
    pub edited: bool,
}

/// A migration that was interrupted or failed half-way, where what it had done could not be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfinished {
    /// The migration.
    pub migration: Migration,
    /// Which of its scripts.
    pub direction: Direction,
    /// How many of the script's statements are done. The runner was killed during the next one if
    /// [`running`](Self::running), which may be done, too.
    pub done: usize,
    /// Whether the answer to the next statement was not seen.
    pub running: bool,
}

impl Unfinished {
    pub(crate) fn progress(&self) -> Progress {
        Progress { direction: self.direction, done: self.done, running: self.running }
    }
}

/// An application's migrations in a database, and the database's tables.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The application's name.
    pub application: String,
    /// Its migrations that are applied, oldest first.
    pub applied: Vec<Applied>,
    /// Its migrations that are not, oldest first.
    pub pending: Vec<Migration>,
    /// Those of either that were left half-way, oldest first. Going up or down finishes them.
    pub unfinished: Vec<Unfinished>,
    /// Recorded versions that it does not have, oldest first: other applications', and a newer version's of its own.
    pub unknown: Vec<Recorded>,
    /// All tables except the runner's own.
    pub tables: Vec<String>,
    /// The tables that it did not create and whose names its pending migrations would use.
    pub taken: Vec<String>,
    /// The versions that it has, but which another application has applied, and that application.
    pub taken_versions: Vec<(String, String)>,
    /// Versions of the application's own that it does not have and that were left half-way.
    pub(crate) unknown_unfinished: Vec<String>,
    pub(crate) has_history: bool,
    pub(crate) has_journal: bool,
}

/// Whether a database is an application's, and how far it is migrated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaState {
    /// It has no tables except those of an interrupted first run.
    Empty,
    /// It has every migration of this program and no newer ones.
    Current,
    /// It lacks this many migrations.
    Behind(usize),
    /// It has versions that a newer version of this program applied.
    Newer(Vec<String>),
    /// It has these tables and none of the application's migrations: it belongs to others.
    Foreign(Vec<String>),
}

impl Migrations {
    /// Reads the status: the names of the tables, Diesel's history and the runner's journal, each if it exists. At most
    /// three SELECTs; it writes nothing and creates nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Source`]; the database's errors while reading, [`Unreadable`](diesel_session::Error::Unreadable) for a
    /// recorded time that is not a date.
    pub fn status(&self, connection: &mut AnyConnection) -> Result<Status> {
        let steps = self.steps(connection.engine())?;
        status(connection, self.application(), &steps)
    }

    /// Like [`status`](Self::status), but never in the middle of another program's run: on an engine that cannot undo
    /// tables, and so shows them one by one, it waits for an active runner.
    pub(crate) fn settled_status(&self, connection: &mut AnyConnection) -> Result<Status> {
        let seen = self.status(connection)?;
        let partial = !seen.unfinished.is_empty()
            || matches!(seen.schema_state(), SchemaState::Behind(_) | SchemaState::Foreign(_));
        if connection.engine().undoes_tables() || !partial {
            return Ok(seen);
        }
        lock::take(connection)?;
        lock::release(connection);
        self.status(connection)
    }
}

pub(crate) fn status(connection: &mut AnyConnection, application: &str, steps: &[Step]) -> Result<Status> {
    let engine = connection.engine();
    let mut tables = catalogue::tables(connection)?;
    let mut has = |name: &str| {
        let before = tables.len();
        tables.retain(|table| table != name);
        tables.len() < before
    };
    let (has_history, has_journal) = (has(history::NAME), has(journal::NAME));
    let mut recorded = if has_history { history::read(connection)? } else { Vec::new() };
    let entries = if has_journal { journal::read(connection)? } else { Vec::new() };
    let entry = |version: &str| entries.iter().find(|entry| entry.version == version);

    let mut status = Status {
        application: application.to_owned(),
        applied: Vec::new(),
        pending: Vec::new(),
        unfinished: Vec::new(),
        unknown: Vec::new(),
        tables,
        taken: Vec::new(),
        taken_versions: Vec::new(),
        unknown_unfinished: Vec::new(),
        has_history,
        has_journal,
    };
    for step in steps {
        let migration = step.migration.clone();
        let at = recorded.iter().position(|(version, _)| *version == migration.version);
        let entry = entry(&migration.version).filter(|entry| at.is_some() || entry.progress.is_some());
        if let Some(Entry { application: other, .. }) = entry
            && other != application
        {
            status.taken_versions.push((migration.version.clone(), other.clone()));
            status.pending.push(migration);
            continue;
        }
        if let Some(Progress { direction, done, running }) = entry.and_then(|entry| entry.progress) {
            status.unfinished.push(Unfinished { migration: migration.clone(), direction, done, running });
        }
        match at {
            Some(at) => {
                let applied = entry.and_then(|entry| entry.checksum.clone());
                let edited = applied.is_some_and(|applied| step.checksum(engine).is_some_and(|now| now != applied));
                status.applied.push(Applied { migration, run_on: recorded.remove(at).1, edited });
            }
            None => status.pending.push(migration),
        }
    }
    status.unknown = recorded
        .into_iter()
        .map(|(version, run_on)| {
            let application = entry(&version).map(|entry| entry.application.clone());
            Recorded { version, run_on, application }
        })
        .collect();
    let is_known = |version: &str| steps.iter().any(|step| step.migration.version == version);
    status.unknown_unfinished = entries
        .iter()
        .filter(|entry| entry.application == application && entry.progress.is_some() && !is_known(&entry.version))
        .map(|entry| entry.version.clone())
        .collect();
    status.taken = taken(connection, &status, steps);
    Ok(status)
}

/// The tables whose names the pending migrations that are not begun would use, and which they do not drop, rename or
/// alter themselves before they do.
fn taken(connection: &AnyConnection, status: &Status, steps: &[Step]) -> Vec<String> {
    let engine = connection.engine();
    let begun = |step: &Step| status.unfinished.iter().any(|unfinished| unfinished.migration == step.migration);
    let pending: Vec<_> =
        steps.iter().filter(|step| status.pending.contains(&step.migration) && !begun(step)).collect();
    let (mut handled, mut created): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for statement in pending.iter().flat_map(|step| step.statements(Direction::Up, engine)) {
        let is_handled = |name: &&str| handled.iter().any(|handled| is_same_table(engine, handled, name));
        created.extend(statement.claimed_table().filter(|name| !is_handled(name)));
        handled.extend(statement.dropped_or_altered_tables());
    }
    let is_taken = |table: &&String| created.iter().any(|created| is_same_table(engine, created, table));
    status.tables.iter().filter(is_taken).cloned().collect()
}

impl Status {
    /// Summarizes the status.
    ///
    /// The history may be shared: Diesel keeps one per database, whichever applications migrate it. Recorded versions
    /// that the journal gives to other applications, or that Diesel's own command line applied, lock nobody out.
    #[must_use]
    pub fn schema_state(&self) -> SchemaState {
        let own = self.unknown.iter().filter(|row| row.application.as_ref() == Some(&self.application));
        let newer: Vec<_> = own.map(|row| &row.version).chain(&self.unknown_unfinished).cloned().collect();
        if !newer.is_empty() {
            return SchemaState::Newer(newer);
        }
        if self.applied.is_empty() {
            return if !self.unfinished.is_empty() || (self.tables.is_empty() && self.unknown.is_empty()) {
                SchemaState::Empty
            } else if self.tables.is_empty() {
                SchemaState::Foreign(vec![history::NAME.to_owned()])
            } else {
                SchemaState::Foreign(self.tables.clone())
            };
        }
        let half_reverted = self.applied.iter().filter(|applied| self.is_unfinished(&applied.migration)).count();
        match self.pending.len() + half_reverted {
            0 => SchemaState::Current,
            lacking => SchemaState::Behind(lacking),
        }
    }

    /// Why this program cannot work with the database at `place` in its current state, or `None` if it can.
    #[must_use]
    pub fn refusal(&self, place: &str) -> Option<Error> {
        let (place, application) = (place.to_owned(), self.application.clone());
        match self.schema_state() {
            SchemaState::Current => None,
            SchemaState::Empty if self.pending.is_empty() => None,
            SchemaState::Empty => Some(Error::Pending { place, pending: self.pending.len() }),
            SchemaState::Behind(pending) => Some(Error::Pending { place, pending }),
            SchemaState::Newer(versions) => Some(Error::Newer { place, application, versions }),
            SchemaState::Foreign(tables) => {
                self.unshareable(&place).or(Some(Error::Foreign { place, application, tables }))
            }
        }
    }

    /// Why the pending migrations cannot be applied beside what others have made.
    pub(crate) fn unshareable(&self, place: &str) -> Option<Error> {
        let (place, application) = (place.to_owned(), self.application.clone());
        if let Some((version, other)) = self.taken_versions.first() {
            let (version, other) = (version.clone(), other.clone());
            return Some(Error::VersionTaken { place, application, version, other });
        }
        (!self.taken.is_empty()).then(|| Error::Taken { place, application, tables: self.taken.clone() })
    }

    /// What going down reverts, newest first: the applied migrations, and those that are half applied.
    pub(crate) fn revertible(&self) -> Vec<&Migration> {
        let half_applied = self.pending.iter().filter(|migration| self.is_unfinished(migration));
        let mut migrations: Vec<_> =
            self.applied.iter().map(|applied| &applied.migration).chain(half_applied).collect();
        migrations.sort_by(|one, other| other.cmp(one));
        migrations
    }

    /// What going up applies, oldest first: the pending migrations, and those that are half reverted.
    pub(crate) fn applicable(&self) -> Vec<&Migration> {
        let half_reverted =
            self.applied.iter().map(|applied| &applied.migration).filter(|migration| self.is_unfinished(migration));
        let mut migrations: Vec<_> = self.pending.iter().chain(half_reverted).collect();
        migrations.sort();
        migrations
    }

    /// Creates the history and the journal where they are missing.
    pub(crate) fn prepare(&self, connection: &mut AnyConnection) -> QueryResult<()> {
        if !self.has_history {
            connection.setup()?;
        }
        if self.has_journal { Ok(()) } else { journal::create(connection) }
    }

    pub(crate) fn unfinished(&self, migration: &Migration) -> Option<&Unfinished> {
        self.unfinished.iter().find(|unfinished| unfinished.migration == *migration)
    }

    fn is_unfinished(&self, migration: &Migration) -> bool {
        self.unfinished(migration).is_some()
    }
}
