//! Going up and going down.

use std::time::Duration;

use diesel::result::Error as DieselError;
use diesel_session::Error as SessionError;
use diesel_session::connection::{AnyConnection, Mode, SessionConnection as _};

use crate::error::{Error, Result, THIS_DATABASE};
use crate::lock_file::LockFile;
use crate::migration::{Direction, Migration};
use crate::scripts::{Problem, Step};
use crate::source::Migrations;
use crate::status::{self, Status};
use crate::target::{Order, Target, Up};
use crate::{choice, limits, lock, records, stepwise};

/// Before the second attempt of a migration that is tried again; twice as long before each after it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Migrations {
    /// Applies the pending migrations, oldest first, and returns them; `progress` is called for each once it is
    /// committed.
    ///
    /// It takes a lock first (the write lock on SQLite, an advisory lock on PostgreSQL, `GET_LOCK` on MySQL) and then
    /// reads what is pending: two concurrent runners apply each migration once, whichever applications they serve.
    ///
    /// Each migration runs in its own transaction, or all of them in one if the database is empty, together with
    /// Diesel's history, `__diesel_schema_migrations`, and the runner's journal, `__diesel_migrate`. On MySQL, which
    /// cannot undo tables, and for a migration with `run_in_transaction = false`, the statements are executed one by
    /// one, and the journal counts them: if one fails or the runner is killed, going up again continues there, and
    /// going down reverts what was done.
    ///
    /// # Errors
    ///
    /// [`Error::Source`]; [`Error::NoVersion`]; [`Error::Foreign`] for another application's database unless
    /// [`Up::into_existing`]; [`Error::Taken`] and [`Error::VersionTaken`]; [`Error::Newer`]; [`Error::OutOfOrder`] for
    /// a migration that is older than the newest one applied unless [`Up::out_of_order`]; [`Error::Failed`] if a script
    /// fails, which rolls that migration back where it can be and keeps those before it;
    /// [`Locked`](diesel_session::Error::Locked), [`ReadOnlyDatabase`](diesel_session::Error::ReadOnlyDatabase).
    pub fn up(
        &self,
        connection: &mut AnyConnection,
        up: impl Into<Up>,
        progress: impl FnMut(&Migration),
    ) -> Result<Vec<Migration>> {
        let up = up.into();
        self.run(connection, up.order(), &up.target, progress)
    }

    /// Reverts the applied migrations, newest first, and returns them; `progress` is called for each once it is
    /// committed.
    ///
    /// Locks, transactions and interruptions are as in [`up`](Self::up). Diesel's history table and the journal remain,
    /// empty in the end.
    ///
    /// # Errors
    ///
    /// [`Error::Newer`], because the later tables may depend on these; [`Error::Failed`] before anything is reverted if
    /// one of the migrations has no `down.sql`; otherwise as [`up`](Self::up).
    pub fn down(
        &self,
        connection: &mut AnyConnection,
        target: Target,
        progress: impl FnMut(&Migration),
    ) -> Result<Vec<Migration>> {
        self.run(connection, Order::Down, &target, progress)
    }

    fn run(
        &self,
        connection: &mut AnyConnection,
        order: Order,
        target: &Target,
        progress: impl FnMut(&Migration),
    ) -> Result<Vec<Migration>> {
        let steps = self.steps(connection.engine())?;
        target.check(self.application(), &steps)?;
        lock::take(connection)?;
        let mut runner = Runner { connection, application: self.application(), steps: &steps, retries: None };
        let done = runner.run(order, target, progress);
        lock::release(connection);
        done.map_err(|error| error.of_run(order.direction()))
    }
}

struct Runner<'r> {
    connection: &'r mut AnyConnection,
    application: &'r str,
    steps: &'r [Step],
    /// How often the migrations that are executed now may be tried again; `None` before they are known.
    retries: Option<u32>,
}

/// The migrations to execute next.
struct Next<'r> {
    steps: Vec<&'r Step>,
    /// Statement by statement, each for good; otherwise in one transaction.
    stepwise: bool,
    status: Status,
}

impl<'r> Runner<'r> {
    fn run(&mut self, order: Order, target: &Target, mut progress: impl FnMut(&Migration)) -> Result<Vec<Migration>> {
        let mut done = Vec::new();
        while done.len() < target.limit() {
            let next = self.execute(order, target, target.limit() - done.len())?;
            if next.is_empty() {
                break;
            }
            for step in next {
                progress(&step.migration);
                done.push(step.migration.clone());
            }
        }
        Ok(done)
    }

