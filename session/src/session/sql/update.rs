//! `UPDATE t SET a = ? WHERE key = ?`, and for several rows `UPDATE t SET a = v.… FROM (VALUES …) AS v WHERE …`, or the
//! engine's equivalent: only the changed columns, with one cached statement per set of columns.

use std::collections::HashMap;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment};

use super::arrays::fit_arrays;
use super::computed::update_computed;
use super::edited::Edited;
use super::limit::{StatementLimit, key_size, row_size};
use super::select::select;
use super::taken::is_taken_by;
use super::update_arrays::UpdateFromArrays;
use super::update_join::UpdateFromJoin;
use super::{Bind, ambiguous, push_key};
use crate::connection::{EngineConnection, Executor, Updates};
use crate::session::entity::{ColumnSet, Columns, Entity, UniqueSet};

/// The maximum number of rows of a statement whose text does not grow with them.
const MANY: usize = 10_000;

/// The statement for one row.
struct Update<'a, E: Entity> {
    edited: &'a Edited<'a, E>,
    key: &'a E::Key,
    columns: ColumnSet,
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Update<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let table = E::table();
        out.push_sql("UPDATE ");
        E::table_name(out.reborrow())?;
        for (number, column) in self.columns.iter().enumerate() {
            out.push_sql(if number > 0 { ", " } else { " SET " });
            out.push_identifier(table.columns[column].name)?;
            out.push_sql(" = ");
            E::column(column, Bind { row: self.edited.row, out: &mut out })?;
        }
        out.push_sql(" WHERE ");
        push_key::<E, DB>(self.key, &mut out)?;
        if let Some(version) = table.version {
            out.push_sql(" AND ");
            out.push_identifier(table.columns[version].name)?;
            out.push_sql(" = ");
            E::column(version, Bind { row: self.edited.before, out: &mut out })?;
        }
        Ok(())
    }
}

/// The statement for several rows. A row of VALUES is the key, the version if there is one, and the new values; the
/// database names its columns `column1`, `column2`, …
struct UpdateMany<'a, E: Entity> {
    rows: &'a [Edited<'a, E>],
    keys: &'a [E::Key],
    columns: ColumnSet,
    keep: bool,
}

/// Writes `"t"."column" = v.columnN`, or without the table as SET requires.
fn push_equal<E: Columns<DB>, DB: Backend>(
    column: usize,
    position: usize,
    of_table: bool,
    out: &mut AstPass<'_, '_, DB>,
) -> QueryResult<()> {
    if of_table {
        E::table_name(out.reborrow())?;
        out.push_sql(".");
    }
    out.push_identifier(E::table().columns[column].name)?;
    out.push_sql(" = v.column");
    out.push_sql(&(position + 1).to_string());
    Ok(())
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for UpdateMany<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let table = E::table();
        if !self.keep {
            out.unsafe_to_cache_prepared();
        }
        let found_by = table.key.len() + usize::from(table.version.is_some());
        out.push_sql("UPDATE ");
        E::table_name(out.reborrow())?;
        for (number, column) in self.columns.iter().enumerate() {
            out.push_sql(if number > 0 { ", " } else { " SET " });
            push_equal::<E, DB>(column, found_by + number, false, &mut out)?;
        }
        out.push_sql(" FROM (VALUES ");
        for (number, (edited, key)) in self.rows.iter().zip(self.keys).enumerate() {
            out.push_sql(if number > 0 { ", (" } else { "(" });
            for position in 0..table.key.len() {
                out.push_sql(if position > 0 { ", " } else { "" });
                E::key_column(position, Bind { row: key, out: &mut out })?;
            }
            if let Some(version) = table.version {
                out.push_sql(", ");
                E::column(version, Bind { row: edited.before, out: &mut out })?;
            }
            for column in self.columns.iter() {
                out.push_sql(", ");
                E::column(column, Bind { row: edited.row, out: &mut out })?;
            }
            out.push_sql(")");
        }
        out.push_sql(") AS v");
        for (position, column) in table.key.iter().copied().chain(table.version).enumerate() {
            out.push_sql(if position > 0 { " AND " } else { " WHERE " });
            push_equal::<E, DB>(column, position, true, &mut out)?;
        }
        Ok(())
    }
}

