//! What going up or down would do, without doing it.

use diesel_session::connection::{AnyConnection, Engine, SessionConnection as _};
use serde::Serialize;

use crate::choice;
use crate::error::Result;
use crate::loss;
use crate::migration::{Direction, Migration};
use crate::scripts::Step;
use crate::source::Migrations;
use crate::status::{self, Status};
use crate::target::{Order, Target, Up};

/// A migration that would be executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Planned {
    /// The migration.
    pub migration: Migration,
    /// Which of its scripts.
    pub direction: Direction,
    /// The statements that are left of the script, in order; none where only Diesel knows them.
    pub statements: Vec<String>,
    /// How many statements were executed before, by a run that was interrupted.
    pub done: usize,
    /// Whether its statements are one transaction; otherwise each is executed for good.
    pub transaction: bool,
    /// The tables that are lost, with the number of rows in each.
    pub losses: Vec<(String, u64)>,
    /// What looks wrong in the script and has no effect, such as a misspelt setting; a sentence each, with its line.
    pub warnings: Vec<String>,
}

impl Migrations {
    /// What [`up`](Self::up) would do to the database now, in order, with the number of rows in each table that a script
    /// drops for good. At most three SELECTs, and one for each such table; it writes nothing and takes no lock.
    ///
    /// # Errors
    ///
    /// Those with which `up` would refuse: [`Error::Source`](crate::Error::Source),
    /// [`Error::NoVersion`](crate::Error::NoVersion), [`Error::Foreign`](crate::Error::Foreign),
    /// [`Error::Taken`](crate::Error::Taken), [`Error::VersionTaken`](crate::Error::VersionTaken),
    /// [`Error::Newer`](crate::Error::Newer), [`Error::OutOfOrder`](crate::Error::OutOfOrder).
    pub fn plan_up(&self, connection: &mut AnyConnection, up: impl Into<Up>) -> Result<Vec<Planned>> {
        let up = up.into();
        self.plan(connection, up.order(), &up.target)
    }

    /// What [`down`](Self::down) would do to the database now, in order, with the number of rows in each table that
    /// would be lost; otherwise as [`plan_up`](Self::plan_up).
    ///
    /// # Errors
    ///
    /// Those with which `down` would refuse.
    pub fn plan_down(&self, connection: &mut AnyConnection, target: Target) -> Result<Vec<Planned>> {
        self.plan(connection, Order::Down, &target)
    }

    fn plan(&self, connection: &mut AnyConnection, order: Order, target: &Target) -> Result<Vec<Planned>> {
        let engine = connection.engine();
        let steps = self.steps(engine)?;
        target.check(self.application(), &steps)?;
        let status = status::status(connection, self.application(), &steps)?;
        let mut planned = Vec::new();
        for step in choice::choose(&status, order, target, target.limit(), &steps)? {
            if order != Order::Down && is_half_reverted(&status, step) {
                planned.push(plan_of(engine, &status, step, Direction::Down));
            }
            let mut plan = plan_of(engine, &status, step, order.direction());
            plan.losses = loss::tables(connection, &steps, step, order.direction(), &status)?;
            planned.push(plan);
        }
        Ok(planned)
    }
}

/// Whether a reversal was begun, which is finished before the migration is applied again.
fn is_half_reverted(status: &Status, step: &Step) -> bool {
    status.unfinished(&step.migration).is_some_and(|unfinished| unfinished.direction == Direction::Down)
}

fn plan_of(engine: Engine, status: &Status, step: &Step, direction: Direction) -> Planned {
    let unfinished = status.unfinished(&step.migration);
    // A script that was left half-way in the other direction is executed from its beginning.
    let done =
        unfinished.filter(|unfinished| unfinished.direction == direction).map_or(0, |unfinished| unfinished.done);
    let statements = step.statements(direction, engine).into_iter().skip(done);
    Planned {
        migration: step.migration.clone(),
        direction,
        statements: statements.map(|statement| statement.sql.to_owned()).collect(),
        done,
        transaction: engine.undoes_tables() && step.transaction && unfinished.is_none(),
        losses: Vec::new(),
        warnings: step.warnings(direction),
    }
}