    /// Executes one migration, or all requested ones if the database is empty, or none if there is nothing left to do.
    /// So others see a new database empty or complete, never in between. What waits for a lock in vain is tried again
    /// as often as its script says.
    fn execute(&mut self, order: Order, target: &Target, limit: usize) -> Result<Vec<&'r Step>> {
        let mut pause = FIRST_PAUSE;
        self.retries = None;
        loop {
            let executed = self.attempt(order, target, limit);
            match (&executed, self.retries) {
                (Err(error), Some(left @ 1..)) if error.session().is_some_and(SessionError::is_conflict) => {
                    tracing::warn!(target: "diesel_migrate::run", %error, left, "trying again");
                    self.retries = Some(left - 1);
                }
                _ => return executed,
            }
            std::thread::sleep(pause);
            pause = LONGEST_PAUSE.min(2 * pause);
        }
    }

    fn attempt(&mut self, order: Order, target: &Target, limit: usize) -> Result<Vec<&'r Step>> {
        if !self.connection.engine().undoes_tables() {
            let next = self.next(order, target, limit)?;
            return self.execute_stepwise(order, &next).map(|()| next.steps);
        }
        let next = self.try_in_transaction(order, target, limit)?;
        if !next.stepwise {
            return Ok(next.steps);
        }
        let lock = LockFile::beside(self.connection)?;
        // While it waited, another runner may have executed them.
        let next = self.next(order, target, limit)?;
        if next.stepwise {
            return self.execute_stepwise(order, &next).map(|()| next.steps);
        }
        drop(lock);
        self.attempt(order, target, limit)
    }

    /// Finds what to execute next, and executes it if a transaction can undo it.
    fn try_in_transaction(&mut self, order: Order, target: &Target, limit: usize) -> Result<Next<'r>> {
        self.connection.begin(Mode::Write, None).map_err(|e| self.refused(e))?;
        let executed = self.next(order, target, limit).and_then(|next| {
            if !next.stepwise {
                self.execute_in_transaction(order, &next)?;
            }
            Ok(next)
        });
        let ended = match &executed {
            Ok(next) if !next.steps.is_empty() && !next.stepwise => self.connection.commit(),
            _ => self.connection.rollback(),
        };
        match (executed, ended) {
            (Ok(next), Ok(())) => Ok(next),
            (Ok(next), Err(error)) if next.steps.is_empty() || next.stepwise => Err(self.refused(error)),
            (Ok(next), Err(error)) => Err(match next.steps.last() {
                Some(last) => last.not_committed(self.connection, order.direction(), error),
                None => self.refused(error),
            }),
            // The first cause matters more than a rollback that failed after it.
            (Err(error), _) => Err(error),
        }
    }

    fn next(&mut self, order: Order, target: &Target, limit: usize) -> Result<Next<'r>> {
        let status = status::status(self.connection, self.application, self.steps)?;
        let mut steps = choice::choose(&status, order, target, limit, self.steps)?;
        let (count, stepwise) = choice::together(self.connection.engine(), &status, order, &steps);
        steps.truncate(count);
        let retries = steps.iter().map(|step| step.settings(order.direction()).retries).max();
        self.retries = self.retries.or(retries);
        Ok(Next { steps, stepwise, status })
    }

    fn execute_in_transaction(&mut self, order: Order, next: &Next<'_>) -> Result<()> {
        let Some(first) = next.steps.first() else { return Ok(()) };
        let direction = order.direction();
        next.status.prepare(self.connection).map_err(|e| first.failed(self.connection, direction, e.into()))?;
        for step in &next.steps {
            self.limited(step, direction, |runner| {
                let executed = step.execute(runner.connection, direction).and_then(|()| runner.note(order, step));
                executed.map_err(|e| step.failed(runner.connection, direction, e))
            })?;
        }
        Ok(())
    }

    /// All at once are recorded in the end: an interruption leaves a new database without recorded migrations.
    fn execute_stepwise(&mut self, order: Order, next: &Next<'_>) -> Result<()> {
        let Some(last) = next.steps.last() else { return Ok(()) };
        let direction = order.direction();
        next.status.prepare(self.connection).map_err(|e| last.failed(self.connection, direction, e.into()))?;
        for step in &next.steps {
            self.limited(step, direction, |runner| {
                stepwise::execute(runner.connection, runner.application, step, direction, &next.status)
            })?;
        }
        let recorded = stepwise::in_transaction(self.connection, |connection| {
            let mut runner = Runner { connection, application: self.application, steps: self.steps, retries: None };
            next.steps.iter().try_for_each(|step| runner.note(order, step))
        });
        recorded.map_err(|e| last.failed(self.connection, direction, e))
    }

    /// Executes a script within the limits that it sets to its statements.
    fn limited(
        &mut self,
        step: &Step,
        direction: Direction,
        script: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let refused = |runner: &Self, error: DieselError| step.failed(runner.connection, direction, error.into());
        for warning in step.warnings(direction) {
            tracing::warn!(target: "diesel_migrate::run", "{warning}");
        }
        let replaced = limits::set(self.connection, &step.settings(direction)).map_err(|e| refused(self, e))?;
        let executed = script(self);
        let restored = replaced.restore(self.connection);
        // In a transaction that has failed they cannot be set back, and are rolled back with it.
        executed.and_then(|()| restored.map_err(|e| refused(self, e)))
    }

    /// Notes in the history and the journal what was executed.
    fn note(&mut self, order: Order, step: &Step) -> Result<(), Problem> {
        match order {
            Order::Up { .. } => records::write(self.connection, self.application, step)?,
            Order::Down => records::remove(self.connection, &step.migration.version)?,
        }
        Ok(())
    }

    fn refused(&self, error: DieselError) -> Error {
        self.connection.explain(error, THIS_DATABASE, "migrating").into()
    }
}
