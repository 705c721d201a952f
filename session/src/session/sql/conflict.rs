//! What an upsert does when rows conflict, and what it did with each.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::session::entity::{ColumnSet, Entity};

/// The number of times that rows are tried which other transactions insert or delete at the same time.
pub(super) const ATTEMPTS: usize = 4;

/// What an upsert did with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Upserted {
    /// It was inserted.
    Inserted,
    /// The table had it already, and its row was updated.
    Updated,
    /// The table had it already, and its row was left as it is.
    Existing,
}

impl Upserted {
    /// Whether the row was inserted.
    #[must_use]
    pub fn is_inserted(self) -> bool {
        self == Self::Inserted
    }
}

/// When two rows conflict, and what becomes of the stored one.
#[derive(Debug, Clone, Copy)]
pub struct Conflict {
    /// The unique columns.
    pub(crate) set: &'static [usize],
    /// The columns that are updated in the stored row, those included that every UPDATE sets; `None` to leave it.
    pub(crate) update: Option<ColumnSet>,
    /// Most rows are probably there: they are read before anything is inserted.
    pub(crate) reads_first: bool,
}

/// The positions without an outcome.
pub(super) fn undecided(outcomes: &[Option<Upserted>]) -> Vec<usize> {
    outcomes.iter().enumerate().filter(|(_, outcome)| outcome.is_none()).map(|(position, _)| position).collect()
}

/// The error for rows that other transactions insert and delete again and again.
pub(super) fn contended<E: Entity>() -> DieselError {
    let problem = format!("other transactions insert and delete the same rows of {} at the same time", E::table().name);
    DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, Box::new(problem))
}
