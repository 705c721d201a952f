//! The migration runner: what a database has, what it lacks, and the way up and down. It returns values and prints
//! nothing.
//!
//! It keeps its record in Diesel's own table, `__diesel_schema_migrations`, under Diesel's own versions, so that
//! `folio migrate` and `diesel migration` on the folder `migrations/` continue each other's work.

mod ledger;
mod lock;
mod script;
mod status;

pub use ledger::Recorded;
pub use script::{Embedded, Script, all};
pub use status::{Applied, Standing, Status, status};

use diesel::connection::SimpleConnection as _;
use diesel::migration::MigrationConnection as _;

use crate::connection::{AnyConnection, Backend, Mode, SessionConnection as _};
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

/// What to do with a database whose tables are all somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave it alone: [`Error::NotFolio`].
    Refuse,
    /// Add Folio's tables beside the others.
    Join,
}

/// Applies what is pending, oldest first, and returns it; `progress` hears of each migration once it is committed.
///
/// Each migration runs in its own transaction (all of them in one where the database is empty), which takes a lock first (`BEGIN IMMEDIATE` on SQLite, an advisory lock
/// on PostgreSQL, `GET_LOCK` on MySQL) and then looks again at what is pending: two runners at once apply each migration
/// once. MySQL cannot undo a script that fails half-way, so a script there is one statement.
///
/// # Errors
///
/// [`Error::NotFolio`] for somebody else's database unless `existing` is [`Existing::Join`]; [`Error::SchemaTooNew`]
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
    let between = matches!(seen.standing(), Standing::Behind(_) | Standing::Foreign(_));
    if connection.backend() != Backend::Mysql || !between {
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

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Self::Up(_) => "up",
            Self::Down => "down",
        }
    }
}

fn walk(
    connection: &mut AnyConnection,
    direction: Direction,
    target: Target,
    mut progress: impl FnMut(&Script),
) -> Result<Vec<&'static Script>> {
    let most = match target {
        Target::All => usize::MAX,
        Target::Steps(steps) => steps,
    };
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

/// One migration under the write lock, all that are wanted where the database is empty, or none where there is nothing
/// left to do. So a new database is seen empty or complete, and nothing between.
fn locked_steps(connection: &mut AnyConnection, direction: Direction, most: usize) -> Result<Vec<&'static Script>> {
    let refused = |connection: &AnyConnection, error| connection.explain(error, HERE, "migrating");
    connection.begin(Mode::Write, None).map_err(|e| refused(connection, e))?;
    let played = lock::take(connection).and_then(|()| steps(connection, direction, most));
    lock::give_back(connection);
    let ended = match &played {
        Ok(scripts) if !scripts.is_empty() => connection.commit(),
        _ => connection.rollback(),
    };
    match (played, ended) {
        (Ok(scripts), Ok(())) => Ok(scripts),
        (Ok(_), Err(error)) => Err(refused(connection, error)),
        // The first cause is worth more than a rollback that failed after it.
        (Err(error), _) => Err(error),
    }
}

fn steps(connection: &mut AnyConnection, direction: Direction, most: usize) -> Result<Vec<&'static Script>> {
    let from_nothing = status(connection)?.standing() == Standing::Empty;
    let mut played = Vec::new();
    while let Some(script) = step(connection, direction)? {
        played.push(script);
        if !from_nothing || played.len() == most {
            break;
        }
    }
    Ok(played)
}

fn step(connection: &mut AnyConnection, direction: Direction) -> Result<Option<&'static Script>> {
    let status = status(connection)?;
    let obstacle = match (status.standing(), direction) {
        (Standing::Newer(_), _) | (Standing::Foreign(_), Direction::Up(Existing::Refuse)) => status.refusal(HERE),
        (Standing::Foreign(_), Direction::Up(Existing::Join)) => status.unshareable(HERE),
        _ => None,
    };
    if let Some(error) = obstacle {
        return Err(error);
    }
    let next = match direction {
        Direction::Up(_) => status.pending.first().copied(),
        Direction::Down => status.applied.last().map(|applied| applied.script),
    };
    let Some(script) = next else { return Ok(None) };
    let played = match direction {
        Direction::Up(_) => connection
            .setup()
            .and_then(|_| connection.batch_execute(script.up))
            .and_then(|()| ledger::record(connection, script.version)),
        Direction::Down => {
            connection.batch_execute(script.down).and_then(|()| ledger::strike(connection, script.version))
        }
    };
    played.map(|()| Some(script)).map_err(|error| {
        let mut problem = error.to_string();
        match connection.explain(error, HERE, "migrating") {
            lasting @ (Error::Locked { .. } | Error::ReadOnlyDatabase { .. }) => lasting,
            Error::Denied { .. } => {
                problem += "; an administrator can grant this user the right to make and drop tables here";
                Error::Migration { version: script.name.to_owned(), direction: direction.name(), problem }
            }
            _ => Error::Migration { version: script.name.to_owned(), direction: direction.name(), problem },
        }
    })
}
