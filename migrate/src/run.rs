//! Going up and going down.

use diesel::migration::MigrationConnection as _;
use diesel_session::connection::{AnyConnection, Mode, SessionConnection as _};

use crate::error::{Error, Result, THIS_DATABASE};
use crate::lock_file::LockFile;
use crate::migration::{Direction, Migration};
use crate::scripts::{Problem, Step};
use crate::source::Migrations;
use crate::status::{self, SchemaState, Status};
use crate::{history, journal, lock, stepwise};

/// How far to go.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// All the way: up to the newest migration, down to none.
    All,
    /// At most this many migrations.
    Steps(usize),
    /// To this version, or the migration of this name: up until it is applied, down until it is the newest one.
    To(String),
}

impl Target {
    /// The maximum number of migrations.
    pub(crate) fn limit(&self) -> usize {
        match self {
            Self::All | Self::To(_) => usize::MAX,
            Self::Steps(steps) => *steps,
        }
    }

    /// Whether going in that direction executes the migration.
    pub(crate) fn includes(&self, direction: Direction, migration: &Migration) -> bool {
        let Self::To(named) = self else { return true };
        let version = Migration::of_folder(named).version;
        match direction {
            Direction::Up => migration.version <= version,
            Direction::Down => migration.version > version,
        }
    }

    /// Refuses a version that is none of the migrations'.
    pub(crate) fn check(&self, application: &str, steps: &[Step]) -> Result<()> {
        let Self::To(named) = self else { return Ok(()) };
        let Migration { version, name } = Migration::of_folder(named);
        let is_meant = |step: &Step| {
            if name.contains('_') { step.migration.name == name } else { step.migration.version == version }
        };
        if steps.iter().any(is_meant) {
            return Ok(());
        }
        Err(Error::NoVersion { application: application.to_owned(), version: named.clone() })
    }
}

/// What to do with a database whose tables all belong to other applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave it alone: [`Error::Foreign`].
    Refuse,
    /// Add the application's tables beside the others.
    Join,
}

#[derive(Clone, Copy)]
enum Order {
    Up(Existing),
    Down,
}

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
    /// [`Error::Source`]; [`Error::NoVersion`]; [`Error::Foreign`] for another application's database unless `existing` is
    /// [`Existing::Join`]; [`Error::Taken`] and [`Error::VersionTaken`]; [`Error::Newer`]; [`Error::Failed`] if a
    /// script fails, which rolls that migration back where it can be and keeps those before it;
    /// [`Locked`](diesel_session::Error::Locked), [`ReadOnlyDatabase`](diesel_session::Error::ReadOnlyDatabase).
    pub fn up(
        &self,
        connection: &mut AnyConnection,
        target: Target,
        existing: Existing,
        progress: impl FnMut(&Migration),
    ) -> Result<Vec<Migration>> {
        self.run(connection, Order::Up(existing), &target, progress)
    }

    /// Reverts the applied migrations, newest first, and returns them; `progress` is called for each once it is
    /// committed.
    ///
    /// Locks, transactions and interruptions are as in [`up`](Self::up). Diesel's history table and the journal remain,
    /// empty in the end.
    ///
    /// # Errors
    ///
    /// [`Error::Newer`], because the later tables may depend on these; otherwise as [`up`](Self::up).
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
        let mut runner = Runner { connection, application: self.application(), steps: &steps };
        let done = runner.run(order, target, progress);
        lock::release(connection);
        done
    }
}

