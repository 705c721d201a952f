//! The lock that one runner of migrations holds at a time, whichever applications they serve.
//!
//! On SQLite it is the write lock of each migration's transaction, and a file for one without. On a server it is a lock
//! of the connection's own, so that it also covers migrations without a transaction, and ends with the connection if
//! the runner is killed.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel_session::connection::{AnyConnection, Engine, SessionConnection as _};

use crate::error::{Error, Result, THIS_DATABASE};

/// `dieselmi` in ASCII: the key of PostgreSQL's advisory lock, which is local to a database.
const POSTGRES: &str = "SELECT pg_try_advisory_lock(7235425822644661609) AS held";
const POSTGRES_RELEASE: &str = "SELECT pg_advisory_unlock(7235425822644661609) AS held";
/// How long a statement waits for a lock, in milliseconds; 0 means without limit.
const POSTGRES_LIMIT: &str = "SELECT setting::bigint AS number FROM pg_catalog.pg_settings WHERE name = 'lock_timeout'";
/// Between two attempts. Waiting inside one statement would hold a snapshot for which the other runner's `CREATE INDEX
/// CONCURRENTLY` waits.
const PAUSE: Duration = Duration::from_millis(50);
/// MySQL's locks belong to the server, so the name tells databases apart, in the 64 characters that it may have. Two
/// databases with one checksum wait for each other.
const MYSQL: &str =
    "SELECT GET_LOCK(CONCAT('diesel-migrate-', CRC32(DATABASE())), @@innodb_lock_wait_timeout) AS number";
/// Who has the lock; seen by a user who may see the other's connection.
const POSTGRES_HOLDER: &str = "SELECT concat('process ', pid, nullif(concat(' (', application_name, ')'), ' ()'), ' of user ', usename, \
     ' from ', coalesce(host(client_addr), 'this host')) AS holder \
     FROM pg_catalog.pg_locks JOIN pg_catalog.pg_stat_activity USING (pid) \
     WHERE locktype = 'advisory' AND granted AND objsubid = 1 \
     AND pg_locks.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) \
     AND (classid::bigint << 32) | objid::bigint = 7235425822644661609";
const MYSQL_HOLDER: &str = "SELECT CONCAT('connection ', id, ' of user ', user, ' from ', host) AS holder \
     FROM information_schema.processlist WHERE id = IS_USED_LOCK(CONCAT('diesel-migrate-', CRC32(DATABASE())))";
const MYSQL_RELEASE: &str = "SELECT RELEASE_LOCK(CONCAT('diesel-migrate-', CRC32(DATABASE()))) AS number";

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = Bool)]
    held: bool,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Nullable<BigInt>)]
    number: Option<i64>,
}

#[derive(QueryableByName)]
struct Holder {
    #[diesel(sql_type = Text)]
    holder: String,
}

/// Waits for the lock, at most as long as the connection waits for locks.
pub(crate) fn take(connection: &mut AnyConnection) -> Result<()> {
    let taken = match connection.engine() {
        Engine::Sqlite => Ok(true),
        Engine::Postgres => take_on_postgres(connection),
        Engine::Mysql => number(connection, MYSQL).map(|held| held == Some(1)),
    };
    match taken {
        Ok(true) => Ok(()),
        Ok(false) => Err(held_by_another(holder(connection))),
        Err(error) => Err(connection.explain(error, THIS_DATABASE, "waiting for another runner of migrations").into()),
    }
}

/// Who has the lock, where the engine tells.
fn holder(connection: &mut AnyConnection) -> Option<String> {
    let query = match connection.engine() {
        Engine::Sqlite => return None,
        Engine::Postgres => POSTGRES_HOLDER,
        Engine::Mysql => MYSQL_HOLDER,
    };
    diesel::sql_query(query).get_result::<Holder>(connection).ok().map(|found| found.holder)
}

/// The error of a runner that has waited long enough for another.
pub(crate) fn held_by_another(holder: Option<String>) -> Error {
    Error::Migrating { place: THIS_DATABASE.to_owned(), holder }
}

fn take_on_postgres(connection: &mut AnyConnection) -> QueryResult<bool> {
    let start = Instant::now();
    let mut limit = None;
    loop {
        if diesel::sql_query(POSTGRES).get_result::<Held>(connection)?.held {
            return Ok(true);
        }
        let limit = match limit {
            Some(limit) => limit,
            None => *limit.insert(number(connection, POSTGRES_LIMIT)?.and_then(|limit| u64::try_from(limit).ok())),
        };
        if limit.is_some_and(|limit| limit > 0 && start.elapsed() >= Duration::from_millis(limit)) {
            return Ok(false);
        }
        std::thread::sleep(PAUSE);
    }
}

/// Releases the lock, where the end of a transaction does not. The end of the connection would, too.
pub(crate) fn release(connection: &mut AnyConnection) {
    let released = match connection.engine() {
        Engine::Sqlite => Ok(()),
        Engine::Postgres => diesel::sql_query(POSTGRES_RELEASE).get_result::<Held>(connection).map(drop),
        Engine::Mysql => number(connection, MYSQL_RELEASE).map(drop),
    };
    if let Err(failed) = released {
        tracing::warn!(target: "diesel_migrate::lock", %failed, "giving the lock back failed");
    }
}

fn number(connection: &mut AnyConnection, sql: &str) -> QueryResult<Option<i64>> {
    diesel::sql_query(sql).get_result::<Number>(connection).map(|answer| answer.number)
}
