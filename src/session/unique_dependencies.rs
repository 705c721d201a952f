//! Which rows of a flush go before others because of the values that they free, take over, refer to and let go of.
//!
//! The plan's own order, by tables, does for flushes in which no unique value changes hands. Where one does, each row
//! stands for one statement, and rows wait for each other:
//!
//! - who takes over the unique value (or the key) of another waits until that one has let it go;
//! - who takes away what foreign keys may refer to waits until the rows that refer to it have let it go;
//! - who refers to a value waits until the row that brings it is there, and until its parent is;
//! - who takes away what a row is yet to refer to waits for that row, which then goes or follows where the database cascades.
//!
//! Every order that a database without cascades accepts keeps these, and every order that keeps them is accepted. Where
//! it cascades, checks later, or has values that memory has not, waits that close a cycle are given up.

use std::any::TypeId;
use std::collections::{HashMap, HashSet};

use super::entity::{ColumnSet, Table};
use super::graph::{Edge, Graph, Why};
use super::plan::{Action, FlushStep};
use super::reference::{Given, Parent};
use super::sql::in_words;
use crate::error::{Error, Result};

/// What the order asks of one entity type's rows.
pub(crate) trait Rows {
    fn entity(&self) -> TypeId;
    fn table(&self) -> &'static Table;
    /// What a row holds in a column: in the database now, or `after` the flush.
    fn given(&self, index: u64, column: usize, after: bool) -> Given<'_>;
    /// The key of a row that is in the database, as it shows itself.
    fn shown_key(&self, index: u64) -> Option<String>;
    /// The part of that key in a column, if it is one of the key's.
    fn shown_part(&self, index: u64, column: usize) -> Option<String>;
    fn is_pending(&self, index: u64) -> bool;
    fn parents(&self, index: u64, see: &mut dyn FnMut(Parent));
}

/// Puts rows before those that wait for them, and leaves the order as it is where none does. `in_cycle` tells which tables
/// refer to each other in a cycle, so that only their rows have an order.
pub(crate) fn arrange(steps: Vec<FlushStep>, rows: &[&dyn Rows], in_cycle: &[bool]) -> Result<Vec<FlushStep>> {
    let moves =
        |step: &FlushStep| matches!(step.action, Action::Update(columns) if columns.meets(guarded(step.part, rows)));
    let any_moves = steps.iter().any(moves);
    let may_replace = |part: usize| {
        let (table, does) = (rows[part].table(), |action| steps.iter().any(|t| t.part == part && t.action == action));
        (!table.unique.is_empty() || table.has_given_key()) && does(Action::Insert) && does(Action::Delete)
    };
    let (replacing, others): (Vec<usize>, Vec<usize>) = (0..rows.len()).partition(|part| may_replace(*part));
    let must_sort = any_moves || spans_cycle(&steps, in_cycle);
    if !must_sort && replacing.is_empty() {
        return Ok(steps);
    }
    let mut precedence = Precedence::new(&steps, rows);
    precedence.add_spaces(&replacing);
    if !must_sort && !precedence.graph.has_edges() {
        return Ok(steps);
    }
    precedence.add_spaces(&others);
    precedence.add_references();
    let batches = precedence.graph.sort().map_err(|circle| precedence.circle(&circle))?;
    let mut arranged: Vec<(usize, FlushStep)> = Vec::new();
    for batch in batches {
        let FlushStep { part, action, .. } = steps[batch.place];
        let indexes = batch.rows.into_iter().map(|op| precedence.flush.ops[op].row);
        match arranged.last_mut() {
            // Such rows are sent one by one, so that they may wait for each other.
            Some((place, step)) if *place == batch.place && sent_singly(action, rows[part].table()) => {
                step.rows.extend(indexes);
            }
            _ => arranged.push((batch.place, FlushStep { part, action, rows: indexes.collect() })),
        }
    }
    Ok(arranged.into_iter().map(|(_, step)| step).collect())
}

