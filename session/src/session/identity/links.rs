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
    /// Those of them whose keys do not tell which rows they link.
    removed_between: HashMap<Ends, u64>,
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

    /// Marks the link of two rows for deletion, which the session has and whose key is one of its own.
    pub(crate) fn remove_link_between(&mut self, ends: Ends, index: u64) -> Result<()> {
        self.links.removed.insert(index);
        self.links.removed_between.insert(ends, index);
        self.mark_deleted(index)
    }

    /// Takes back the removal of such a link, and returns whether it was to be removed.
    pub(crate) fn keep_link_between(&mut self, ends: Ends) -> Result<bool> {
        let index = self.links.removed_between.remove(&ends);
        index.map_or(Ok(()), |index| self.keep_link(index))?;
        Ok(index.is_some())
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

    /// Records that a link is in the database. Unless its key is all of it, its values are not known; if it has a key of
    /// its own, that is not known either, and the session forgets the row.
    pub(crate) fn linked(&mut self, index: u64, row: E, now: u32) {
        if E::table().links_have_keys_of_their_own() {
            self.slots.replace(index, Slot::Gone);
            return;
        }
        self.inserted(index, row, now);
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
