//! `Flushed`: the rows that a flush has sent, as its hooks see them.

use std::any::{Any, TypeId};
use std::fmt;

use super::plan::Plan;
use crate::session::entity::Entity;
use crate::session::handle::Handle;
use crate::session::identity::{Sent, SentRow};

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
        let inserted = |(row, sent): &(u64, SentRow<E>)| match sent {
            SentRow::Inserted => Some(self.handle(*row)),
            _ => None,
        };
        self.rows().iter().filter_map(inserted).collect()
    }

    /// The rows of `E` that were updated, in that order.
    #[must_use]
    pub fn updated<E: Entity>(&self) -> Vec<Updated<'_, E>> {
        self.rows::<E>()
            .iter()
            .filter_map(|(row, sent)| match sent {
                SentRow::Updated(before) => Some(Updated { handle: self.handle(*row), before }),
                _ => None,
            })
            .collect()
    }

    /// The rows of `E` that were deleted, in that order. A row without a version that was gone already is among them.
    #[must_use]
    pub fn deleted<E: Entity>(&self) -> Vec<Deleted<'_, E>> {
        self.rows::<E>()
            .iter()
            .filter_map(|(row, sent)| match sent {
                SentRow::Deleted(key, was) => Some(Deleted { handle: self.handle(*row), key, row: was.as_ref() }),
                _ => None,
            })
            .collect()
    }

    /// The statements, as [`Session::plan`](crate::Session::plan) shows them.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    fn rows<E: Entity>(&self) -> &[(u64, SentRow<E>)] {
        let sent = self.sent.iter().find(|(entity, _)| *entity == TypeId::of::<E>());
        sent.and_then(|(_, sent)| sent.downcast_ref::<Sent<E>>()).map_or(&[], |sent| &sent.rows)
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
