//! Executes a migration statement by statement where a transaction cannot undo it, and counts in the journal what is
//! done, so that the next run continues there.
//!
//! A statement that changes rows is committed together with its count. Any other may commit by itself, so before it the
//! journal notes that it is running: if the runner is killed then, the statement is sent again, and the answer that
//! what it makes is there already, or what it removes is gone, means that it was done.

use diesel::connection::SimpleConnection as _;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_session::connection::{AnyConnection, Mode, SessionConnection as _};

use crate::error::{Error, Result};
use crate::journal::{self, Progress};
use crate::lock;
use crate::migration::Direction;
use crate::records;
use crate::scripts::{Body, Problem, Step};
use crate::statements::Statement;
use crate::status::{Status, Unfinished};

/// Executes what is left of a script. Neither the history nor the end of the script is noted yet.
pub(crate) fn execute(
    connection: &mut AnyConnection,
    application: &str,
    step: &Step,
    direction: Direction,
    status: &Status,
) -> Result<()> {
    let unfinished = status.unfinished(&step.migration);
    let recorded = status.applied.iter().any(|applied| applied.migration == step.migration);
    let mut script = Script { connection, step, direction, progress: None, replaces: false, tolerant: false };
    match (unfinished.map(|unfinished| unfinished.direction), direction) {
        // The reversal that was begun must be finished before it can be applied again.
        (Some(Direction::Down), Direction::Up) => {
            script.direction = Direction::Down;
            script.progress = unfinished.map(Unfinished::progress);
            script.execute(application)?;
            let struck = in_transaction(script.connection, |connection| {
                Ok(records::remove(connection, &step.migration.version)?)
            });
            struck.map_err(|e| step.failed(script.connection, Direction::Down, e))?;
            script.direction = Direction::Up;
            script.progress = None;
        }
        // What was half applied is reverted by the whole script, some of whose statements find nothing to revert.
        (Some(Direction::Up), Direction::Down) => script.replaces = true,
        _ => script.progress = unfinished.map(Unfinished::progress),
    }
    script.tolerant = direction == Direction::Down && !recorded;
    script.execute(application)
}

/// A script on its way.
struct Script<'s> {
    connection: &'s mut AnyConnection,
    step: &'s Step,
    direction: Direction,
    progress: Option<Progress>,
    /// Whether the journal has an entry of the other script, which was left half-way.
    replaces: bool,
    /// Whether a statement that finds nothing to remove counts as done.
    tolerant: bool,
}

