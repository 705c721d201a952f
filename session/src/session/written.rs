//! The writes of a transaction, and the rows to reload after a write or after the rollback of a savepoint.

use std::any::TypeId;

use super::entity::Table;
use super::flush::step::Action;

/// A write, as far as the session knows its effect; the effects of triggers are unknown.
#[derive(Debug, Clone, Copy)]
pub(super) enum Write {
    /// A step of a flush, or of an INSERT of many rows: it writes rows of one table.
    Step(&'static Table, Action),
    /// A statement on Diesel's table of this type.
    Statement(TypeId),
    /// Anything at all.
    Unknown,
}

impl Write {
    /// Whether the write may have changed or deleted rows of `table` other than those that it was sent for.
    pub(super) fn reaches(self, table: &'static Table) -> bool {
        match self {
            Self::Step(_, Action::Insert) => false,
            // The database may have cascaded a changed parent's new value to its children, or deleted them with the
            // parent.
            Self::Step(parent, Action::Delete) => table.follows(parent),
            Self::Step(parent, action) => action.updated().is_some_and(|columns| table.is_reached_by(parent, columns)),
            Self::Statement(written) => table.depends_on(written),
            Self::Unknown => true,
        }
    }

    fn changes(self, table: &'static Table) -> bool {
        matches!(self, Self::Step(written, _) if (written.id)() == (table.id)()) || self.reaches(table)
    }

    fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Step(table, action), Self::Step(other, same)) => std::ptr::eq(table, other) && action == same,
            (Self::Statement(table), Self::Statement(other)) => table == other,
            (Self::Unknown, Self::Unknown) => true,
            _ => false,
        }
    }
}

/// What was written since a savepoint was opened.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The session's epoch at the first write.
    pub(super) since: Option<u32>,
    /// Each kind of write once.
    writes: Vec<Write>,
}

impl Written {
    pub(super) fn add(&mut self, write: Write) {
        if !self.writes.iter().any(|known| known.is(write)) {
            self.writes.push(write);
        }
    }

    /// Adds the writes of an inner savepoint to the outer one.
    pub(super) fn absorb(&mut self, inner: Self) {
        self.since = self.since.or(inner.since);
        inner.writes.into_iter().for_each(|write| self.add(write));
    }

    /// Whether rows of `table` that were read after the first write may contain changes that a rollback undoes.
    pub(super) fn changes(&self, table: &'static Table) -> bool {
        self.writes.iter().any(|write| write.changes(table))
    }
}
