//! Deletion of rows that stay in the database, marked as deleted, and of filtered rows that are given by their value.

use super::filter_settings::FilterSettings;
use super::handle::Handle;
use super::{Entity, FilterExpression, Persist, Session};
use crate::connection::SessionConnection;
use crate::error::{Error, Result};

impl<C: SessionConnection> Session<'_, C> {
    /// Sets the column that marks the row as deleted, unless it is set already; the next flush sends the UPDATE.
    pub(super) fn soft_delete<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        let map = self.map_of(handle)?;
        map.changes(handle.raw.index)?;
        if map.is_marked_deleted(handle.raw.index) {
            return Ok(());
        }
        let row = self.edit(handle)?;
        if living::<E>().admits(row) {
            row.soft_delete();
        }
        Ok(())
    }

    /// Takes back the soft deletion of a row that no flush has sent.
    pub(super) fn soft_undelete<E: Persist<C>>(&mut self, handle: Handle<E>) -> Result<()> {
        let living = living::<E>();
        let map = self.map_of_mut(handle)?;
        map.unmark_deleted(handle.raw.index)?;
        let (Ok(row), Ok(stored)) = (map.row(handle.raw.index), map.stored(handle.raw.index)) else { return Ok(()) };
        if living.admits(row) {
            return Ok(());
        }
        if !living.admits(stored) {
            return Err(Error::RowDeleted { table: E::table().name, key: E::key_in_words(&stored.key()) });
        }
        map.revert(handle.raw.index, E::table().soft_delete)
    }

    /// The row of the session that `row` is a copy of. It is read from the database if the session does not have it, so
    /// that a row that the filters exclude is never changed by a copy; that and another version make the copy stale.
    pub(super) fn handle_of_copy<E: Persist<C>>(&mut self, row: &E) -> Result<Handle<E>> {
        let key = row.key();
        let stale = || Error::StaleRow { table: E::table().name, key: E::key_in_words(&key) };
        let handle = self.get::<E>(key.clone())?.ok_or_else(stale)?;
        if self.row(handle)?.version() == row.version() { Ok(handle) } else { Err(stale()) }
    }
}

/// The condition that rows meet until they are deleted.
fn living<E: Entity>() -> FilterExpression<E> {
    FilterExpression::new(FilterSettings::living(E::table()))
}