impl Script<'_> {
    fn execute(&mut self, application: &str) -> Result<()> {
        let (step, version) = (self.step, &self.step.migration.version);
        let statements = step.statements(self.direction, self.connection.engine());
        if self.direction == Direction::Down && step.has_no_way_down() {
            return Err(step.failed(self.connection, self.direction, Problem::no_way_down()));
        }
        let progress = match self.progress {
            Some(progress) => progress,
            None => {
                let progress = Progress { direction: self.direction, done: 0, running: false };
                let entry = records::entry(self.connection, application, step, Some(progress));
                let note = if self.replaces { journal::write } else { journal::claim };
                in_transaction(self.connection, |connection| Ok(note(connection, &entry)?))
                    .map_err(|problem| self.unclaimed(problem))?;
                progress
            }
        };
        if let Body::Diesel(_) = step.body {
            return step.execute(self.connection, self.direction).map_err(|e| self.failure(e, 0, 0));
        }

        // The settings that the rest relies on were those of another connection.
        for setting in statements.iter().take(progress.done).filter(|statement| statement.is_setting()) {
            let set = self.connection.batch_execute(setting.sql);
            set.map_err(|e| self.failure(e.into(), progress.done, statements.len()))?;
        }
        let own_transactions = statements.iter().any(|statement| statement.controls_transactions());
        // The first statement of a transaction of the script's own, with which the count is rolled back.
        let mut begun = None;
        for (at, statement) in statements.iter().enumerate().skip(progress.done) {
            let resumed = progress.running && at == progress.done;
            match self.execute_statement(*statement, at, own_transactions) {
                // A COMMIT that fails ends nothing: the whole transaction is executed again.
                Ok(()) if statement.controls_transactions() => begun = begun.is_none().then_some(at),
                Ok(()) => {}
                Err(Problem::Database(error)) if self.is_done(&error, *statement, resumed) => {
                    tracing::warn!(target: "diesel_migrate::stepwise", %version, statement = at + 1, %error, "taken for done");
                }
                Err(problem) => {
                    let problem = match problem {
                        Problem::Database(error) => Problem::InLine(step.line(self.direction, *statement), error),
                        other => other,
                    };
                    let done = begun.unwrap_or(at);
                    if begun.is_some() {
                        drop(self.connection.batch_execute("ROLLBACK"));
                    }
                    // Lost only with the connection; the statement then counts as running.
                    drop(journal::advance(self.connection, version, done, false));
                    return Err(self.failure(problem, done, statements.len()));
                }
            }
        }
        journal::advance(self.connection, version, statements.len(), false)
            .map_err(|e| self.failure(e.into(), statements.len(), statements.len()))
    }

    fn execute_statement(&mut self, statement: Statement<'_>, at: usize, own: bool) -> Result<(), Problem> {
        let version = &self.step.migration.version;
        if statement.changes_rows_only() && !own {
            // The one before it is done, whether or not this one will be.
            journal::advance(self.connection, version, at, false)?;
            return in_transaction(self.connection, |connection| {
                connection.batch_execute(statement.sql)?;
                Ok(journal::advance(connection, version, at + 1, false)?)
            });
        }
        journal::advance(self.connection, version, at, true)?;
        Ok(self.connection.batch_execute(statement.sql)?)
    }

    /// Whether the error of a statement means that it has nothing left to do.
    fn is_done(&self, error: &DieselError, statement: Statement<'_>, resumed: bool) -> bool {
        let said = error.to_string().to_lowercase();
        let says = |words: &[&str]| words.iter().any(|words| said.contains(words));
        let exists = says(&["already exists", "duplicate column name", "duplicate key name", "duplicate foreign key"])
            || says(&["duplicate check constraint", "multiple primary key"]);
        let gone = says(&["check that", "unknown table", "no such table", "no such index", "does not exist"])
            || says(&["no such trigger", "no such view", "database doesn't exist"]);
        let renamed = statement.renames_or_drops() && says(&["doesn't exist", "unknown column", "no such column"]);
        let over = statement.controls_transactions() && says(&["no transaction is active"]);
        // An index that PostgreSQL was building when it was interrupted exists and is invalid.
        (resumed && (exists || gone || renamed || over) && !statement.builds_concurrently()) || (self.tolerant && gone)
    }

    /// The error of a claim: on another node of a cluster, where the lock is not seen, another runner was first.
    fn unclaimed(&self, problem: Problem) -> Error {
        if matches!(problem, Problem::Database(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _))) {
            return lock::held_by_another(None);
        }
        match self.step.failed(self.connection, self.direction, problem) {
            Error::Session(error) if error.is_conflict() => lock::held_by_another(None),
            other => other,
        }
    }

    fn failure(&self, problem: Problem, done: usize, statements: usize) -> Error {
        match self.step.failed(self.connection, self.direction, problem) {
            Error::Failed { migration, direction, problem, .. } => {
                Error::Failed { migration, direction, done, statements, problem }
            }
            other => other,
        }
    }
}

/// Executes `work` in a transaction of the connection's; an error rolls it back.
pub(crate) fn in_transaction(
    connection: &mut AnyConnection,
    work: impl FnOnce(&mut AnyConnection) -> Result<(), Problem>,
) -> Result<(), Problem> {
    connection.begin(Mode::Write, None)?;
    match work(connection) {
        Ok(()) => Ok(connection.commit()?),
        Err(problem) => {
            // The first cause matters more than a rollback that failed after it.
            drop(connection.rollback());
            Err(problem)
        }
    }
}
