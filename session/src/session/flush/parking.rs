//! Unique values that rows would exchange in a cycle, as in a swap: one row of each cycle is parked. An UPDATE of its own
//! first sets one of its unique columns to NULL, or to the free value that the entity names, so that the others can be
//! sent; the row's own statement, as it would be without, comes last.
//!
//! A free value is one row's at a time. Rows that need the same one are parked one after another.

use std::collections::HashMap;

use super::graph::{Graph, Why};
use super::sort::StepRows;
use super::step::Action;
use super::values::{Statement, Statements};
use crate::session::entity::{ColumnSet, Table, UniqueSet};

/// The column in which a row that has a value of `set` can be parked; `referred` are those that foreign keys refer to,
/// whose values the database may pass on. A row whose version the database counts cannot be: the version would have moved
/// before the row's own statement, which names the one that was read.
pub(super) fn parking_column(
    table: &'static Table,
    set: &UniqueSet,
    changed: ColumnSet,
    referred: ColumnSet,
) -> Option<usize> {
    if table.version != table.counted_version() {
        return None;
    }
    let fixed = table.key_columns().union(referred);
    let free = set.free.as_ref().map(|free| free.column);
    let is_sent = |column: &usize| !table.columns[*column].generated && !table.computed.contains(*column);
    let can_be_null = |column: &usize| table.columns[*column].null.is_some() && is_sent(column);
    let nullable = || set.columns.iter().copied().filter(can_be_null).filter(|column| !fixed.contains(*column));
    let is_changed = |column: &usize| changed.contains(*column);
    free.filter(|column| !fixed.contains(*column)).or_else(|| nullable().find(is_changed)).or_else(|| nullable().next())
}

/// Rows that use one free value: the two statements of each.
#[derive(Default)]
pub(super) struct FreeValues(HashMap<(usize, usize), Vec<[usize; 2]>>);

impl FreeValues {
    /// Adds the statement that parks a row, and the one that ends it.
    pub(super) fn add(&mut self, statements: &Statements<'_>, parks: Statement, ends: usize) {
        let Action::Park(columns) = parks.action else { return };
        let table = statements.table(parks.map);
        for column in columns.iter().filter(|column| table.free_value(*column).is_some()) {
            self.0.entry((parks.map, column)).or_default().push([parks.number, ends]);
        }
    }

    /// Lets the rows of a sorted flush use each free value one after another, in the order of their own statements; returns
    /// whether any has to wait.
    pub(super) fn share(&mut self, sorted: &[StepRows], graph: &mut Graph) -> bool {
        let mut waits = false;
        let positions: HashMap<usize, usize> = match self.0.values().any(|users| users.len() > 1) {
            true => {
                sorted.iter().flat_map(|group| &group.rows).copied().enumerate().map(|(at, row)| (row, at)).collect()
            }
            false => return false,
        };
        for mut users in std::mem::take(&mut self.0).into_values() {
            users.sort_by_key(|[_, ends]| positions.get(ends).copied());
            for pair in users.windows(2) {
                graph.edge(pair[0][1], pair[1][0], Why::SameRow);
                waits = true;
            }
        }
        waits
    }
}
