//! Links that are added and removed whether or not the database has them.

use std::collections::{HashMap, HashSet};

use super::IdentityMap;
use super::slots::{Known, Slot};
use crate::error::Result;
use crate::session::entity::Entity;

/// The rows at both ends of a link, by their indexes, in the order of the link's columns.
pub(crate) type Ends = [u64; 2];

/// The links of one entity type that no flush has sent.
#[derive(Default)]
pub(super) struct Links {
    /// The new link of each pair of rows.
    new: HashMap<Ends, u64>,
    /// The new links, which the database may have already.
    inserted: HashSet<u64>,
    /// Rows to be deleted that the database may not have.
    removed: HashSet<u64>,
}

impl<E: Entity> IdentityMap<E> {
    /// Adds the link of two rows.
    pub(crate) fn add_link(&mut self, ends: Ends, new: E::New) {
        let index = self.add(new);
        self.links.new.insert(ends, index);
        self.links.inserted.insert(index);
    }

    /// The pending link of two rows.
    pub(crate) fn new_link(&self, ends: Ends) -> Option<u64> {
        self.links.new.get(&ends).copied().filter(|index| matches!(self.slots.get(*index), Known::Pending(_)))
    }

    /// Marks the link with this key for deletion, whether or not the database has it.
    pub(crate) fn remove_link(&mut self, key: E::Key) -> Result<()> {
        let index = match self.find(&key) {
            Some(index) => index,
            None => {
                let index = self.slots.push(Slot::Expired { key: key.clone(), marked_deleted: false });
                self.by_key.insert(key, index);
                index
            }
        };
        self.links.removed.insert(index);
        self.mark_deleted(index)
    }

    /// Takes back the removal of a link.
    pub(crate) fn keep_link(&mut self, index: u64) -> Result<()> {
        self.links.removed.remove(&index);
        self.unmark_deleted(index)
    }

    /// Whether a new row is a link that the database may have already.
    pub(crate) fn may_be_stored(&self, index: u64) -> bool {
        self.links.inserted.contains(&index)
    }

    /// The number of these rows to be deleted that the database may not have.
    pub(crate) fn may_be_missing(&self, indexes: &[u64]) -> usize {
        if self.links.removed.is_empty() {
            return 0;
        }
        indexes.iter().filter(|index| self.links.removed.contains(index)).count()
    }

    /// Records that a link is in the database; unless its key is all of it, its values are not known.
    pub(crate) fn linked(&mut self, index: u64) {
        if E::table().key.len() < E::table().columns.len() {
            self.drop_value(index);
        }
    }

    /// Forgets what was sent.
    pub(super) fn links_sent(&mut self) {
        if !self.links.inserted.is_empty() || !self.links.removed.is_empty() {
            self.links = Links::default();
        }
    }
}
