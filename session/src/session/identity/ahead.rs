//! Reading ahead: when one row after another is reloaded, the rows near them are loaded with them.
//!
//! The first SELECT reads one row, the second ten, each later one a hundred, so that a loop over rows that a commit has
//! made stale costs a few SELECTs, and a single row costs one. A row that was read ahead counts as read when it is
//! first used: if something was written in between, it is read again.

use super::slots::{Known, Loaded};
use super::{IdentityMap, RowFreshness};
use crate::session::entity::Entity;

/// The number of rows read together by the first call, the second, and all later ones.
const TOGETHER: [usize; 3] = [1, 10, 100];

/// The greatest distance from the requested row at which other rows are read ahead.
const FURTHEST: u64 = 1_000;

/// The read-ahead state of one entity type.
#[derive(Default)]
pub(super) struct Ahead {
    /// The number of reloads since the last write.
    times: usize,
    /// Rows that were read ahead since then.
    rows: Vec<u64>,
}

impl<E: Entity> IdentityMap<E> {
    /// The rows to reload together with `named`: the nearest ones that are stale or expired and have no unflushed
    /// changes.
    pub(crate) fn nearby(&mut self, named: &[u64], fresh_since: u32) -> Vec<u64> {
        let together = TOGETHER[self.ahead.times.min(TOGETHER.len() - 1)];
        self.ahead.times += 1;
        let Some(from) = named.last().copied().filter(|_| named.len() < together) else { return Vec::new() };
        let furthest = self.next().saturating_sub(from).max(from).min(FURTHEST);
        let near = (1..=furthest).flat_map(|far| [from.checked_add(far), from.checked_sub(far)]).flatten();
        near.filter(|index| self.is_to_be_read(*index, fresh_since) && !named.contains(index))
            .take(together - named.len())
            .collect()
    }

    fn is_to_be_read(&self, index: u64, fresh_since: u32) -> bool {
        match self.slots.get(index) {
            Known::Expired { marked_deleted } => !marked_deleted,
            Known::Loaded(loaded @ Loaded { marked_deleted: false, .. }) => self.slots.is_stale(loaded, fresh_since),
            _ => false,
        }
    }

    /// Marks these rows as read ahead, if they were found in the database. Rows that are gone stay as they were, and
    /// are found to be gone when they are used.
    pub(crate) fn were_read_ahead(&mut self, indexes: &[u64], fresh_since: u32) {
        let before = self.ahead.rows.len();
        for index in indexes {
            if self.row_freshness(*index, fresh_since).is_ok_and(|freshness| freshness == RowFreshness::Fresh)
                && let Some(loaded) = self.slots.loaded_mut(*index)
            {
                loaded.ahead = true;
                self.ahead.rows.push(*index);
            }
        }
        if (self.ahead.rows.len() - before) * 2 < indexes.len() {
            // Most are gone, so reading ahead starts over.
            self.ahead.times = 0;
        }
    }

    /// Marks this row as used.
    pub(crate) fn mark_used(&mut self, index: u64) {
        if let Some(loaded) = self.slots.loaded_mut(index) {
            loaded.ahead = false;
        }
    }

    /// Before a write: makes rows stale that were read ahead and not used since.
    pub(crate) fn make_read_ahead_stale(&mut self) {
        for index in std::mem::take(&mut self.ahead.rows) {
            if let Some(loaded) = self.slots.loaded_mut(index).filter(|loaded| loaded.ahead && loaded.before.is_none())
            {
                loaded.ahead = false;
                loaded.stale = true;
            }
        }
        self.ahead.times = 0;
    }

    /// Starts over: the next row to be reloaded is read alone.
    pub(super) fn reset_read_ahead(&mut self) {
        self.ahead.times = 0;
    }
}
