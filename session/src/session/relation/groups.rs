//! Related rows in groups: by the values of a foreign key, as the database compares them.

use std::any::Any;

use diesel::QueryResult;

use super::{Child, ParentOf};
use crate::connection::{Executor, SessionConnection};
use crate::error::Result;
use crate::session::entity::{Entity, Key};
use crate::session::failure::Failure;
use crate::session::identity::RowFreshness;
use crate::session::key_columns::{ConvertedFrom, ForeignKeyColumns, Holds, KeyColumns};
use crate::session::sql::LookupValues;
use crate::session::value::Value;
use crate::session::{FilterExpression, Handle, Persist, Session};

/// The number of rows that each value should find.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Wanted {
    /// Any number, including none.
    SomeRows,
    /// Each value has one row, because the values come from foreign keys.
    OneRowEach,
}

/// Values of the columns `F` in order, each once.
pub(super) struct Distinct<F: KeyColumns>(Vec<F::Value>);

impl<F: KeyColumns> LookupValues for Distinct<F> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn part(&self, value: usize, position: usize) -> &dyn Value {
        F::part(&self.0[value], position)
    }
}

impl<F: KeyColumns<Value: Key>> Distinct<F> {
    /// The index of the value that a row has.
    pub(super) fn find(&self, row: &Child<F>) -> Option<usize> {
        self.0.binary_search(&F::of_row(row)).ok()
    }

    /// The index of a value that was read column by column.
    pub(super) fn find_parts(&self, parts: Vec<Box<dyn Any>>) -> Option<usize> {
        self.0.binary_search(&F::from_parts(parts)?).ok()
    }
}

/// Values without duplicates, and which of them each row was asked for by.
pub(super) struct Values<F: KeyColumns> {
    pub(super) distinct: Distinct<F>,
    /// For each row, the index of its value.
    positions: Vec<usize>,
}

impl<F: KeyColumns<Value: Key>> Values<F> {
    fn of(values: Vec<F::Value>) -> Self {
        let mut distinct = values.clone();
        distinct.sort();
        distinct.dedup();
        let positions = values.iter().filter_map(|value| distinct.binary_search(value).ok()).collect();
        Self { distinct: Distinct(distinct), positions }
    }

    /// The group of each row, from those of the values.
    pub(super) fn spread<E>(&self, groups: &[Vec<Handle<E>>]) -> Vec<Vec<Handle<E>>> {
        self.positions.iter().map(|position| groups[*position].clone()).collect()
    }
}

/// The indexes of these columns in their entity's table; `None` if it lacks one.
pub(super) fn indexes_of<F: KeyColumns>() -> Option<Vec<usize>> {
    F::names().into_iter().map(|name| Child::<F>::table().column(name)).collect()
}

/// The positions of these columns in the key, if they are the whole key.
fn positions_in_key<F: KeyColumns>() -> Option<Vec<usize>> {
    let (table, names) = (Child::<F>::table(), F::names());
    if names.len() != table.key.len() {
        return None;
    }
    let mut positions: Vec<usize> = names.into_iter().map(|name| table.key_column(name)).collect::<Option<_>>()?;
    let given = positions.clone();
    positions.sort_unstable();
    positions.dedup();
    (positions.len() == given.len()).then_some(given)
}

