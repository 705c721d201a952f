//! What a flush will do, and in which order. Planning does not read the database and sends no SQL.
//!
//! The order: tables from the top of the foreign keys down, each table's INSERTs and then its UPDATEs; after all of
//! them the DELETEs, from the bottom up. Where rows wait for others, their `dependencies` change that order.

use std::fmt;

use super::dependencies::Dependencies;
use super::levels::{Level, levels};
use super::sort::StepRows;
use super::step::{Action, FlushStep};
use crate::connection::SessionConnection;
use crate::error::{Error, Result};
use crate::session::Session;
use crate::session::entity::{ColumnSet, Table};
use crate::session::given::Parent;
use crate::session::identity::{Change, PendingChanges, Rows};
use crate::session::identity_maps::AnyIdentityMap;
use crate::session::sql::deletes_together;

/// The steps of a flush, and the rows whose values must be read before the steps are final: identity map and index.
pub(super) struct Planned {
    pub(super) steps: Vec<FlushStep>,
    pub(super) unread: Vec<(usize, u64)>,
}

impl<C: SessionConnection> Session<'_, C> {
    /// Plans the statements for the pending changes.
    pub(super) fn planned(&self) -> Result<Planned> {
        let mut unread = Vec::new();
        let maps: Vec<&dyn Rows> = self.maps.iter().map(|map| map as &dyn Rows).collect();
        let levels = levels(maps.iter().map(|map| map.table()));
        let changes: Vec<PendingChanges> = self.maps.iter().map(|map| map.pending_changes()).collect();
        // The deletions of a table stay together only then: other rows may have to be sent between them.
        let only_deletes = changes.iter().all(|changes| changes.inserts.is_empty() && changes.updates.is_empty());
        let mut has_unread = vec![false; maps.len()];
        for (position, ((map, changes), level)) in self.maps.iter().zip(&changes).zip(&levels).enumerate() {
            map.check_versions()?;
            for index in &changes.inserts {
                self.check_parents(map, *index, &mut unread)?;
            }
            let values = map.unread_history(&changes.deletes, self.transaction.fresh_since());
            unread.extend(values.into_iter().map(|index| (position, index)));
            let unknown = map.unread(&changes.deletes);
            if unknown.is_empty() {
                continue;
            }
            has_unread[position] = true;
            let known = changes.deletes.len() - unknown.len();
            let table = map.table();
            if !only_deletes || level.in_cycle || !deletes_together(table, known, unknown.len(), &**self.connection) {
                unread.extend(unknown.into_iter().map(|index| (position, index)));
            }
        }
        let in_cycle: Vec<bool> = levels.iter().map(|level| level.in_cycle).collect();
        let steps = arranged(in_order(changes, &levels), &maps, &in_cycle, &has_unread)?;
        Ok(Planned { steps, unread })
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

/// The steps in the order of their tables.
fn in_order(changes: Vec<PendingChanges>, levels: &[Level]) -> Vec<FlushStep> {
    let mut numbered: Vec<(usize, PendingChanges)> = changes.into_iter().enumerate().collect();
    numbered.sort_by_key(|(map, _)| (levels[*map].depth, *map));
    let (mut steps, mut deletes) = (Vec::new(), Vec::new());
    for (map, changes) in numbered {
        steps.push(FlushStep { map, action: Action::Insert, rows: changes.inserts });
        for change in changes.updates {
            push_update(&mut steps, map, &change);
        }
        deletes.push(FlushStep { map, action: Action::Delete, rows: changes.deletes });
    }
    steps.extend(deletes.into_iter().rev());
    steps.retain(|step| !step.rows.is_empty());
    steps
}

fn push_update(steps: &mut Vec<FlushStep>, map: usize, change: &Change) {
    let action = Action::Update(change.columns);
    match steps.last_mut() {
        Some(last) if last.map == map && last.action == action => last.rows.push(change.row),
        _ => steps.push(FlushStep { map, action, rows: vec![change.row] }),
    }
}

/// Puts rows before those that wait for them, and keeps the order where no row waits.
fn arranged(
    steps: Vec<FlushStep>,
    maps: &[&dyn Rows],
    in_cycle: &[bool],
    has_unread: &[bool],
) -> Result<Vec<FlushStep>> {
    let dependencies = Dependencies::between(&steps, maps, in_cycle, has_unread);
    let Some(sorted) = dependencies.sort()? else { return Ok(steps) };
    let mut arranged: Vec<(usize, FlushStep)> = Vec::new();
    for StepRows { step: number, rows } in sorted {
        let FlushStep { map, action, .. } = steps[number];
        let rows = rows.into_iter().map(|row| dependencies.statements.get(row).row);
        match arranged.last_mut() {
            // These rows are sent one by one, so they may wait for each other.
            Some((last, step)) if *last == number && sent_singly(action, maps[map].table()) => step.rows.extend(rows),
            _ => arranged.push((number, FlushStep { map, action, rows: rows.collect() })),
        }
    }
    Ok(arranged.into_iter().map(|(_, step)| step).collect())
}

/// Whether an UPDATE changes keys or unique values, so that its rows are sent one by one.
fn sent_singly(action: Action, table: &'static Table) -> bool {
    matches!(action, Action::Update(columns) if columns.meets(table.own_unique()))
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
    /// The steps, and the INSERT of that many changes into the history.
    pub(crate) fn new(steps: &[FlushStep], tables: &[&'static Table], history: usize) -> Self {
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
        let (verb, table) = ("INSERT", "diesel_session_history");
        let history = (history > 0).then(|| Step { verb, table, columns: Vec::new(), rows: history });
        Self { steps: steps.chain(history).collect() }
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
