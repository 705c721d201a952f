//! The history of applied migrations, `__diesel_schema_migrations`: Diesel's own table, read and written as Diesel
//! does.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel_session::connection::AnyConnection;

use crate::error::{Error, Result};

/// The table's name.
pub(crate) const NAME: &str = "__diesel_schema_migrations";

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
        run_on -> Timestamp,
    }
}

/// A row of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// The migration's version, as Diesel writes it: the folder's, without dashes.
    pub version: String,
    /// When it was applied, in UTC.
    pub run_on: NaiveDateTime,
    /// The application that applied it, if it was applied by this runner.
    pub application: Option<String>,
}

/// The versions that are recorded and when they were applied, oldest version first. One SELECT; the table must exist.
pub(crate) fn read(connection: &mut AnyConnection) -> Result<Vec<(String, NaiveDateTime)>> {
    __diesel_schema_migrations::table
        .select((__diesel_schema_migrations::version, __diesel_schema_migrations::run_on))
        .order(__diesel_schema_migrations::version)
        .load(connection)
        .map_err(|e| Error::reading(connection, e, NAME))
}

/// Records a migration as applied now.
pub(crate) fn record(connection: &mut AnyConnection, version: &str) -> QueryResult<()> {
    diesel::insert_into(__diesel_schema_migrations::table)
        .values(__diesel_schema_migrations::version.eq(version))
        .execute(connection)
        .map(drop)
}

/// Removes a migration from the history.
pub(crate) fn unrecord(connection: &mut AnyConnection, version: &str) -> QueryResult<()> {
    diesel::delete(__diesel_schema_migrations::table.find(version)).execute(connection).map(drop)
}
