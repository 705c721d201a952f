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
//! them is accepted. Where the database cascades, checks later, or has values that are not in memory, dependencies that
//! close a cycle are given up.

use std::any::TypeId;
use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

use super::cycle_error::cycle_error;
use super::graph::{Graph, Why};
use super::sort::{StepRows, sort};
use super::step::{Action, FlushStep};
use super::values::{Held, Statements, UniqueIndex};
use crate::error::Result;
use crate::session::entity::{ColumnInfo, ColumnSet};
use crate::session::given::Given;
use crate::session::identity::Rows;

/// The dependencies between the statements of a flush.
pub(super) struct Dependencies<'r> {
    pub(super) statements: Statements<'r>,
    /// The columns that rows in memory may refer to, by their tables.
    referred: HashMap<TypeId, Vec<usize>, RandomState>,
    indexes: Vec<UniqueIndex<'r>>,
    /// The index of each single column, by its table.
    index_of: HashMap<(TypeId, usize), usize, RandomState>,
    /// Whether the values of each map are in the indexes.
    indexed: Vec<bool>,
    /// The statement of each row, by its map and index.
    by_row: HashMap<(usize, u64), usize, RandomState>,
    graph: Graph,
}

impl<'r> Dependencies<'r> {
    fn new(steps: &'r [FlushStep], maps: &'r [&'r dyn Rows]) -> Self {
        let mut referred: HashMap<TypeId, Vec<usize>, RandomState> = HashMap::default();
        for reference in maps.iter().flat_map(|rows| rows.table().columns).filter_map(|column| column.references) {
            let table = (reference.table)();
            let columns = referred.entry((table.id)()).or_default();
            columns.extend(table.column(reference.column).filter(|column| !columns.contains(column)));
        }
        Self {
            statements: Statements::new(steps, maps),
            referred,
            indexes: Vec::new(),
            index_of: HashMap::default(),
            indexed: vec![false; maps.len()],
            by_row: HashMap::default(),
            graph: Graph::new(steps.iter().map(|step| step.rows.len())),
        }
    }

    /// The dependencies of a flush. `in_cycle` marks the maps whose tables refer to each other in a cycle, `unread` those
    /// with rows to be deleted whose references are not in memory: these have no order among themselves.
    pub(super) fn between(
        steps: &'r [FlushStep],
        maps: &'r [&'r dyn Rows],
        in_cycle: &[bool],
        unread: &[bool],
    ) -> Self {
        let mut dependencies = Self::new(steps, maps);
        let involved = dependencies.involved(in_cycle);
        let siblings: Vec<bool> =
            unread.iter().enumerate().map(|(map, unread)| dependencies.has_siblings(map, *unread)).collect();
        for map in (0..maps.len()).filter(|map| involved[*map]) {
            dependencies.add_indexes(map);
        }
        for map in (0..maps.len()).filter(|map| involved[*map] || siblings[*map]) {
            dependencies.name_rows(map);
        }
        for map in 0..maps.len() {
            if involved[map] || siblings[map] {
                dependencies.add_handles(map);
            }
            if involved[map] {
                dependencies.add_references(map);
            }
            if siblings[map] {
                dependencies.add_siblings(map, unread[map]);
            }
        }
        dependencies
    }

    /// Sorts the rows of each step; `None` if they have no dependencies.
    pub(super) fn sort(&self) -> Result<Option<Vec<StepRows>>> {
        if self.graph.edges.is_empty() {
            return Ok(None);
        }
        let sorted = sort(&self.graph).map_err(|cycle| cycle_error(&cycle, &self.statements, &self.indexes))?;
        Ok(Some(sorted))
    }

