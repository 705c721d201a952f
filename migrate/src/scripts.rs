//! One migration with what executes it: its two scripts, or a migration of Diesel's.

use std::borrow::Cow;
use std::fmt;

use diesel::connection::SimpleConnection as _;
use diesel::migration;
use diesel::result::Error as DieselError;
use diesel_migrations::MigrationError;
use diesel_session::Error as SessionError;
use diesel_session::connection::{AnyConnection, Engine, MultiBackend, SessionConnection as _};
use sha2::{Digest as _, Sha256};

use crate::catalogue::is_same_table;
use crate::error::{Error, THIS_DATABASE};
use crate::migration::{Direction, Migration};
use crate::settings::Settings;
use crate::statements::{self, Statement};

/// Why a script that would end the runner's own transaction is not executed.
pub(crate) const OWN_TRANSACTION: &str = "it begins or ends a transaction of its own, and runs in one; leave that to the runner, or \
                               begin it with `-- transaction: none`";

/// Why a migration cannot be reverted.
pub(crate) const NO_WAY_DOWN: &str = "it has no down.sql";

/// A migration that can be executed on one engine.
pub(crate) struct Step {
    pub(crate) migration: Migration,
    /// Whether it may run in a transaction, as all do that do not say otherwise: in their `metadata.toml`, which Diesel
    /// reads too, or at the head of one of their scripts.
    pub(crate) transaction: bool,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    Scripts { up: Script, down: Option<Script> },
    Diesel(Box<dyn migration::Migration<MultiBackend>>),
}

/// One of a migration's two scripts.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) text: Cow<'static, str>,
    pub(crate) settings: Settings,
}

impl Step {
    /// The text of a script; `None` where there is no such script, or only Diesel knows it.
    pub(crate) fn script(&self, direction: Direction) -> Option<&str> {
        self.of_direction(direction).map(|script| &*script.text)
    }

    /// Whether it has no script that reverts it; `false` for a migration of Diesel's, which does not tell.
    pub(crate) fn has_no_way_down(&self) -> bool {
        matches!(self.body, Body::Scripts { down: None, .. })
    }

    /// The settings of a script; those that are usual where there is none.
    pub(crate) fn settings(&self, direction: Direction) -> Settings {
        self.of_direction(direction).map(|script| script.settings.clone()).unwrap_or_default()
    }

    /// What looks wrong in a script and has no effect.
    pub(crate) fn warnings(&self, direction: Direction) -> Vec<String> {
        let misspelt = self.of_direction(direction).map(|script| &*script.settings.misspelt).unwrap_or_default();
        let place = |line: usize| format!("{}/{direction}.sql:{line}", self.migration);
        misspelt.iter().map(|own| format!("{}: {own}", place(own.line))).collect()
    }

    fn of_direction(&self, direction: Direction) -> Option<&Script> {
        match (&self.body, direction) {
            (Body::Scripts { up, .. }, Direction::Up) => Some(up),
            (Body::Scripts { down, .. }, Direction::Down) => down.as_ref(),
            (Body::Diesel(_), _) => None,
        }
    }

