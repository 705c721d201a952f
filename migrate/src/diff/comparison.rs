//! The differences of two schemas while they are found.

use diesel_session::connection::Engine;

use super::difference::{Change, Difference, Object};
use crate::schema::Schema;

/// The order in which differences are mended: what hinders others goes first, what needs others comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    DropDependent,
    Enums,
    CreateTables,
    AddColumns,
    Columns,
    AddParts,
    DropIndexes,
    DropColumns,
    ForeignKeys,
    DropTables,
    DropEnums,
    CreateDependent,
}

/// The differences found so far.
pub(super) struct Comparison<'s> {
    pub(super) expected: &'s Schema,
    pub(super) found: &'s Schema,
    pub(super) engine: Engine,
    differences: Vec<(Phase, Difference)>,
}

impl<'s> Comparison<'s> {
    pub(super) fn new(expected: &'s Schema, found: &'s Schema, engine: Engine) -> Self {
        Self { expected, found, engine, differences: Vec::new() }
    }

    /// Adds a difference.
    pub(super) fn push(&mut self, phase: Phase, object: Object, change: Change, sql: Vec<String>) {
        self.differences.push((phase, Difference { object, change, sql }));
    }

    /// All differences, in the order in which they are mended.
    pub(super) fn in_order(mut self) -> Vec<Difference> {
        self.differences.sort_by_key(|(phase, _)| *phase);
        self.differences.into_iter().map(|(_, difference)| difference).collect()
    }
}
