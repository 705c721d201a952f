//! The migration runner: which migrations a database has and lacks, going up and going down. It returns values and
//! prints nothing.
//!
//! It uses Diesel's own history table, `__diesel_schema_migrations`, with Diesel's own versions, so that `folio
//! migrate` and `diesel migration` on the folder `migrations/` continue each other's work.

mod database;
mod history;
mod lock;
mod loss;
mod recovery;
mod script;
mod status;

pub use database::Migrate;
pub use history::Recorded;
pub use loss::{Loss, losses};
pub use script::{Embedded, Script, all};
pub use status::{Applied, SchemaState, Status, status};

use diesel::connection::{Connection, SimpleConnection as _, TransactionManager as _};
use diesel::migration::MigrationConnection as _;
use diesel::result::Error as DieselError;
use diesel_session::Error as SessionError;

use crate::connection::{AnyConnection, Mode, SessionConnection as _};
use crate::error::{Error, Result};

/// What errors here call the database; its opener fills in the address.
const THIS_DATABASE: &str = "this database";

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// All the way: up to the newest migration, down to none.
    All,
    /// At most this many migrations.
    Steps(usize),
}

impl Target {
    /// The maximum number of migrations.
    fn limit(self) -> usize {
        match self {
            Self::All => usize::MAX,
            Self::Steps(steps) => steps,
        }
    }
}

/// What to do with a database whose tables all belong to another application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave it alone: [`Error::NotFolio`].
    Refuse,
    /// Add Folio's tables beside the others.
    Join,
}

/// Applies the pending migrations, oldest first, and returns them; `progress` is called for each once it is committed.
///
/// Each migration runs in its own transaction, or all of them in one if the database is empty. It takes a lock first
/// (`BEGIN IMMEDIATE` on SQLite, an advisory lock on PostgreSQL, `GET_LOCK` on MySQL) and then reads again what is
/// pending: two concurrent runners apply each migration once. MySQL cannot undo a script that fails half-way, so a
/// script there is one statement; the next run finishes what an interruption left half-done ([`Status::unrecorded`],
/// [`Status::unmade`]), and keeps the rows in it.
///
/// # Errors
///
/// [`Error::NotFolio`] for another application's database unless `existing` is [`Existing::Join`];
/// [`Error::SchemaTooNew`] for a newer Folio's; [`Error::Migration`] if a script fails, which rolls that migration back
/// and keeps those before it; [`Locked`](diesel_session::Error::Locked), [`ReadOnlyDatabase`](diesel_session::Error::ReadOnlyDatabase).
pub fn up(
    connection: &mut AnyConnection,
    target: Target,
    existing: Existing,
    progress: impl FnMut(&Script),
) -> Result<Vec<&'static Script>> {
    run(connection, Direction::Up(existing), target, progress)
}

/// Reverts the applied migrations, newest first, and returns them; `progress` is called for each once it is committed.
///
/// Locks and transactions are those of [`up`]. Diesel's history table remains, empty in the end.
///
/// # Errors
///
/// [`Error::SchemaTooNew`] for a newer Folio's database, whose later tables may depend on these; otherwise as [`up`].
pub fn down(
    connection: &mut AnyConnection,
    target: Target,
    progress: impl FnMut(&Script),
) -> Result<Vec<&'static Script>> {
    run(connection, Direction::Down, target, progress)
}

/// Like [`status`], but never of a half-done migration by another program: if the engine cannot undo tables, and so
/// shows them one by one, it waits for an active runner.
pub(crate) fn stable_status(connection: &mut AnyConnection) -> Result<Status> {
    let seen = status(connection)?;
    let incomplete =
        !seen.unrecorded.is_empty() || matches!(seen.schema_state(), SchemaState::Behind(_) | SchemaState::Foreign(_));
    if connection.engine().undoes_tables() || !incomplete {
        return Ok(seen);
    }
    lock::take(connection)?;
    lock::release(connection);
    status(connection)
}

#[derive(Clone, Copy)]
enum Direction {
    Up(Existing),
    Down,
}

fn run(
    connection: &mut AnyConnection,
    direction: Direction,
    target: Target,
    mut progress: impl FnMut(&Script),
) -> Result<Vec<&'static Script>> {
    let limit = target.limit();
    let mut done = Vec::new();
    while done.len() < limit {
        let executed = run_locked(connection, direction, limit - done.len())?;
        if executed.is_empty() {
            break;
        }
        for script in executed {
            progress(script);
            done.push(script);
        }
    }
    Ok(done)
}

/// Where creating tables commits implicitly, a transaction makes nothing atomic, and must not be begun as a unit of
/// work.
type Transactions = <AnyConnection as Connection>::TransactionManager;