/// Whether rows of several tables that refer to each other in a cycle are written: tables alone have no order then.
fn spans_cycle(steps: &[FlushStep], in_cycle: &[bool]) -> bool {
    let mut parts = steps.iter().map(|step| step.part).filter(|part| in_cycle[*part]);
    parts.next().is_some_and(|first| parts.any(|part| part != first))
}

/// Whether an UPDATE moves keys or unique values.
fn sent_singly(action: Action, table: &'static Table) -> bool {
    matches!(action, Action::Update(columns) if columns.meets(table.own_unique()))
}

/// The columns in which a change can free a value, or take one away from those that refer to it.
fn guarded(part: usize, rows: &[&dyn Rows]) -> ColumnSet {
    let table = rows[part].table();
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
    part: usize,
    action: Action,
    row: u64,
}

/// A set of columns whose values only one row at a time can have, and who frees and who takes which.
struct Space {
    part: usize,
    set: Vec<usize>,
    frees: HashMap<String, usize>,
    takes: HashMap<String, usize>,
    /// Rows that free or take what memory does not know.
    frees_some: Vec<usize>,
    takes_some: Vec<usize>,
}

/// What a row holds in a set of columns.
enum Held {
    /// What collides with nothing: NULL, or a key that the database is yet to make.
    Nothing,
    Value(String),
    Unknown,
}

/// What is to be sent, and by which rows.
struct Flush<'r> {
    rows: &'r [&'r dyn Rows],
    ops: Vec<Op>,
    /// The statement of each row, by its part and index.
    by_row: HashMap<(usize, u64), usize>,
}

/// Who waits for whom in it.
struct Precedence<'r> {
    flush: Flush<'r>,
    spaces: Vec<Space>,
    graph: Graph,
}

