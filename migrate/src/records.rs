//! What the history and the journal say together of a migration.

use diesel::QueryResult;
use diesel_session::connection::{AnyConnection, SessionConnection as _};

use crate::journal::{Entry, Progress};
use crate::scripts::Step;
use crate::{history, journal};

/// Records a migration as applied now by the application.
pub(crate) fn write(connection: &mut AnyConnection, application: &str, step: &Step) -> QueryResult<()> {
    history::record(connection, &step.migration.version)?;
    let entry = entry(connection, application, step, None);
    journal::write(connection, &entry)
}

/// Removes the records of a version.
pub(crate) fn remove(connection: &mut AnyConnection, version: &str) -> QueryResult<()> {
    history::unrecord(connection, version)?;
    journal::erase(connection, version)
}

/// What the journal says of a migration.
pub(crate) fn entry(connection: &AnyConnection, application: &str, step: &Step, progress: Option<Progress>) -> Entry {
    Entry {
        version: step.migration.version.clone(),
        application: application.to_owned(),
        checksum: step.checksum(connection.engine()),
        progress,
    }
}
