//! The changes not sent yet: rows added, edited and marked for deletion, and the changes of one row. No SQL.

use std::fmt::Debug;

use super::handle::Handle;
use super::{Persist, Session};
use crate::connection::SessionConnection;
use crate::error::Result;

/// A field whose value differs from that in the database.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FieldChange<'r> {
    /// The column.
    pub column: &'static str,
    /// The value in the database.
    pub before: &'r dyn Debug,
    /// The value that the next flush sends; for a reference to a new row, that row's table.
    pub after: &'r dyn Debug,
}

impl<C: SessionConnection> Session<'_, C> {
    /// The rows of `E` that are added and not yet flushed, in that order.
    #[must_use]
    pub fn pending<E: Persist<C>>(&self) -> Vec<Handle<E>> {
        self.handles(self.maps.find::<E>().map(|map| map.pending()))
    }

    /// The rows of `E` that were opened for editing since the last flush, whether or not a value was changed:
    /// [`is_modified`](Self::is_modified) compares.
    #[must_use]
    pub fn dirty<E: Persist<C>>(&self) -> Vec<Handle<E>> {
        self.handles(self.maps.find::<E>().map(|map| map.dirty()))
    }

    /// The rows of `E` that are marked for deletion.
    #[must_use]
    pub fn deleted<E: Persist<C>>(&self) -> Vec<Handle<E>> {
        self.handles(self.maps.find::<E>().map(|map| map.marked_deleted()))
    }

    /// The row's fields that the next flush would send, with the values before and after. No SQL.
    ///
    /// # Errors
    ///
    /// As [`row`](Self::row).
    pub fn changes<E: Persist<C>>(&self, handle: Handle<E>) -> Result<Vec<FieldChange<'_>>> {
        let map = self.map_of(handle)?;
        let (row, before) = (map.row(handle.raw.index)?, map.stored(handle.raw.index)?);
        let change = |column: usize| FieldChange {
            column: E::table().columns[column].name,
            before: before.field(column),
            after: match map.waiting(handle.raw.index, column) {
                Some(waiting) => waiting,
                None => row.field(column),
            },
        };
        Ok(map.changes(handle.raw.index)?.iter().map(change).collect())
    }

    fn handles<E>(&self, indexes: Option<Vec<u64>>) -> Vec<Handle<E>> {
        indexes.unwrap_or_default().into_iter().map(|index| Handle::new(self.id, index)).collect()
    }
}
