//! `SELECT … WHERE foreign key IN (…)` with a condition, an order and a limit per parent: related rows, of the table
//! that has the foreign key or joined to it.

use std::any::Any;
use std::marker::PhantomData;
use std::ops::Range;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, HasSqlType};

use super::filter_expression::FilterExpression;
use super::limit::{StatementLimit, lookup_size};
use super::lookup::{Lookup, LookupValues, equal_values};
use super::select::{push_columns, read};
use super::unreadable::read_column;
use crate::connection::{Executor, SessionConnection};
use crate::session::entity::{Columns, Entity};
use crate::session::sealed;

/// The name of a row's position within its group, in a statement with a limit per parent.
const POSITION: &str = "__position";
/// The names of the columns of the link's foreign key in the same statement.
const LINK: [&str; 4] = ["__link", "__link2", "__link3", "__link4"];

/// The conditions of related rows, all of which a row must meet.
pub trait Conditions<DB: Backend>: sealed::Clause {
    /// Whether there is one.
    #[doc(hidden)]
    const GIVEN: bool;

    /// Writes ` AND (…)` for each condition.
    #[doc(hidden)]
    fn write<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>;
}

impl<DB: Backend> Conditions<DB> for () {
    const GIVEN: bool = false;

    fn write<'b>(&'b self, _: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        Ok(())
    }
}

impl<A: Conditions<DB>, B: QueryFragment<DB>, DB: Backend> Conditions<DB> for (A, B) {
    const GIVEN: bool = true;

    fn write<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.write(out)?;
        out.push_sql(" AND (");
        self.1.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

/// The order of related rows before that of their keys.
pub trait Order<DB: Backend>: sealed::Clause {
    /// Whether there is one.
    #[doc(hidden)]
    const GIVEN: bool;

    /// Writes the order and a comma.
    #[doc(hidden)]
    fn write<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>;
}

impl<DB: Backend> Order<DB> for () {
    const GIVEN: bool = false;

    fn write<'b>(&'b self, _: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        Ok(())
    }
}

impl<O: QueryFragment<DB>, DB: Backend> Order<DB> for (O,) {
    const GIVEN: bool = true;

    fn write<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        Ok(())
    }
}

impl sealed::Clause for () {}
impl<A, B> sealed::Clause for (A, B) {}
impl<O> sealed::Clause for (O,) {}

/// Which rows of `E` to read: those that `L`, a link or `E` itself, relates to some values.
pub(crate) struct Related<'a, L, E, P, O> {
    /// The foreign key of `L`, whose values are given.
    pub(crate) columns: &'a [usize],
    /// The other foreign key of `L` and the columns of `E` that it refers to, if `L` is a link.
    pub(crate) link: Option<[&'a [usize]; 2]>,
    /// The filters of the two entities; those of a link are its own.
    pub(crate) filters: (&'a FilterExpression<E>, &'a FilterExpression<L>),
    pub(crate) conditions: &'a P,
    pub(crate) order: &'a O,
    /// The maximum number of rows for each value.
    pub(crate) limit: Option<i64>,
    pub(crate) entities: PhantomData<fn() -> (L, E)>,
}

/// The statement for some of the values.
struct Select<'a, L, E, P, O> {
    related: &'a Related<'a, L, E, P, O>,
    lookup: Lookup<'a>,
    /// Whether each row comes with its comparison to every value.
    compared: bool,
    keep: bool,
}