impl<'r> Precedence<'r> {
    fn new(steps: &[FlushStep], rows: &'r [&'r dyn Rows]) -> Self {
        let op = |(step, FlushStep { part, action, rows }): (usize, &FlushStep)| {
            let (part, action) = (*part, *action);
            rows.iter().map(move |row| Op { step, part, action, row: *row }).collect::<Vec<_>>()
        };
        let ops: Vec<Op> = steps.iter().enumerate().flat_map(op).collect();
        let graph = Graph::new(ops.iter().map(|op| op.step));
        let by_row = ops.iter().enumerate().map(|(number, op)| ((op.part, op.row), number)).collect();
        Self { flush: Flush { rows, ops, by_row }, spaces: Vec::new(), graph }
    }

    /// Lets those who take unique values of these tables wait for those who free them.
    fn add_spaces(&mut self, parts: &[usize]) {
        for part in parts {
            let table = self.flush.rows[*part].table();
            let mut sets: Vec<Vec<usize>> = table.unique.iter().chain([&table.key]).map(|set| set.to_vec()).collect();
            for column in referred_to(table, self.flush.rows) {
                if !sets.iter().any(|set| *set == [column]) {
                    sets.push(vec![column]);
                }
            }
            for set in sets {
                let space = self.flush.space(*part, set);
                let number = self.spaces.len();
                let meets = |(value, taker): (&String, &usize)| Some((*space.frees.get(value)?, *taker));
                let mut meetings: Vec<(usize, usize)> = space.takes.iter().filter_map(meets).collect();
                meetings.sort_unstable();
                for (owner, taker) in meetings {
                    self.graph.edge(owner, taker, Why::Takes(number));
                }
                let (frees, takes) = (all(space.frees.values(), &[]), all(space.takes.values(), &space.takes_some));
                self.graph.knot(&space.frees_some, &takes, Why::Perhaps);
                self.graph.knot(&frees, &space.takes_some, Why::Perhaps);
                self.spaces.push(space);
            }
        }
    }

    /// Lets those who take away what others refer to wait until these have let it go, and those who refer to something
    /// wait until it is there.
    fn add_references(&mut self) {
        let Flush { rows, ops, .. } = &self.flush;
        for (number, op) in ops.iter().enumerate().filter(|(_, op)| op.action == Action::Insert) {
            rows[op.part].parents(op.row, &mut |parent| {
                let Some(other) = self.flush.op_of(parent) else { return };
                match ops[other].action {
                    Action::Insert => self.graph.edge(other, number, Why::Parent),
                    Action::Delete => self.graph.edge(number, other, Why::Names),
                    Action::Update(columns) => {
                        let column = rows[ops[other].part].table().column(parent.column);
                        if column.is_some_and(|column| columns.contains(column)) {
                            self.graph.edge(other, number, Why::Brings);
                        }
                    }
                }
            });
        }
        for (part, child) in rows.iter().enumerate() {
            for (column, info) in child.table().columns.iter().enumerate() {
                let Some(reference) = info.references else { continue };
                let to = |space: &&Space| {
                    let table = rows[space.part].table();
                    (table.id)() == ((reference.table)().id)()
                        && matches!(space.set[..], [column] if table.columns[column].name == reference.column)
                };
                if let Some(space) = self.spaces.iter().find(to) {
                    self.flush.add_reference(part, column, space, &mut self.graph);
                }
            }
        }
    }

    fn table_of(&self, op: usize) -> &'static Table {
        self.flush.rows[self.flush.ops[op].part].table()
    }

    /// Names the values that change hands in a cycle, or the rows that no order can serve.
    fn circle(&self, circle: &[Edge]) -> Error {
        if let Some(edge) = circle.iter().find(|edge| edge.why == Why::Names) {
            let problem = format!(
                "a new row of {} refers to a row of {} that this flush deletes, and to one that can only be sent after \
                 that: flush before the row is deleted, or refer to another row",
                self.table_of(edge.first).name,
                self.table_of(edge.then).name
            );
            return Error::Plan { problem };
        }
        if circle.iter().all(|edge| edge.why == Why::Parent) {
            let mut tables: Vec<&str> = circle.iter().map(|edge| self.table_of(edge.then).name).collect();
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
        for edge in circle {
            let (Why::Takes(number), taker) = (edge.why, &self.flush.ops[edge.then]) else { continue };
            let space = &self.spaces[number];
            table = self.flush.rows[space.part].table().name;
            if let Held::Value(value) = self.flush.held(taker.part, taker.row, &space.set, true) {
                let columns = space.set.iter().map(|column| self.flush.rows[space.part].table().columns[*column].name);
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
        let place = self.rows.iter().position(|rows| rows.entity() == parent.entity)?;
        self.by_row.get(&(place, parent.handle.index)).copied()
    }

    /// Who frees and who takes what in a set of columns.
    fn space(&self, part: usize, set: Vec<usize>) -> Space {
        let columns = set.iter().copied().fold(ColumnSet::EMPTY, ColumnSet::with);
        let (mut frees, mut takes) = (HashMap::new(), HashMap::new());
        let (mut frees_some, mut takes_some) = (Vec::new(), Vec::new());
        for (number, op) in self.ops.iter().enumerate().filter(|(_, op)| op.part == part) {
            let (leaves, comes) = op.action.touches(columns);
            for (does, after, known, unknown) in
                [(leaves, false, &mut frees, &mut frees_some), (comes, true, &mut takes, &mut takes_some)]
            {
                match if does { self.held(part, op.row, &set, after) } else { Held::Nothing } {
                    Held::Nothing => {}
                    Held::Value(value) => drop(known.insert(value, number)),
                    Held::Unknown => unknown.push(number),
                }
            }
        }
        Space { part, set, frees, takes, frees_some, takes_some }
    }

    /// What a row holds in a set of columns, as a tuple shows itself where they are several.
    fn held(&self, part: usize, row: u64, set: &[usize], after: bool) -> Held {
        let mut values = Vec::with_capacity(set.len());
        for column in set {
            match self.value(part, row, *column, after) {
                Held::Value(value) => values.push(value),
                Held::Nothing => return Held::Nothing,
                Held::Unknown => {}
            }
        }
        if values.len() < set.len() {
            let key = if self.rows[part].table().key == set { self.rows[part].shown_key(row) } else { None };
            return key.map_or(Held::Unknown, Held::Value);
        }
        Held::Value(if set.len() == 1 { values.concat() } else { format!("({})", values.join(", ")) })
    }

    /// What a row holds in one column.
    fn value(&self, mut part: usize, mut row: u64, mut column: usize, after: bool) -> Held {
        // From a row to its parent, and on where that has its value from one too.
        for _ in 0..=self.ops.len() {
            let (rows, table) = (self.rows[part], self.rows[part].table());
            let parent = match rows.given(row, column, after) {
                Given::Null => return Held::Nothing,
                Given::Value(value) => return Held::Value(format!("{value:?}")),
                Given::Row(parent) => parent,
                Given::Unknown if rows.is_pending(row) && table.key == [column] => return Held::Nothing,
                Given::Unknown => return rows.shown_part(row, column).map_or(Held::Unknown, Held::Value),
            };
            let place = self.rows.iter().position(|rows| rows.entity() == parent.entity);
            let Some((place, found)) =
                place.and_then(|place| Some((place, self.rows[place].table().column(parent.column)?)))
            else {
                return Held::Unknown;
            };
            (part, row, column) = (place, parent.handle.index, found);
        }
        Held::Unknown
    }

    /// Draws the waits of the rows of one foreign key.
    fn add_reference(&self, part: usize, column: usize, space: &Space, graph: &mut Graph) {
        // Rows of one INSERT or DELETE may refer to each other.
        let together = |one: usize, other: usize| {
            self.ops[one].step == self.ops[other].step && !matches!(self.ops[one].action, Action::Update(_))
        };
        let (mut leave, mut leave_some) = (Vec::new(), Vec::new());
        for (number, op) in self.ops.iter().enumerate().filter(|(_, op)| op.part == part) {
            let (leaves, comes) = op.action.touches(ColumnSet::EMPTY.with(column));
            match if leaves { self.held(part, op.row, &[column], false) } else { Held::Nothing } {
                Held::Nothing => {}
                Held::Value(value) => {
                    leave.push(number);
                    let other = space.frees.get(&value).filter(|other| !together(number, **other));
                    other.into_iter().for_each(|other| graph.edge(number, *other, Why::LetsGo));
                }
                Held::Unknown => leave_some.push(number),
            }
            let names = self.rows[part].given(op.row, column, true);
            let named = if let Given::Row(parent) = names { self.op_of(parent) } else { None };
            // Whoever refers by a handle to a row that goes means that row, and not the next that has its value.
            let to_deleted = named.is_some_and(|other| self.ops[other].action == Action::Delete);
            if comes
                && !to_deleted
                && let Held::Value(value) = self.held(part, op.row, &[column], true)
            {
                match (space.takes.get(&value), space.frees.get(&value)) {
                    (Some(other), _) if together(number, *other) => {}
                    (Some(other), _) => graph.edge(*other, number, Why::Brings),
                    (None, Some(other)) => graph.edge(number, *other, Why::Uses),
                    (None, None) => {}
                }
            }
        }
        let known = |rows: Vec<usize>, of: &[usize]| -> Vec<usize> {
            let of: HashSet<&usize> = of.iter().collect();
            rows.into_iter().filter(|row| !of.contains(row)).collect()
        };
        graph.knot(&leave, &known(space.frees_some.clone(), &leave), Why::Perhaps);
        graph.knot(&leave_some, &known(all(space.frees.values(), &space.frees_some), &leave_some), Why::Perhaps);
    }
}

/// So many values of a cycle are named.
const MOST_NAMED: usize = 4;

fn all<'n>(known: impl Iterator<Item = &'n usize>, unknown: &'n [usize]) -> Vec<usize> {
    let mut rows: Vec<usize> = known.chain(unknown).copied().collect();
    rows.sort_unstable();
    rows
}
