//! The migration runner: what a database has, what it lacks, and the way up and down. It returns values and prints
//! nothing.
//!
//! It keeps its record in Diesel's own table, `__diesel_schema_migrations`, under Diesel's own versions, so that
//! `folio migrate` and `diesel migration` on the folder `migrations/` continue each other's work.

mod history;
mod lock;
mod loss;
mod recovery;
mod script;
mod status;

pub use history::Recorded;
pub use loss::{Loss, losses};
pub use script::{Embedded, Script, all};
pub use status::{Applied, SchemaState, Status, status};

use diesel::connection::{Connection, SimpleConnection as _, TransactionManager as _};
use diesel::migration::MigrationConnection as _;
use diesel::result::Error as DieselError;

use crate::connection::{AnyConnection, Mode, SessionConnection as _};
use crate::error::{Error, Result};

/// How an error here calls the database; whoever opened it knows its name.
const HERE: &str = "this database";

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
    /// The greatest number of migrations that it allows.
    fn most(self) -> usize {
        match self {
            Self::All => usize::MAX,
            Self::Steps(steps) => steps,
        }
    }
}

/// What to do with a database whose tables are all someone else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave it alone: [`Error::NotFolio`].
    Refuse,
    /// Add Folio's tables beside the others.
    Join,
}

/// Applies what is pending, oldest first, and returns it; `progress` hears of each migration once it is committed.
///
/// Each migration runs in its own transaction, all of them in one where the database is empty. It takes a lock first
/// (`BEGIN IMMEDIATE` on SQLite, an advisory lock on PostgreSQL, `GET_LOCK` on MySQL) and then looks again at what is
/// pending: two runners at once apply each migration once. MySQL cannot undo a script that fails half-way, so a script
/// there is one statement; what an interruption leaves half-way ([`Status::unrecorded`], [`Status::unmade`]), the next
/// run finishes, and the rows that are in it stay.
///
/// # Errors
///
/// [`Error::NotFolio`] for someone else's database unless `existing` is [`Existing::Join`]; [`Error::SchemaTooNew`]
/// for a newer Folio's; [`Error::Migration`] where a script fails, which undoes that migration and keeps those before
/// it; [`Error::Locked`], [`Error::ReadOnlyDatabase`].
pub fn up(
    connection: &mut AnyConnection,
    target: Target,
    existing: Existing,
    progress: impl FnMut(&Script),
) -> Result<Vec<&'static Script>> {
    walk(connection, Direction::Up(existing), target, progress)
}

/// Reverts what is applied, newest first, and returns it; `progress` hears of each migration once it is committed.
///
/// Locks and transactions are those of [`up`]. Diesel's table stays, empty in the end.
///
/// # Errors
///
/// [`Error::SchemaTooNew`] for a newer Folio's database, whose later tables may rest on these; else as [`up`].
pub fn down(
    connection: &mut AnyConnection,
    target: Target,
    progress: impl FnMut(&Script),
) -> Result<Vec<&'static Script>> {
    walk(connection, Direction::Down, target, progress)
}

/// As [`status`], but not of a moment at which another program is half-way: where the engine cannot undo tables, and so
/// shows them one by one, a runner that is at work is waited for.
pub(crate) fn settled(connection: &mut AnyConnection) -> Result<Status> {
    let seen = status(connection)?;
    let between =
        !seen.unrecorded.is_empty() || matches!(seen.schema_state(), SchemaState::Behind(_) | SchemaState::Foreign(_));
    if connection.engine().undoes_tables() || !between {
        return Ok(seen);
    }
    lock::take(connection)?;
    lock::give_back(connection);
    status(connection)
}

#[derive(Clone, Copy)]
enum Direction {
    Up(Existing),
    Down,
}

fn walk(
    connection: &mut AnyConnection,
    direction: Direction,
    target: Target,
    mut progress: impl FnMut(&Script),
) -> Result<Vec<&'static Script>> {
    let most = target.most();
    let mut done = Vec::new();
    while done.len() < most {
        let played = locked_steps(connection, direction, most - done.len())?;
        if played.is_empty() {
            break;
        }
        for script in played {
            progress(script);
            done.push(script);
        }
    }
    Ok(done)
}

/// Where tables commit by themselves, a transaction holds nothing together, and must not be taken for a unit of work.
type Transactions = <AnyConnection as Connection>::TransactionManager;