impl<L, E, P, O, DB> QueryFragment<DB> for Select<'_, L, E, P, O>
where
    DB: Backend + HasSqlType<BigInt>,
    i64: ToSql<BigInt, DB>,
    L: Columns<DB>,
    E: Columns<DB>,
    P: Conditions<DB>,
    O: Order<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        if !self.keep {
            out.unsafe_to_cache_prepared();
        }
        let Some(limit) = &self.related.limit else {
            self.push_select(&mut out)?;
            if self.compared {
                self.lookup.push_comparisons::<L, DB>(&mut out, |position, out| self.push_key(position, out))?;
            }
            self.push_source(&mut out)?;
            if O::GIVEN {
                out.push_sql(" ORDER BY ");
                self.push_order(&mut out)?;
            }
            return Ok(());
        };
        let is_link = self.related.link.is_some();
        push_columns::<E, DB>(&mut out)?;
        for name in LINK.iter().take(self.related.columns.len()).filter(|_| is_link) {
            out.push_sql(", ");
            out.push_identifier(name)?;
        }
        if self.compared {
            self.lookup.push_comparisons::<L, DB>(&mut out, |position, out| {
                out.push_identifier(if is_link { LINK[position] } else { self.key_name(position) })
            })?;
        }
        out.push_sql(" FROM (");
        self.push_select(&mut out)?;
        out.push_sql(", ROW_NUMBER() OVER (PARTITION BY ");
        for position in 0..self.related.columns.len() {
            out.push_sql(if position > 0 { ", " } else { "" });
            self.push_key(position, &mut out)?;
        }
        out.push_sql(" ORDER BY ");
        self.push_order(&mut out)?;
        out.push_sql(") AS ");
        out.push_identifier(POSITION)?;
        self.push_source(&mut out)?;
        out.push_sql(") AS t WHERE ");
        out.push_identifier(POSITION)?;
        out.push_sql(" <= ");
        out.push_bind_param::<BigInt, i64>(limit)?;
        out.push_sql(" ORDER BY ");
        out.push_identifier(POSITION)
    }
}

impl<L: Entity, E, P, O> Select<'_, L, E, P, O> {
    /// The name of the foreign key's column at `position`.
    fn key_name(&self, position: usize) -> &'static str {
        L::table().columns[self.related.columns[position]].name
    }

    /// Writes the foreign key's column at `position`.
    fn push_key<DB: Backend>(&self, position: usize, out: &mut AstPass<'_, '_, DB>) -> QueryResult<()>
    where
        L: Columns<DB>,
    {
        push_column::<L, DB>(self.related.columns[position], out)
    }

    /// Writes `SELECT e.a, e.b`, and the foreign key of a link, under names of its own if there is a limit.
    fn push_select<DB: Backend>(&self, out: &mut AstPass<'_, '_, DB>) -> QueryResult<()>
    where
        L: Columns<DB>,
        E: Columns<DB>,
    {
        for index in 0..E::table().columns.len() {
            out.push_sql(if index > 0 { ", " } else { "SELECT " });
            push_column::<E, DB>(index, out)?;
        }
        if self.related.link.is_none() {
            return Ok(());
        }
        for (position, name) in LINK.iter().enumerate().take(self.related.columns.len()) {
            out.push_sql(", ");
            self.push_key(position, out)?;
            if self.related.limit.is_some() {
                out.push_sql(" AS ");
                out.push_identifier(name)?;
            }
        }
        Ok(())
    }

    /// Writes ` FROM e WHERE e.key IN (?, ?)` and the conditions.
    fn push_source<'b, DB: Backend>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        L: Columns<DB>,
        E: Columns<DB>,
        P: Conditions<DB>,
    {
        out.push_sql(" FROM ");
        L::table_name(out.reborrow())?;
        if let Some([foreign_key, target]) = self.related.link {
            out.push_sql(" INNER JOIN ");
            E::table_name(out.reborrow())?;
            for (position, (target, column)) in target.iter().zip(foreign_key).enumerate() {
                out.push_sql(if position > 0 { " AND " } else { " ON " });
                push_column::<E, DB>(*target, out)?;
                out.push_sql(" = ");
                push_column::<L, DB>(*column, out)?;
            }
        }
        out.push_sql(" WHERE ");
        self.lookup.push_among::<L, DB>(out, |position, out| self.push_key(position, out))?;
        let (rows, link) = self.related.filters;
        push_filter(rows, out)?;
        push_filter(link, out)?;
        self.related.conditions.write(out)
    }

    /// Writes the order, the key last, so that rows which are equal otherwise have one too.
    fn push_order<'b, DB: Backend>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        E: Columns<DB>,
        O: Order<DB>,
    {
        self.related.order.write(out)?;
        for (number, column) in E::table().key.iter().enumerate() {
            out.push_sql(if number > 0 { ", " } else { "" });
            push_column::<E, DB>(*column, out)?;
        }
        Ok(())
    }
}

/// Writes ` AND (t.a IS NULL)`, and nothing if every row meets the filter.
fn push_filter<'b, E: Columns<DB>, DB: Backend>(
    filter: &'b FilterExpression<E>,
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()> {
    if filter.is_everything() {
        return Ok(());
    }
    out.push_sql(" AND ");
    filter.walk_ast(out.reborrow())
}

