//! The values of computed columns after a statement wrote their rows: returned with it, or read by one SELECT for every
//! 100 rows.

use std::collections::HashMap;
use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::row::Row;

use super::answer::ReadColumn;
use super::edited::Edited;
use super::limit::{StatementLimit, key_size};
use super::{Found, push_found};
use crate::connection::{EngineConnection, Executor};
use crate::session::entity::{Columns, Entity};

/// The columns that are read: those of the key, and the computed ones.
fn columns<E: Entity>() -> impl Iterator<Item = usize> {
    E::table().key.iter().copied().chain(E::table().computed.iter())
}

/// An UPDATE that returns the computed columns.
struct Returning<S, E> {
    statement: S,
    entity: PhantomData<fn() -> E>,
}

impl<S: QueryFragment<DB>, E: Columns<DB>, DB: Backend> QueryFragment<DB> for Returning<S, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.statement.walk_ast(out.reborrow())?;
        for (number, column) in columns::<E>().enumerate() {
            out.push_sql(if number > 0 { ", " } else { " RETURNING " });
            E::table_name(out.reborrow())?;
            out.push_sql(".");
            out.push_identifier(E::table().columns[column].name)?;
        }
        Ok(())
    }
}

/// Reads the computed columns of the rows with these keys.
struct Select<'a, E: Entity> {
    keys: &'a [E::Key],
    lists_rows: bool,
    keep: bool,
}

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for Select<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if !self.keep {
            out.unsafe_to_cache_prepared();
        }
        for (number, column) in columns::<E>().enumerate() {
            out.push_sql(if number > 0 { ", " } else { "SELECT " });
            out.push_identifier(E::table().columns[column].name)?;
        }
        out.push_sql(" FROM ");
        E::table_name(out.reborrow())?;
        out.push_sql(" WHERE ");
        push_found::<E, DB>(self.keys.iter().map(Found::by), self.lists_rows, &mut out)
    }
}

/// Sends an UPDATE of some rows, and returns the number of rows that it matched. If it matched all of them, `computed`
/// gets the rows with their computed columns as they are then, provided that the entity has such columns.
pub(super) fn update_computed<E, C>(
    executor: &mut Executor<'_, C>,
    statement: impl QueryFragment<C::Backend>,
    rows: &[Edited<'_, E>],
    computed: &mut Vec<E>,
) -> QueryResult<usize>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    if E::table().computed.is_empty() {
        return executor.execute(&statement);
    }
    let written = || rows.iter().map(|edited| edited.row.clone());
    let from = computed.len();
    if C::RETURNING && C::RETURNS_AFTER_TRIGGERS {
        computed.extend(written());
        let mut found = Vec::with_capacity(rows.len());
        let statement = Returning { statement, entity: PhantomData::<fn() -> E> };
        let matched = executor.each(statement, |row| {
            found.extend(computed.get(from).map(|like| read(&row, like)).transpose()?);
            Ok(())
        })?;
        assign(&mut computed[from..], found);
        return Ok(matched);
    }
    let matched = executor.execute(&statement)?;
    if matched == rows.len() {
        computed.extend(written());
        read_computed(executor, &mut computed[from..])?;
    }
    Ok(matched)
}

/// Reads the computed columns of rows that were just written.
pub(super) fn read_computed<E, C>(executor: &mut Executor<'_, C>, rows: &mut [E]) -> QueryResult<()>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let keys: Vec<E::Key> = rows.iter().map(E::key).collect();
    let limit = StatementLimit::of(E::table().key.len(), executor.connection);
    let lists_rows = executor.connection.engine().lists_rows();
    let mut rest = rows;
    for (keys, keep) in limit.split(&keys, key_size::<E, C::Backend>) {
        let (rows, others) = rest.split_at_mut(keys.len());
        rest = others;
        let left = select(executor, Select { keys, lists_rows, keep }, rows)?;
        // The database may store a key differently, and still find the row by the key that was sent.
        for position in left.into_iter().filter(|_| keys.len() > 1) {
            let keys = &keys[position..=position];
            select(executor, Select { keys, lists_rows, keep: true }, &mut rows[position..=position])?;
        }
    }
    Ok(())
}

/// Reads the rows, and returns the positions of those that were not found under their own keys.
fn select<E, C>(executor: &mut Executor<'_, C>, query: Select<'_, E>, rows: &mut [E]) -> QueryResult<Vec<usize>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let mut found = Vec::with_capacity(rows.len());
    executor.each(query, |row| {
        found.extend(rows.first().map(|like| read(&row, like)).transpose()?);
        Ok(())
    })?;
    Ok(assign(rows, found))
}

/// Reads the [columns] into a row like another.
fn read<'r, E: Columns<DB>, DB: Backend>(row: &impl Row<'r, DB>, like: &E) -> QueryResult<E> {
    let mut read = like.clone();
    for (position, column) in columns::<E>().enumerate() {
        E::column(column, ReadColumn { row, position, into: &mut read })?;
    }
    Ok(read)
}

/// Copies the computed columns of the rows found into the rows with the same keys; a single row needs no key. Returns the
/// positions of the rows that were not found.
fn assign<E: Entity>(rows: &mut [E], found: Vec<E>) -> Vec<usize> {
    let computed = E::table().computed;
    if let ([row], [found]) = (&mut *rows, found.as_slice()) {
        row.copy(computed, found);
        return Vec::new();
    }
    let mut found: HashMap<E::Key, E> = found.into_iter().map(|row| (row.key(), row)).collect();
    let mut left = Vec::new();
    for (position, row) in rows.iter_mut().enumerate() {
        match found.remove(&row.key()) {
            Some(found) => row.copy(computed, &found),
            None => left.push(position),
        }
    }
    left
}
