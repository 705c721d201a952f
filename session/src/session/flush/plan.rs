//! What a flush will do, and in which order. Planning does not read the database and sends no SQL.
//!
//! The order: tables from the top of the foreign keys down, each table's INSERTs and then its UPDATEs; after all of
//! them the DELETEs, from the bottom up. Where rows wait for others, their `dependencies` change that order.

use std::fmt;

use super::deferral::Deferral;
use super::dependencies::Dependencies;
use super::levels::{Level, levels};
use super::planning::{Order, Planning};
use super::sort::StepRows;
use super::step::{Action, Deferred, FlushStep};
use crate::connection::{Engine, SessionConnection};
use crate::error::{Error, Result};
use crate::session::Session;
use crate::session::entity::{ColumnSet, Table};
use crate::session::given::{Given, Parent};
use crate::session::identity::{Change, PendingChanges, Rows};
use crate::session::identity_maps::AnyIdentityMap;
use crate::session::sql::deletes_together;

/// The steps of a flush, and the rows whose values must be read before the steps are final: identity map and index.
pub(super) struct Planned {
    pub(super) steps: Vec<FlushStep>,
    pub(super) unread: Vec<(usize, u64)>,
    /// The columns that are written apart from their rows.
    pub(super) deferred: Deferred,
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
        let in_cycle = |(changes, level): (&PendingChanges, &Level)| level.in_cycle && !changes.deletes.is_empty();
        let cycle_of_deletes = changes.iter().zip(&levels).filter(|both| in_cycle(*both)).count() > 1;
        let mut has_unread = vec![false; maps.len()];
        for (position, ((map, changes), level)) in self.maps.iter().zip(&changes).zip(&levels).enumerate() {
            map.check_versions()?;
            for index in &changes.inserts {
                self.check_parents(map, *index, "new", &mut unread)?;
            }
            for change in &changes.updates {
                self.check_parents(map, change.row, "changed", &mut unread)?;
            }
            if map.is_recorded(self.records_history) {
                let values = map.unread_history(&changes.deletes, self.transaction.fresh_since());
                unread.extend(values.into_iter().map(|index| (position, index)));
            }
            let in_cycle = level.in_cycle && cycle_of_deletes;
            let unknown = map.unread(&changes.deletes, in_cycle);
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
        let engine = self.connection.engine();
        let mut deferred = Deferred::default();
        loop {
            let steps = in_order(&changes, &levels, &maps, &deferred);
            let (maps, in_cycle, unread_maps) = (&maps[..], &in_cycle[..], &has_unread[..]);
            let planning = Planning { maps, in_cycle, unread: unread_maps, deferred: &deferred, engine };
            match arranged(steps, &planning)? {
                Arranged::Steps(steps) => return Ok(Planned { steps, unread, deferred }),
                Arranged::Needs(more) => more.into_iter().for_each(|deferral| deferral.apply(&mut deferred)),
            }
        }
    }

    /// The index of the identity map that holds the row a reference refers to.
    fn parent_map(&self, parent: Parent) -> Result<usize> {
        match self.maps.position(parent.entity) {
            Some(map) if parent.handle.session == self.id => Ok(map),
            _ => Err(Error::ForeignHandle { table: parent.table }),
        }
    }

    /// Checks that a new or changed row of `table` can refer to `parent`, and adds `parent` to `unread` if its value must
    /// be read first.
    pub(in crate::session) fn check_parent(
        &self,
        (kind, table): (&str, &str),
        parent: Parent,
        unread: &mut Vec<(usize, u64)>,
    ) -> Result<()> {
        let map = self.parent_map(parent)?;
        let Some(other) = self.maps.at(map) else { return Ok(()) };
        let problem = |cause| format!("a {kind} row of {table} refers to a row that does not exist: {cause}");
        let fresh_since = self.transaction.fresh_since();
        if other.check_parent(parent, fresh_since).map_err(|cause| Error::Plan { problem: problem(cause) })? {
            unread.push((map, parent.handle.index));
        }
        Ok(())
    }

    /// Finds references that no order of statements can satisfy, and rows whose value a reference needs but is not
    /// loaded.
    fn check_parents(
        &self,
        map: &dyn AnyIdentityMap<C>,
        index: u64,
        kind: &str,
        unread: &mut Vec<(usize, u64)>,
    ) -> Result<()> {
        let mut checked = Ok(());
        map.parents(index, &mut |parent| {
            if checked.is_ok() {
                checked = self.check_parent((kind, map.table().name), parent, unread);
            }
        });
        checked
    }
}