/// What became of the rows of an UPDATE.
#[derive(Debug)]
pub struct Outcome<E> {
    /// The number of the first row that is gone or no longer has the version it was read with.
    pub(crate) stale: Option<usize>,
    /// The rows with the values that the database computed for them, in their order; none if it computes nothing.
    pub(crate) computed: Vec<E>,
}

/// Updates `columns` of the rows.
pub(super) fn update<E, C>(
    executor: &mut Executor<'_, C>,
    rows: &[Edited<'_, E>],
    columns: ColumnSet,
) -> QueryResult<Outcome<E>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let table = E::table();
    let parameters = table.key.len() + usize::from(table.version.is_some()) + columns.len();
    let moves = moves(rows, columns, executor.connection.engine().defers_unique());
    let named = || columns.iter().chain(table.key.iter().copied()).chain(table.version);
    let strategy = match C::UPDATES {
        Updates::FromArrays if !moves && !fit_arrays::<E, C>(executor, named()) => Updates::FromValues,
        strategy => strategy,
    };
    let limit = match strategy {
        _ if moves => StatementLimit::ONE,
        Updates::FromArrays => StatementLimit::of_arrays(MANY, executor.connection),
        Updates::FromValues | Updates::FromJoin => StatementLimit::of(parameters, executor.connection),
    };
    let size = |edited: &Edited<'_, E>| {
        row_size::<E, C::Backend>(edited.row, columns) + key_size::<E, C::Backend>(&edited.before.key())
    };
    let (mut done, mut computed) = (0, Vec::new());
    for (rows, keep) in limit.split(rows, size) {
        let keys: Vec<E::Key> = rows.iter().map(|edited| edited.before.key()).collect();
        let into = &mut computed;
        let matched = match (rows, keys.as_slice()) {
            ([edited], [key]) => update_computed(executor, Update { edited, key, columns }, rows, into)?,
            (rows, keys) => match strategy {
                Updates::FromValues => update_computed(executor, UpdateMany { rows, keys, columns, keep }, rows, into)?,
                Updates::FromArrays => {
                    update_computed(executor, UpdateFromArrays::<E, C>::new(rows, keys, columns), rows, into)?
                }
                Updates::FromJoin => {
                    update_computed(executor, UpdateFromJoin { rows, keys, columns, keep }, rows, into)?
                }
            },
        };
        if matched > rows.len() {
            return Err(ambiguous::<E>("UPDATE", rows.len(), matched));
        }
        if matched < rows.len() {
            return Ok(Outcome { stale: Some(done + missing(executor, rows, &keys)?), computed: Vec::new() });
        }
        done += rows.len();
    }
    Ok(Outcome { stale: None, computed })
}

/// Whether a row takes a key or a unique value, which within one statement could collide with what another gives up.
fn moves<E: Entity>(rows: &[Edited<'_, E>], columns: ColumnSet, defers: bool) -> bool {
    let table = E::table();
    let takes = |set: &UniqueSet| {
        // An order of rows that refer to each other is kept by sending them one by one.
        let is_taken = |edited: &Edited<'_, E>| table.refers_to_itself() || is_taken_by(set, edited.row);
        set.reach().meets(columns) && rows.iter().any(is_taken)
    };
    table.key_columns().meets(columns) || table.checked_sets(defers).any(takes)
}

/// The number of the first row that an UPDATE did not match: it is gone, or its version is not the one just written.
fn missing<E, C>(executor: &mut Executor<'_, C>, rows: &[Edited<'_, E>], keys: &[E::Key]) -> QueryResult<usize>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let table = E::table();
    if rows.len() == 1 {
        return Ok(0);
    }
    let stored: HashMap<E::Key, E> = select::<E, C>(executor, keys)?.into_iter().map(|row| (row.key(), row)).collect();
    let unlike = |differs: fn(&E, &E) -> bool| {
        let found = |key, row| stored.get(key).is_some_and(|stored| !differs(stored, row));
        rows.iter().zip(keys).position(|(edited, key)| !found(key, edited.row))
    };
    // Someone else may have counted the version up to the same number; then the values differ.
    let counted = table.counted_version();
    let version = counted.and_then(|_| unlike(|stored, row| stored.version() != row.version()));
    Ok(version.or_else(|| unlike(|stored, row| !stored.changed(row).is_empty())).unwrap_or(0))
}
