//! What a flush will do, and in which order. Planning does not read the database and sends no SQL.
//!
//! The order: tables from the top of the foreign keys down, each table's INSERTs and then its UPDATEs; after all of
//! them the DELETEs, from the bottom up. Rows of one table that wait for each other are split into layers. Where a key
//! or a unique value passes from one row to another, `dependencies` puts rows before those that wait for them.

use std::collections::HashMap;
use std::fmt;

use super::dependencies::arrange;
use super::levels::{Level, levels};
use crate::connection::SessionConnection;
use crate::error::{Error, Result};
use crate::session::Session;
use crate::session::entity::{ColumnSet, Table};
use crate::session::given::Parent;
use crate::session::identity::{Change, Rows};
use crate::session::identity_maps::AnyIdentityMap;
use crate::session::sql::deletes_together;

/// Rows of one table in groups: each group may be inserted once those before it are.
pub(crate) type Layers<R> = Vec<Vec<R>>;

/// The changes of one table in a flush.
pub(crate) struct TableChanges {
    pub(crate) level: Level,
    pub(crate) inserts: Layers<u64>,
    pub(crate) updates: Vec<Change>,
    /// Children before parents.
    pub(crate) deletes: Layers<u64>,
}

/// One step of a flush: the same kind of statement for some rows of one table.
pub(crate) struct FlushStep {
    /// The index of the table's identity map, and of its changes as given to [`order`].
    pub(crate) map: usize,
    pub(crate) action: Action,
    pub(crate) rows: Vec<u64>,
}

/// The kind of statement of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Insert,
    Update(ColumnSet),
    Delete,
}

impl Action {
    /// Whether the statement removes a row's values in these columns from the table, and whether it writes some to it.
    pub(crate) fn effects_on(self, columns: ColumnSet) -> (bool, bool) {
        match self {
            Self::Insert => (false, true),
            Self::Update(changed) => (changed.meets(columns), changed.meets(columns)),
            Self::Delete => (true, false),
        }
    }
}

/// The steps of a flush, and the rows whose values must be read before the steps are final: identity map and index.
pub(super) struct Planned {
    pub(super) steps: Vec<FlushStep>,
    pub(super) unread: Vec<(usize, u64)>,
}

impl<C: SessionConnection> Session<'_, C> {
    /// Plans the statements for the pending changes.
    pub(super) fn planned(&self) -> Result<Planned> {
        let mut changes = Vec::new();
        let mut unread = Vec::new();
        let levels = levels(self.maps.iter().map(|map| map.table()));
        let all: Vec<_> = self.maps.iter().map(|map| map.pending_changes()).collect();
        // The deletions of a table stay together only then: other rows may have to be sent between them.
        let only_deletes =
            all.iter().all(|pending_changes| pending_changes.inserts.is_empty() && pending_changes.updates.is_empty());
        for (((position, map), pending_changes), level) in self.maps.iter().enumerate().zip(all).zip(&levels) {
            map.check_versions()?;
            for index in &pending_changes.inserts {
                self.check_parents(map, *index, &mut unread)?;
            }
            let inserts = map.insert_layers(&pending_changes.inserts)?;
            let unknown = map.unread(&pending_changes.deletes);
            let deletes = if unknown.is_empty() {
                map.delete_layers(&pending_changes.deletes)
            } else {
                let known = pending_changes.deletes.len() - unknown.len();
                let together = only_deletes
                    && !level.in_cycle
                    && deletes_together(map.table(), known, unknown.len(), &**self.connection);
                if !together {
                    unread.extend(unknown.into_iter().map(|index| (position, index)));
                }
                vec![pending_changes.deletes]
            };
            changes.push(TableChanges { level: *level, inserts, updates: pending_changes.updates, deletes });
        }
        let in_cycle: Vec<bool> = levels.iter().map(|level| level.in_cycle).collect();
        let rows: Vec<&dyn Rows> = self.maps.iter().map(|map| map as &dyn Rows).collect();
        Ok(Planned { steps: arrange(order(changes), &rows, &in_cycle)?, unread })
    }

    /// The index of the identity map that holds the row a reference refers to.
    fn parent_map(&self, parent: Parent) -> Result<usize> {
        match self.maps.position(parent.entity) {
            Some(map) if parent.handle.session == self.id => Ok(map),
            _ => Err(Error::ForeignHandle { table: parent.table }),
        }
    }

    /// Checks that a row of `table` that is about to be inserted can refer to `parent`, and adds `parent` to `unread`
    /// if its value must be read first.
    pub(in crate::session) fn check_parent(
        &self,
        table: &str,
        parent: Parent,
        unread: &mut Vec<(usize, u64)>,
    ) -> Result<()> {
        let map = self.parent_map(parent)?;
        let Some(other) = self.maps.at(map) else { return Ok(()) };
        let problem = |cause| format!("a new row of {table} refers to a row that does not exist: {cause}");
        let fresh_since = self.transaction.fresh_since();
        if other.check_parent(parent, fresh_since).map_err(|cause| Error::Plan { problem: problem(cause) })? {
            unread.push((map, parent.handle.index));
        }
        Ok(())
    }

    /// Finds references that no order of statements can satisfy, and rows whose value a reference needs but is not
    /// loaded.
    fn check_parents(&self, map: &dyn AnyIdentityMap<C>, index: u64, unread: &mut Vec<(usize, u64)>) -> Result<()> {
        let mut checked = Ok(());
        map.parents(index, &mut |parent| {
            if checked.is_ok() {
                checked = self.check_parent(map.table().name, parent, unread);
            }
        });
        checked
    }
}

