//! `SELECT … FROM t WHERE key IN (…)`: rows by key, or by a foreign key.

use std::any::Any;
use std::marker::PhantomData;
use std::ops::Range;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error as DieselError;
use diesel::row::Row;
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Untyped};

use super::filter_expression::FilterExpression;
use super::limit::{StatementLimit, key_size, value_size};
use super::unreadable::named;
use super::{Found, push_found, push_key};
use crate::connection::{EngineConnection, Executor, SessionConnection};
use crate::session::entity::{Columns, Entity, Visitor};

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

/// Rows whose `column` is among `values`, a slice of a `Vec` of the field's type.
pub(super) struct ByValue<'a, E> {
    pub(super) column: usize,
    pub(super) values: &'a dyn Any,
    pub(super) range: Range<usize>,
    pub(super) entity: PhantomData<fn() -> E>,
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

impl<E: Columns<DB>, DB: Backend> Condition<DB> for ByValue<'_, E> {
    type Entity = E;

    fn write<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_identifier(E::table().columns[self.column].name)?;
        for (number, index) in self.range.clone().enumerate() {
            out.push_sql(if number > 0 { ", " } else { " IN (" });
            E::column(self.column, BindValue { values: self.values, index, out })?;
        }
        out.push_sql(")");
        Ok(())
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

/// Writes the parameter of one value for a column.
pub(super) struct BindValue<'v, 'p, 'b, DB: Backend> {
    pub(super) values: &'b dyn Any,
    pub(super) index: usize,
    pub(super) out: &'v mut AstPass<'p, 'b, DB>,
}

impl<DB: Backend, E> Visitor<DB, E> for BindValue<'_, '_, '_, DB> {
    type Output = QueryResult<()>;

    fn visit<ST, T>(self, _: fn(&E) -> &T, _: fn(&mut E, T)) -> QueryResult<()>
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static,
    {
        let value = self.values.downcast_ref::<Vec<T>>().and_then(|values| values.get(self.index));
        let wrong = || DieselError::QueryBuilderError("a value is not of its column's type".into());
        self.out.push_bind_param::<ST, T>(value.ok_or_else(wrong)?)
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
    let limit = StatementLimit::of(E::table().key.len(), executor.connection);
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
    E::read(row).map_err(|cause| DieselError::DeserializationError(named::<E, _>(row, cause)))
}

/// Reads the rows whose `column` is among the `count` values in a `Vec` of the field's type and that meet `filter`, in
/// order of their keys.
pub(super) fn select_by<E, C>(
    executor: &mut Executor<'_, C>,
    column: usize,
    values: &dyn Any,
    count: usize,
    filter: &FilterExpression<E>,
) -> QueryResult<Vec<E>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
{
    let limit = StatementLimit::of(1, executor.connection);
    let mut rows = Vec::new();
    for (range, keep) in limit.ranges(count, |value| value_size::<E, C::Backend>(column, values, value)) {
        let condition = Filtered { condition: ByValue::<E> { column, values, range, entity: PhantomData }, filter };
        read_into(executor, Select { condition, lock: "", keep }, &mut rows)?;
    }
    rows.sort_by_key(E::key);
    Ok(rows)
}

/// Reads the rows that meet a condition, by a statement that is not kept.
pub(super) fn read_where<W, E, C>(executor: &mut Executor<'_, C>, condition: W) -> QueryResult<Vec<E>>
where
    C: EngineConnection,
    E: Columns<C::Backend>,
    W: Condition<C::Backend, Entity = E>,
{
    let mut rows = Vec::new();
    read_into(executor, Select { condition, lock: "", keep: false }, &mut rows)?;
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