impl<C: SessionConnection> Session<'_, C> {
    /// The children of each parent by the foreign key `F`, in order of their keys.
    pub(super) fn children_of<F>(&mut self, parents: &[Handle<ParentOf<F>>]) -> Result<Vec<Vec<Handle<Child<F>>>>>
    where
        F: ForeignKeyColumns<Value: Key> + ConvertedFrom<F::To>,
        Child<F>: Persist<C>,
        ParentOf<F>: Persist<C>,
    {
        let values = self.values_of::<F>(parents)?;
        let groups = self.rows_by(&values.distinct, Wanted::SomeRows)?;
        Ok(values.spread(&groups))
    }

    /// The parent of each child by the foreign key `F`.
    pub(super) fn parents_of<F>(&mut self, children: &[Handle<Child<F>>]) -> Result<Vec<Option<Handle<ParentOf<F>>>>>
    where
        F: ForeignKeyColumns<To: KeyColumns<Value: Key>> + Holds<F::To>,
        Child<F>: Persist<C>,
        ParentOf<F>: Persist<C>,
    {
        self.check()?;
        let filter = self.filter_expression::<ParentOf<F>>()?;
        let in_key = positions_in_key::<F::To>();
        if self.waits_for_new_rows::<F>(children) {
            self.autoflush()?;
        }
        let mut wanted = self.references::<F>(children)?;
        if wanted.iter().flatten().any(|value| self.present::<F::To>(value, in_key.as_deref(), &filter).is_none()) {
            let seen = self.seen();
            self.autoflush()?;
            if self.seen() != seen {
                wanted = self.references::<F>(children)?;
            }
        }
        let values = Values::<F::To>::of(wanted.iter().flatten().cloned().collect());
        let Distinct(distinct) = values.distinct;
        let mut found: Vec<Option<Handle<ParentOf<F>>>> =
            distinct.iter().map(|value| self.present::<F::To>(value, in_key.as_deref(), &filter)).collect();
        let missing: Vec<usize> = (0..found.len()).filter(|index| found[*index].is_none()).collect();
        let unread = Distinct(missing.iter().map(|index| distinct[*index].clone()).collect());
        let read = self.rows_by::<F::To>(&unread, Wanted::OneRowEach)?;
        for (index, rows) in missing.into_iter().zip(read) {
            found[index] = rows.last().copied();
        }
        let mut parents = values.positions.into_iter().map(|position| found[position]);
        Ok(wanted.into_iter().map(|value| value.and_then(|_| parents.next().flatten())).collect())
    }

    /// The values that the foreign key `F` has in the children of these parents, after a flush.
    pub(super) fn values_of<F>(&mut self, parents: &[Handle<ParentOf<F>>]) -> Result<Values<F>>
    where
        F: ForeignKeyColumns<Value: Key> + ConvertedFrom<F::To>,
        ParentOf<F>: Persist<C>,
    {
        self.autoflush()?;
        let table = ParentOf::<F>::table();
        let is_in_key = F::To::names().into_iter().all(|name| table.key_column(name).is_some());
        let mut values: Vec<F::Value> = Vec::with_capacity(parents.len());
        for parent in parents {
            let expired = self.map_of(*parent)?.row_freshness(parent.raw.index, 0)? == RowFreshness::Expired;
            if expired && !is_in_key {
                self.load(parents)?;
            }
            let value =
                self.map_of(*parent)?.value(parent.raw.index, |row| F::To::of_row(row).into_owned(), F::To::of_key)?;
            values.push(F::converted(value));
        }
        Ok(Values::of(values))
    }

    /// Whether the foreign key `F` of one of these rows waits for the key of a new row, and shows another value until then.
    fn waits_for_new_rows<F: KeyColumns>(&self, children: &[Handle<Child<F>>]) -> bool {
        let (Some(columns), Some(map)) = (indexes_of::<F>(), self.maps.find::<Child<F>>()) else { return false };
        let waits =
            |child: &Handle<Child<F>>| columns.iter().any(|column| map.waiting(child.raw.index, *column).is_some());
        children.iter().any(waits)
    }

    /// The values that the children refer to by the foreign key `F`; `None` where one of its columns is NULL.
    fn references<F>(&mut self, children: &[Handle<Child<F>>]) -> Result<Vec<Option<<F::To as KeyColumns>::Value>>>
    where
        F: ForeignKeyColumns + Holds<F::To>,
        Child<F>: Persist<C>,
    {
        self.load(children)?;
        children.iter().map(|child| Ok(F::held(&F::of_row(self.row(*child)?)))).collect()
    }

    /// The row that has this value in the columns `T`, of which `in_key` are the positions in the key, if it is fresh in
    /// the session and not excluded by `filter`.
    fn present<T: KeyColumns>(
        &self,
        value: &T::Value,
        in_key: Option<&[usize]>,
        filter: &FilterExpression<Child<T>>,
    ) -> Option<Handle<Child<T>>> {
        let map = self.maps.find::<Child<T>>()?;
        let parts = in_key?.iter().copied().enumerate().map(|(part, position)| (position, T::part(value, part)));
        let index = map.find_by_parts(parts)?;
        let fresh = map.row_freshness(index, self.transaction.fresh_since()).ok()? == RowFreshness::Fresh;
        let found = fresh && map.row(index).is_ok_and(|row| filter.admits(row));
        found.then(|| Handle::new(self.id, index))
    }

    /// The rows whose columns `F` have each of these values.
    fn rows_by<F>(&mut self, values: &Distinct<F>, wanted: Wanted) -> Result<Vec<Vec<Handle<Child<F>>>>>
    where
        F: KeyColumns<Value: Key>,
        Child<F>: Persist<C>,
    {
        let Some(columns) = indexes_of::<F>() else { return Ok(vec![Vec::new(); values.count()]) };
        let filter = self.filter_expression::<Child<F>>()?;
        let find = |row: Child<F>| {
            let value = values.find(&row);
            (row, value)
        };
        self.grouped(
            values.count(),
            wanted,
            |executor| {
                let rows = <Child<F> as Persist<C>>::select_by(executor, &columns, values, &filter)?;
                Ok(rows.into_iter().map(find).collect())
            },
            |executor| Persist::select_matches(executor, &columns, values, &filter),
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
