//! The dependency graph of a flush: which rows must be sent before others.
//!
//! The steps come in the order of their tables. That order is enough as long as no two rows of one step, and no row of a
//! later step, must be sent first; so dependencies are looked for only where there may be some:
//!
//! - between new rows of one table, and between deleted rows of one table, if the table refers to itself;
//! - between the rows of tables in which a key, a unique value or a value that others refer to may pass from one row to
//!   another, or which refer to each other in a cycle, and of all tables connected to these by foreign keys.
//!
//! There,
//!
//! - a row that reuses the unique value (or the key) of another waits until that row has released it;
//! - a row that removes a value which foreign keys may refer to waits until the rows that refer to it no longer do;
//! - a row that refers to a value waits until the row that provides it is written, and until its parent is;
//! - a row that removes a value which another row is yet to refer to waits for that row, which the database then
//!   deletes or updates with it where it cascades.
//!
//! Every order that a database without cascades accepts satisfies these dependencies, and every order that satisfies
//! them is accepted. A cycle is opened by a foreign key that may be written apart from its row (`deferral`), or by a row
//! that gives up a unique value before its own statement (`parking`); otherwise, where the database cascades, checks
//! later, or has values that are not in memory, dependencies that close a cycle are given up.

use std::any::TypeId;
use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

use super::cycle_error::cycle_error;
use super::deferral::{Deferrals, columns};
use super::graph::{Graph, Why};
use super::parking::FreeValues;
use super::planning::{Order, Planning};
use super::sort::{Sorted, sort};
use super::step::{Action, FlushStep};
use super::values::{Held, Statement, Statements, UniqueIndex};
use crate::connection::Engine;
use crate::error::Result;
use crate::session::entity::{ColumnSet, ForeignKey, UniqueSet};
use crate::session::given::Given;

/// The dependencies between the statements of a flush.
pub(super) struct Dependencies<'r> {
    pub(super) statements: Statements<'r>,
    /// The sets of columns that rows in memory may refer to, by their tables.
    referred: HashMap<TypeId, Vec<Vec<usize>>, RandomState>,
    indexes: Vec<UniqueIndex<'r>>,
    /// The index of each set of columns, by its table.
    index_of: HashMap<(TypeId, Vec<usize>), usize, RandomState>,
    /// Whether the values of each map are in the indexes.
    indexed: Vec<bool>,
    /// The statement of each row, by its map and index; of two, the INSERT, UPDATE or DELETE.
    by_row: HashMap<(usize, u64), usize, RandomState>,
    /// The post-update of each row that has one.
    post_updates: HashMap<(usize, u64), usize, RandomState>,
    deferrals: Deferrals,
    free_values: FreeValues,
    graph: Graph,
    engine: Engine,
}

impl<'r> Dependencies<'r> {
    fn new(steps: &'r [FlushStep], planning: &Planning<'r>) -> Self {
        let mut referred: HashMap<TypeId, Vec<Vec<usize>>, RandomState> = HashMap::default();
        for key in planning.maps.iter().flat_map(|rows| rows.table().foreign_keys) {
            let sets = referred.entry((key.table().id)()).or_default();
            sets.extend(key.targets().filter(|set| !sets.contains(set)));
        }
        Self {
            statements: Statements::new(steps, planning.maps, planning.deferred),
            referred,
            indexes: Vec::new(),
            index_of: HashMap::default(),
            indexed: vec![false; planning.maps.len()],
            by_row: HashMap::default(),
            post_updates: HashMap::default(),
            deferrals: Deferrals::default(),
            free_values: FreeValues::default(),
            graph: Graph::new(steps.iter().map(|step| step.rows.len())),
            engine: planning.engine,
        }
    }

