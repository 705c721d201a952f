//! What going down would remove: the tables of the migrations that it would revert, and their row counts.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::history;
use super::script::Script;
use super::status::{SchemaState, status};
use super::{THIS_DATABASE, Target};
use crate::connection::{AnyConnection, SessionConnection as _};
use crate::error::Result;

/// A migration that going down would revert, and what is lost with it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loss {
    /// The migration.
    pub script: &'static Script,
    /// The tables that it created, with the number of rows in each.
    pub tables: Vec<(&'static str, u64)>,
}

/// What [`down`](super::down) would revert, in its order, with current row counts: one SELECT per table in addition to
/// those of [`status`]. It writes nothing and takes no lock.
///
/// # Errors
///
/// [`Error::SchemaTooNew`](crate::Error::SchemaTooNew) where `down` would refuse; the database's errors while reading.
pub fn losses(connection: &mut AnyConnection, target: Target) -> Result<Vec<Loss>> {
    let status = status(connection)?;
    if let SchemaState::Newer(_) = status.schema_state() {
        return status.refusal(THIS_DATABASE).map_or(Ok(Vec::new()), Err);
    }
    let engine = connection.engine();
    let mut losses = Vec::new();
    for script in status.revertible().into_iter().take(target.limit()) {
        let mut tables = Vec::new();
        for table in script.tables() {
            if status.tables.iter().any(|found| history::is_same_table(engine, found, table)) {
                tables.push((table, rows(connection, table)?));
            }
        }
        losses.push(Loss { script, tables });
    }
    Ok(losses)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    row_count: i64,
}

fn rows(connection: &mut AnyConnection, table: &str) -> Result<u64> {
    diesel::sql_query(format!("SELECT COUNT(*) AS row_count FROM {table}"))
        .get_result::<Count>(connection)
        .map(|count| u64::try_from(count.row_count).unwrap_or(0))
        .map_err(|e| connection.explain(e, table, "counting rows").into())
}