/// Writes `t.a`.
fn push_column<E: Columns<DB>, DB: Backend>(index: usize, out: &mut AstPass<'_, '_, DB>) -> QueryResult<()> {
    E::table_name(out.reborrow())?;
    out.push_sql(".");
    out.push_identifier(E::table().columns[index].name)
}

impl<L: Entity, E: Entity, P, O> Related<'_, L, E, P, O> {
    /// Reads the rows related to the values. `find` is called with each row and, for a link, the values of its foreign
    /// key, and tells which of the values that is.
    pub(crate) fn select<C>(
        &self,
        executor: &mut Executor<'_, C>,
        values: &dyn LookupValues,
        find: impl Fn(&E, Vec<Box<dyn Any>>) -> Option<usize>,
    ) -> QueryResult<Vec<(E, Option<usize>)>>
    where
        C: SessionConnection<Backend: HasSqlType<BigInt>>,
        i64: ToSql<BigInt, C::Backend>,
        L: Columns<C::Backend>,
        E: Columns<C::Backend>,
        P: Conditions<C::Backend>,
        O: Order<C::Backend>,
    {
        let of_link = if self.link.is_some() { self.columns } else { &[] };
        let mut rows = Vec::new();
        self.each(executor, values, false, |row, _| {
            let entity: E = read(row)?;
            let of_link = of_link.iter().zip(E::table().columns.len()..);
            let of_link = of_link.map(|(column, position)| read_column::<L, C::Backend>(row, *column, position));
            let found = find(&entity, of_link.collect::<QueryResult<_>>()?);
            rows.push((entity, found));
            Ok(())
        })?;
        self.sort::<C, _>(&mut rows);
        Ok(rows)
    }

    /// As [`select`](Self::select), each row with the indexes of the values that the database treats as equal to its
    /// foreign key.
    pub(crate) fn select_matches<C>(
        &self,
        executor: &mut Executor<'_, C>,
        values: &dyn LookupValues,
    ) -> QueryResult<Vec<(E, Vec<usize>)>>
    where
        C: SessionConnection<Backend: HasSqlType<BigInt>>,
        i64: ToSql<BigInt, C::Backend>,
        bool: FromSql<Bool, C::Backend>,
        L: Columns<C::Backend>,
        E: Columns<C::Backend>,
        P: Conditions<C::Backend>,
        O: Order<C::Backend>,
    {
        let of_link = if self.link.is_some() { self.columns.len() } else { 0 };
        let mut rows = Vec::new();
        self.each(executor, values, true, |row, range| {
            let equal = equal_values(row, E::table().columns.len() + of_link, range)?;
            rows.push((read(row)?, equal));
            Ok(())
        })?;
        self.sort::<C, _>(&mut rows);
        Ok(rows)
    }

    /// Runs the statements for the values, and passes each row with the range of its statement's values to `each`.
    fn each<C>(
        &self,
        executor: &mut Executor<'_, C>,
        values: &dyn LookupValues,
        compared: bool,
        mut each: impl for<'c, 'q> FnMut(
            &<C as diesel::connection::LoadConnection>::Row<'c, 'q>,
            Range<usize>,
        ) -> QueryResult<()>,
    ) -> QueryResult<()>
    where
        C: SessionConnection<Backend: HasSqlType<BigInt>>,
        i64: ToSql<BigInt, C::Backend>,
        L: Columns<C::Backend>,
        E: Columns<C::Backend>,
        P: Conditions<C::Backend>,
        O: Order<C::Backend>,
    {
        let times = if compared { 2 } else { 1 };
        let columns = self.columns;
        let limit = StatementLimit::of(times * columns.len(), executor.connection);
        let lists_rows = executor.connection.engine().lists_rows();
        let size = |value| times * lookup_size::<L, C::Backend>(columns, values, value);
        for (range, keep) in limit.ranges(values.count(), size) {
            let lookup = Lookup { columns, values, range: range.clone(), lists_rows };
            let select = Select { related: self, lookup, compared, keep };
            executor.each(select, |row| each(&row, range.clone()))?;
        }
        Ok(())
    }

    /// Sorts by key what the database has not sorted.
    fn sort<C: SessionConnection, T>(&self, rows: &mut [(E, T)])
    where
        O: Order<C::Backend>,
    {
        if !O::GIVEN && self.limit.is_none() {
            rows.sort_by_key(|(row, _)| row.key());
        }
    }
}