/// The steps in the order of their tables.
fn in_order(changes: &[PendingChanges], levels: &[Level], maps: &[&dyn Rows], deferred: &Deferred) -> Vec<FlushStep> {
    let mut numbered: Vec<(usize, &PendingChanges)> = changes.iter().enumerate().collect();
    numbered.sort_by_key(|(map, _)| (levels[*map].depth, *map));
    let (mut steps, mut last, mut deletes) = (Vec::new(), Vec::new(), Vec::new());
    for (map, changes) in numbered {
        steps.push(FlushStep { map, action: Action::Insert, rows: changes.inserts.clone() });
        if !deferred.is_empty() {
            let changed = changes.updates.iter().map(|change| change.row).chain(changes.deletes.iter().copied());
            let parked = changed.map(|row| (row, deferred.parked(map, row)));
            for (row, columns) in parked.filter(|(_, columns)| !columns.is_empty()) {
                push_row(&mut steps, map, Action::Park(columns), row);
            }
        }
        for change in &changes.updates {
            let left_out = deferred.of(map, change.row);
            let columns = if left_out.is_empty() { change.columns } else { sent_at_first(maps[map], change, left_out) };
            let columns = columns.union(deferred.parked(map, change.row));
            if !columns.is_empty() {
                push_row(&mut steps, map, Action::Update(columns), change.row);
            }
        }
        deletes.push(FlushStep { map, action: Action::Delete, rows: changes.deletes.clone() });
        if !deferred.is_empty() {
            let updates = changes.updates.iter().map(|change| change.row);
            let written = changes.inserts.iter().copied().chain(updates).map(|row| (row, deferred.of(map, row)));
            for (row, columns) in written.filter(|(_, columns)| !columns.is_empty()) {
                push_row(&mut last, map, Action::PostUpdate(columns), row);
            }
            let deleted = changes.deletes.iter().map(|row| (*row, deferred.of(map, *row)));
            for (row, columns) in deleted.filter(|(_, columns)| !columns.is_empty()) {
                push_row(&mut last, map, Action::Unlink(columns), row);
            }
        }
    }
    steps.extend(last);
    steps.extend(deletes.into_iter().rev());
    steps.retain(|step| !step.rows.is_empty());
    steps
}

/// The columns that a row's own UPDATE sends if others are deferred. A deferred foreign key is among them if it has to
/// become NULL.
fn sent_at_first(rows: &dyn Rows, change: &Change, deferred: ColumnSet) -> ColumnSet {
    let info = |column: usize| &rows.table().columns[column];
    let is_kept = |column: &usize| {
        let stored = rows.given(change.row, *column, false);
        info(*column).null.is_none() || matches!(stored, Given::Value(value) if (info(*column).is_null)(value))
    };
    change.columns.without(deferred.iter().filter(is_kept).fold(ColumnSet::EMPTY, ColumnSet::with))
}

fn push_row(steps: &mut Vec<FlushStep>, map: usize, action: Action, row: u64) {
    match steps.last_mut() {
        Some(last) if last.map == map && last.action == action => last.rows.push(row),
        _ => steps.push(FlushStep { map, action, rows: vec![row] }),
    }
}

/// The steps in an order that works, or what must be written apart for one.
enum Arranged {
    Steps(Vec<FlushStep>),
    Needs(Vec<Deferral>),
}

/// Puts rows before those that wait for them, and keeps the order where no row waits.
fn arranged(steps: Vec<FlushStep>, planning: &Planning<'_>) -> Result<Arranged> {
    let mut dependencies = Dependencies::between(&steps, planning)?;
    let sorted = match dependencies.sort()? {
        Order::AsItIs => return Ok(Arranged::Steps(steps)),
        Order::Needs(more) => return Ok(Arranged::Needs(more)),
        Order::Rows(sorted) => sorted,
    };
    let mut arranged: Vec<(usize, FlushStep)> = Vec::new();
    for StepRows { step: number, rows } in sorted {
        let FlushStep { map, action, .. } = steps[number];
        let rows = rows.into_iter().map(|row| dependencies.statements.get(row).row);
        match arranged.last_mut() {
            // These rows are sent one by one, so they may wait for each other.
            Some((last, step))
                if *last == number && sent_singly(action, planning.maps[map].table(), planning.engine) =>
            {
                step.rows.extend(rows);
            }
            _ => arranged.push((number, FlushStep { map, action, rows: rows.collect() })),
        }
    }
    Ok(Arranged::Steps(arranged.into_iter().map(|(_, step)| step).collect()))
}

/// Whether an UPDATE changes keys, or unique values of all rows, so that its rows are sent one by one.
fn sent_singly(action: Action, table: &'static Table, engine: Engine) -> bool {
    let sets = table.checked_sets(engine.defers_unique()).filter(|set| set.is_of_all_rows());
    let columns = sets.fold(table.key_columns(), |all, set| all.union(set.reach()));
    !matches!(action, Action::Park(_)) && action.updated().is_some_and(|updated| updated.meets(columns))
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
    /// Whether it parks the rows: an UPDATE sets a unique column to NULL or to a free value until the row's own statement,
    /// because rows exchange their values.
    pub parks: bool,
}

impl Plan {
    /// The steps, and the INSERT of that many changes into the history.
    pub(crate) fn new(steps: &[FlushStep], tables: &[&'static Table], history: usize) -> Self {
        let steps = steps.iter().map(|step| {
            let table = tables[step.map];
            let verb = match step.action {
                Action::Insert => "INSERT",
                Action::Update(_) | Action::Park(_) | Action::PostUpdate(_) | Action::Unlink(_) => "UPDATE",
                Action::Delete => "DELETE",
            };
            let columns = step.action.updated().unwrap_or_default();
            let columns = columns.iter().map(|column| table.columns[column].name).collect();
            let parks = matches!(step.action, Action::Park(_));
            Step { verb, table: table.name, columns, rows: step.rows.len(), parks }
        });
        let (verb, table) = ("INSERT", "diesel_session_history");
        let history = (history > 0).then(|| Step { verb, table, columns: Vec::new(), rows: history, parks: false });
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
        let (rows, parked) = (if self.rows == 1 { "row" } else { "rows" }, if self.parks { ", parked" } else { "" });
        write!(f, " ({} {rows}{parked})", self.rows)
    }
}
