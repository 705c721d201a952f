//! What a flush sent for the rows of one entity type, kept for hooks and for the history.

use super::IdentityMap;
use crate::session::entity::Entity;

/// The rows that a flush inserted, updated and deleted, in the order of its statements, each by its index.
pub(crate) struct Sent<E: Entity> {
    pub(crate) rows: Vec<(u64, SentRow<E>)>,
}

/// What was sent for a row.
pub(crate) enum SentRow<E: Entity> {
    Inserted,
    /// With the values before.
    Updated(E),
    /// With the key and, if they were in memory, the values before.
    Deleted(E::Key, Option<E>),
}

impl<E: Entity> IdentityMap<E> {
    /// Records what is sent from now on.
    pub(crate) fn record(&mut self) {
        self.sent = Some(Box::new(Sent { rows: Vec::new() }));
    }

    /// Ends the record, and returns it if something was sent.
    pub(crate) fn take_sent(&mut self) -> Option<Box<Sent<E>>> {
        self.sent.take().filter(|sent| !sent.rows.is_empty())
    }

    /// Adds a row to the record, if there is one.
    pub(crate) fn record_row(&mut self, index: u64, row: SentRow<E>) {
        if let Some(sent) = &mut self.sent {
            sent.rows.push((index, row));
        }
    }
}
