//! What a flush will do, in which order. Planning reads no database and sends no SQL.
//!
//! The order: tables from the top of the foreign keys down, each table's INSERTs and then its UPDATEs; after all of
//! them the DELETEs, from the bottom up. Rows of one table that wait for each other are split into waves. Where a key or
//! a unique value changes hands, `precedence` puts rows before those that wait for them.

use std::collections::HashMap;
use std::fmt;

use super::entity::{ColumnSet, Table};
use crate::error::{Error, Result};

/// What one table's rows need, before it is put into order: INSERTs as they were added, the others by key.
#[derive(Debug)]
pub(crate) struct Doings<R> {
    pub(crate) inserts: Vec<R>,
    pub(crate) updates: Vec<Change<R>>,
    pub(crate) deletes: Vec<R>,
}

/// One row's UPDATE.
#[derive(Debug)]
pub(crate) struct Change<R> {
    pub(crate) row: R,
    pub(crate) columns: ColumnSet,
}

/// Rows of one table in groups: each may be inserted once those before it are.
pub(crate) type Waves<R> = Vec<Vec<R>>;

/// One table of a flush.
pub(crate) struct Part {
    pub(crate) table: &'static Table,
    pub(crate) inserts: Waves<u64>,
    pub(crate) updates: Vec<Change<u64>>,
    /// Children before parents.
    pub(crate) deletes: Waves<u64>,
}

/// One step of a flush: the same kind of statement for some rows of one table.
pub(crate) struct Task {
    /// Which of the parts given to [`order`].
    pub(crate) part: usize,
    pub(crate) action: Action,
    pub(crate) rows: Vec<u64>,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Insert,
    Update(ColumnSet),
    Delete,
}

impl Action {
    /// Whether what a row holds in these columns leaves the table, and whether something comes to it.
    pub(crate) fn touches(self, columns: ColumnSet) -> (bool, bool) {
        match self {
            Self::Insert => (false, true),
            Self::Update(changed) => (changed.meets(columns), changed.meets(columns)),
            Self::Delete => (true, false),
        }
    }
}

/// Puts the parts of a flush into order, by their tables.
pub(crate) fn order(parts: Vec<Part>) -> Vec<Task> {
    let mut numbered: Vec<(usize, Part)> = parts.into_iter().enumerate().collect();
    numbered.sort_by_key(|(number, part)| (part.table.depth(), *number));
    let (mut tasks, mut deletes) = (Vec::new(), Vec::new());
    for (number, part) in numbered {
        for rows in part.inserts.into_iter().filter(|rows| !rows.is_empty()) {
            tasks.push(Task { part: number, action: Action::Insert, rows });
        }
        for change in part.updates {
            push_update(&mut tasks, number, &change);
        }
        for rows in part.deletes.into_iter().rev().filter(|rows| !rows.is_empty()) {
            deletes.push(Task { part: number, action: Action::Delete, rows });
        }
    }
    tasks.extend(deletes.into_iter().rev());
    tasks
}

fn push_update(tasks: &mut Vec<Task>, part: usize, change: &Change<u64>) {
    let action = Action::Update(change.columns);
    match tasks.last_mut() {
        Some(last) if last.part == part && last.action == action => last.rows.push(change.row),
        _ => tasks.push(Task { part, action, rows: vec![change.row] }),
    }
}

/// Splits rows so that each comes after those it waits for, and else keeps their order.
pub(crate) fn waves(table: &str, rows: Vec<u64>, waits_for: impl Fn(&u64, &mut dyn FnMut(u64))) -> Result<Waves<u64>> {
    let places: HashMap<u64, usize> = rows.iter().enumerate().map(|(place, row)| (*row, place)).collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
    let mut waiting = vec![0_usize; rows.len()];
    for (place, row) in rows.iter().enumerate() {
        waits_for(row, &mut |parent| {
            if let Some(parent) = places.get(&parent) {
                children[*parent].push(place);
                waiting[place] += 1;
            }
        });
    }
    let mut waves = Vec::new();
    let mut wave: Vec<usize> = (0..rows.len()).filter(|place| waiting[*place] == 0).collect();
    let mut placed = 0;
    while !wave.is_empty() {
        placed += wave.len();
        let mut next = Vec::new();
        for child in wave.iter().flat_map(|place| &children[*place]) {
            waiting[*child] -= 1;
            if waiting[*child] == 0 {
                next.push(*child);
            }
        }
        next.sort_unstable();
        waves.push(wave.into_iter().map(|place| rows[place]).collect());
        wave = next;
    }
    if placed < rows.len() {
        let problem = format!("{table}: new rows refer to each other in a circle");
        return Err(Error::Plan { problem });
    }
    Ok(waves)
}

/// What a flush would do: see [`Session::plan`](super::Session::plan).
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
    /// How many rows.
    pub rows: usize,
}

impl Plan {
    pub(crate) fn new(tasks: &[Task], tables: &[&'static Table]) -> Self {
        let steps = tasks.iter().map(|task| {
            let table = tables[task.part];
            let (verb, columns) = match task.action {
                Action::Insert => ("INSERT", ColumnSet::EMPTY),
                Action::Update(columns) => ("UPDATE", columns),
                Action::Delete => ("DELETE", ColumnSet::EMPTY),
            };
            let columns = columns.iter().map(|column| table.columns[column].name).collect();
            Step { verb, table: table.name, columns, rows: task.rows.len() }
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

    #[test]
    fn rows_that_wait_for_nothing_stay_in_one_wave_in_their_order() {
        assert_eq!(waves("t", vec![3, 1, 2], |_, _| {}).unwrap(), [[3, 1, 2]]);
    }

    #[test]
    fn a_row_comes_in_a_later_wave_than_the_row_it_waits_for() {
        let parents = HashMap::from([(1, 2), (2, 3), (4, 3)]);
        let split = waves("t", vec![1, 2, 3, 4], |row, see| parents.get(row).copied().into_iter().for_each(see));
        assert_eq!(split.unwrap(), [vec![3], vec![2, 4], vec![1]]);
    }

    #[test]
    fn rows_that_wait_for_each_other_are_an_error() {
        let error = waves("people", vec![1, 2], |row, see| see(3 - row)).unwrap_err();
        assert!(error.to_string().contains("people: new rows refer to each other in a circle"), "{error}");
    }
}
