//! The errors for rows that wait for each other in a cycle, so that no order of statements works.

use super::graph::{Edge, Why};
use super::values::{Held, Statements, UniqueIndex};
use crate::error::Error;
use crate::session::entity::{ColumnSet, Table, UniqueSet};
use crate::session::sql::in_words;

/// The most values of a cycle that an error names.
const MOST_NAMED: usize = 4;

/// The error for a cycle: names the values that would be exchanged, or the rows that no order can satisfy.
pub(super) fn cycle_error(cycle: &[Edge], statements: &Statements<'_>, indexes: &[UniqueIndex<'_>]) -> Error {
    let table_of = |number: usize| statements.table(statements.get(number).map).name;
    let problem = if let Some(edge) = cycle.iter().find(|edge| edge.why == Why::Handle) {
        format!(
            "a new row of {} refers to a row of {} that this flush deletes, and to one that can only be sent after \
             that: flush before the row is deleted, or refer to another row",
            table_of(edge.first),
            table_of(edge.then)
        )
    } else if !cycle.iter().any(|edge| matches!(edge.why, Why::Reuses(_))) {
        let mut tables: Vec<&str> = cycle.iter().map(|edge| table_of(edge.then)).collect();
        tables.sort_unstable();
        tables.dedup();
        format!(
            "new rows of {} refer to each other in a cycle of foreign keys that cannot be NULL, so none can be inserted \
             first: make one of these foreign keys an `Option`, or refer to a row that is in the database",
            tables.join(" and ")
        )
    } else {
        exchanged(cycle, statements, indexes)
    };
    Error::Plan { problem }
}

/// Names the values that rows would have to exchange.
fn exchanged(cycle: &[Edge], statements: &Statements<'_>, indexes: &[UniqueIndex<'_>]) -> String {
    let (mut table, mut hint) = ("", String::new());
    let mut values: Vec<String> = Vec::new();
    for edge in cycle {
        let Why::Reuses(number) = edge.why else { continue };
        let (index, claimer) = (&indexes[number], statements.get(edge.then));
        let described = statements.table(index.map);
        table = described.name;
        if let Some(set) = index.declared.filter(|set| set.free.is_none()) {
            hint = way_out(set, described, statements);
        }
        if let Held::Value(claimed) = statements.held(claimer, &index.set, true) {
            let columns: Vec<&str> = index.set.iter().map(|column| described.columns[*column].name).collect();
            let claimed: Vec<String> = claimed.iter().map(|value| in_words(value)).collect();
            values.push(format!("{} ({})", columns.join(", "), claimed.join(", ")));
        }
    }
    if values.len() > MOST_NAMED {
        let more = values.len() - MOST_NAMED;
        values.truncate(MOST_NAMED);
        values.push(format!("{more} more"));
    }
    let last = values.pop().unwrap_or_default();
    format!(
        "{table}: {} and {last} would be exchanged in a cycle, which no order of single statements can do: give one of \
         these rows another value, flush, and then give it its final value{hint}",
        values.join(", ")
    )
}

/// How the entity would have to declare the set, if it can.
fn way_out(set: &UniqueSet, table: &'static Table, statements: &Statements<'_>) -> String {
    let deferrable = if set.deferrable { " (this engine has no deferrable UNIQUE constraints)" } else { "" };
    let tested = set.when.iter().map(|condition| condition.column);
    let fixed = tested.fold(table.key_columns().union(statements.referred_columns(table)), ColumnSet::with);
    let may_be_free = |column: &usize| !fixed.contains(*column) && table.columns[*column].references.is_none();
    let Some(free) = set.columns.iter().copied().rfind(may_be_free) else { return deferrable.to_owned() };
    let names: Vec<&str> = set.columns.iter().map(|column| table.columns[*column].name).collect();
    let free = match names.as_slice() {
        [_] => "free(value)".to_owned(),
        _ => format!("free({} = value)", table.columns[free].name),
    };
    format!("; or name a value that no row has: `#[entity(unique({}, {free}))]`{deferrable}", names.join(", "))
}
