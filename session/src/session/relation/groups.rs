//! Related rows in groups: by the values of a foreign key, as the database compares them.

use std::any::Any;

use diesel::{Column, QueryResult};

use super::{Child, Field, ParentOf, Target};
use crate::connection::{Executor, SessionConnection};
use crate::error::Result;
use crate::session::entity::{Entity, EntityTable, HasColumn, HoldsKey, Key, References};
use crate::session::failure::Failure;
use crate::session::identity::RowFreshness;
use crate::session::{FilterExpression, Handle, Persist, Session};

/// The number of rows that each value should find.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Wanted {
    /// Any number, including none.
    SomeRows,
    /// Each value has one row, because the values come from foreign keys.
    OneRowEach,
}

/// Values without duplicates, and which of them each row was asked for by.
pub(super) struct Values<V> {
    /// In order.
    pub(super) distinct: Vec<V>,
    /// For each row, the index of its value.
    positions: Vec<usize>,
}

impl<V: Key> Values<V> {
    fn of(values: Vec<V>) -> Self {
        let mut distinct = values.clone();
        distinct.sort();
        distinct.dedup();
        let positions = values.iter().filter_map(|value| distinct.binary_search(value).ok()).collect();
        Self { distinct, positions }
    }

    /// The index of a value.
    pub(super) fn find(&self, value: &dyn Any) -> Option<usize> {
        self.distinct.binary_search(value.downcast_ref()?).ok()
    }

    /// The group of each row, from those of the values.
    pub(super) fn spread<E>(&self, groups: &[Vec<Handle<E>>]) -> Vec<Vec<Handle<E>>> {
        self.positions.iter().map(|position| groups[*position].clone()).collect()
    }
}

