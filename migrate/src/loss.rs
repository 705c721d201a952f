//! What going down would remove: the tables of the migrations that it would revert, and their row counts.

use diesel_session::connection::{AnyConnection, SessionConnection as _};

use crate::catalogue::{self, is_same_table};
use crate::error::{Result, THIS_DATABASE};
use crate::migration::{Direction, Migration};
use crate::run::Target;
use crate::source::Migrations;
use crate::status::{self, SchemaState};

/// A migration that going down would revert, and what is lost with it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loss {
    /// The migration.
    pub migration: Migration,
    /// The tables that it created or that its way down drops, with the number of rows in each.
    pub tables: Vec<(String, u64)>,
}

impl Migrations {
    /// What [`down`](Self::down) would revert, in its order, with current row counts: one SELECT per table in addition
    /// to those of [`status`](Self::status). It writes nothing and takes no lock.
    ///
    /// # Errors
    ///
    /// [`Error::NoVersion`](crate::Error::NoVersion); [`Error::Newer`](crate::Error::Newer) where `down` would refuse; otherwise as [`status`](Self::status).
    pub fn losses(&self, connection: &mut AnyConnection, target: &Target) -> Result<Vec<Loss>> {
        let engine = connection.engine();
        let steps = self.steps(engine)?;
        target.check(self.application(), &steps)?;
        let status = status::status(connection, self.application(), &steps)?;
        if let SchemaState::Newer(_) = status.schema_state() {
            return status.refusal(THIS_DATABASE).map_or(Ok(Vec::new()), Err);
        }
        let mut losses = Vec::new();
        let revertible = status.revertible().into_iter();
        let reverted = revertible.filter(|migration| target.includes(Direction::Down, migration));
        for migration in reverted.take(target.limit()) {
            let created = steps.iter().filter(|step| step.migration == *migration).flat_map(|step| step.tables(engine));
            let mut tables: Vec<(String, u64)> = Vec::new();
            for table in created {
                let listed = |found: &String| tables.iter().any(|(listed, _)| listed == found);
                let found = status.tables.iter().find(|found| is_same_table(engine, table, found));
                if let Some(found) = found.filter(|found| !listed(found)) {
                    tables.push((found.clone(), catalogue::rows(connection, found)?));
                }
            }
            losses.push(Loss { migration: migration.clone(), tables });
        }
        Ok(losses)
    }
}
