//! Recording migrations without running them, for a database whose schema was made in another way.

use diesel::QueryResult;
use diesel_session::connection::{AnyConnection, Mode, SessionConnection as _};

use crate::error::{Error, Result, THIS_DATABASE};
use crate::migration::{Direction, Migration};
use crate::scripts::Step;
use crate::source::Migrations;
use crate::status::{self, SchemaState, Status};
use crate::target::Target;
use crate::{lock, records};

/// What stamping writes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stamp {
    /// The migrations that are recorded as applied, oldest first; those with an edited script among them are recorded
    /// anew.
    pub recorded: Vec<Migration>,
    /// The migrations whose records are removed, newest first.
    pub removed: Vec<Migration>,
}

impl Stamp {
    /// Whether the records say already what they should.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.recorded.is_empty() && self.removed.is_empty()
    }
}

impl Migrations {
    /// What [`stamp`](Self::stamp) would write. It writes nothing.
    ///
    /// # Errors
    ///
    /// As `stamp`.
    pub fn plan_stamp(&self, connection: &mut AnyConnection, target: &Target) -> Result<Stamp> {
        let steps = self.steps(connection.engine())?;
        plan(connection, self.application(), &steps, target).map(|(_, stamp)| stamp)
    }

    /// Records as applied every migration up to the target, and none beyond a version, without running any: for a
    /// schema that was made from [`sql`](Self::sql), or by another tool. What was left half-way counts as finished, and
    /// an edited script as the one that was applied.
    ///
    /// It creates the history and the journal where they are missing. Nothing checks that the schema is what the
    /// migrations make.
    ///
    /// # Errors
    ///
    /// [`Error::Source`]; [`Error::NoVersion`]; [`Error::VersionTaken`]; [`Error::Newer`];
    /// [`Locked`](diesel_session::Error::Locked) while another runner is at work.
    pub fn stamp(&self, connection: &mut AnyConnection, target: &Target) -> Result<Stamp> {
        let steps = self.steps(connection.engine())?;
        lock::take(connection)?;
        let stamped = write(connection, self.application(), &steps, target);
        lock::release(connection);
        stamped
    }
}

fn plan(connection: &mut AnyConnection, application: &str, steps: &[Step], target: &Target) -> Result<(Status, Stamp)> {
    target.check(application, steps)?;
    let status = status::status(connection, application, steps)?;
    if let (SchemaState::Newer(_), Some(refusal)) = (status.schema_state(), status.refusal(THIS_DATABASE)) {
        return Err(refusal);
    }
    if let Some((version, other)) = status.taken_versions.first() {
        return Err(Error::VersionTaken {
            place: THIS_DATABASE.to_owned(),
            application: application.to_owned(),
            version: version.clone(),
            other: other.clone(),
        });
    }
    let wanted = |migration: &&Migration| target.includes(Direction::Up, migration);
    let edited = status.applied.iter().filter(|applied| applied.edited).map(|applied| &applied.migration);
    let mut recorded: Vec<_> = status.applicable().into_iter().filter(wanted).take(target.limit()).collect();
    recorded.extend(edited.filter(wanted).filter(|migration| !recorded.contains(migration)).collect::<Vec<_>>());
    recorded.sort();
    let recorded = recorded.into_iter().cloned().collect();
    let removed = status.revertible().into_iter().filter(|migration| !wanted(migration)).cloned().collect();
    Ok((status, Stamp { recorded, removed }))
}

fn write(connection: &mut AnyConnection, application: &str, steps: &[Step], target: &Target) -> Result<Stamp> {
    let (status, stamp) = plan(connection, application, steps, target)?;
    if stamp.is_empty() {
        return Ok(stamp);
    }
    let prepared = status.prepare(connection);
    let written = prepared.and_then(|()| connection.begin(Mode::Write, None)).and_then(|()| {
        let rows = write_rows(connection, application, steps, &stamp);
        rows.and_then(|()| connection.commit()).inspect_err(|_| drop(connection.rollback()))
    });
    match written {
        Ok(()) => Ok(stamp),
        Err(error) => Err(connection.explain(error, THIS_DATABASE, "recording migrations").into()),
    }
}

fn write_rows(connection: &mut AnyConnection, application: &str, steps: &[Step], stamp: &Stamp) -> QueryResult<()> {
    // An edited script is recorded already.
    let mut old = stamp.removed.iter().chain(&stamp.recorded);
    old.try_for_each(|migration| records::remove(connection, &migration.version))?;
    let mut recorded = steps.iter().filter(|step| stamp.recorded.contains(&step.migration));
    recorded.try_for_each(|step| records::write(connection, application, step))
}
