//! Which rows of a flush are sent before others because of the values that they release, reuse and refer to.
//!
//! The plan's own order, by tables, is enough for flushes in which no unique value passes from one row to another.
//! Where one does, each row counts as one statement, and rows wait for each other:
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

use std::collections::{HashMap, HashSet};

use super::plan::{Action, FlushStep};
use super::sort::{Edge, Graph, Why};
use crate::error::{Error, Result};
use crate::session::entity::{ColumnSet, Table};
use crate::session::given::{Given, Parent};
use crate::session::identity::Rows;
use crate::session::sql::in_words;

/// Puts rows before those that wait for them, and keeps the order where no row waits. `in_cycle` marks the tables that
/// refer to each other in a cycle, so that only their rows have an order.
pub(crate) fn arrange(steps: Vec<FlushStep>, rows: &[&dyn Rows], in_cycle: &[bool]) -> Result<Vec<FlushStep>> {
    let moves =
        |step: &FlushStep| matches!(step.action, Action::Update(columns) if columns.meets(guarded(step.map, rows)));
    let any_moves = steps.iter().any(moves);
    let may_replace = |map: usize| {
        let (table, does) = (rows[map].table(), |action| steps.iter().any(|t| t.map == map && t.action == action));
        (!table.unique.is_empty() || table.has_given_key()) && does(Action::Insert) && does(Action::Delete)
    };
    let (replacing, others): (Vec<usize>, Vec<usize>) = (0..rows.len()).partition(|map| may_replace(*map));
    let must_sort = any_moves || spans_cycle(&steps, in_cycle);
    if !must_sort && replacing.is_empty() {
        return Ok(steps);
    }
    let mut dependencies = UniqueDependencies::new(&steps, rows);
    dependencies.add_indexes(&replacing);
    if !must_sort && !dependencies.graph.has_edges() {
        return Ok(steps);
    }
    dependencies.add_indexes(&others);
    dependencies.add_references();
    let groups = dependencies.graph.sort().map_err(|cycle| dependencies.cycle_error(&cycle))?;
    let mut arranged: Vec<(usize, FlushStep)> = Vec::new();
    for group in groups {
        let FlushStep { map, action, .. } = steps[group.step];
        let row_indexes = group.rows.into_iter().map(|op| dependencies.flush.ops[op].row);
        match arranged.last_mut() {
            // These rows are sent one by one, so they may wait for each other.
            Some((number, step)) if *number == group.step && sent_singly(action, rows[map].table()) => {
                step.rows.extend(row_indexes);
            }
            _ => arranged.push((group.step, FlushStep { map, action, rows: row_indexes.collect() })),
        }
    }
    Ok(arranged.into_iter().map(|(_, step)| step).collect())
}

/// Whether rows of several tables in a reference cycle are written: then the tables alone give no order.
fn spans_cycle(steps: &[FlushStep], in_cycle: &[bool]) -> bool {
    let mut maps = steps.iter().map(|step| step.map).filter(|map| in_cycle[*map]);
    maps.next().is_some_and(|first| maps.any(|map| map != first))
}

/// Whether an UPDATE changes keys or unique values, so that its rows are sent one by one.
fn sent_singly(action: Action, table: &'static Table) -> bool {
    matches!(action, Action::Update(columns) if columns.meets(table.own_unique()))
}

/// The columns in which a change can release a unique value, or remove a value that other rows refer to.
fn guarded(map: usize, rows: &[&dyn Rows]) -> ColumnSet {
    let table = rows[map].table();
    referred_to(table, rows).fold(table.own_unique(), ColumnSet::with)
}

/// The columns that rows in memory may refer to.
fn referred_to<'r>(table: &'static Table, rows: &'r [&dyn Rows]) -> impl Iterator<Item = usize> + 'r {
    let references = rows.iter().flat_map(|rows| rows.table().columns).filter_map(|column| column.references);
    references
        .filter(|reference| ((reference.table)().id)() == (table.id)())
        .filter_map(|reference| table.column(reference.column))
}

/// One statement for one row.
struct Op {
    step: usize,
    map: usize,
    action: Action,
    row: u64,
}