/// Orders the changes of a flush by their tables.
pub(crate) fn order(changes: Vec<TableChanges>) -> Vec<FlushStep> {
    let mut numbered: Vec<(usize, TableChanges)> = changes.into_iter().enumerate().collect();
    numbered.sort_by_key(|(map, changes)| (changes.level.depth, *map));
    let (mut steps, mut deletes) = (Vec::new(), Vec::new());
    for (map, changes) in numbered {
        for rows in changes.inserts.into_iter().filter(|rows| !rows.is_empty()) {
            steps.push(FlushStep { map, action: Action::Insert, rows });
        }
        for change in changes.updates {
            push_update(&mut steps, map, &change);
        }
        for rows in changes.deletes.into_iter().rev().filter(|rows| !rows.is_empty()) {
            deletes.push(FlushStep { map, action: Action::Delete, rows });
        }
    }
    steps.extend(deletes.into_iter().rev());
    steps
}

fn push_update(steps: &mut Vec<FlushStep>, map: usize, change: &Change) {
    let action = Action::Update(change.columns);
    match steps.last_mut() {
        Some(last) if last.map == map && last.action == action => last.rows.push(change.row),
        _ => steps.push(FlushStep { map, action, rows: vec![change.row] }),
    }
}

/// Rows in the order of their dependencies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Layering {
    /// Rows that wait only for those of the layers before.
    pub(crate) first: Layers<u64>,
    /// Rows that wait for each other in a cycle, and those between two cycles.
    pub(crate) cyclic: Vec<u64>,
    /// Rows that wait for the cyclic ones.
    pub(crate) last: Layers<u64>,
}

/// Splits rows so that each comes after those it waits for, and keeps their order otherwise.
pub(crate) fn layers(rows: &[u64], mut waits_for: impl FnMut(u64, &mut dyn FnMut(u64))) -> Layering {
    let positions: HashMap<u64, usize> = rows.iter().enumerate().map(|(position, row)| (*row, position)).collect();
    let (mut above, mut below) = (vec![Vec::new(); rows.len()], vec![Vec::new(); rows.len()]);
    for (position, row) in rows.iter().enumerate() {
        waits_for(*row, &mut |parent| {
            if let Some(parent) = positions.get(&parent) {
                above[position].push(*parent);
                below[*parent].push(position);
            }
        });
    }
    let mut remaining = vec![true; rows.len()];
    let first = take_layers(&above, &below, &mut remaining);
    let mut last = take_layers(&below, &above, &mut remaining);
    last.reverse();
    let named = |layers: Layers<usize>| -> Layers<u64> {
        layers.into_iter().map(|layer| layer.into_iter().map(|position| rows[position]).collect()).collect()
    };
    let cyclic = rows.iter().zip(&remaining).filter(|(_, remaining)| **remaining).map(|(row, _)| *row).collect();
    Layering { first: named(first), cyclic, last: named(last) }
}

