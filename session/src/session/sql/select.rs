//! `SELECT … FROM t WHERE key IN (…)`: rows by key, or by a foreign key.

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error as DieselError;
use diesel::row::Row;
use diesel::sql_types::Untyped;

use super::filter_expression::FilterExpression;
use super::limit::{StatementLimit, key_size, lookup_size};
use super::lookup::{Lookup, LookupValues};
use super::unreadable::named;
use super::{Bind, Found, push_found, push_key};
use crate::connection::{EngineConnection, Executor, SessionConnection};
use crate::session::entity::{ColumnSet, Columns, Entity};

/// `SELECT … WHERE`, with a condition on one table.
struct Select<W> {
    condition: W,
    /// The engine's clause that locks the rows.
    lock: &'static str,
    keep: bool,
}

/// Rows that have one of these keys.
struct ByKey<'a, E: Entity> {
    keys: &'a [E::Key],
    lists_rows: bool,
}

/// Rows whose columns have one of the values looked up.
pub(super) struct ByValue<'a, E> {
    pub(super) lookup: Lookup<'a>,
    pub(super) entity: PhantomData<fn() -> E>,
}

impl<E: Entity> ByValue<'_, E> {
    /// Writes the name of the column at `position`.
    pub(super) fn push_name<DB: Backend>(&self, position: usize, out: &mut AstPass<'_, '_, DB>) -> QueryResult<()> {
        out.push_identifier(E::table().columns[self.lookup.columns[position]].name)
    }
}

/// Rows that have the values of `row` in `columns`.
struct Like<'a, E> {
    row: &'a E,
    columns: ColumnSet,
}

/// The condition of a [`Select`].
pub(super) trait Condition<DB: Backend> {
    type Entity: Columns<DB>;

    fn write<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>;
}

impl<E: Columns<DB>, DB: Backend> Condition<DB> for ByKey<'_, E> {
    type Entity = E;

    fn write<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        push_found::<E, DB>(self.keys.iter().map(Found::by), self.lists_rows, out)
    }
}

impl<E: Columns<DB>, DB: Backend> Condition<DB> for Like<'_, E> {
    type Entity = E;

    fn write<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for (number, column) in self.columns.iter().enumerate() {
            out.push_sql(if number > 0 { " AND " } else { "" });
            out.push_identifier(E::table().columns[column].name)?;
            out.push_sql(" = ");
            E::column(column, Bind { row: self.row, out })?;
        }
        Ok(())
    }
}

impl<E: Columns<DB>, DB: Backend> Condition<DB> for ByValue<'_, E> {
    type Entity = E;

    fn write<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.lookup.push_among::<E, DB>(out, |position, out| self.push_name(position, out))
    }
}

/// A condition, and the filters of the entity.
struct Filtered<'a, W, E> {
    condition: W,
    filter: &'a FilterExpression<E>,
}

impl<W, E, DB> Condition<DB> for Filtered<'_, W, E>
where
    W: Condition<DB, Entity = E>,
    E: Columns<DB>,
    DB: Backend,
{
    type Entity = E;

    fn write<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.condition.write(out)?;
        self.filter.push_and(out)
    }
}

impl<W: Condition<DB>, DB: Backend> QueryFragment<DB> for Select<W> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if !self.keep {
            out.unsafe_to_cache_prepared();
        }
        push_rows_where::<W::Entity, DB>(&mut out)?;
        self.condition.write(&mut out)?;
        out.push_sql(self.lock);
        Ok(())
    }
}

/// Writes `SELECT a, b FROM t WHERE`.
fn push_rows_where<E: Columns<DB>, DB: Backend>(out: &mut AstPass<'_, '_, DB>) -> QueryResult<()> {
    push_columns::<E, DB>(out)?;
    out.push_sql(" FROM ");
    E::table_name(out.reborrow())?;
    out.push_sql(" WHERE ");
    Ok(())
}

/// Writes `SELECT a, b`.
pub(super) fn push_columns<E: Columns<DB>, DB: Backend>(out: &mut AstPass<'_, '_, DB>) -> QueryResult<()> {
    for (number, column) in E::table().columns.iter().enumerate() {
        out.push_sql(if number > 0 { ", " } else { "SELECT " });
        out.push_identifier(column.name)?;
    }
    Ok(())
}

/// The statement for one key: its text is the same for every key of `E`, so the cache finds it without building it.
struct SelectOne<'a, E: Entity>(&'a E::Key);

impl<E: Columns<DB>, DB: Backend> QueryFragment<DB> for SelectOne<'_, E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        push_rows_where::<E, DB>(&mut out)?;
        push_key::<E, DB>(self.0, &mut out)
    }
}

impl<E: Entity> Query for SelectOne<'_, E> {
    type SqlType = Untyped;
}

impl<E: Entity> QueryId for SelectOne<'_, E> {
    type QueryId = SelectOne<'static, E>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

