//! Finds the stored rows that have the values of given rows in a set of unique columns, as the database compares them.

use std::collections::HashMap;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::AstPass;

use super::Bind;
use super::limit::{StatementLimit, row_size};
use super::matching::values;
use super::select::{Condition, select_where};
use crate::connection::{EngineConnection, Executor};
use crate::session::entity::{ColumnSet, Columns, Entity};

/// Rows that have the values of one of `rows` in these columns: `a = ? AND b = ?` for one row, otherwise `a IN (?, ?)`,
/// or for several columns a list of rows, as for keys.
struct SameUnique<'a, E> {
    rows: &'a [&'a E],
    set: &'a [usize],
    lists_rows: bool,
}

impl<E: Columns<DB>, DB: Backend> Condition<DB> for SameUnique<'_, E> {
    type Entity = E;

    fn write<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if let [row] = self.rows {
            for (position, column) in self.set.iter().enumerate() {
                out.push_sql(if position > 0 { " AND " } else { "" });
                out.push_identifier(E::table().columns[*column].name)?;
                out.push_sql(" = ");
                E::column(*column, Bind { row: *row, out })?;
            }
            return Ok(());
        }
        let several = self.set.len() > 1;
        let listed = several && self.lists_rows;
        out.push_sql(if several { "(" } else { "" });
        for (position, column) in self.set.iter().enumerate() {
            out.push_sql(if position > 0 { ", " } else { "" });
            out.push_identifier(E::table().columns[*column].name)?;
        }
        out.push_sql(if several { ") IN (" } else { " IN (" });
        out.push_sql(if listed { "SELECT * FROM (VALUES " } else { "" });
        for (number, row) in self.rows.iter().copied().enumerate() {
            out.push_sql(if number > 0 { ", " } else { "" });
            out.push_sql(if several { "(" } else { "" });
            for (position, column) in self.set.iter().enumerate() {
                out.push_sql(if position > 0 { ", " } else { "" });
                E::column(*column, Bind { row, out })?;
            }
            out.push_sql(if several { ")" } else { "" });
        }
        out.push_sql(if listed { ") AS v)" } else { ")" });
        Ok(())
    }
}

/// The stored row for each of the rows at these `positions`, by position; with `lock`, locked if the engine has row
/// locks, and then read as they are now, whatever the transaction's snapshot shows.
pub(super) fn find<E, C>(
    executor: &mut Executor<'_, C>,
    rows: &[E],
    positions: &[usize],
    set: &[usize],
    lock: bool,
) -> QueryResult<HashMap<usize, E>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let lock = if lock { executor.connection.engine().row_lock() } else { "" };
    let limit = StatementLimit::of(set.len(), executor.connection);
    let columns = set.iter().copied().fold(ColumnSet::EMPTY, ColumnSet::with);
    let lists_rows = executor.connection.engine().lists_rows();
    let mut found = Vec::new();
    for (positions, keep) in limit.split(positions, |position| row_size::<E, C::Backend>(&rows[*position], columns)) {
        let rows: Vec<&E> = positions.iter().map(|position| &rows[*position]).collect();
        found.extend(select_where(executor, SameUnique { rows: &rows, set, lists_rows }, lock, keep)?);
    }
    assign(executor, rows, positions, set, found)
}

/// Assigns rows that came from the database to the rows at `positions` with the same values in `set`. Values that only
/// the database treats as equal are looked up one by one.
pub(super) fn assign<E, C>(
    executor: &mut Executor<'_, C>,
    rows: &[E],
    positions: &[usize],
    set: &[usize],
    stored: Vec<E>,
) -> QueryResult<HashMap<usize, E>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let mut others: Vec<E> = Vec::new();
    let mut assigned: HashMap<usize, E> = HashMap::with_capacity(stored.len());
    if stored.len() == positions.len() && is_in_order(rows, positions, set, &stored) {
        assigned.extend(positions.iter().copied().zip(stored));
        return Ok(assigned);
    }
    {
        let sent: HashMap<_, usize> =
            positions.iter().map(|position| (values(&rows[*position], set), *position)).collect();
        for row in stored {
            match sent.get(&values(&row, set)) {
                Some(position) if !assigned.contains_key(position) => drop(assigned.insert(*position, row)),
                _ => others.push(row),
            }
        }
    }
    if others.is_empty() {
        return Ok(assigned);
    }
    let left: Vec<usize> = positions.iter().copied().filter(|position| !assigned.contains_key(position)).collect();
    if let ([position], 1) = (left.as_slice(), others.len()) {
        assigned.extend(others.pop().map(|row| (*position, row)));
        return Ok(assigned);
    }
    for position in left {
        let condition = SameUnique { rows: &[&rows[position]], set, lists_rows: false };
        let found = select_where(executor, condition, "", true)?.into_iter().next();
        let same = |row: &E| others.iter().position(|other| other.key() == row.key());
        if let Some(index) = found.as_ref().and_then(same) {
            assigned.insert(position, others.swap_remove(index));
        }
    }
    Ok(assigned)
}

fn is_in_order<E: Entity>(rows: &[E], positions: &[usize], set: &[usize], stored: &[E]) -> bool {
    let same = |sent: &E, stored: &E| set.iter().all(|column| sent.field(*column).is_same(stored.field(*column)));
    positions.iter().zip(stored).all(|(position, stored)| same(&rows[*position], stored))
}
