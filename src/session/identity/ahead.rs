//! Reading ahead: where one row after the other is read again, those near them come with them.
//!
//! The first row is read alone, then ten come together, then a hundred, so that a loop over rows that a commit has made
//! stale costs a few SELECTs, and a single row one. What was read ahead counts as read when it is first asked for: where
//! something was written in between, it is read again.

use super::slots::{Loaded, NEVER, Slot};
use super::{IdentityMap, RowFreshness};
use crate::session::entity::Entity;

/// How many rows are read together by the first call, the second, and all later ones.
const TOGETHER: [usize; 3] = [1, 10, 100];

/// How far from the row that was asked for others are looked for.
const FURTHEST: u64 = 1_000;

/// How the rows of one entity type are read ahead.
#[derive(Default)]
pub(super) struct Ahead {
    /// How many times rows were read again since something was written.
    times: usize,
    /// Rows that were read ahead since then.
    rows: Vec<u64>,
}

impl<E: Entity> IdentityMap<E> {
    /// The rows to read again together with those named: the nearest ones that are stale or expired and hold no
    /// unflushed work.
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
            Slot::Expired { marked_deleted, .. } => !marked_deleted,
            Slot::Loaded(Loaded { before: None, marked_deleted: false, seen, .. }) => *seen < fresh_since,
            _ => false,
        }
    }

    /// These rows were read ahead, as far as they are in the database: those that are gone are left as they were, and
    /// found gone when they are asked for.
    pub(crate) fn were_read_ahead(&mut self, indexes: &[u64], fresh_since: u32) {
        let asked = self.ahead.rows.len();
        for index in indexes {
            if self.row_freshness(*index, fresh_since).is_ok_and(|freshness| freshness == RowFreshness::Fresh)
                && let Some(loaded) = self.slots.loaded_mut(*index)
            {
                loaded.ahead = true;
                self.ahead.rows.push(*index);
            }
        }
        if (self.ahead.rows.len() - asked) * 2 < indexes.len() {
            // Most are gone: no more of them for now.
            self.ahead.times = 0;
        }
    }

    /// Someone asks for this row.
    pub(crate) fn used(&mut self, index: u64) {
        if let Some(loaded) = self.slots.loaded_mut(index) {
            loaded.ahead = false;
        }
    }

    /// Something is written: what was read ahead and not asked for since is stale.
    pub(crate) fn make_read_ahead_stale(&mut self) {
        for index in std::mem::take(&mut self.ahead.rows) {
            if let Some(loaded) = self.slots.loaded_mut(index).filter(|loaded| loaded.ahead && loaded.before.is_none())
            {
                loaded.ahead = false;
                loaded.seen = NEVER;
            }
        }
        self.ahead.times = 0;
    }

    /// The next row that is read again is read alone.
    pub(super) fn begin_anew(&mut self) {
        self.ahead.times = 0;
    }
}
