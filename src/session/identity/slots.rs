//! Where the rows of one entity type lie in memory, and what the session knows of each.

use crate::session::entity::Entity;

/// So many slots are allocated, and given back, together.
const CHUNK: usize = 256;

/// What the session knows of one row.
pub(super) enum Slot<E: Entity> {
    Pending(Box<E::New>),
    Loaded(Loaded<E>),
    Expired { key: E::Key, marked_deleted: bool },
    Deleted(E::Key),
    Transient(Box<E::New>),
    Gone,
}

/// A row with a value.
pub(super) struct Loaded<E> {
    pub(super) row: E,
    /// The row as the database has it, once it was opened for editing.
    pub(super) before: Option<Box<E>>,
    /// When it was read, by the session's clock.
    pub(super) seen: u32,
    /// It was read ahead, and nobody has asked for it since.
    pub(super) ahead: bool,
    pub(super) marked_deleted: bool,
}

/// A value that was read before the session's clock began: it is stale from the start.
pub(super) const NEVER: u32 = 0;

impl<E: Entity> Loaded<E> {
    /// A row as it was read.
    pub(super) fn new(row: E, seen: u32) -> Self {
        Self { row, before: None, seen, ahead: false, marked_deleted: false }
    }

    /// The row as the database has it.
    pub(super) fn stored(&self) -> &E {
        self.before.as_deref().unwrap_or(&self.row)
    }

    /// Whether its values differ from the database's.
    pub(super) fn is_modified(&self) -> bool {
        self.before.as_ref().is_some_and(|before| !self.row.changed(before).is_empty())
    }

    /// The row without its value.
    pub(super) fn expired(&self) -> Slot<E> {
        Slot::Expired { key: self.stored().key(), marked_deleted: self.marked_deleted }
    }
}

/// Slots by index. They lie in chunks: growing moves no row, and a chunk whose rows are all gone is given back.
pub(super) struct Slots<E: Entity> {
    /// The index of the first slot; those before it were cleared.
    first: u64,
    /// How many slots there were since.
    len: u64,
    chunks: Vec<Chunk<E>>,
}

struct Chunk<E: Entity> {
    /// Empty again once every row in it is gone.
    slots: Vec<Slot<E>>,
    /// How many of its rows are not gone.
    live: usize,
}

impl<E: Entity> Default for Slots<E> {
    fn default() -> Self {
        Self { first: 0, len: 0, chunks: Vec::new() }
    }
}

impl<E: Entity> Slots<E> {
    /// What is at `index`: [`Slot::Gone`] also for what never was.
    pub(super) fn get(&self, index: u64) -> &Slot<E> {
        self.place(index).and_then(|(chunk, place)| self.chunks.get(chunk)?.slots.get(place)).unwrap_or(&Slot::Gone)
    }

    /// The row with a value at `index`.
    pub(super) fn loaded(&self, index: u64) -> Option<&Loaded<E>> {
        match self.get(index) {
            Slot::Loaded(loaded) => Some(loaded),
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

    /// What is at `index`, to be changed without becoming [`Slot::Gone`]: that takes [`replace`](Self::replace).
    pub(super) fn get_mut(&mut self, index: u64) -> Option<&mut Slot<E>> {
        let (chunk, place) = self.place(index)?;
        self.chunks.get_mut(chunk)?.slots.get_mut(place)
    }

    /// Puts `slot` at `index` and gives what was there; what is gone stays gone.
    pub(super) fn replace(&mut self, index: u64, slot: Slot<E>) -> Slot<E> {
        let Some((chunk, place)) = self.place(index) else { return Slot::Gone };
        let Some(chunk) = self.chunks.get_mut(chunk) else { return Slot::Gone };
        let Some(there) = chunk.slots.get_mut(place) else { return Slot::Gone };
        if matches!(there, Slot::Gone) {
            return Slot::Gone;
        }
        if matches!(slot, Slot::Gone) {
            chunk.live -= 1;
        }
        let before = std::mem::replace(there, slot);
        if chunk.live == 0 && chunk.slots.len() == CHUNK {
            chunk.slots = Vec::new();
        }
        before
    }

    /// The index that the next slot will have.
    pub(super) fn next(&self) -> u64 {
        self.first + self.len
    }

    /// Adds a slot and gives its index, which no other slot ever has.
    pub(super) fn push(&mut self, slot: Slot<E>) -> u64 {
        let index = self.next();
        if self.len.is_multiple_of(CHUNK as u64) {
            // The first chunk grows with its rows: most sessions hold few.
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

    /// Every slot that is not known to be gone, to be changed without becoming [`Slot::Gone`].
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot<E>> {
        self.chunks.iter_mut().flat_map(|chunk| &mut chunk.slots)
    }

    /// Gives all memory back; every index so far is gone.
    pub(super) fn clear(&mut self) {
        *self = Self { first: self.next(), ..Self::default() };
    }

    fn place(&self, index: u64) -> Option<(usize, usize)> {
        let place = usize::try_from(index.checked_sub(self.first)?).ok()?;
        Some((place / CHUNK, place % CHUNK))
    }
}