/// Runs one migration under the write lock, all requested ones if the database is empty, or none if there is nothing
/// left to do. So others see a new database empty or complete, never in between.
fn run_locked(connection: &mut AnyConnection, direction: Direction, limit: usize) -> Result<Vec<&'static Script>> {
    let refused = |connection: &AnyConnection, error| connection.explain(error, THIS_DATABASE, "migrating");
    let transactional = connection.engine().undoes_tables();
    let begun =
        if transactional { connection.begin(Mode::Write, None) } else { Transactions::begin_transaction(connection) };
    begun.map_err(|e| refused(connection, e))?;
    let executed = lock::take(connection).and_then(|()| run_next(connection, direction, limit));
    lock::release(connection);
    let ended = match &executed {
        Ok(scripts) if !scripts.is_empty() && transactional => connection.commit(),
        Ok(scripts) if !scripts.is_empty() => Transactions::commit_transaction(connection),
        _ if transactional => connection.rollback(),
        _ => Transactions::rollback_transaction(connection),
    };
    match (executed, ended) {
        (Ok(scripts), Ok(())) => Ok(scripts),
        (Ok(scripts), Err(error)) if scripts.is_empty() => Err(refused(connection, error).into()),
        (Ok(_), Err(error)) => Err(connection.explain_commit(error).into()),
        // The first cause matters more than a rollback that failed after it.
        (Err(error), _) => Err(error),
    }
}

fn run_next(connection: &mut AnyConnection, direction: Direction, limit: usize) -> Result<Vec<&'static Script>> {
    let status = status(connection)?;
    match direction {
        Direction::Up(existing) => apply(connection, &status, existing, limit),
        Direction::Down => revert(connection, &status),
    }
}

/// Applies pending migrations and records them all at once: an interruption leaves a new database without recorded
/// migrations, so that the next run continues.
fn apply(
    connection: &mut AnyConnection,
    status: &Status,
    existing: Existing,
    limit: usize,
) -> Result<Vec<&'static Script>> {
    let state = status.schema_state();
    let obstacle = match (&state, existing) {
        (SchemaState::Newer(_), _) | (SchemaState::Foreign(_), Existing::Refuse) => status.refusal(THIS_DATABASE),
        (SchemaState::Foreign(_), Existing::Join) => status.unshareable(THIS_DATABASE),
        _ => None,
    };
    if let Some(error) = obstacle {
        return Err(error);
    }
    let count = if state == SchemaState::Empty { limit } else { limit.min(1) };
    let scripts: Vec<_> = status.pending.iter().copied().take(count).collect();
    let (Some(first), Some(last)) = (scripts.first(), scripts.last()) else { return Ok(scripts) };
    connection.setup().map_err(|e| failed(connection, first, "up", e))?;
    for script in &scripts {
        let stale = if status.unmade.contains(script) { history::unrecord(connection, script.version) } else { Ok(()) };
        let exists = status.unrecorded.contains(script);
        let applied = stale.and_then(|()| if exists { Ok(()) } else { connection.batch_execute(script.up) });
        applied.map_err(|e| failed(connection, script, "up", e))?;
    }
    history::record(connection, &scripts).map_err(|e| failed(connection, last, "up", e))?;
    Ok(scripts)
}

/// Reverts the newest migration, which an interrupted runner may have left half-done.
fn revert(connection: &mut AnyConnection, status: &Status) -> Result<Vec<&'static Script>> {
    if let SchemaState::Newer(_) = status.schema_state() {
        return status.refusal(THIS_DATABASE).map_or(Ok(Vec::new()), Err);
    }
    let Some(script) = status.revertible().into_iter().next() else { return Ok(Vec::new()) };
    let missing = status.unmade.contains(&script);
    let dropped = if missing { Ok(()) } else { connection.batch_execute(script.down) };
    dropped
        .and_then(|()| history::unrecord(connection, script.version))
        .map_err(|e| failed(connection, script, "down", e))?;
    Ok(vec![script])
}

/// Names the migration in its error, unless the error is not about the migration.
fn failed(connection: &AnyConnection, script: &Script, direction: &'static str, error: DieselError) -> Error {
    let mut problem = error.to_string();
    match connection.explain(error, THIS_DATABASE, "migrating") {
        other @ (SessionError::Locked { .. } | SessionError::ReadOnlyDatabase { .. }) => return other.into(),
        SessionError::Denied { .. } => {
            problem += "; an administrator can grant this user the right to make and drop tables here";
        }
        _ => {}
    }
    Error::Migration { version: script.name.to_owned(), direction, problem }
}
