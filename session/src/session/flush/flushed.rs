//! `Flushed`: the rows that a flush has sent, as its hooks see them.

use std::any::{Any, TypeId};
use std::fmt;

use super::plan::Plan;
use crate::session::entity::Entity;
use crate::session::handle::Handle;
use crate::session::identity::Sent;

/// What one flush has sent: its statements, and the rows that they inserted, updated and deleted, by entity. See
/// [`Session::after_flush`](crate::Session::after_flush).
///
/// Rows that the database changed or deleted in consequence, by a foreign key or a trigger, are not among them.
pub struct Flushed {
    session: u64,
    plan: Plan,
    sent: Vec<(TypeId, Box<dyn Any + Send>)>,
}

/// A row that a flush has updated. Its values now are those of its handle.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Updated<'f, E> {
    /// The row.
    pub handle: Handle<E>,
    /// Its values before the flush.
    pub before: &'f E,
}

/// A row that a flush has deleted.
#[derive(Debug)]
#[non_exhaustive]
pub struct Deleted<'f, E: Entity> {
    /// The row, which is in the state [`Deleted`](crate::State::Deleted).
    pub handle: Handle<E>,
    /// The key that it had.
    pub key: &'f E::Key,
    /// Its values; `None` if they were not in memory, because `delete` reads nothing.
    pub row: Option<&'f E>,
}

impl Flushed {
    pub(super) fn new(session: u64, plan: Plan, sent: Vec<(TypeId, Box<dyn Any + Send>)>) -> Self {
        Self { session, plan, sent }
    }

    /// The rows of `E` that were inserted, in that order.
    #[must_use]
    pub fn inserted<E: Entity>(&self) -> Vec<Handle<E>> {
        self.of::<E>().map_or_else(Vec::new, |sent| sent.inserted.iter().map(|row| self.handle(*row)).collect())
    }

    /// The rows of `E` that were updated, in that order.
    #[must_use]
    pub fn updated<E: Entity>(&self) -> Vec<Updated<'_, E>> {
        self.of::<E>().map_or_else(Vec::new, |sent| {
            sent.updated.iter().map(|(row, before)| Updated { handle: self.handle(*row), before: &**before }).collect()
        })
    }

    /// The rows of `E` that were deleted, in that order. A row without a version that was gone already is among them.
    #[must_use]
    pub fn deleted<E: Entity>(&self) -> Vec<Deleted<'_, E>> {
        self.of::<E>().map_or_else(Vec::new, |sent| {
            let deleted = sent.deleted.iter();
            deleted.map(|(row, key, was)| Deleted { handle: self.handle(*row), key, row: was.as_ref() }).collect()
        })
    }

    /// The statements, as [`Session::plan`](crate::Session::plan) shows them.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    fn of<E: Entity>(&self) -> Option<&Sent<E>> {
        let (_, sent) = self.sent.iter().find(|(entity, _)| *entity == TypeId::of::<E>())?;
        sent.downcast_ref()
    }

    fn handle<E>(&self, index: u64) -> Handle<E> {
        Handle::new(self.session, index)
    }
}

impl fmt::Debug for Flushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flushed").field("plan", &self.plan).finish_non_exhaustive()
    }
}