    /// The dependencies of a flush.
    ///
    /// # Errors
    ///
    /// When the condition of a unique set has a value that does not fit its field.
    pub(super) fn between(steps: &'r [FlushStep], planning: &Planning<'r>) -> Result<Self> {
        let mut dependencies = Self::new(steps, planning);
        let (maps, unread) = (planning.maps.len(), planning.unread);
        let mut involved = dependencies.involved(planning.in_cycle)?;
        if !planning.deferred.is_empty() {
            // Rows with two statements may pass values to any others.
            (0..maps).for_each(|map| involved[map] = dependencies.statements.has_steps(map));
        }
        let siblings: Vec<bool> =
            unread.iter().enumerate().map(|(map, unread)| dependencies.has_siblings(map, *unread)).collect();
        for map in (0..maps).filter(|map| involved[*map]) {
            dependencies.add_indexes(map)?;
        }
        for map in (0..maps).filter(|map| involved[*map] || siblings[*map]) {
            dependencies.name_rows(map);
        }
        for map in 0..maps {
            if involved[map] || siblings[map] {
                dependencies.add_handles(map);
            }
            if involved[map] {
                dependencies.add_references(map);
            }
            if siblings[map] {
                dependencies.add_siblings(map, unread[map])?;
            }
        }
        Ok(dependencies)
    }

    /// Sorts the rows of each step.
    pub(super) fn sort(&mut self) -> Result<Order> {
        loop {
            if self.graph.edges.is_empty() {
                return Ok(Order::AsItIs);
            }
            match sort(&self.graph).map_err(|cycle| cycle_error(&cycle, &self.statements, &self.indexes))? {
                Sorted::Rows(rows) if self.free_values.share(&rows, &mut self.graph) => {}
                Sorted::Rows(rows) => return Ok(Order::Rows(rows)),
                Sorted::Deferrals(numbers) => {
                    let deferrals = numbers.into_iter().map(|number| self.deferrals.get(number));
                    return Ok(Order::Needs(deferrals.collect()));
                }
            }
        }
    }

    /// The maps in whose rows a value may change hands, or whose tables have no order, and those that foreign keys
    /// connect with them.
    fn involved(&mut self, in_cycle: &[bool]) -> Result<Vec<bool>> {
        let changed: Vec<usize> = (0..in_cycle.len()).filter(|map| self.statements.has_steps(*map)).collect();
        let cyclic = changed.iter().filter(|map| in_cycle[**map]).count();
        let mut reached = Vec::new();
        for map in changed.iter().copied() {
            if self.replaces_rows(map)? || self.moves_values(map) || (cyclic > 1 && in_cycle[map]) {
                reached.push(self.statements.table_id(map));
            }
        }
        let mut involved = vec![false; in_cycle.len()];
        if reached.is_empty() {
            return Ok(involved);
        }
        let mut neighbours: HashMap<TypeId, Vec<TypeId>> =
            changed.iter().map(|map| (self.statements.table_id(*map), Vec::new())).collect();
        for map in &changed {
            let child = self.statements.table_id(*map);
            for parent in self.statements.table(*map).parents().map(|parent| (parent.id)()) {
                if let Some(others) = neighbours.get_mut(&parent) {
                    others.push(child);
                    neighbours.entry(child).or_default().push(parent);
                }
            }
        }
        while let Some(table) = reached.pop() {
            reached.extend(neighbours.remove(&table).unwrap_or_default());
        }
        changed.into_iter().for_each(|map| involved[map] = !neighbours.contains_key(&self.statements.table_id(map)));
        Ok(involved)
    }

    /// Whether a new row takes over a key or a unique value of a deleted one.
    fn replaces_rows(&mut self, map: usize) -> Result<bool> {
        let table = self.statements.table(map);
        let does = |action| self.statements.steps_of(map).any(|step| step.action == action);
        if !does(Action::Insert) || !does(Action::Delete) {
            return Ok(false);
        }
        if table.unique.is_empty() && !self.statements.gives_keys(map) {
            return Ok(false);
        }
        let known = self.graph.edges.len();
        self.add_indexes(map)?;
        Ok(self.graph.edges.len() > known)
    }

    /// Whether an UPDATE changes a key, a unique value, or a value that rows may refer to.
    fn moves_values(&self, map: usize) -> bool {
        let table = self.statements.table(map);
        let guarded = table.own_unique(self.engine.defers_unique()).union(self.statements.referred_columns(table));
        let moves = |step: &FlushStep| step.action.updated().is_some_and(|columns| columns.meets(guarded));
        self.statements.steps_of(map).any(moves)
    }

