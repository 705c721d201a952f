//! The epochs whose reads are no longer valid: a rollback or a statement expires any number of rows at the cost of none.

use std::ops::RangeInclusive;

/// Ranges of epochs, for one entity type's rows. A row keeps the epoch in which it was read, so that it shows whether it
/// was read in one of them.
#[derive(Debug, Default)]
pub(super) struct Overtaken {
    expired: Ranges,
    stale: Ranges,
}

impl Overtaken {
    /// Whether a value read in the epoch `seen` has expired.
    pub(super) fn expires(&self, seen: u32) -> bool {
        self.expired.contains(seen)
    }

    /// Whether a value read in the epoch `seen` is stale.
    pub(super) fn makes_stale(&self, seen: u32) -> bool {
        self.stale.contains(seen)
    }

    /// Expires what was read from the epoch `since` to `now`.
    pub(super) fn expire(&mut self, since: u32, now: u32) {
        self.expired.add(since, now);
        self.stale.remove(since);
    }

    /// Makes stale what was read from the epoch `since` to `now`.
    pub(super) fn make_stale(&mut self, since: u32, now: u32) {
        self.stale.add(since, now);
    }
}

/// Disjoint ranges in ascending order, each of which ends before the present.
#[derive(Debug, Default)]
struct Ranges {
    ranges: Vec<RangeInclusive<u32>>,
    /// The end of the last range, and 0 without one.
    end: u32,
}

impl Ranges {
    fn contains(&self, epoch: u32) -> bool {
        // Most rows were read since, and are found valid by one comparison.
        epoch <= self.end && {
            let ended = self.ranges.partition_point(|range| *range.end() < epoch);
            self.ranges.get(ended).is_some_and(|range| range.contains(&epoch))
        }
    }

    /// Adds the range from `since` to `now`, where no range ends later than `now`.
    fn add(&mut self, since: u32, now: u32) {
        let mut from = since;
        while let Some(last) = self.ranges.pop_if(|last| last.end().saturating_add(1) >= from) {
            from = from.min(*last.start());
        }
        self.ranges.push(from..=now);
        self.end = now;
    }

    /// Removes the ranges that begin at `since` or later.
    fn remove(&mut self, since: u32) {
        while self.ranges.pop_if(|last| *last.start() >= since).is_some() {}
        self.end = self.ranges.last().map_or(0, |last| *last.end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_contain_what_was_added_and_nothing_in_between() {
        let mut ranges = Ranges::default();
        assert!(!ranges.contains(0) && !ranges.contains(1));
        ranges.add(3, 4);
        ranges.add(7, 9);
        let contained = |ranges: &Ranges| (1..=12).filter(|epoch| ranges.contains(*epoch)).collect::<Vec<_>>();
        assert_eq!(contained(&ranges), [3, 4, 7, 8, 9]);
        ranges.add(10, 10);
        assert_eq!((ranges.ranges.len(), contained(&ranges)), (2, vec![3, 4, 7, 8, 9, 10]));
        ranges.remove(5);
        assert_eq!(contained(&ranges), [3, 4]);
        ranges.add(0, 11);
        assert_eq!((ranges.ranges.len(), contained(&ranges)), (1, (1..=11).collect()));
    }

    #[test]
    fn what_has_expired_is_not_merely_stale() {
        let mut overtaken = Overtaken::default();
        overtaken.make_stale(2, 3);
        overtaken.expire(3, 4);
        assert_eq!([1, 2, 3, 4, 5].map(|epoch| overtaken.expires(epoch)), [false, false, true, true, false]);
        assert!(overtaken.makes_stale(2) && !overtaken.makes_stale(5));
    }
}
