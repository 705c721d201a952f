//! `through(a, b)`: many-to-many, over the rows of a link entity that refer to both sides.

use std::marker::PhantomData;

use diesel::deserialize::FromSql;
use diesel::expression::{AppearsOnTable, Expression, NonAggregate};
use diesel::query_source::{AppearsInFromClause, Plus};
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
use crate::session::{Handle, Persist, Session, sealed};

/// The rows linked to others by a link entity, whose foreign keys are `A` and `B`; made by [`through`](super::through).
#[derive(Debug, Clone, Copy)]
#[must_use = "a relation sends no SQL until it is loaded by `load_related`"]
pub struct Through<A, B, P = (), O = (), W = ()> {
    filter: P,
    order: O,
    limit: Option<u32>,
    with: W,
    columns: PhantomData<fn() -> (A, B)>,
}

/// The link's table `L` joined to the table `T` of the rows it leads to: what conditions and orders are about.
#[derive(Debug, Clone, Copy)]
pub struct Linked<L, T>(PhantomData<fn() -> (L, T)>);

impl<Table, L, T> AppearsInFromClause<Table> for Linked<L, T>
where
    L: AppearsInFromClause<Table>,
    T: AppearsInFromClause<Table>,
    L::Count: Plus<T::Count>,
{
    type Count = <L::Count as Plus<T::Count>>::Output;
}

/// The tables of a relation through the link with the foreign keys `A` and `B`.
type Tables<A, B> = Linked<<A as KeyColumns>::Table, <<B as ForeignKeyColumns>::To as KeyColumns>::Table>;

impl<A, B> Through<A, B> {
    pub(super) fn new() -> Self {
        Self { filter: (), order: (), limit: None, with: (), columns: PhantomData }
    }
}

impl<A, B, P, O, W> Through<A, B, P, O, W>
where
    A: KeyColumns,
    B: ForeignKeyColumns,
{
    /// Only the rows that meet this condition, and those of earlier calls: any Diesel expression over their table and
    /// the link's, which must both be in an `allow_tables_to_appear_in_same_query!`.
    pub fn filter<Q>(self, condition: Q) -> Through<A, B, (P, Q), O, W>
    where
        Q: Expression<SqlType: BoolOrNullableBool> + AppearsOnTable<Tables<A, B>> + NonAggregate,
    {
        let Self { filter, order, limit, with, columns } = self;
        Through { filter: (filter, condition), order, limit, with, columns }
    }

    /// The order of each group, instead of an earlier one: a Diesel expression over the table of the rows and the
    /// link's, or a tuple of some. Rows that are equal in it are in order of their keys, as they are without it.
    pub fn order<Q>(self, order: Q) -> Through<A, B, P, (Q,), W>
    where
        Q: Expression + AppearsOnTable<Tables<A, B>> + NonAggregate,
    {
        let Self { filter, limit, with, columns, .. } = self;
        Through { filter, order: (order,), limit, with, columns }
    }

    /// At most `count` rows in each group, the first in their order.
    pub fn limit(self, count: u32) -> Self {
        Self { limit: Some(count), ..self }
    }
}

impl<A, B, P, O> Through<A, B, P, O> {
    /// Loads a relation of the rows with them, or several in a tuple.
    pub fn with<R>(self, relation: R) -> Through<A, B, P, O, (R,)> {
        let Self { filter, order, limit, columns, .. } = self;
        Through { filter, order, limit, with: (relation,), columns }
    }
}

impl<A, B, P, O, W> sealed::Relation for Through<A, B, P, O, W> {}

impl<C, A, B, P, O, W> Relation<C> for Through<A, B, P, O, W>
where
    C: SessionConnection<Backend: HasSqlType<BigInt>>,
    i64: ToSql<BigInt, C::Backend>,
    bool: FromSql<Bool, C::Backend>,
    A: ForeignKeyColumns<Value: Key> + ConvertedFrom<A::To>,
    B: ForeignKeyColumns<Table = A::Table>,
    Child<A>: Columns<C::Backend>,
    ParentOf<A>: Persist<C>,
    ParentOf<B>: Persist<C> + Columns<C::Backend>,
    P: Conditions<C::Backend>,
    O: Order<C::Backend>,
    W: Nested<C, ParentOf<B>>,
{
    type From = ParentOf<A>;
    type Loaded = Vec<W::Item>;

    fn load(&self, session: &mut Session<'_, C>, rows: &[Handle<Self::From>]) -> Result<Vec<Self::Loaded>> {
        let columns = (indexes_of::<A>(), indexes_of::<B>(), indexes_of::<B::To>());
        let (Some(columns), Some(foreign_key), Some(target)) = columns else {
            return Ok(rows.iter().map(|_| Vec::new()).collect());
        };
        let (filter, link_filter) =
            (session.filter_expression::<ParentOf<B>>()?, session.filter_expression::<Child<A>>()?);
        let values = session.values_of::<A>(rows)?;
        let related = Related::<Child<A>, ParentOf<B>, P, O> {
            columns: &columns,
            link: Some([&foreign_key, &target]),
            filters: (&filter, &link_filter),
            conditions: &self.filter,
            order: &self.order,
            limit: self.limit.map(i64::from),
            entities: PhantomData,
        };
        let distinct = &values.distinct;
        let groups = session.grouped(
            distinct.count(),
            Wanted::SomeRows,
            |executor| related.select(executor, distinct, |_, values| distinct.find_parts(values)),
            |executor| related.select_matches(executor, distinct),
        )?;
        items_in_groups(session, &self.with, values.spread(&groups))
    }
}
