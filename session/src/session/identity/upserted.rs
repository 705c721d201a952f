//! The results of an upsert, for rows that were not added to the session before.

use super::IdentityMap;
use super::slots::Slot;
use super::undo::Undo;
use crate::session::entity::Entity;

impl<E: Entity> IdentityMap<E> {
    /// Takes a row that was inserted from these values: a rollback makes it transient, like one that was added.
    pub(crate) fn take_inserted(&mut self, new: E::New, row: E, now: u32) -> u64 {
        let index = self.slots.push(Slot::Pending(Box::new(new)));
        self.log.push(Undo::Added(index));
        self.inserted(index, row, now);
        index
    }

    /// Takes a row that was updated in the database; its value in the session is replaced.
    pub(crate) fn take_updated(&mut self, row: E, now: u32, fresh_since: u32) -> u64 {
        let key = row.key();
        let index = self.take(row, now, fresh_since, true);
        self.log.push(Undo::Updated(index, key));
        index
    }
}
