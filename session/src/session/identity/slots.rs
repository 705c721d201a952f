//! Storage for the rows of one entity type, and what the session knows about each.

use std::fmt::{self, Debug};
use std::ops::{Deref, DerefMut};

use super::overtaken::Overtaken;
use crate::session::entity::{ColumnSet, Entity};
use crate::session::given::Parent;

/// The number of slots that are allocated and freed together.
const CHUNK: usize = 256;

/// What is stored about one row. A value in it may have been expired since, together with others: see [`Known`].
pub(super) enum Slot<E: Entity> {
    Pending(Box<E::New>),
    Loaded(Loaded<E>),
    Expired { key: E::Key, marked_deleted: bool },
    Deleted(E::Key),
    Transient(Box<E::New>),
    Gone,
}

/// What the session knows about one row.
pub(super) enum Known<'s, E: Entity> {
    Pending(&'s E::New),
    Loaded(&'s Loaded<E>),
    Expired { marked_deleted: bool },
    Deleted(&'s E::Key),
    Transient,
    Gone,
}

/// A row with a value.
pub(super) struct Loaded<E> {
    pub(super) row: E,
    /// The row as it is in the database, once it was opened for editing.
    pub(super) before: Option<Box<Before<E>>>,
    /// The session's epoch in which it was read.
    pub(super) seen: u32,
    /// It is stale whatever the epoch.
    pub(super) stale: bool,
    /// It was read ahead and not used since.
    pub(super) ahead: bool,
    pub(super) marked_deleted: bool,
}

/// A row as it is in the database, and what its UPDATE waits for.
#[derive(Clone)]
pub(super) struct Before<E> {
    row: E,
    /// The new rows that its foreign keys refer to from the next flush on, unless they are given another value.
    pub(super) waiting: Vec<Waiting>,
}

/// A foreign key that refers to a new row.
#[derive(Clone, Copy)]
pub(crate) struct Waiting(pub(super) Parent);

impl Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a new row of {}", self.0.table)
    }
}

impl<E> Before<E> {
    pub(super) fn new(row: E) -> Box<Self> {
        Box::new(Self { row, waiting: Vec::new() })
    }

    pub(super) fn into_row(self) -> E {
        self.row
    }
}

impl<E> Deref for Before<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.row
    }
}

impl<E> DerefMut for Before<E> {
    fn deref_mut(&mut self) -> &mut E {
        &mut self.row
    }
}

impl<E: Entity> Loaded<E> {
    /// A row as it was read.
    pub(super) fn new(row: E, seen: u32) -> Self {
        Self { row, before: None, seen, stale: false, ahead: false, marked_deleted: false }
    }

    /// The row as it is in the database.
    pub(super) fn stored(&self) -> &E {
        self.before.as_ref().map_or(&self.row, |before| before)
    }

    /// The columns whose values differ from those in the database, or will when new rows have their keys.
    pub(super) fn changed(&self) -> ColumnSet {
        let Some(before) = &self.before else { return ColumnSet::EMPTY };
        let waiting = self.waiting().map(|Waiting(parent)| parent.from);
        waiting.fold(self.row.changed(before), ColumnSet::with)
    }

    /// Whether its values differ from those in the database.
    pub(super) fn is_modified(&self) -> bool {
        !self.changed().is_empty()
    }

    /// The new rows that its foreign keys refer to from the next flush on. A field that was given another value since
    /// refers to that.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Waiting> {
        let before = self.before.as_deref();
        let waiting = before.into_iter().flat_map(|before| before.waiting.iter().map(move |waiting| (before, waiting)));
        let unchanged = |(before, Waiting(parent)): &(&Before<E>, &Waiting)| {
            self.row.field(parent.from).is_same(before.field(parent.from))
        };
        waiting.filter(unchanged).map(|(_, waiting)| waiting)
    }

    /// Whether the value must be read again before it is used, as far as the row itself shows: values read before the
    /// epoch `fresh_since` are stale, unless they are edited.
    pub(super) fn is_stale(&self, fresh_since: u32) -> bool {
        self.before.is_none() && (self.stale || self.seen < fresh_since)
    }

    /// The row without its value.
    pub(super) fn expired(&self) -> Slot<E> {
        Slot::Expired { key: self.stored().key(), marked_deleted: self.marked_deleted }
    }
}

/// Slots by index, in chunks: growing moves no row, and a chunk whose rows are all gone is freed.
pub(super) struct Slots<E: Entity> {
    /// The index of the first slot; those before it were cleared.
    first: u64,
    /// The number of slots since then.
    len: u64,
    chunks: Vec<Chunk<E>>,
    /// The epochs whose reads were expired or made stale, all at once.
    overtaken: Overtaken,
}

struct Chunk<E: Entity> {
    /// Emptied once every row in it is gone.
    slots: Vec<Slot<E>>,
    /// The number of its rows that are not gone.
    live: usize,
}

impl<E: Entity> Default for Slots<E> {
    fn default() -> Self {
        Self { first: 0, len: 0, chunks: Vec::new(), overtaken: Overtaken::default() }
    }
}

