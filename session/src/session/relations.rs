//! Rows by their foreign keys: the children of many parents, and the parents of many children, by one SELECT.

use std::any::Any;
use std::collections::HashMap;

use diesel::{Column, QueryResult};

use super::entity::{EntityTable, HasColumn, HoldsKey, Key, References};
use super::failure::Failure;
use super::handle::Handle;
use super::identity::RowFreshness;
use super::{Entity, FilterExpression, Persist, Session};
use crate::connection::SessionConnection;
use crate::error::Result;

/// The entity whose table has column `F`.
type Child<F> = <<F as Column>::Table as EntityTable>::Entity;
/// The column that foreign key `F` refers to.
type Target<F> = <Child<F> as References<F>>::Target;
/// The entity that foreign key `F` refers to.
type ParentOf<F> = Child<Target<F>>;
/// The type of the field of column `F`.
type Field<F> = <Child<F> as HasColumn<F>>::Value;
/// A row, and the values of column `F` by which it was found.
type Found<F> = (Handle<Child<F>>, Vec<Field<F>>);

/// The number of rows that each search value should find.
#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    /// Any number, including none.
    SomeRows,
    /// Each value has one row, because the values come from foreign keys.
    OneRowEach,
}

impl<C: SessionConnection> Session<'_, C> {
    /// The children of each parent by the foreign key `column`: one SELECT for all of them (one for every 100 parents),
    /// after a flush, grouped in the order of `parents`, each group in order of the key. If the column's collation
    /// treats values as equal that differ in Rust (by case or trailing blanks), a second SELECT finds the parent of
    /// each child.
    ///
    /// ```text
    /// let books = session.children(books::author_id, &[ann, ben])?;   // books[0] are Ann's
    /// ```
    ///
    /// # Errors
    ///
    /// Bad handles, and parents that are not in the database; errors of the statements.
    pub fn children<F>(&mut self, column: F, parents: &[Handle<ParentOf<F>>]) -> Result<Vec<Vec<Handle<Child<F>>>>>
    where
        F: Column<Table: EntityTable>,
        Child<F>: References<F> + Persist<C>,
        ParentOf<F>: HasColumn<Target<F>> + Persist<C>,
        Field<Target<F>>: Into<Field<F>>,
        Field<F>: Key,
    {
        let _ = column;
        self.autoflush()?;
        let mut values: Vec<Field<F>> = Vec::with_capacity(parents.len());
        for parent in parents {
            let expired = self.map_of(*parent)?.row_freshness(parent.raw.index, 0)? == RowFreshness::Expired;
            if expired && ParentOf::<F>::table().key_column(<Target<F> as Column>::NAME).is_none() {
                self.load(parents)?;
            }
            values.push(self.map_of(*parent)?.column::<Target<F>>(parent.raw.index)?.into());
        }
        let found = self.rows_by::<F>(values.clone(), Wanted::SomeRows)?;
        let mut positions: HashMap<Field<F>, Vec<usize>> = HashMap::new();
        for (position, value) in values.into_iter().enumerate() {
            positions.entry(value).or_default().push(position);
        }
        let mut groups = vec![Vec::new(); parents.len()];
        for (child, owners) in found {
            for position in owners.iter().filter_map(|owner| positions.get(owner)).flatten() {
                groups[*position].push(child);
            }
        }
        Ok(groups)
    }

    /// The parent of each child by the foreign key `column`, `None` where the column is NULL: no SQL for parents that
    /// the session has by their key, and one SELECT for the others (one for every 100), after a flush; a second one if
    /// the column's collation treats values as equal that differ in Rust.
    ///
    /// # Errors
    ///
    /// Bad handles, and children that are not in the database; errors of the statements.
    pub fn parents<F>(&mut self, column: F, children: &[Handle<Child<F>>]) -> Result<Vec<Option<Handle<ParentOf<F>>>>>
    where
        F: Column<Table: EntityTable>,
        Child<F>: References<F> + Persist<C>,
        ParentOf<F>: HasColumn<Target<F>> + Persist<C>,
        Field<F>: HoldsKey<Field<Target<F>>>,
        Field<Target<F>>: Key,
    {
        let _ = column;
        self.check()?;
        let filter = self.filter_expression::<ParentOf<F>>()?;
        let mut wanted = self.references::<F>(children)?;
        if wanted.iter().flatten().any(|value| self.present::<Target<F>>(value, &filter).is_none()) {
            self.autoflush()?;
            wanted = self.references::<F>(children)?;
        }
        let mut found: HashMap<Field<Target<F>>, Handle<ParentOf<F>>> = HashMap::new();
        let mut missing: Vec<Field<Target<F>>> = wanted.iter().flatten().cloned().collect();
        missing.sort();
        missing.dedup();
        missing.retain(|value| match self.present::<Target<F>>(value, &filter) {
            Some(parent) => found.insert(value.clone(), parent).is_some(),
            None => true,
        });
        if !missing.is_empty() {
            for (parent, values) in self.rows_by::<Target<F>>(missing, Wanted::OneRowEach)? {
                found.extend(values.into_iter().map(|value| (value, parent)));
            }
        }
        Ok(wanted.into_iter().map(|value| value.and_then(|value| found.get(&value).copied())).collect())
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

    /// Reads the rows whose column `F` is among `values`, each with the values by which it was found.
    ///
    /// Values that are equal for the database may differ in Rust, if the column's collation ignores case or trailing
    /// blanks. A row that equals none of the values, or a value without the row it must have, shows that: then one more
    /// SELECT asks the database by which value it found each row.
    fn rows_by<F>(&mut self, mut values: Vec<Field<F>>, wanted: Wanted) -> Result<Vec<Found<F>>>
    where
        F: Column<Table: EntityTable>,
        Child<F>: HasColumn<F> + Persist<C>,
        Field<F>: Key,
    {
        values.sort();
        values.dedup();
        let table = Child::<F>::table();
        let Some(column) = table.columns.iter().position(|column| column.name == F::NAME) else {
            return Ok(Vec::new());
        };
        let filter = self.filter_expression::<Child<F>>()?;
        self.open()?;
        let rows = Persist::select_by(&mut self.executor(), column, &values, values.len(), &filter);
        let rows: Vec<Child<F>> = self.explained::<Child<F>, _>(rows)?;
        let equal: Vec<Option<usize>> = rows.iter().map(|row| values.binary_search(row.column()).ok()).collect();
        let mut has_row = vec![false; values.len()];
        equal.iter().flatten().for_each(|value| has_row[*value] = true);
        let lacks_rows = wanted == Wanted::OneRowEach && !rows.is_empty() && has_row.contains(&false);
        let rows: Vec<(Child<F>, Vec<usize>)> = if lacks_rows || equal.contains(&None) {
            let matches = Persist::select_matches(&mut self.executor(), column, &values, values.len(), &filter);
            self.explained::<Child<F>, _>(matches)?
        } else {
            rows.into_iter().zip(equal.into_iter().map(|value| value.into_iter().collect())).collect()
        };
        let (rows, equal): (Vec<Child<F>>, Vec<Vec<usize>>) = rows.into_iter().unzip();
        let found_by = |equal: Vec<usize>| equal.into_iter().map(|value| values[value].clone()).collect();
        Ok(self.take_all(rows, false).into_iter().zip(equal.into_iter().map(found_by)).collect())
    }

    /// The rows read from the table of `E`, or the error explained.
    fn explained<E: Persist<C>, T>(&mut self, answer: QueryResult<T>) -> Result<T> {
        answer.map_err(|error| {
            let failure = Failure::of::<E, C>(&self.executor(), error, "reading");
            self.failed(failure)
        })
    }
}