/// One migration under the write lock, all that are wanted where the database is empty, or none where there is nothing
/// left to do. So a new database is seen empty or complete, and nothing between.
fn locked_steps(connection: &mut AnyConnection, direction: Direction, most: usize) -> Result<Vec<&'static Script>> {
    let refused = |connection: &AnyConnection, error| connection.explain(error, HERE, "migrating");
    let whole = connection.engine().undoes_tables();
    let begun = if whole { connection.begin(Mode::Write, None) } else { Transactions::begin_transaction(connection) };
    begun.map_err(|e| refused(connection, e))?;
    let played = lock::take(connection).and_then(|()| steps(connection, direction, most));
    lock::give_back(connection);
    let ended = match &played {
        Ok(scripts) if !scripts.is_empty() && whole => connection.commit(),
        Ok(scripts) if !scripts.is_empty() => Transactions::commit_transaction(connection),
        _ if whole => connection.rollback(),
        _ => Transactions::rollback_transaction(connection),
    };
    match (played, ended) {
        (Ok(scripts), Ok(())) => Ok(scripts),
        (Ok(scripts), Err(error)) if scripts.is_empty() => Err(refused(connection, error)),
        (Ok(_), Err(error)) => Err(connection.explain_commit(error)),
        // The first cause is worth more than a rollback that failed after it.
        (Err(error), _) => Err(error),
    }
}

fn steps(connection: &mut AnyConnection, direction: Direction, most: usize) -> Result<Vec<&'static Script>> {
    let status = status(connection)?;
    match direction {
        Direction::Up(existing) => make(connection, &status, existing, most),
        Direction::Down => remove(connection, &status),
    }
}

/// Makes what is pending, and records it all at once: an interruption leaves a new database without a record, so that
/// whoever makes it goes on.
fn make(
    connection: &mut AnyConnection,
    status: &Status,
    existing: Existing,
    most: usize,
) -> Result<Vec<&'static Script>> {
    let state = status.schema_state();
    let obstacle = match (&state, existing) {
        (SchemaState::Newer(_), _) | (SchemaState::Foreign(_), Existing::Refuse) => status.refusal(HERE),
        (SchemaState::Foreign(_), Existing::Join) => status.unshareable(HERE),
        _ => None,
    };
    if let Some(error) = obstacle {
        return Err(error);
    }
    let at_once = if state == SchemaState::Empty { most } else { most.min(1) };
    let scripts: Vec<_> = status.pending.iter().copied().take(at_once).collect();
    let (Some(first), Some(last)) = (scripts.first(), scripts.last()) else { return Ok(scripts) };
    connection.setup().map_err(|e| failed(connection, first, "up", e))?;
    for script in &scripts {
        let stale = if status.unmade.contains(script) { history::unrecord(connection, script.version) } else { Ok(()) };
        let there = status.unrecorded.contains(script);
        let made = stale.and_then(|()| if there { Ok(()) } else { connection.batch_execute(script.up) });
        made.map_err(|e| failed(connection, script, "up", e))?;
    }
    history::record(connection, &scripts).map_err(|e| failed(connection, last, "up", e))?;
    Ok(scripts)
}

/// Removes what the newest migration made, which an interrupted runner may have left by halves.
fn remove(connection: &mut AnyConnection, status: &Status) -> Result<Vec<&'static Script>> {
    if let SchemaState::Newer(_) = status.schema_state() {
        return status.refusal(HERE).map_or(Ok(Vec::new()), Err);
    }
    let Some(script) = status.revertible().into_iter().next() else { return Ok(Vec::new()) };
    let gone = status.unmade.contains(&script);
    let dropped = if gone { Ok(()) } else { connection.batch_execute(script.down) };
    dropped
        .and_then(|()| history::unrecord(connection, script.version))
        .map_err(|e| failed(connection, script, "down", e))?;
    Ok(vec![script])
}

/// Says which migration met the error, unless that is not about it.
fn failed(connection: &AnyConnection, script: &Script, direction: &'static str, error: DieselError) -> Error {
    let mut problem = error.to_string();
    match connection.explain(error, HERE, "migrating") {
        lasting @ (Error::Locked { .. } | Error::ReadOnlyDatabase { .. }) => return lasting,
        Error::Denied { .. } => {
            problem += "; an administrator can grant this user the right to make and drop tables here"
        }
        _ => {}
    }
    Error::Migration { version: script.name.to_owned(), direction, problem }
}