impl<E: Entity> Slots<E> {
    /// What is known about the row at `index`: [`Known::Gone`] also for an index that was never used.
    pub(super) fn get(&self, index: u64) -> Known<'_, E> {
        match self.stored(index) {
            Some(Slot::Pending(new)) => Known::Pending(&**new),
            Some(Slot::Loaded(loaded)) if self.overtaken.expires(loaded.seen) => {
                Known::Expired { marked_deleted: loaded.marked_deleted }
            }
            Some(Slot::Loaded(loaded)) => Known::Loaded(loaded),
            Some(Slot::Expired { marked_deleted, .. }) => Known::Expired { marked_deleted: *marked_deleted },
            Some(Slot::Deleted(key)) => Known::Deleted(key),
            Some(Slot::Transient(_)) => Known::Transient,
            Some(Slot::Gone) | None => Known::Gone,
        }
    }

    /// The key in the database of the row at `index`: `None` while it is pending, transient or gone.
    pub(super) fn key(&self, index: u64) -> Option<E::Key> {
        match self.stored(index)? {
            Slot::Loaded(loaded) => Some(loaded.stored().key()),
            Slot::Expired { key, .. } | Slot::Deleted(key) => Some(key.clone()),
            Slot::Pending(_) | Slot::Transient(_) | Slot::Gone => None,
        }
    }

    /// The row with a value at `index`.
    pub(super) fn loaded(&self, index: u64) -> Option<&Loaded<E>> {
        match self.get(index) {
            Known::Loaded(loaded) => Some(loaded),
            _ => None,
        }
    }

    /// The row with a value at `index`.
    pub(super) fn loaded_mut(&mut self, index: u64) -> Option<&mut Loaded<E>> {
        match self.get_mut(index) {
            Some(Slot::Loaded(loaded)) => Some(loaded),
            _ => None,
        }
    }

    /// Whether the value of a row must be read again before it is used.
    pub(super) fn is_stale(&self, loaded: &Loaded<E>, fresh_since: u32) -> bool {
        loaded.is_stale(fresh_since) || (loaded.before.is_none() && self.overtaken.makes_stale(loaded.seen))
    }

    /// The slot at `index`, to be changed but not to [`Slot::Gone`]: use [`replace`](Self::replace) for that. A value
    /// that was expired or made stale together with others is so in its slot from here on.
    pub(super) fn get_mut(&mut self, index: u64) -> Option<&mut Slot<E>> {
        let (chunk, offset) = self.locate(index)?;
        let slot = self.chunks.get_mut(chunk)?.slots.get_mut(offset)?;
        if let Slot::Loaded(loaded) = slot {
            if self.overtaken.expires(loaded.seen) {
                *slot = loaded.expired();
            } else if self.overtaken.makes_stale(loaded.seen) {
                loaded.stale = true;
            }
        }
        Some(slot)
    }

    /// Puts `slot` at `index` and returns the previous slot; a slot that is gone stays gone.
    pub(super) fn replace(&mut self, index: u64, slot: Slot<E>) -> Slot<E> {
        if !matches!(self.get_mut(index), Some(current) if !matches!(current, Slot::Gone)) {
            return Slot::Gone;
        }
        let Some((chunk, offset)) = self.locate(index) else { return Slot::Gone };
        let Some(chunk) = self.chunks.get_mut(chunk) else { return Slot::Gone };
        let Some(current) = chunk.slots.get_mut(offset) else { return Slot::Gone };
        if matches!(slot, Slot::Gone) {
            chunk.live -= 1;
        }
        let before = std::mem::replace(current, slot);
        if chunk.live == 0 && chunk.slots.len() == CHUNK {
            chunk.slots = Vec::new();
        }
        before
    }

    /// The index that the next slot will have.
    pub(super) fn next(&self) -> u64 {
        self.first + self.len
    }

    /// Adds a slot and returns its index, which is never reused.
    pub(super) fn push(&mut self, slot: Slot<E>) -> u64 {
        let index = self.next();
        if self.len.is_multiple_of(CHUNK as u64) {
            // The first chunk grows with its rows, because most sessions hold few.
            let slots = if self.len == 0 { Vec::new() } else { Vec::with_capacity(CHUNK) };
            self.chunks.push(Chunk { slots, live: 0 });
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.slots.push(slot);
            chunk.live += 1;
        }
        self.len += 1;
        index
    }

    /// Expires every value read from the epoch `since` to `now`, without a walk over the rows. Values read from here on
    /// need a later epoch.
    pub(super) fn expire(&mut self, since: u32, now: u32) {
        self.overtaken.expire(since, now);
    }

    /// Makes every value stale that was read from the epoch `since` to `now`, without a walk over the rows. Values read
    /// from here on need a later epoch.
    pub(super) fn make_stale(&mut self, since: u32, now: u32) {
        self.overtaken.make_stale(since, now);
    }

    /// Frees all memory; every index so far is gone.
    pub(super) fn clear(&mut self) {
        *self = Self { first: self.next(), ..Self::default() };
    }

    /// What is stored at `index`.
    fn stored(&self, index: u64) -> Option<&Slot<E>> {
        self.locate(index).and_then(|(chunk, offset)| self.chunks.get(chunk)?.slots.get(offset))
    }

    /// The chunk of a slot, and its offset there.
    fn locate(&self, index: u64) -> Option<(usize, usize)> {
        let number = usize::try_from(index.checked_sub(self.first)?).ok()?;
        Some((number / CHUNK, number % CHUNK))
    }
}