struct Runner<'r> {
    connection: &'r mut AnyConnection,
    application: &'r str,
    steps: &'r [Step],
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
    /// So others see a new database empty or complete, never in between.
    fn execute(&mut self, order: Order, target: &Target, limit: usize) -> Result<Vec<&'r Step>> {
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
        self.execute(order, target, limit)
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
            (Ok(_), Err(error)) => Err(self.connection.explain_commit(error).into()),
            // The first cause matters more than a rollback that failed after it.
            (Err(error), _) => Err(error),
        }
    }

    fn next(&mut self, order: Order, target: &Target, limit: usize) -> Result<Next<'r>> {
        let status = status::status(self.connection, self.application, self.steps)?;
        let state = status.schema_state();
        let obstacle = match (order, &state) {
            (_, SchemaState::Newer(_)) | (Order::Up(Existing::Refuse), SchemaState::Foreign(_)) => {
                status.refusal(THIS_DATABASE)
            }
            (Order::Up(_), _) => status.unshareable(THIS_DATABASE),
            (Order::Down, _) => None,
        };
        if let Some(error) = obstacle {
            return Err(error);
        }
        let (migrations, count) = match order {
            Order::Up(_) => (status.applicable(), if state == SchemaState::Empty { limit } else { limit.min(1) }),
            Order::Down => (status.revertible(), limit.min(1)),
        };
        let named = |migration: &&Migration| self.steps.iter().find(|step| step.migration == **migration);
        let wanted = migrations.iter().filter(|migration| target.includes(direction(order), migration));
        let mut steps: Vec<_> = wanted.filter_map(named).take(count).collect();
        let undoes = self.connection.engine().undoes_tables();
        let alone = |step: &&Step| undoes && (!step.transaction || status.unfinished(&step.migration).is_some());
        let stepwise = !undoes || steps.first().is_some_and(alone);
        if undoes {
            // What needs no transaction is executed by itself.
            let together = if stepwise { 1 } else { steps.iter().take_while(|step| !alone(step)).count() };
            steps.truncate(together);
        }
        Ok(Next { steps, stepwise, status })
    }

    fn execute_in_transaction(&mut self, order: Order, next: &Next<'_>) -> Result<()> {
        let Some(first) = next.steps.first() else { return Ok(()) };
        let direction = direction(order);
        self.prepare(&next.status).map_err(|e| first.failed(self.connection, direction, e.into()))?;
        for step in &next.steps {
            let executed = step.execute(self.connection, direction).and_then(|()| self.note(order, step));
            executed.map_err(|e| step.failed(self.connection, direction, e))?;
        }
        Ok(())
    }

    /// All at once are recorded in the end: an interruption leaves a new database without recorded migrations.
    fn execute_stepwise(&mut self, order: Order, next: &Next<'_>) -> Result<()> {
        let Some(last) = next.steps.last() else { return Ok(()) };
        let direction = direction(order);
        self.prepare(&next.status).map_err(|e| last.failed(self.connection, direction, e.into()))?;
        for step in &next.steps {
            stepwise::execute(self.connection, self.application, step, direction, &next.status)?;
        }
        let recorded = stepwise::in_transaction(self.connection, |connection| {
            let mut runner = Runner { connection, application: self.application, steps: self.steps };
            next.steps.iter().try_for_each(|step| runner.note(order, step))
        });
        recorded.map_err(|e| last.failed(self.connection, direction, e))
    }

    /// Creates the history and the journal where they are missing.
    fn prepare(&mut self, status: &Status) -> diesel::QueryResult<()> {
        if !status.has_history {
            self.connection.setup()?;
        }
        if status.has_journal { Ok(()) } else { journal::create(self.connection) }
    }

    /// Notes in the history and the journal what was executed.
    fn note(&mut self, order: Order, step: &Step) -> Result<(), Problem> {
        let version = &step.migration.version;
        match order {
            Order::Up(_) => {
                history::record(self.connection, version)?;
                let entry = stepwise::entry(self.connection, self.application, step, None);
                journal::write(self.connection, &entry)?;
            }
            Order::Down => {
                history::unrecord(self.connection, version)?;
                journal::erase(self.connection, version)?;
            }
        }
        Ok(())
    }

    fn refused(&self, error: diesel::result::Error) -> Error {
        self.connection.explain(error, THIS_DATABASE, "migrating").into()
    }
}

fn direction(order: Order) -> Direction {
    match order {
        Order::Up(_) => Direction::Up,
        Order::Down => Direction::Down,
    }
}
