//! The lock that only one migration runner holds at a time, on engines where a transaction alone does not exclude
//! others.

use std::sync::Arc;

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{BigInt, Nullable};

use super::THIS_DATABASE;
use crate::connection::{AnyConnection, Engine, SessionConnection as _};
use crate::error::Result;

/// `folio` in ASCII: the key of PostgreSQL's advisory lock, which is local to a database.
const POSTGRES: &str = "SELECT pg_advisory_xact_lock(439956040047)";
/// MySQL's locks belong to the server, so the name contains the database's, cut to the 64 characters that a lock's name
/// may have: databases whose names share the first 58 wait for each other. It is not a hash, because MySQL 9.6 removed
/// SHA1 and MD5.
const MYSQL: &str = "SELECT GET_LOCK(CONCAT('folio-', LEFT(DATABASE(), 58)), @@innodb_lock_wait_timeout) AS held";
const MYSQL_RELEASE: &str = "SELECT RELEASE_LOCK(CONCAT('folio-', LEFT(DATABASE(), 58))) AS held";

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = Nullable<BigInt>)]
    held: Option<i64>,
}

/// Waits for the lock, inside a transaction. On SQLite `BEGIN IMMEDIATE` has taken it.
pub(super) fn take(connection: &mut AnyConnection) -> Result<()> {
    let taken = match connection.engine() {
        Engine::Sqlite => Ok(true),
        Engine::Postgres => diesel::sql_query(POSTGRES).execute(connection).map(|_| true),
        Engine::Mysql => diesel::sql_query(MYSQL).get_result::<Held>(connection).map(|answer| answer.held == Some(1)),
    };
    match taken {
        Ok(true) => Ok(()),
        Ok(false) => {
            let message = "another program is migrating this database".to_owned();
            let source = DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(message));
            Err(diesel_session::Error::Locked { source: Arc::new(source) }.into())
        }
        Err(error) => Err(connection.explain(error, THIS_DATABASE, "waiting for another runner of migrations").into()),
    }
}

/// Releases the lock where the end of the transaction does not; the end of the connection would, too.
pub(super) fn release(connection: &mut AnyConnection) {
    if connection.engine() == Engine::Mysql
        && let Err(failed) = diesel::sql_query(MYSQL_RELEASE).get_result::<Held>(connection)
    {
        tracing::warn!(target: "folio::migrations", %failed, "giving the lock back failed");
    }
}
