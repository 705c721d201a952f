//! Foreign keys that a flush may write apart from their rows, so that rows which wait for each other in a cycle can be
//! sent (post-update): a new row is inserted with NULL there, a changed row is updated without it, and an UPDATE of its
//! own sets it when the row that it refers to exists; of a row to be deleted it is set to NULL before. And the unique
//! values that rows may give up before their own statements, where they would exchange them (`parking`).

use super::parking::parking_column;
use super::step::{Action, Deferred};
use super::values::{Statement, Statements};
use crate::session::entity::{ColumnSet, ForeignKey, Table, UniqueSet};

/// Columns of a row that may be written apart from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deferral {
    /// The row's map and index.
    row: (usize, u64),
    columns: ColumnSet,
    parks: bool,
}

impl Deferral {
    /// Has the flush do so.
    pub(super) fn apply(self, deferred: &mut Deferred) {
        if self.parks {
            deferred.park(self.row, self.columns);
        } else {
            deferred.add(self.row, self.columns);
        }
    }
}

/// The deferrals that the edges of a graph name by number.
#[derive(Default)]
pub(super) struct Deferrals(Vec<Deferral>);

impl Deferrals {
    /// The deferral without which `statement` needs the row that `key` refers to.
    pub(super) fn of_claim(
        &mut self,
        statements: &Statements<'_>,
        statement: Statement,
        key: &ForeignKey,
    ) -> Option<usize> {
        let (table, columns) = (statements.table(statement.map), columns(key));
        let left_out = match statement.action {
            Action::Insert => nullable(table, columns),
            Action::Update(changed) => columns.intersection(changed),
            _ => ColumnSet::EMPTY,
        };
        self.add(statements, statement, left_out)
    }

    /// The deferral without which a reference by a handle in this column makes `statement` wait for the row.
    pub(super) fn of_handle(
        &mut self,
        statements: &Statements<'_>,
        statement: Statement,
        column: usize,
    ) -> Option<usize> {
        let table = statements.table(statement.map);
        let keys = table.foreign_keys.iter().filter(|key| key.columns.contains(&column));
        let columns = keys.map(columns).fold(ColumnSet::EMPTY, ColumnSet::union);
        let left_out = match statement.action {
            Action::Insert => nullable(table, columns),
            Action::Update(changed) => columns.intersection(changed),
            _ => ColumnSet::EMPTY,
        };
        if left_out.contains(column) { self.add(statements, statement, left_out) } else { None }
    }

    /// The deferral without which `statement` keeps the row in place that `key` refers to.
    pub(super) fn of_release(
        &mut self,
        statements: &Statements<'_>,
        statement: Statement,
        key: &ForeignKey,
    ) -> Option<usize> {
        let columns = nullable(statements.table(statement.map), columns(key));
        let left_out = match statement.action {
            Action::Delete => columns,
            Action::Update(changed) => columns.intersection(changed),
            _ => ColumnSet::EMPTY,
        };
        self.add(statements, statement, left_out)
    }

    /// The deferral by which the row of `statement` gives up its value of a unique set before; `referred` are the columns
    /// that foreign keys refer to.
    pub(super) fn of_reuse(
        &mut self,
        statements: &Statements<'_>,
        statement: Statement,
        set: &UniqueSet,
        referred: ColumnSet,
    ) -> Option<usize> {
        let changed = match statement.action {
            Action::Update(changed) => changed,
            Action::Delete => ColumnSet::EMPTY,
            _ => return None,
        };
        let row = (statement.map, statement.row);
        let column = parking_column(statements.table(row.0), set, changed, referred)?;
        let apart = statements.deferred.of(row.0, row.1).union(statements.deferred.parked(row.0, row.1));
        if apart.contains(column) {
            return None;
        }
        self.0.push(Deferral { row, columns: ColumnSet::EMPTY.with(column), parks: true });
        Some(self.0.len() - 1)
    }

    fn add(&mut self, statements: &Statements<'_>, statement: Statement, columns: ColumnSet) -> Option<usize> {
        let row = (statement.map, statement.row);
        let columns = columns.without(statements.deferred.of(row.0, row.1));
        if columns.is_empty() {
            return None;
        }
        self.0.push(Deferral { row, columns, parks: false });
        Some(self.0.len() - 1)
    }

    pub(super) fn get(&self, number: usize) -> Deferral {
        self.0[number]
    }
}

/// The columns of a foreign key.
pub(super) fn columns(key: &ForeignKey) -> ColumnSet {
    key.columns.iter().copied().fold(ColumnSet::EMPTY, ColumnSet::with)
}

fn nullable(table: &'static Table, columns: ColumnSet) -> ColumnSet {
    let can_be_null = |column: &usize| table.columns[*column].null.is_some();
    columns.iter().filter(can_be_null).fold(ColumnSet::EMPTY, ColumnSet::with)
}
