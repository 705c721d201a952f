//! `Handle`, which refers to a row in a session, and `State`, the row's current state.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};

/// Refers to one row in one session: `Copy`, typed, and refused by every other session.
///
/// The session never gives the same handle to two rows, so a handle whose row was removed stays [`State::Gone`].
pub struct Handle<E> {
    pub(crate) raw: RawHandle,
    entity: PhantomData<fn() -> E>,
}

/// A handle without its entity type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RawHandle {
    pub(crate) session: u64,
    pub(crate) index: u64,
}

impl<E> Handle<E> {
    pub(crate) fn new(session: u64, index: u64) -> Self {
        Self { raw: RawHandle { session, index }, entity: PhantomData }
    }
}

/// A number that no other session of this process has.
pub(crate) fn next_session() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl<E> Clone for Handle<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Handle<E> {}

impl<E> PartialEq for Handle<E> {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl<E> Eq for Handle<E> {}

impl<E> Hash for Handle<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.raw.hash(state);
    }
}

impl<E> fmt::Debug for Handle<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entity = std::any::type_name::<E>();
        let entity = entity.rsplit("::").next().unwrap_or(entity);
        write!(f, "Handle<{entity}>({}.{})", self.raw.session, self.raw.index)
    }
}

/// The state of a row in its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Added and not yet flushed: no key, no row in the database.
    Pending,
    /// In the database and loaded in this transaction.
    Persistent {
        /// Whether it was opened for editing since the last flush (its values may still be the same).
        modified: bool,
    },
    /// Loaded in an earlier transaction, or possibly outdated by a write or a savepoint that was rolled back: the last
    /// value is shown, and reloaded when it is used inside a transaction.
    Stale,
    /// Known by key, without a value: the next use of the value loads it.
    Expired,
    /// Deleted in this transaction.
    Deleted,
    /// Added, and undone by a rollback: the session keeps its values for `add_back`.
    Transient,
    /// No longer in the session.
    Gone,
}

impl State {
    /// Added and not yet flushed.
    #[must_use]
    pub fn is_pending(self) -> bool {
        self == Self::Pending
    }

    /// In the database as far as the session knows: persistent, stale or expired.
    #[must_use]
    pub fn is_persistent(self) -> bool {
        matches!(self, Self::Persistent { .. } | Self::Stale | Self::Expired)
    }

    /// Undone by a rollback.
    #[must_use]
    pub fn is_transient(self) -> bool {
        self == Self::Transient
    }
}
