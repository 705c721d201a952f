//! The journal, `__diesel_migrate`: what Diesel's history has no room for. It tells which application applied a
//! version, the checksum of the script that it ran, and how far a migration got whose statements cannot be undone
//! together.
//!
//! A database without the table works: its migrations were applied by Diesel's own command line, and belong to the
//! application that has their versions. A row whose version is not in the history counts only while its migration is
//! unfinished.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::connection::AnyConnection;

use crate::error::{Error, Result};
use crate::migration::Direction;

/// The table's name.
pub(crate) const NAME: &str = "__diesel_migrate";

/// The statement that creates the table; another node of a cluster may be creating it, too.
pub(crate) const CREATE: &str = "CREATE TABLE IF NOT EXISTS __diesel_migrate (\
    version VARCHAR(50) NOT NULL PRIMARY KEY, \
    application VARCHAR(255) NOT NULL, \
    checksum VARCHAR(64), \
    unfinished VARCHAR(4), \
    statements INTEGER NOT NULL, \
    running INTEGER NOT NULL)";

diesel::table! {
    __diesel_migrate (version) {
        version -> Text,
        application -> Text,
        checksum -> Nullable<Text>,
        unfinished -> Nullable<Text>,
        statements -> Integer,
        running -> Integer,
    }
}

use __diesel_migrate as columns;

/// A row of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) version: String,
    pub(crate) application: String,
    /// The checksum of the script that was run, if the runner knew the script.
    pub(crate) checksum: Option<String>,
    /// The script that is not finished, and how far it got.
    pub(crate) progress: Option<Progress>,
}

/// How far a script got whose statements are executed one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) direction: Direction,
    /// How many of its statements are done.
    pub(crate) done: usize,
    /// The next one was sent, and its answer was not seen.
    pub(crate) running: bool,
}

/// All entries. One SELECT; the table must exist.
pub(crate) fn read(connection: &mut AnyConnection) -> Result<Vec<Entry>> {
    type Row = (String, String, Option<String>, Option<String>, i32, i32);
    let rows: Vec<Row> = columns::table
        .select((
            columns::version,
            columns::application,
            columns::checksum,
            columns::unfinished,
            columns::statements,
            columns::running,
        ))
        .order(columns::version)
        .load(connection)
        .map_err(|e| Error::reading(connection, e, NAME))?;
    let entries = rows.into_iter().map(|(version, application, checksum, unfinished, done, running)| {
        let direction = unfinished.map(|word| if word == "down" { Direction::Down } else { Direction::Up });
        let done = usize::try_from(done).unwrap_or(0);
        let progress = direction.map(|direction| Progress { direction, done, running: running != 0 });
        Entry { version, application, checksum, progress }
    });
    Ok(entries.collect())
}

/// Creates the table.
pub(crate) fn create(connection: &mut AnyConnection) -> QueryResult<()> {
    connection.batch_execute(CREATE)
}

/// Writes an entry in place of the one that the version has.
pub(crate) fn write(connection: &mut AnyConnection, entry: &Entry) -> QueryResult<()> {
    erase(connection, &entry.version)?;
    insert(connection, entry)
}

fn insert(connection: &mut AnyConnection, entry: &Entry) -> QueryResult<()> {
    let (unfinished, done, running) = match entry.progress {
        Some(progress) => (Some(progress.direction.to_string()), count(progress.done)?, progress.running),
        None => (None, 0, false),
    };
    diesel::insert_into(columns::table)
        .values((
            columns::version.eq(&entry.version),
            columns::application.eq(&entry.application),
            columns::checksum.eq(&entry.checksum),
            columns::unfinished.eq(unfinished),
            columns::statements.eq(done),
            columns::running.eq(i32::from(running)),
        ))
        .execute(connection)
        .map(drop)
}

/// Claims a version for this runner: writes the entry of a script that begins now, unless another runner has. A
/// cluster's nodes do not see each other's locks, and there the table's key decides.
pub(crate) fn claim(connection: &mut AnyConnection, entry: &Entry) -> QueryResult<()> {
    // What was left by a reversal of Diesel's own.
    diesel::delete(columns::table.find(&entry.version).filter(columns::unfinished.is_null())).execute(connection)?;
    insert(connection, entry)
}

/// Notes how far an unfinished script is.
pub(crate) fn advance(connection: &mut AnyConnection, version: &str, done: usize, running: bool) -> QueryResult<()> {
    diesel::update(columns::table.find(version))
        .set((columns::statements.eq(count(done)?), columns::running.eq(i32::from(running))))
        .execute(connection)
        .map(drop)
}

/// Removes a version's entry.
pub(crate) fn erase(connection: &mut AnyConnection, version: &str) -> QueryResult<()> {
    diesel::delete(columns::table.find(version)).execute(connection).map(drop)
}

fn count(statements: usize) -> QueryResult<i32> {
    i32::try_from(statements).map_err(|error| diesel::result::Error::SerializationError(Box::new(error)))
}
