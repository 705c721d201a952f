//! `children(column)`: the rows that refer to others, filtered, ordered and limited for each of them.

use std::marker::PhantomData;

use diesel::deserialize::FromSql;
use diesel::expression::{AppearsOnTable, Expression, NonAggregate};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, Bool, BoolOrNullableBool, HasSqlType};

use super::groups::{Wanted, indexes_of};
use super::nested::{Nested, items_in_groups};
use super::{Child, ParentOf, Relation};
use crate::connection::SessionConnection;
use crate::error::Result;
use crate::session::entity::{Columns, Key};
use crate::session::key_columns::{ConvertedFrom, ForeignKeyColumns, KeyColumns};
use crate::session::sql::{Conditions, LookupValues as _, Order, Related};
use crate::session::{FilterExpression, Handle, Persist, Session, sealed};

/// The rows that refer to others by the foreign key `F`; made by [`children`](super::children).
#[derive(Debug, Clone, Copy)]
#[must_use = "a relation sends no SQL until it is loaded by `load_related`"]
pub struct Children<F, P = (), O = (), W = ()> {
    pub(super) filter: P,
    pub(super) order: O,
    pub(super) limit: Option<u32>,
    pub(super) with: W,
    pub(super) column: PhantomData<fn() -> F>,
}

impl<F> Children<F> {
    pub(super) fn new() -> Self {
        Self { filter: (), order: (), limit: None, with: (), column: PhantomData }
    }
}

impl<F: KeyColumns, P, O, W> Children<F, P, O, W> {
    /// Only the children that meet this condition, and those of earlier calls: any Diesel expression over the
    /// children's table.
    pub fn filter<Q>(self, condition: Q) -> Children<F, (P, Q), O, W>
    where
        Q: Expression<SqlType: BoolOrNullableBool> + AppearsOnTable<F::Table> + NonAggregate,
    {
        let Self { filter, order, limit, with, column } = self;
        Children { filter: (filter, condition), order, limit, with, column }
    }

    /// The order of each parent's children, instead of an earlier one: a Diesel expression over the children's table,
    /// or a tuple of some. Children that are equal in it are in order of their keys, as they are without it.
    pub fn order<Q>(self, order: Q) -> Children<F, P, (Q,), W>
    where
        Q: Expression + AppearsOnTable<F::Table> + NonAggregate,
    {
        let Self { filter, limit, with, column, .. } = self;
        Children { filter, order: (order,), limit, with, column }
    }

    /// At most `count` children of each parent, the first in their order.
    pub fn limit(self, count: u32) -> Self {
        Self { limit: Some(count), ..self }
    }
}

impl<F, P, O> Children<F, P, O> {
    /// Loads a relation of the children with them, or several in a tuple.
    pub fn with<R>(self, relation: R) -> Children<F, P, O, (R,)> {
        let Self { filter, order, limit, column, .. } = self;
        Children { filter, order, limit, with: (relation,), column }
    }
}

impl<F, P, O, W> sealed::Relation for Children<F, P, O, W> {}

impl<C, F, P, O, W> Relation<C> for Children<F, P, O, W>
where
    C: SessionConnection<Backend: HasSqlType<BigInt>>,
    i64: ToSql<BigInt, C::Backend>,
    bool: FromSql<Bool, C::Backend>,
    F: ForeignKeyColumns<Value: Key> + ConvertedFrom<F::To>,
    Child<F>: Persist<C> + Columns<C::Backend>,
    ParentOf<F>: Persist<C>,
    P: Conditions<C::Backend>,
    O: Order<C::Backend>,
    W: Nested<C, Child<F>>,
{
    type From = ParentOf<F>;
    type Loaded = Vec<W::Item>;

    fn load(&self, session: &mut Session<'_, C>, rows: &[Handle<Self::From>]) -> Result<Vec<Self::Loaded>> {
        let groups = self.groups(session, rows)?;
        items_in_groups(session, &self.with, groups)
    }
}

impl<F, P, O, W> Children<F, P, O, W> {
    /// The children of each parent.
    pub(super) fn groups<C>(
        &self,
        session: &mut Session<'_, C>,
        parents: &[Handle<ParentOf<F>>],
    ) -> Result<Vec<Vec<Handle<Child<F>>>>>
    where
        C: SessionConnection<Backend: HasSqlType<BigInt>>,
        i64: ToSql<BigInt, C::Backend>,
        bool: FromSql<Bool, C::Backend>,
        F: ForeignKeyColumns<Value: Key> + ConvertedFrom<F::To>,
        Child<F>: Persist<C> + Columns<C::Backend>,
        ParentOf<F>: Persist<C>,
        P: Conditions<C::Backend>,
        O: Order<C::Backend>,
    {
        if !P::GIVEN && !O::GIVEN && self.limit.is_none() {
            return session.children_of::<F>(parents);
        }
        let Some(columns) = indexes_of::<F>() else { return Ok(vec![Vec::new(); parents.len()]) };
        let filter = session.filter_expression::<Child<F>>()?;
        let values = session.values_of::<F>(parents)?;
        let related = Related::<Child<F>, Child<F>, P, O> {
            columns: &columns,
            link: None,
            filters: (&filter, &FilterExpression::everything()),
            conditions: &self.filter,
            order: &self.order,
            limit: self.limit.map(i64::from),
            entities: PhantomData,
        };
        let distinct = &values.distinct;
        let groups = session.grouped(
            distinct.count(),
            Wanted::SomeRows,
            |executor| related.select(executor, distinct, |row, _| distinct.find(row)),
            |executor| related.select_matches(executor, distinct),
        )?;
        Ok(values.spread(&groups))
    }
}