/// A set of columns whose values only one row at a time can have, with the statements that release and claim each
/// value.
struct UniqueIndex {
    map: usize,
    set: Vec<usize>,
    released: HashMap<String, usize>,
    claimed: HashMap<String, usize>,
    /// Statements that release or claim a value that is not in memory.
    releases_unknown: Vec<usize>,
    claims_unknown: Vec<usize>,
}

/// The value of a row in a set of columns.
enum Held {
    /// Collides with nothing: NULL, or a key that the database has yet to generate.
    Nothing,
    Value(String),
    Unknown,
}

/// The statements to send, one for each row.
struct Flush<'r> {
    rows: &'r [&'r dyn Rows],
    ops: Vec<Op>,
    /// The statement of each row, by its map and index.
    by_row: HashMap<(usize, u64), usize>,
}

/// The dependencies between the statements of a flush.
struct UniqueDependencies<'r> {
    flush: Flush<'r>,
    indexes: Vec<UniqueIndex>,
    graph: Graph,
}

impl<'r> UniqueDependencies<'r> {
    fn new(steps: &[FlushStep], rows: &'r [&'r dyn Rows]) -> Self {
        let op = |(step, FlushStep { map, action, rows }): (usize, &FlushStep)| {
            let (map, action) = (*map, *action);
            rows.iter().map(move |row| Op { step, map, action, row: *row }).collect::<Vec<_>>()
        };
        let ops: Vec<Op> = steps.iter().enumerate().flat_map(op).collect();
        let graph = Graph::new(ops.iter().map(|op| op.step));
        let by_row = ops.iter().enumerate().map(|(number, op)| ((op.map, op.row), number)).collect();
        Self { flush: Flush { rows, ops, by_row }, indexes: Vec::new(), graph }
    }

    /// Makes rows that claim unique values of these tables wait for those that release them.
    fn add_indexes(&mut self, maps: &[usize]) {
        for map in maps {
            let table = self.flush.rows[*map].table();
            let mut sets: Vec<Vec<usize>> = table.unique.iter().chain([&table.key]).map(|set| set.to_vec()).collect();
            for column in referred_to(table, self.flush.rows) {
                if !sets.iter().any(|set| *set == [column]) {
                    sets.push(vec![column]);
                }
            }
            for set in sets {
                let index = self.flush.unique_index(*map, set);
                let number = self.indexes.len();
                let meeting = |(value, claimer): (&String, &usize)| Some((*index.released.get(value)?, *claimer));
                let mut meetings: Vec<(usize, usize)> = index.claimed.iter().filter_map(meeting).collect();
                meetings.sort_unstable();
                for (owner, claimer) in meetings {
                    self.graph.edge(owner, claimer, Why::Reuses(number));
                }
                let (released, claimed) =
                    (all(index.released.values(), &[]), all(index.claimed.values(), &index.claims_unknown));
                self.graph.barrier(&index.releases_unknown, &claimed, Why::Unknown);
                self.graph.barrier(&released, &index.claims_unknown, Why::Unknown);
                self.indexes.push(index);
            }
        }
    }

    /// Makes rows that remove a value wait until the rows that refer to it no longer do, and rows that refer to a value
    /// wait until it is written.
    fn add_references(&mut self) {
        let Flush { rows, ops, .. } = &self.flush;
        for (number, op) in ops.iter().enumerate().filter(|(_, op)| op.action == Action::Insert) {
            rows[op.map].parents(op.row, &mut |parent| {
                let Some(other) = self.flush.op_of(parent) else { return };
                match ops[other].action {
                    Action::Insert => self.graph.edge(other, number, Why::Parent),
                    Action::Delete => self.graph.edge(number, other, Why::Handle),
                    Action::Update(columns) => {
                        let column = rows[ops[other].map].table().column(parent.column);
                        if column.is_some_and(|column| columns.contains(column)) {
                            self.graph.edge(other, number, Why::Provides);
                        }
                    }
                }
            });
        }
        for (map, child) in rows.iter().enumerate() {
            for (column, info) in child.table().columns.iter().enumerate() {
                let Some(reference) = info.references else { continue };
                let to = |index: &&UniqueIndex| {
                    let table = rows[index.map].table();
                    (table.id)() == ((reference.table)().id)()
                        && matches!(index.set[..], [column] if table.columns[column].name == reference.column)
                };
                if let Some(index) = self.indexes.iter().find(to) {
                    self.flush.add_reference(map, column, index, &mut self.graph);
                }
            }
        }
    }

    fn table_of(&self, op: usize) -> &'static Table {
        self.flush.rows[self.flush.ops[op].map].table()
    }

    /// The error for a cycle: names the values that would be exchanged, or the rows that no order can satisfy.
    fn cycle_error(&self, cycle: &[Edge]) -> Error {
        if let Some(edge) = cycle.iter().find(|edge| edge.why == Why::Handle) {
            let problem = format!(
                "a new row of {} refers to a row of {} that this flush deletes, and to one that can only be sent after \
                 that: flush before the row is deleted, or refer to another row",
                self.table_of(edge.first).name,
                self.table_of(edge.then).name
            );
            return Error::Plan { problem };
        }
        if cycle.iter().all(|edge| edge.why == Why::Parent) {
            let mut tables: Vec<&str> = cycle.iter().map(|edge| self.table_of(edge.then).name).collect();
            tables.sort_unstable();
            tables.dedup();
            let problem = format!(
                "new rows of {} refer to each other in a cycle: flush one of them without its reference, \
                 then set it",
                tables.join(" and ")
            );
            return Error::Plan { problem };
        }
        let mut table = "";
        let mut values: Vec<String> = Vec::new();
        for edge in cycle {
            let (Why::Reuses(number), claimer) = (edge.why, &self.flush.ops[edge.then]) else { continue };
            let index = &self.indexes[number];
            table = self.flush.rows[index.map].table().name;
            if let Held::Value(value) = self.flush.held(claimer.map, claimer.row, &index.set, true) {
                let columns = index.set.iter().map(|column| self.flush.rows[index.map].table().columns[*column].name);
                let columns = columns.collect::<Vec<_>>().join(", ");
                values.push(format!("{columns} ({})", in_words(&format_args!("{value}"))));
            }
        }
        if values.len() > MOST_NAMED {
            let more = values.len() - MOST_NAMED;
            values.truncate(MOST_NAMED);
            values.push(format!("{more} more"));
        }
        let last = values.pop().unwrap_or_default();
        let problem = format!(
            "{table}: {} and {last} would be exchanged in a cycle, which no order of single statements can do: give \
             one of these rows another value, flush, and then give it its final value",
            values.join(", ")
        );
        Error::Plan { problem }
    }
}

