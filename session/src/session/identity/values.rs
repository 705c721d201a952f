//! Values of rows that other rows refer to, and keys by such values.

use diesel::Column;

use super::IdentityMap;
use super::slots::Known;
use crate::error::{Error, Result};
use crate::session::entity::{Entity, HasColumn};
use crate::session::value::Value;

impl<E: Entity> IdentityMap<E> {
    /// The value of column `C` of a row that another row refers to.
    pub(crate) fn column<C: Column>(&self, index: u64) -> Result<E::Value>
    where
        E: HasColumn<C>,
    {
        self.value(index, |row| row.column().clone(), E::column_of_key)
    }

    /// A value of a row that another row refers to, taken from the row or, if that is expired, from its key.
    pub(crate) fn value<V>(
        &self,
        index: u64,
        of_row: impl FnOnce(&E) -> V,
        of_key: impl FnOnce(&E::Key) -> Option<V>,
    ) -> Result<V> {
        match self.slots.get(index) {
            // The changes of a deleted row are dropped with it.
            Known::Loaded(loaded) if loaded.marked_deleted => Ok(of_row(loaded.stored())),
            Known::Loaded(loaded) => Ok(of_row(&loaded.row)),
            Known::Expired { .. } => self
                .key(index)
                .and_then(|key| of_key(&key))
                .ok_or(Error::NotLoaded { table: E::table().name, state: "expired" }),
            _ => Err(self.refuse(index)),
        }
    }

    /// The row whose key has these parts, given with their positions in the key: all of them, in any order.
    pub(crate) fn find_by_parts<'v>(&self, parts: impl Iterator<Item = (usize, &'v dyn Value)>) -> Option<u64> {
        let mut key = self.by_key.keys().next()?.clone();
        for (position, part) in parts {
            if !E::key_field(&mut key, position).set(part) {
                return None;
            }
        }
        self.find(&key)
    }
}