/// Reads the rows that have these keys, in no promised order.
pub(super) fn select<E, C>(executor: &mut Executor<'_, C>, keys: &[E::Key]) -> QueryResult<Vec<E>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let limit = StatementLimit::of_keys(keys.len(), E::table().key.len(), executor.connection);
    let lists_rows = executor.connection.engine().lists_rows();
    let mut rows = Vec::with_capacity(keys.len());
    for (keys, keep) in limit.split(keys, key_size::<E, C::Backend>) {
        match keys {
            [key] => rows.extend(select_one(executor, key, false)?),
            keys => {
                let condition = ByKey::<E> { keys, lists_rows };
                read_into(executor, Select { condition, lock: "", keep }, &mut rows)?;
            }
        }
    }
    Ok(rows)
}

/// Reads the row that has this key.
pub(super) fn select_one<E, C>(executor: &mut Executor<'_, C>, key: &E::Key, lock: bool) -> QueryResult<Option<E>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    find_one(executor, key, lock, &FilterExpression::everything())
}

/// Reads the row that has this key and meets `filter`.
pub(super) fn find_one<E, C>(
    executor: &mut Executor<'_, C>,
    key: &E::Key,
    lock: bool,
    filter: &FilterExpression<E>,
) -> QueryResult<Option<E>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let lock = if lock { executor.connection.engine().row_lock() } else { "" };
    if lock.is_empty() && filter.is_everything() {
        return executor.first_by_type(SelectOne::<E>(key), |row| read(row));
    }
    let condition = Filtered { condition: ByKey::<E> { keys: std::slice::from_ref(key), lists_rows: false }, filter };
    executor.first(Select { condition, lock, keep: true }, |row| read(row))
}

/// Reads a row of an entity's columns in their order.
pub(super) fn read<'r, E: Columns<DB>, DB: Backend>(row: &impl Row<'r, DB>) -> QueryResult<E> {
    read_at(row, |column| column)
}

/// Reads a row that has an entity's columns at these positions.
pub(super) fn read_at<'r, E: Columns<DB>, DB: Backend>(
    row: &impl Row<'r, DB>,
    at: impl Fn(usize) -> usize,
) -> QueryResult<E> {
    E::read(row, &at).map_err(|cause| DieselError::DeserializationError(named::<E, _>(row, at, cause)))
}

/// Reads the rows that have one of the values in these columns and that meet `filter`, in order of their keys.
pub(super) fn select_by<E, C>(
    executor: &mut Executor<'_, C>,
    columns: &[usize],
    values: &dyn LookupValues,
    filter: &FilterExpression<E>,
) -> QueryResult<Vec<E>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let limit = StatementLimit::of(columns.len(), executor.connection);
    let lists_rows = executor.connection.engine().lists_rows();
    let mut rows = Vec::new();
    for (range, keep) in limit.ranges(values.count(), |value| lookup_size::<E, C::Backend>(columns, values, value)) {
        let lookup = Lookup { columns, values, range, lists_rows };
        let condition = Filtered { condition: ByValue::<E> { lookup, entity: PhantomData }, filter };
        read_into(executor, Select { condition, lock: "", keep }, &mut rows)?;
    }
    rows.sort_by_key(E::key);
    Ok(rows)
}

/// Reads the rows that have the values of `row` in these columns, in no promised order.
pub(super) fn select_like<E, C>(executor: &mut Executor<'_, C>, row: &E, columns: ColumnSet) -> QueryResult<Vec<E>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let mut rows = Vec::new();
    read_into(executor, Select { condition: Like { row, columns }, lock: "", keep: true }, &mut rows)?;
    Ok(rows)
}

/// Reads the rows that meet a condition, by a statement that is not kept.
pub(super) fn read_where<W, E, C>(executor: &mut Executor<'_, C>, condition: W) -> QueryResult<Vec<E>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    W: Condition<C::Backend, Entity = E>,
{
    select_where(executor, condition, "", false)
}

/// Reads the rows that meet a condition, with the engine's clause that locks them, or an empty one.
pub(super) fn select_where<W, E, C>(
    executor: &mut Executor<'_, C>,
    condition: W,
    lock: &'static str,
    keep: bool,
) -> QueryResult<Vec<E>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    W: Condition<C::Backend, Entity = E>,
{
    let mut rows = Vec::new();
    read_into(executor, Select { condition, lock, keep }, &mut rows)?;
    Ok(rows)
}

/// Runs a query that selects an entity's columns in their order.
pub(crate) fn read_into<E, C, S>(executor: &mut Executor<'_, C>, query: S, rows: &mut Vec<E>) -> QueryResult<usize>
where
    C: SessionConnection,
    E: Columns<C::Backend>,
    S: QueryFragment<C::Backend>,
{
    executor.each(query, |row| {
        rows.push(read(&row)?);
        Ok(())
    })
}