impl Flush<'_> {
    /// The statement for the row that a reference names, if there is one.
    fn op_of(&self, parent: Parent) -> Option<usize> {
        let map = self.rows.iter().position(|rows| rows.entity() == parent.entity)?;
        self.by_row.get(&(map, parent.handle.index)).copied()
    }

    /// Which statements release and claim which values in a set of columns.
    fn unique_index(&self, map: usize, set: Vec<usize>) -> UniqueIndex {
        let columns = set.iter().copied().fold(ColumnSet::EMPTY, ColumnSet::with);
        let (mut released, mut claimed) = (HashMap::new(), HashMap::new());
        let (mut releases_unknown, mut claims_unknown) = (Vec::new(), Vec::new());
        for (number, op) in self.ops.iter().enumerate().filter(|(_, op)| op.map == map) {
            let (releases, claims) = op.action.effects_on(columns);
            for (does, after, known, unknown) in [
                (releases, false, &mut released, &mut releases_unknown),
                (claims, true, &mut claimed, &mut claims_unknown),
            ] {
                match if does { self.held(map, op.row, &set, after) } else { Held::Nothing } {
                    Held::Nothing => {}
                    Held::Value(value) => drop(known.insert(value, number)),
                    Held::Unknown => unknown.push(number),
                }
            }
        }
        UniqueIndex { map, set, released, claimed, releases_unknown, claims_unknown }
    }

    /// The value of a row in a set of columns, formatted as a tuple where there are several.
    fn held(&self, map: usize, row: u64, set: &[usize], after: bool) -> Held {
        let mut values = Vec::with_capacity(set.len());
        for column in set {
            match self.value(map, row, *column, after) {
                Held::Value(value) => values.push(value),
                Held::Nothing => return Held::Nothing,
                Held::Unknown => {}
            }
        }
        if values.len() < set.len() {
            let key = if self.rows[map].table().key == set { self.rows[map].shown_key(row) } else { None };
            return key.map_or(Held::Unknown, Held::Value);
        }
        Held::Value(if set.len() == 1 { values.concat() } else { format!("({})", values.join(", ")) })
    }

    /// The value of a row in one column.
    fn value(&self, mut map: usize, mut row: u64, mut column: usize, after: bool) -> Held {
        // Follows the row to its parent, and further where the parent's value comes from its own parent.
        for _ in 0..=self.ops.len() {
            let (rows, table) = (self.rows[map], self.rows[map].table());
            let parent = match rows.given(row, column, after) {
                Given::Null => return Held::Nothing,
                Given::Value(value) => return Held::Value(format!("{value:?}")),
                Given::Row(parent) => parent,
                Given::Unknown if rows.is_pending(row) && table.key == [column] => return Held::Nothing,
                Given::Unknown => return rows.shown_part(row, column).map_or(Held::Unknown, Held::Value),
            };
            let position = self.rows.iter().position(|rows| rows.entity() == parent.entity);
            let Some((parents, found)) =
                position.and_then(|parents| Some((parents, self.rows[parents].table().column(parent.column)?)))
            else {
                return Held::Unknown;
            };
            (map, row, column) = (parents, parent.handle.index, found);
        }
        Held::Unknown
    }

    /// Adds the dependencies that one foreign key imposes on its rows.
    fn add_reference(&self, map: usize, column: usize, index: &UniqueIndex, graph: &mut Graph) {
        // Rows of one INSERT or DELETE may refer to each other.
        let together = |one: usize, other: usize| {
            self.ops[one].step == self.ops[other].step && !matches!(self.ops[one].action, Action::Update(_))
        };
        let (mut releasing, mut releasing_unknown) = (Vec::new(), Vec::new());
        for (number, op) in self.ops.iter().enumerate().filter(|(_, op)| op.map == map) {
            let (releases, claims) = op.action.effects_on(ColumnSet::EMPTY.with(column));
            match if releases { self.held(map, op.row, &[column], false) } else { Held::Nothing } {
                Held::Nothing => {}
                Held::Value(value) => {
                    releasing.push(number);
                    let other = index.released.get(&value).filter(|other| !together(number, **other));
                    other.into_iter().for_each(|other| graph.edge(number, *other, Why::Releases));
                }
                Held::Unknown => releasing_unknown.push(number),
            }
            let reference = self.rows[map].given(op.row, column, true);
            let named = if let Given::Row(parent) = reference { self.op_of(parent) } else { None };
            // A reference by handle to a deleted row means that row, not the next one that has its value.
            let to_deleted = named.is_some_and(|other| self.ops[other].action == Action::Delete);
            if claims
                && !to_deleted
                && let Held::Value(value) = self.held(map, op.row, &[column], true)
            {
                match (index.claimed.get(&value), index.released.get(&value)) {
                    (Some(other), _) if together(number, *other) => {}
                    (Some(other), _) => graph.edge(*other, number, Why::Provides),
                    (None, Some(other)) => graph.edge(number, *other, Why::Uses),
                    (None, None) => {}
                }
            }
        }
        let known = |rows: Vec<usize>, of: &[usize]| -> Vec<usize> {
            let of: HashSet<&usize> = of.iter().collect();
            rows.into_iter().filter(|row| !of.contains(row)).collect()
        };
        graph.barrier(&releasing, &known(index.releases_unknown.clone(), &releasing), Why::Unknown);
        graph.barrier(
            &releasing_unknown,
            &known(all(index.released.values(), &index.releases_unknown), &releasing_unknown),
            Why::Unknown,
        );
    }
}

/// The most values of a cycle that an error names.
const MOST_NAMED: usize = 4;

fn all<'n>(known: impl Iterator<Item = &'n usize>, unknown: &'n [usize]) -> Vec<usize> {
    let mut rows: Vec<usize> = known.chain(unknown).copied().collect();
    rows.sort_unstable();
    rows
}