impl<C: SessionConnection> Session<'_, C> {
    /// The children of each parent by the foreign key `F`, in order of their keys.
    pub(super) fn children_of<F>(&mut self, parents: &[Handle<ParentOf<F>>]) -> Result<Vec<Vec<Handle<Child<F>>>>>
    where
        F: Column<Table: EntityTable>,
        Child<F>: References<F> + Persist<C>,
        ParentOf<F>: HasColumn<Target<F>> + Persist<C>,
        Field<Target<F>>: Into<Field<F>>,
        Field<F>: Key,
    {
        let values = self.values_of::<F>(parents)?;
        let groups = self.rows_by::<F>(&values.distinct, Wanted::SomeRows)?;
        Ok(values.spread(&groups))
    }

    /// The parent of each child by the foreign key `F`.
    pub(super) fn parents_of<F>(&mut self, children: &[Handle<Child<F>>]) -> Result<Vec<Option<Handle<ParentOf<F>>>>>
    where
        F: Column<Table: EntityTable>,
        Child<F>: References<F> + Persist<C>,
        ParentOf<F>: HasColumn<Target<F>> + Persist<C>,
        Field<F>: HoldsKey<Field<Target<F>>>,
        Field<Target<F>>: Key,
    {
        self.check()?;
        let filter = self.filter_expression::<ParentOf<F>>()?;
        let mut wanted = self.references::<F>(children)?;
        if wanted.iter().flatten().any(|value| self.present::<Target<F>>(value, &filter).is_none()) {
            self.autoflush()?;
            wanted = self.references::<F>(children)?;
        }
        let values = Values::of(wanted.iter().flatten().cloned().collect());
        let mut found: Vec<Option<Handle<ParentOf<F>>>> =
            values.distinct.iter().map(|value| self.present::<Target<F>>(value, &filter)).collect();
        let missing: Vec<usize> = (0..found.len()).filter(|index| found[*index].is_none()).collect();
        let unread: Vec<Field<Target<F>>> = missing.iter().map(|index| values.distinct[*index].clone()).collect();
        let read = self.rows_by::<Target<F>>(&unread, Wanted::OneRowEach)?;
        for (index, rows) in missing.into_iter().zip(read) {
            found[index] = rows.last().copied();
        }
        let mut parents = values.positions.into_iter().map(|position| found[position]);
        Ok(wanted.into_iter().map(|value| value.and_then(|_| parents.next().flatten())).collect())
    }

    /// The values that the foreign key `F` has in the children of these parents, after a flush.
    pub(super) fn values_of<F>(&mut self, parents: &[Handle<ParentOf<F>>]) -> Result<Values<Field<F>>>
    where
        F: Column<Table: EntityTable>,
        Child<F>: References<F>,
        ParentOf<F>: HasColumn<Target<F>> + Persist<C>,
        Field<Target<F>>: Into<Field<F>>,
        Field<F>: Key,
    {
        self.autoflush()?;
        let mut values: Vec<Field<F>> = Vec::with_capacity(parents.len());
        for parent in parents {
            let expired = self.map_of(*parent)?.row_freshness(parent.raw.index, 0)? == RowFreshness::Expired;
            if expired && ParentOf::<F>::table().key_column(<Target<F> as Column>::NAME).is_none() {
                self.load(parents)?;
            }
            values.push(self.map_of(*parent)?.column::<Target<F>>(parent.raw.index)?.into());
        }
        Ok(Values::of(values))
    }

    /// The values that the children refer to by the foreign key `F`.
    fn references<F>(&mut self, children: &[Handle<Child<F>>]) -> Result<Vec<Option<Field<Target<F>>>>>
    where
        F: Column<Table: EntityTable>,
        Child<F>: References<F> + Persist<C>,
        ParentOf<F>: HasColumn<Target<F>>,
        Field<F>: HoldsKey<Field<Target<F>>>,
    {
        self.load(children)?;
        children.iter().map(|child| Ok(HasColumn::<F>::column(self.row(*child)?).held().cloned())).collect()
    }

    /// The row with this key, if it is fresh in the session and not excluded by `filter`.
    fn present<F>(&self, value: &Field<F>, filter: &FilterExpression<Child<F>>) -> Option<Handle<Child<F>>>
    where
        F: Column<Table: EntityTable>,
        Child<F>: HasColumn<F>,
        Field<F>: Key,
    {
        Child::<F>::table().key_column(F::NAME)?;
        let map = self.maps.find::<Child<F>>()?;
        let value: &dyn Any = value;
        let index = map.find(value.downcast_ref::<<Child<F> as Entity>::Key>()?)?;
        let fresh = map.row_freshness(index, self.transaction.fresh_since()).ok()? == RowFreshness::Fresh;
        let found = fresh && map.row(index).is_ok_and(|row| filter.admits(row));
        found.then(|| Handle::new(self.id, index))
    }

    /// The rows whose column `F` has each of these values, which are in order and distinct.
    #[expect(clippy::ptr_arg, reason = "a statement finds its values in a `Vec` of their column's type")]
    fn rows_by<F>(&mut self, values: &Vec<Field<F>>, wanted: Wanted) -> Result<Vec<Vec<Handle<Child<F>>>>>
    where
        F: Column<Table: EntityTable>,
        Child<F>: HasColumn<F> + Persist<C>,
        Field<F>: Key,
    {
        let Some(column) = Child::<F>::table().column(F::NAME) else { return Ok(vec![Vec::new(); values.len()]) };
        let filter = self.filter_expression::<Child<F>>()?;
        let find = |row: Child<F>| {
            let value = values.binary_search(row.column()).ok();
            (row, value)
        };
        self.grouped(
            values.len(),
            wanted,
            |executor| {
                let rows = <Child<F> as Persist<C>>::select_by(executor, column, values, values.len(), &filter)?;
                Ok(rows.into_iter().map(find).collect())
            },
            |executor| Persist::select_matches(executor, column, values, values.len(), &filter),
        )
    }

    /// The rows that `read` finds for each of `count` values, given with the index of the value that each equals.
    ///
    /// Values that are equal for the database may differ in Rust, if the column's collation ignores case or trailing
    /// blanks. A row that equals none of the values, or a value without the row it must have, shows that: then
    /// `read_matches` asks the database by which values it found each row.
    pub(super) fn grouped<E: Persist<C>>(
        &mut self,
        count: usize,
        wanted: Wanted,
        read: impl FnOnce(&mut Executor<'_, C>) -> QueryResult<Vec<(E, Option<usize>)>>,
        read_matches: impl FnOnce(&mut Executor<'_, C>) -> QueryResult<Vec<(E, Vec<usize>)>>,
    ) -> Result<Vec<Vec<Handle<E>>>> {
        let mut groups = vec![Vec::new(); count];
        if count == 0 {
            return Ok(groups);
        }
        self.open()?;
        let rows = read(&mut self.executor());
        let (rows, equal): (Vec<E>, Vec<Option<usize>>) = self.explained::<E, _>(rows)?.into_iter().unzip();
        let mut has_row = vec![false; count];
        equal.iter().flatten().for_each(|value| has_row[*value] = true);
        let lacks_rows = wanted == Wanted::OneRowEach && !rows.is_empty() && has_row.contains(&false);
        if lacks_rows || equal.contains(&None) {
            let rows = read_matches(&mut self.executor());
            let (rows, equal): (Vec<E>, Vec<Vec<usize>>) = self.explained::<E, _>(rows)?.into_iter().unzip();
            for (row, values) in self.take_all(rows, false)?.into_iter().zip(equal) {
                values.into_iter().for_each(|value| groups[value].push(row));
            }
        } else {
            for (row, value) in self.take_all(rows, false)?.into_iter().zip(equal.into_iter().flatten()) {
                groups[value].push(row);
            }
        }
        Ok(groups)
    }

    /// What was read from the table of `E`, or the error explained.
    fn explained<E: Persist<C>, T>(&mut self, read: QueryResult<T>) -> Result<T> {
        read.map_err(|error| {
            let failure = Failure::of::<E, C>(&self.executor(), error, "reading");
            self.failed(failure)
        })
    }
}
