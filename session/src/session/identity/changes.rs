//! Separates the caller's changes to a detached row from the changes of others.

use crate::error::{Error, Result};
use crate::session::entity::Entity;

/// Without the row as it was read, only a version can show whether someone else has changed it: the row keeps its
/// version, so that its flush checks it. A row without a version must equal the stored one.
pub(super) fn refuse_unknown<E: Entity>(row: &E, stored: &mut E) -> Result<()> {
    if let Some(version) = row.version() {
        stored.set_version(version);
        return Ok(());
    }
    let differ = row.changed(stored);
    if differ.is_empty() {
        return Ok(());
    }
    let table = E::table();
    let columns: Vec<&str> = differ.iter().map(|column| table.columns[column].name).collect();
    Err(Error::UnknownChange { table: table.name, key: E::key_in_words(&stored.key()), columns: columns.join(", ") })
}

/// Copies into `row` what others have changed in the database since it was `read`. If they have changed what the caller
/// has changed, or if the version forbids it, the row is stale.
pub(super) fn keep_others<E: Entity>(row: &mut E, stored: &E, read: &E) -> Result<()> {
    let table = E::table();
    let since_read = |now: &E| now.changed(read).without(table.touched);
    let (ours, theirs) = (since_read(row), since_read(stored));
    let conflicting = ours.intersection(theirs).intersection(row.changed(stored));
    if !conflicting.is_empty() || (!ours.is_empty() && stored.version() != read.version()) {
        return Err(Error::StaleRow { table: table.name, key: E::key_in_words(&stored.key()) });
    }
    row.copy(theirs.without(ours).union(table.computed), stored);
    Ok(())
}
