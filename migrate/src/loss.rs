//! What going down would remove: the tables of the migrations that it would revert, and their row counts.

use diesel_session::connection::{AnyConnection, SessionConnection as _};
use serde::Serialize;

use crate::catalogue::{self, is_same_table};
use crate::choice;
use crate::error::Result;
use crate::migration::{Direction, Migration};
use crate::scripts::Step;
use crate::source::Migrations;
use crate::status::{self, Status};
use crate::target::{Order, Target};

/// A migration that going down would revert, and what is lost with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    /// [`Error::NoVersion`](crate::Error::NoVersion); [`Error::Newer`](crate::Error::Newer) and
    /// [`Error::Failed`](crate::Error::Failed) where `down` would refuse; otherwise as [`status`](Self::status).
    pub fn losses(&self, connection: &mut AnyConnection, target: &Target) -> Result<Vec<Loss>> {
        let steps = self.steps(connection.engine())?;
        target.check(self.application(), &steps)?;
        let status = status::status(connection, self.application(), &steps)?;
        let mut losses = Vec::new();
        for step in choice::choose(&status, Order::Down, target, target.limit(), &steps)? {
            losses.push(Loss {
                migration: step.migration.clone(),
                tables: tables(connection, &steps, step, Direction::Down, &status)?,
            });
        }
        Ok(losses)
    }
}

/// The tables that are lost when one of these migrations is executed, with the number of rows in each: one SELECT per
/// table. Those that it created may have got another name from a later one.
pub(crate) fn tables(
    connection: &mut AnyConnection,
    steps: &[Step],
    step: &Step,
    direction: Direction,
    status: &Status,
) -> Result<Vec<(String, u64)>> {
    let engine = connection.engine();
    let is_applied = |later: &&Step| status.applied.iter().any(|applied| applied.migration == later.migration);
    let later: Vec<&Step> = steps.iter().filter(|later| later.migration > step.migration).filter(is_applied).collect();
    let mut tables: Vec<(String, u64)> = Vec::new();
    for written in step.lost_tables(direction, engine) {
        let by_now = later.iter().fold(written, |table, later| later.renamed(table, engine));
        for table in [written, by_now] {
            let listed = |found: &String| tables.iter().any(|(listed, _)| listed == found);
            let found = status.tables.iter().find(|found| is_same_table(engine, table, found));
            if let Some(found) = found.filter(|found| !listed(found)) {
                tables.push((found.clone(), catalogue::rows(connection, found)?));
            }
        }
    }
    Ok(tables)
}
