//! Drift: how a database differs from what its applied migrations make.

use std::collections::BTreeSet;

use diesel_session::Database;
use diesel_session::connection::SessionConnection as _;

use crate::diff::{Change, Difference, Object};
use crate::error::{Result, THIS_DATABASE};
use crate::migration::Direction;
use crate::schema::Schema;
use crate::scratch::Scratch;
use crate::scripts::Step;
use crate::source::Migrations;
use crate::status::{self, SchemaState};

impl Migrations {
    /// How the live database differs from what those of these migrations that are applied to it make in a scratch
    /// database.
    pub(crate) fn drift(&self, live: &Database, scratch: impl FnOnce() -> Result<Scratch>) -> Result<Vec<Difference>> {
        let mut connection = live.connection()?;
        let engine = connection.engine();
        let steps = self.steps(engine)?;
        let status = status::status(&mut connection, self.application(), &steps)?;
        if let SchemaState::Newer(_) | SchemaState::Foreign(_) = status.schema_state() {
            return status.refusal(THIS_DATABASE).map_or(Ok(Vec::new()), Err);
        }
        let found = Schema::read(&mut connection)?;
        // It may be the only one.
        drop(connection);
        let mut scratch = scratch()?;
        // Tables that were made on the way and are gone again.
        let mut made = BTreeSet::new();
        let is_applied = |step: &&Step| status.applied.iter().any(|applied| applied.migration == step.migration);
        for step in steps.iter().filter(is_applied) {
            let played = scratch.play(step, Direction::Up);
            played.map_err(|problem| step.failed(&scratch, Direction::Up, problem))?;
            made.extend(step.tables(engine).into_iter().map(str::to_owned));
        }
        let expected = Schema::read(&mut scratch)?;
        let mut differences = expected.differences(&found, engine);
        if !status.unknown.is_empty() {
            // What nobody of ours made is another application's.
            differences.retain(|difference| match (&difference.object, &difference.change) {
                (Object::Table { table }, Change::Extra) => made.contains(table),
                (Object::View { .. } | Object::Enum { .. }, Change::Extra) => false,
                _ => true,
            });
        }
        Ok(differences)
    }
}