    fn referred_sets(&self, map: usize) -> impl Iterator<Item = &Vec<usize>> {
        self.referred.get(&self.statements.table_id(map)).into_iter().flatten()
    }

    /// Makes rows that claim unique values of a table wait for those that release them.
    fn add_indexes(&mut self, map: usize) -> Result<()> {
        if std::mem::replace(&mut self.indexed[map], true) {
            return Ok(());
        }
        let table = self.statements.table(map);
        let referred = self.statements.referred_columns(table);
        let declared = table.checked_sets(self.engine.defers_unique());
        let mut sets: Vec<(Vec<usize>, Option<&'static UniqueSet>)> =
            declared.map(|set| (set.columns.to_vec(), Some(set))).chain([(table.key.to_vec(), None)]).collect();
        let of_all = |set: &Vec<usize>| {
            let is_it = |(known, declared): &(Vec<usize>, Option<&UniqueSet>)| {
                known == set && declared.is_none_or(UniqueSet::is_of_all_rows)
            };
            sets.iter().any(is_it)
        };
        let others: Vec<_> =
            self.referred_sets(map).filter(|set| !of_all(set)).map(|set| (set.clone(), None)).collect();
        sets.extend(others);
        for (set, declared) in sets {
            let number = self.index(map, set, declared)?;
            let index = &self.indexes[number];
            let meetings =
                index.claimed.iter().filter_map(|(value, claimer)| Some((*index.released.get(value)?, *claimer)));
            let mut meetings: Vec<(usize, usize)> = meetings.collect();
            meetings.sort_unstable();
            for (owner, claimer) in meetings {
                let parks = |set| self.deferrals.of_reuse(&self.statements, self.statements.get(owner), set, referred);
                let deferral = declared.and_then(parks);
                self.graph.deferrable(owner, claimer, Why::Reuses(number), deferral);
            }
            let (released, claimed) =
                (all(index.released.values(), &[]), all(index.claimed.values(), &index.claims_unknown));
            self.graph.barrier(&index.releases_unknown, &claimed, Why::Unknown);
            self.graph.barrier(&released, &index.claims_unknown, Why::Unknown);
        }
        Ok(())
    }

    /// Finds the values of a set of columns, which may be a declared one; returns the number of the index.
    fn index(&mut self, map: usize, set: Vec<usize>, declared: Option<&'static UniqueSet>) -> Result<usize> {
        if declared.is_none_or(UniqueSet::is_of_all_rows) {
            self.index_of.entry((self.statements.table_id(map), set.clone())).or_insert(self.indexes.len());
        }
        self.indexes.push(self.statements.unique_index(map, set, declared)?);
        Ok(self.indexes.len() - 1)
    }

    /// Remembers the statement of each row of a map; a row that has two is sent in their order.
    fn name_rows(&mut self, map: usize) {
        self.by_row.reserve(self.statements.steps_of(map).map(|step| step.rows.len()).sum());
        let (mut unlinks, mut parks) = (Vec::new(), Vec::new());
        for statement in self.statements.of(map) {
            let row = (map, statement.row);
            match statement.action {
                Action::PostUpdate(_) => drop(self.post_updates.insert(row, statement.number)),
                Action::Unlink(_) => unlinks.push((row, statement.number)),
                Action::Park(_) => parks.push((row, statement)),
                _ => drop(self.by_row.insert(row, statement.number)),
            }
        }
        let Self { statements, by_row, post_updates, free_values, graph, .. } = self;
        for (row, parked) in parks {
            if let Some(own) = by_row.get(&row) {
                graph.edge(parked.number, *own, Why::SameRow);
                free_values.add(statements, parked, *own);
            }
        }
        for (row, unlink) in unlinks {
            by_row.get(&row).into_iter().for_each(|delete| graph.edge(unlink, *delete, Why::SameRow));
        }
        for (row, last) in post_updates.iter().filter(|(row, _)| row.0 == map) {
            by_row.get(row).into_iter().for_each(|first| graph.edge(*first, *last, Why::SameRow));
        }
    }

    /// Makes rows wait for the rows that they refer to by handles.
    fn add_handles(&mut self, map: usize) {
        let Self { statements, by_row, post_updates, deferrals, graph, .. } = self;
        let refers = |statement: &Statement| !matches!(statement.action, Action::Park(_) | Action::Delete);
        for child in statements.of(map).filter(refers) {
            let sent = match child.action.updated() {
                Some(columns) => columns,
                None => ColumnSet::ALL,
            };
            let later = match child.action {
                Action::PostUpdate(_) => ColumnSet::EMPTY,
                _ => statements.deferred.of(map, child.row),
            };
            statements.maps[map].parents(child.row, &mut |parent| {
                let row = statements.row_of(parent);
                let named = row.and_then(|row| by_row.get(&row).or_else(|| post_updates.get(&row)));
                let Some(other) = named.map(|number| statements.get(*number)) else { return };
                if !sent.without(later).contains(parent.from) {
                    return;
                }
                let mut deferral = || deferrals.of_handle(statements, child, parent.from);
                let column = statements.table(other.map).column(parent.column);
                let last = row.and_then(|row| post_updates.get(&row)).filter(|last| {
                    let columns = statements.get(**last).action.updated().unwrap_or_default();
                    column.is_some_and(|column| columns.contains(column))
                });
                match other.action {
                    Action::Insert => graph.deferrable(other.number, child.number, Why::Parent, deferral()),
                    Action::Delete => graph.edge(child.number, other.number, Why::Handle),
                    _ if column.is_some_and(|column| other.action.effects_on(ColumnSet::EMPTY.with(column)).1) => {
                        graph.deferrable(other.number, child.number, Why::Provides, deferral());
                    }
                    _ => {}
                }
                if let Some(last) = last.filter(|last| ![child.number, other.number].contains(last)) {
                    graph.deferrable(*last, child.number, Why::Parent, deferral());
                }
            });
        }
    }

    /// The foreign keys of a map's table, each with the index of the columns that it refers to.
    fn references(&self, map: usize) -> Vec<(&'static ForeignKey, usize)> {
        let index = |key: &'static ForeignKey| Some((key, *self.index_of.get(&((key.table().id)(), key.targets()?))?));
        self.statements.table(map).foreign_keys.iter().filter_map(index).collect()
    }

    /// Makes rows that remove a value wait until the rows of a map that refer to it no longer do, and rows of the map
    /// that refer to a value wait until it is written.
    fn add_references(&mut self, map: usize) {
        for (key, index) in self.references(map) {
            let Self { statements, by_row, deferrals, graph, indexes, .. } = self;
            let index = &indexes[index];
            let [released, claimed] = index.referred_to_by(statements.table(map), key);
            let columns = columns(key);
            let (mut releasing, mut releasing_unknown) = (Vec::new(), Vec::new());
            for child in statements.of(map) {
                let sent_with = |other: &usize| child.is_sent_with(statements.get(*other));
                let (releases, claims) = child.action.effects_on(columns);
                match if releases { statements.held(child, key.columns, false) } else { Held::Nothing } {
                    Held::Nothing => {}
                    Held::Value(value) => {
                        releasing.push(child.number);
                        if let Some(other) = released.get(&value).filter(|other| !sent_with(other)) {
                            let deferral = deferrals.of_release(statements, child, key);
                            graph.deferrable(child.number, *other, Why::Releases, deferral);
                        }
                    }
                    Held::Unknown => releasing_unknown.push(child.number),
                }
                // A reference by handle to a deleted row means that row, not the next one that has its value.
                let named = key.columns.iter().filter_map(|column| {
                    match statements.maps[map].given(child.row, *column, true) {
                        Given::Row(parent) => statements.row_of(parent).and_then(|row| by_row.get(&row)),
                        _ => None,
                    }
                });
                let to_deleted = named.into_iter().any(|other| statements.get(*other).action == Action::Delete);
                if claims
                    && !to_deleted
                    && let Held::Value(value) = statements.held(child, key.columns, true)
                {
                    match (claimed.get(&value), released.get(&value)) {
                        (Some(other), _) if sent_with(other) => {}
                        (Some(other), _) => {
                            let deferral = deferrals.of_claim(statements, child, key);
                            graph.deferrable(*other, child.number, Why::Provides, deferral);
                        }
                        (None, Some(other)) => graph.edge(child.number, *other, Why::Uses),
                        (None, None) => {}
                    }
                }
            }
            let known = |rows: Vec<usize>, of: &[usize]| -> Vec<usize> {
                let of: HashSet<&usize> = of.iter().collect();
                rows.into_iter().filter(|row| !of.contains(row)).collect()
            };
            graph.barrier(&releasing, &known(index.releases_unknown.clone(), &releasing), Why::Unknown);
            let released = known(all(index.released.values(), &index.releases_unknown), &releasing_unknown);
            graph.barrier(&releasing_unknown, &released, Why::Unknown);
        }
    }

    /// Whether rows of one INSERT or DELETE may refer to each other.
    fn has_siblings(&self, map: usize, unread: bool) -> bool {
        let table = self.statements.table(map);
        let single = !self.engine.checks_after_statement();
        table.refers_to_itself() && self.statements.steps_of(map).any(|step| orders_rows(step, unread, single))
    }

    /// Makes new rows wait for rows of the same statement that have the values they refer to, and rows to be deleted
    /// for those that refer to them.
    fn add_siblings(&mut self, map: usize, unread: bool) -> Result<()> {
        let table = self.statements.table(map);
        for key in table.foreign_keys.iter().filter(|key| (key.table().id)() == (table.id)()) {
            let Some(targets) = key.targets() else { continue };
            let known = self.index_of.get(&((table.id)(), targets.clone())).copied();
            let known = known.filter(|known| self.indexes[*known].map == map);
            let index = match known {
                Some(known) => known,
                None => self.index(map, targets, None)?,
            };
            let checks_after_statement = self.engine.checks_after_statement();
            let Self { statements, indexes, deferrals, graph, .. } = self;
            let [released, claimed] = indexes[index].referred_to_by(table, key);
            if released.is_empty() && claimed.is_empty() {
                continue;
            }
            let single = !checks_after_statement;
            for row in statements.of(map).filter(|row| orders_rows(statements.step(row.step), unread, single)) {
                let is_new = row.action == Action::Insert;
                let given = |column: &usize| statements.maps[map].given(row.row, *column, true);
                if is_new && key.columns.iter().any(|column| matches!(given(column), Given::Row(_))) {
                    continue;
                }
                let Held::Value(value) = statements.held(row, key.columns, is_new) else { continue };
                let parents = if is_new { &claimed } else { &released };
                let Some(parent) = parents.get(&value).filter(|parent| row.is_sent_with(statements.get(**parent)))
                else {
                    continue;
                };
                let (first, then, why) =
                    if is_new { (*parent, row.number, Why::Provides) } else { (row.number, *parent, Why::Releases) };
                let deferral = match (checks_after_statement, is_new) {
                    (true, _) => None,
                    (false, true) => deferrals.of_claim(statements, row, key),
                    (false, false) => deferrals.of_release(statements, row, key),
                };
                match deferral {
                    // InnoDB inserts a row that refers to itself, and refuses to delete it.
                    Some(deferral) if first == then && !is_new => graph.edge_to_itself(first, why, deferral),
                    Some(_) => graph.deferrable(first, then, why, deferral),
                    None => graph.edge_within(first, then, why),
                }
            }
        }
        Ok(())
    }
}

/// Whether rows of this step may have to wait for each other if their table refers to itself. A single new row may refer
/// to itself, which no order allows; and so may a `single` row to be deleted, where the engine checks row by row.
fn orders_rows(step: &FlushStep, unread: bool, single: bool) -> bool {
    match step.action {
        Action::Insert => true,
        Action::Update(_) | Action::Park(_) | Action::PostUpdate(_) | Action::Unlink(_) => false,
        Action::Delete => (single || step.rows.len() > 1) && !unread,
    }
}

fn all<'n>(known: impl Iterator<Item = &'n usize>, unknown: &'n [usize]) -> Vec<usize> {
    let mut rows: Vec<usize> = known.chain(unknown).copied().collect();
    rows.sort_unstable();
    rows
}