/// Removes, layer by layer, the remaining rows that wait for none of the others.
fn take_layers(waits_for: &[Vec<usize>], waited_for_by: &[Vec<usize>], remaining: &mut [bool]) -> Layers<usize> {
    let mut waits: Vec<usize> =
        waits_for.iter().map(|others| others.iter().filter(|other| remaining[**other]).count()).collect();
    let mut layers = Vec::new();
    let mut layer: Vec<usize> =
        (0..remaining.len()).filter(|position| remaining[*position] && waits[*position] == 0).collect();
    while !layer.is_empty() {
        let mut next = Vec::new();
        for position in &layer {
            remaining[*position] = false;
            for other in waited_for_by[*position].iter().copied().filter(|other| remaining[*other]) {
                waits[other] -= 1;
                if waits[other] == 0 {
                    next.push(other);
                }
            }
        }
        next.sort_unstable();
        layers.push(std::mem::replace(&mut layer, next));
    }
    layers
}

/// What a flush would do: see [`Session::plan`](crate::Session::plan).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    steps: Vec<Step>,
}

/// One step of a [`Plan`]: shown as `INSERT users (2 rows)`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// `INSERT`, `UPDATE` or `DELETE`.
    pub verb: &'static str,
    /// The table.
    pub table: &'static str,
    /// The columns that an UPDATE sets.
    pub columns: Vec<&'static str>,
    /// The number of rows.
    pub rows: usize,
}

impl Plan {
    pub(crate) fn new(steps: &[FlushStep], tables: &[&'static Table]) -> Self {
        let steps = steps.iter().map(|step| {
            let table = tables[step.map];
            let (verb, columns) = match step.action {
                Action::Insert => ("INSERT", ColumnSet::EMPTY),
                Action::Update(columns) => ("UPDATE", columns),
                Action::Delete => ("DELETE", ColumnSet::EMPTY),
            };
            let columns = columns.iter().map(|column| table.columns[column].name).collect();
            Step { verb, table: table.name, columns, rows: step.rows.len() }
        });
        Self { steps: steps.collect() }
    }

    /// The steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether a flush would send nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            let end = if number + 1 < self.steps.len() { "\n" } else { "" };
            write!(f, "{step}{end}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.table)?;
        if !self.columns.is_empty() {
            write!(f, " SET {}", self.columns.join(", "))?;
        }
        write!(f, " ({} {})", self.rows, if self.rows == 1 { "row" } else { "rows" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The layers of `rows`, given pairs of a row and a row that it waits for.
    fn split(rows: &[u64], waits: &[(u64, u64)]) -> Layering {
        layers(rows, |row, see| waits.iter().filter(|(one, _)| *one == row).for_each(|(_, other)| see(*other)))
    }

    #[test]
    fn rows_that_wait_for_nothing_stay_in_one_layer_in_their_order() {
        assert_eq!(split(&[3, 1, 2], &[]).first, [[3, 1, 2]]);
    }

    #[test]
    fn a_row_comes_in_a_later_layer_than_the_row_it_waits_for() {
        let split = split(&[1, 2, 3, 4], &[(1, 2), (2, 3), (4, 3)]);
        assert_eq!(split, Layering { first: vec![vec![3], vec![2, 4], vec![1]], cyclic: vec![], last: vec![] });
    }

    #[test]
    fn rows_that_wait_for_each_other_stay_together_and_no_others_with_them() {
        let split = split(&[1, 2, 3, 4, 5, 6], &[(2, 1), (3, 2), (3, 4), (4, 3), (5, 4), (6, 5), (4, 4)]);
        assert_eq!(split, Layering { first: vec![vec![1], vec![2]], cyclic: vec![3, 4], last: vec![vec![5], vec![6]] });
    }
}
