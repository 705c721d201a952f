//! Drift: how a database differs from what its applied migrations make.

use diesel_session::Database;
use diesel_session::connection::SessionConnection as _;

use crate::catalogue::is_same_table;
use crate::diff::{Change, Difference, Object};
use crate::error::{Result, THIS_DATABASE};
use crate::migration::Direction;
use crate::schema::Schema;
use crate::scratch::Scratch;
use crate::scripts::Step;
use crate::source::Migrations;
use crate::status::{self, SchemaState};
use crate::target::Target;

/// Which migrations a database is compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Against<'t> {
    /// Those that are applied to it.
    Applied,
    /// Those up to the target, whatever its history says.
    UpTo(&'t Target),
}

impl Migrations {
    /// How the live database differs from what these migrations make in a scratch database.
    pub(crate) fn drift(
        &self,
        live: &Database,
        against: Against<'_>,
        scratch: impl FnOnce() -> Result<Scratch>,
    ) -> Result<Vec<Difference>> {
        let mut connection = live.connection()?;
        let engine = connection.engine();
        let steps = self.steps(engine)?;
        let status = status::status(&mut connection, self.application(), &steps)?;
        match (against, status.schema_state()) {
            (_, SchemaState::Newer(_)) | (Against::Applied, SchemaState::Foreign(_)) => {
                return status.refusal(THIS_DATABASE).map_or(Ok(Vec::new()), Err);
            }
            (Against::UpTo(target), _) => target.check(self.application(), &steps)?,
            _ => {}
        }
        let found = Schema::read(&mut connection)?;
        // It may be the only one.
        drop(connection);
        let mut scratch = scratch()?;
        let is_played = |step: &&Step| match against {
            Against::Applied => status.applied.iter().any(|applied| applied.migration == step.migration),
            Against::UpTo(target) => target.includes(Direction::Up, &step.migration),
        };
        let played: Vec<_> = steps.iter().filter(is_played).collect();
        scratch.apply(played.iter().copied())?;
        // Tables that were made on the way and are gone again are among them.
        let made: Vec<_> = played.iter().flat_map(|step| step.made_tables(engine)).collect();
        let expected = Schema::read(&mut scratch)?;
        let mut differences = expected.differences(&found, engine);
        if !status.unknown.is_empty() || matches!(against, Against::UpTo(_)) {
            // What nobody of ours made is another application's.
            differences.retain(|difference| match (&difference.object, &difference.change) {
                (Object::Table { table }, Change::Extra) => made.iter().any(|made| is_same_table(engine, made, table)),
                (Object::View { .. } | Object::Enum { .. }, Change::Extra) => false,
                _ => true,
            });
        }
        Ok(differences)
    }

    /// What all of these migrations make, in a scratch database beside the live one.
    pub(crate) fn migrated_schema(&self, live: &Database) -> Result<Schema> {
        let steps = self.steps(live.connection()?.engine())?;
        let mut scratch = Scratch::beside(live)?;
        scratch.apply(&steps)?;
        Schema::read(&mut scratch)
    }
}