    /// The maps in whose rows a value may change hands, or whose tables have no order, and those that foreign keys
    /// connect with them.
    fn involved(&mut self, in_cycle: &[bool]) -> Vec<bool> {
        let changed: Vec<usize> = (0..in_cycle.len()).filter(|map| self.statements.has_steps(*map)).collect();
        let cyclic = changed.iter().filter(|map| in_cycle[**map]).count();
        let mut reached = Vec::new();
        for map in changed.iter().copied() {
            if self.replaces_rows(map) || self.moves_values(map) || (cyclic > 1 && in_cycle[map]) {
                reached.push(self.statements.table_id(map));
            }
        }
        let mut involved = vec![false; in_cycle.len()];
        if reached.is_empty() {
            return involved;
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
        involved
    }

    /// Whether a new row takes over a key or a unique value of a deleted one.
    fn replaces_rows(&mut self, map: usize) -> bool {
        let table = self.statements.table(map);
        let does = |action| self.statements.steps_of(map).any(|step| step.action == action);
        if (table.unique.is_empty() && !table.has_given_key()) || !does(Action::Insert) || !does(Action::Delete) {
            return false;
        }
        let known = self.graph.edges.len();
        self.add_indexes(map);
        self.graph.edges.len() > known
    }

    /// Whether an UPDATE changes a key, a unique value, or a value that rows may refer to.
    fn moves_values(&self, map: usize) -> bool {
        let guarded = self.referred_columns(map).fold(self.statements.table(map).own_unique(), ColumnSet::with);
        let moves = |step: &FlushStep| matches!(step.action, Action::Update(columns) if columns.meets(guarded));
        self.statements.steps_of(map).any(moves)
    }

    fn referred_columns(&self, map: usize) -> impl Iterator<Item = usize> {
        self.referred.get(&self.statements.table_id(map)).into_iter().flatten().copied()
    }

    /// Makes rows that claim unique values of a table wait for those that release them.
    fn add_indexes(&mut self, map: usize) {
        if std::mem::replace(&mut self.indexed[map], true) {
            return;
        }
        let table = self.statements.table(map);
        let mut sets: Vec<Vec<usize>> = table.unique.iter().chain([&table.key]).map(|set| set.to_vec()).collect();
        let referred = self.referred_columns(map).map(|column| vec![column]);
        sets.extend(referred.filter(|set| !table.unique.contains(&&set[..]) && table.key != set).collect::<Vec<_>>());
        for set in sets {
            let number = self.index(map, set);
            let index = &self.indexes[number];
            let meetings =
                index.claimed.iter().filter_map(|(value, claimer)| Some((*index.released.get(value)?, *claimer)));
            let mut meetings: Vec<(usize, usize)> = meetings.collect();
            meetings.sort_unstable();
            for (owner, claimer) in meetings {
                self.graph.edge(owner, claimer, Why::Reuses(number));
            }
            let (released, claimed) =
                (all(index.released.values(), &[]), all(index.claimed.values(), &index.claims_unknown));
            self.graph.barrier(&index.releases_unknown, &claimed, Why::Unknown);
            self.graph.barrier(&released, &index.claims_unknown, Why::Unknown);
        }
    }

    /// Finds the values of a set of columns; returns the number of the index.
    fn index(&mut self, map: usize, set: Vec<usize>) -> usize {
        if let [column] = set[..] {
            self.index_of.entry((self.statements.table_id(map), column)).or_insert(self.indexes.len());
        }
        self.indexes.push(self.statements.unique_index(map, set));
        self.indexes.len() - 1
    }

    /// Remembers the statement of each row of a map.
    fn name_rows(&mut self, map: usize) {
        self.by_row.reserve(self.statements.steps_of(map).map(|step| step.rows.len()).sum());
        self.by_row.extend(self.statements.of(map).map(|statement| ((map, statement.row), statement.number)));
    }

    /// Makes new rows wait for the rows that they refer to by handles.
    fn add_handles(&mut self, map: usize) {
        let Self { statements, by_row, graph, .. } = self;
        for new in statements.of(map).filter(|statement| statement.action == Action::Insert) {
            statements.maps[map].parents(new.row, &mut |parent| {
                let named = statements.row_of(parent).and_then(|row| by_row.get(&row));
                let Some(other) = named.map(|number| statements.get(*number)) else { return };
                match other.action {
                    Action::Insert => graph.edge(other.number, new.number, Why::Parent),
                    Action::Delete => graph.edge(new.number, other.number, Why::Handle),
                    Action::Update(columns) => {
                        let column = statements.table(other.map).column(parent.column);
                        if column.is_some_and(|column| columns.contains(column)) {
                            graph.edge(other.number, new.number, Why::Provides);
                        }
                    }
                }
            });
        }
    }

    /// The foreign keys of a map's table: each column, and the index of the column that it refers to.
    fn references(&self, map: usize) -> Vec<(usize, usize)> {
        let columns = self.statements.table(map).columns.iter().enumerate();
        let index = |(column, info): (usize, &ColumnInfo)| {
            let reference = info.references?;
            let table = (reference.table)();
            Some((column, *self.index_of.get(&((table.id)(), table.column(reference.column)?))?))
        };
        columns.filter_map(index).collect()
    }

    /// Makes rows that remove a value wait until the rows of a map that refer to it no longer do, and rows of the map
    /// that refer to a value wait until it is written.
    fn add_references(&mut self, map: usize) {
        for (column, index) in self.references(map) {
            let Self { statements, by_row, graph, indexes, .. } = self;
            let index = &indexes[index];
            let [released, claimed] = index.referred_to_by(&statements.table(map).columns[column]);
            let (mut releasing, mut releasing_unknown) = (Vec::new(), Vec::new());
            for child in statements.of(map) {
                let sent_with = |other: &usize| child.is_sent_with(statements.get(*other));
                let (releases, claims) = child.action.effects_on(ColumnSet::EMPTY.with(column));
                match if releases { statements.held(map, child.row, &[column], false) } else { Held::Nothing } {
                    Held::Nothing => {}
                    Held::Value(value) => {
                        releasing.push(child.number);
                        let other = released.get(&value).filter(|other| !sent_with(other));
                        other.into_iter().for_each(|other| graph.edge(child.number, *other, Why::Releases));
                    }
                    Held::Unknown => releasing_unknown.push(child.number),
                }
                // A reference by handle to a deleted row means that row, not the next one that has its value.
                let named = match statements.maps[map].given(child.row, column, true) {
                    Given::Row(parent) => statements.row_of(parent).and_then(|row| by_row.get(&row)),
                    _ => None,
                };
                let to_deleted = named.is_some_and(|other| statements.get(*other).action == Action::Delete);
                if claims
                    && !to_deleted
                    && let Held::Value(value) = statements.held(map, child.row, &[column], true)
                {
                    match (claimed.get(&value), released.get(&value)) {
                        (Some(other), _) if sent_with(other) => {}
                        (Some(other), _) => graph.edge(*other, child.number, Why::Provides),
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
        table.refers_to_itself() && self.statements.steps_of(map).any(|step| orders_rows(step, unread))
    }

    /// Makes new rows wait for rows of the same statement that have the values they refer to, and rows to be deleted
    /// for those that refer to them.
    fn add_siblings(&mut self, map: usize, unread: bool) {
        let table = self.statements.table(map);
        for (column, info) in table.columns.iter().enumerate() {
            let own = info.references.filter(|reference| ((reference.table)().id)() == (table.id)());
            let Some(target) = own.and_then(|reference| table.column(reference.column)) else { continue };
            let known =
                self.index_of.get(&((table.id)(), target)).copied().filter(|known| self.indexes[*known].map == map);
            let index = known.unwrap_or_else(|| self.index(map, vec![target]));
            let Self { statements, indexes, graph, .. } = self;
            let [released, claimed] = indexes[index].referred_to_by(info);
            if released.is_empty() && claimed.is_empty() {
                continue;
            }
            for row in statements.of(map).filter(|row| orders_rows(statements.step(row.step), unread)) {
                let is_new = row.action == Action::Insert;
                let by_handle = is_new && matches!(statements.maps[map].given(row.row, column, true), Given::Row(_));
                if by_handle {
                    continue;
                }
                let Held::Value(value) = statements.held(map, row.row, &[column], is_new) else { continue };
                let parents = if is_new { &claimed } else { &released };
                match parents.get(&value).filter(|parent| row.is_sent_with(statements.get(**parent))) {
                    Some(parent) if is_new => graph.edge_within(*parent, row.number, Why::Provides),
                    Some(parent) => graph.edge_within(row.number, *parent, Why::Releases),
                    None => {}
                }
            }
        }
    }
}

/// Whether rows of this step may have to wait for each other if their table refers to itself. A single new row may refer
/// to itself, which no order allows.
fn orders_rows(step: &FlushStep, unread: bool) -> bool {
    match step.action {
        Action::Insert => true,
        Action::Update(_) => false,
        Action::Delete => step.rows.len() > 1 && !unread,
    }
}

fn all<'n>(known: impl Iterator<Item = &'n usize>, unknown: &'n [usize]) -> Vec<usize> {
    let mut rows: Vec<usize> = known.chain(unknown).copied().collect();
    rows.sort_unstable();
    rows
}
