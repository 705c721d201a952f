//! What a flush sent for the rows of one entity type, kept for hooks.

use super::IdentityMap;
use crate::session::entity::Entity;

/// The rows that a flush inserted, updated and deleted, each by its index.
pub(crate) struct Sent<E: Entity> {
    pub(crate) inserted: Vec<u64>,
    /// With the values before.
    pub(crate) updated: Vec<(u64, Box<E>)>,
    /// With the key and, if they were in memory, the values before.
    pub(crate) deleted: Vec<(u64, E::Key, Option<E>)>,
}

impl<E: Entity> Sent<E> {
    fn is_empty(&self) -> bool {
        self.inserted.is_empty() && self.updated.is_empty() && self.deleted.is_empty()
    }
}

impl<E: Entity> IdentityMap<E> {
    /// Records what is sent from now on.
    pub(crate) fn record(&mut self) {
        self.sent = Some(Box::new(Sent { inserted: Vec::new(), updated: Vec::new(), deleted: Vec::new() }));
    }

    /// Ends the record, and returns it if something was sent.
    pub(crate) fn take_sent(&mut self) -> Option<Box<Sent<E>>> {
        self.sent.take().filter(|sent| !sent.is_empty())
    }

    pub(super) fn record_inserted(&mut self, index: u64) {
        if let Some(sent) = &mut self.sent {
            sent.inserted.push(index);
        }
    }

    pub(super) fn record_updated(&mut self, index: u64, before: Box<E>) {
        if let Some(sent) = &mut self.sent {
            sent.updated.push((index, before));
        }
    }

    pub(crate) fn record_deleted(&mut self, index: u64, key: E::Key, row: Option<E>) {
        if let Some(sent) = &mut self.sent {
            sent.deleted.push((index, key, row));
        }
    }
}