    /// The statements of a script, as [`script`](Self::script).
    pub(crate) fn statements(&self, direction: Direction, engine: Engine) -> Vec<Statement<'_>> {
        self.script(direction).map(|script| statements::split(script, engine)).unwrap_or_default()
    }

    /// The line in which a statement of a script begins.
    pub(crate) fn line(&self, direction: Direction, statement: Statement<'_>) -> usize {
        self.script(direction).map_or(1, |script| statements::line(script, statement.first_word()))
    }

    /// The tables that may be lost when it is executed in this direction, as its scripts write their names: those that
    /// the script drops for good; when it is reverted, also those that it creates.
    pub(crate) fn lost_tables(&self, direction: Direction, engine: Engine) -> Vec<&str> {
        let mut dropped: Vec<&str> = Vec::new();
        for statement in self.statements(direction, engine) {
            // One that is made again under its name was only rebuilt.
            let made = [statement.created_table(), statement.renamed_table().map(|(_, name)| name)];
            dropped.retain(|table| made.iter().flatten().all(|made| !is_same_table(engine, table, made)));
            dropped.extend(statement.dropped_tables());
        }
        if direction == Direction::Down {
            let ups = self.statements(Direction::Up, engine).into_iter();
            dropped.splice(0..0, ups.filter_map(Statement::created_table));
        }
        dropped
    }

    /// The name that a table has after it went up.
    pub(crate) fn renamed<'s>(&'s self, table: &'s str, engine: Engine) -> &'s str {
        let renamed = self.statements(Direction::Up, engine).into_iter().filter_map(Statement::renamed_table);
        renamed.fold(table, |table, (of, name)| if is_same_table(engine, of, table) { name } else { table })
    }

    /// The tables that it makes or gives names to, as its scripts write them.
    pub(crate) fn made_tables(&self, engine: Engine) -> Vec<&str> {
        let ups = self.statements(Direction::Up, engine).into_iter();
        let made = ups.flat_map(|statement| {
            [statement.created_table(), statement.renamed_table().map(|(_, name)| name)].into_iter().flatten()
        });
        made.chain(self.lost_tables(Direction::Down, engine)).collect()
    }

    /// The checksum of the script that applies it, the same however the script is laid out and commented; `None` where
    /// only Diesel knows the script. SHA-256, in hexadecimal.
    pub(crate) fn checksum(&self, engine: Engine) -> Option<String> {
        let script = statements::normalized(self.script(Direction::Up)?, engine);
        Some(Sha256::digest(script).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Executes a whole script.
    pub(crate) fn execute(&self, connection: &mut AnyConnection, direction: Direction) -> Result<(), Problem> {
        let executed = match (&self.body, direction) {
            (Body::Diesel(migration), Direction::Up) => migration.run(connection),
            (Body::Diesel(migration), Direction::Down) => migration.revert(connection),
            (Body::Scripts { .. }, _) => {
                let script = self.script(direction).ok_or_else(Problem::no_way_down)?;
                let statements = self.statements(direction, connection.engine());
                if statements.iter().any(|statement| statement.controls_transactions()) {
                    return Err(Problem::Other(OWN_TRANSACTION.to_owned()));
                }
                return match connection.engine() {
                    // It does not say where in a script an error is.
                    Engine::Sqlite => statements.iter().try_for_each(|statement| {
                        let executed = connection.batch_execute(statement.sql);
                        executed
                            .map_err(|error| Problem::InLine(statements::line(script, statement.first_word()), error))
                    }),
                    // It refuses a script without any statement.
                    _ if statements.is_empty() => Ok(()),
                    _ => connection.batch_execute(script).map_err(|error| match position(script, &error) {
                        Some(at) => Problem::InLine(statements::line(script, at), error),
                        None => error.into(),
                    }),
                };
            }
        };
        executed.map_err(|error| Problem::of_diesel(error, &self.migration))
    }

    /// The error of a script of this migration, unless it is not about the migration.
    pub(crate) fn failed(&self, connection: &AnyConnection, direction: Direction, problem: Problem) -> Error {
        let line = match problem {
            Problem::InLine(line, _) => format!(" (line {line} of {direction}.sql)"),
            _ => String::new(),
        };
        let problem = match problem {
            Problem::Other(problem) => problem,
            Problem::Database(error) | Problem::InLine(_, error) => {
                let mut problem = error.to_string() + &line;
                match connection.explain(error, THIS_DATABASE, "migrating") {
                    other @ (SessionError::Locked { .. }
                    | SessionError::Conflict { .. }
                    | SessionError::ReadOnlyDatabase { .. }) => return other.into(),
                    error @ SessionError::Disconnected { .. } => {
                        let (migration, transaction) = (Some(self.migration.name.clone()), self.is_undone(connection));
                        return Error::Disconnected { migration, direction, transaction, error };
                    }
                    SessionError::Denied { .. } => {
                        problem += "; an administrator can grant this user the right to make and drop tables here";
                    }
                    _ => {}
                }
                problem
            }
        };
        self.refused(direction, problem)
    }

    /// Whether a rollback undoes what a script of it has done.
    fn is_undone(&self, connection: &AnyConnection) -> bool {
        connection.engine().undoes_tables() && self.transaction
    }

    /// The error of a COMMIT that failed: that of the migration, unless it is not about what the migration did.
    pub(crate) fn not_committed(&self, connection: &AnyConnection, direction: Direction, error: DieselError) -> Error {
        let problem = format!("COMMIT: {error}");
        match connection.explain_commit(error) {
            other @ (SessionError::Locked { .. }
            | SessionError::Conflict { .. }
            | SessionError::CommitUnknown { .. }
            | SessionError::ReadOnlyDatabase { .. }) => other.into(),
            _ => self.refused(direction, problem),
        }
    }

    /// The error of a script of which nothing was executed, or everything was undone.
    pub(crate) fn refused(&self, direction: Direction, problem: String) -> Error {
        Error::Failed { migration: self.migration.name.clone(), direction, done: 0, statements: 0, problem }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step").field("migration", &self.migration).finish_non_exhaustive()
    }
}

/// Why a script could not be executed.
#[derive(Debug)]
pub(crate) enum Problem {
    Database(DieselError),
    /// In that line of the script.
    InLine(usize, DieselError),
    Other(String),
}

impl Problem {
    pub(crate) fn no_way_down() -> Self {
        Self::Other(NO_WAY_DOWN.to_owned())
    }

    /// What an error of Diesel's migrations says: the database's error itself if it is one, otherwise its text without
    /// the migration's name, which the caller names.
    fn of_diesel(error: Box<dyn std::error::Error + Send + Sync>, migration: &Migration) -> Self {
        let error = match error.downcast::<DieselError>() {
            Ok(error) => return Self::Database(*error),
            Err(other) => other,
        };
        if let Some(MigrationError::NoMigrationRevertFile) = error.downcast_ref() {
            return Self::no_way_down();
        }
        let said = error.to_string();
        let named = format!("Failed to run {migration} with: ");
        Self::Other(said.strip_prefix(&named).map_or(said.clone(), str::to_owned))
    }
}

impl From<DieselError> for Problem {
    fn from(error: DieselError) -> Self {
        Self::Database(error)
    }
}

/// Where in the script PostgreSQL says that the error is, in bytes: it counts characters.
fn position(script: &str, error: &DieselError) -> Option<usize> {
    let DieselError::DatabaseError(_, information) = error else { return None };
    let position = usize::try_from(information.statement_position()?).ok()?;
    script.char_indices().nth(position.checked_sub(1)?).map(|(at, _)| at)
}
