//! Rows by their foreign keys: the children of many parents, and the parents of many children, by one SELECT.

use std::any::Any;
use std::collections::HashMap;

use diesel::Column;

use super::entity::{EntityTable, HasColumn, HoldsKey, Key, References};
use super::handle::Handle;
use super::identity::Trust;
use super::stores::Failure;
use super::{Entity, Persist, Session};
use crate::connection::{Link, SessionConnection};
use crate::error::Result;

/// The entity whose table has column `F`.
type Child<F> = <<F as Column>::Table as EntityTable>::Entity;
/// The column that foreign key `F` refers to.
type Target<F> = <Child<F> as References<F>>::Target;
/// The entity that foreign key `F` refers to.
type ParentOf<F> = Child<Target<F>>;
/// The type of the field of column `F`.
type Field<F> = <Child<F> as HasColumn<F>>::Value;

impl<C: SessionConnection> Session<'_, C> {
    /// The children of each parent by the foreign key `column`: one SELECT for all of them (one for every 100 parents),
    /// after a flush, grouped in the order of `parents`, each group in order of the key.
    ///
    /// ```text
    /// let books = session.children(books::author_id, &[ann, ben])?;   // books[0] are Ann's
    /// ```
    ///
    /// # Errors
    ///
    /// Bad handles, and parents that are not in the database; what the statements fail with.
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
            let expired = self.store(*parent)?.trust(parent.raw.index, 0)? == Trust::Expired;
            if expired && ParentOf::<F>::table().key_column(<Target<F> as Column>::NAME).is_none() {
                self.load(parents)?;
            }
            values.push(self.store(*parent)?.column::<Target<F>>(parent.raw.index)?.into());
        }
        let rows = self.rows_by::<F>(values.clone())?;
        let mut places: HashMap<Field<F>, Vec<usize>> = HashMap::new();
        for (place, value) in values.into_iter().enumerate() {
            places.entry(value).or_default().push(place);
        }
        let mut groups = vec![Vec::new(); parents.len()];
        let owners: Vec<Field<F>> = rows.iter().map(|row| HasColumn::<F>::column(row).clone()).collect();
        for (child, owner) in self.take_all(rows, false).into_iter().zip(owners) {
            for place in places.get(&owner).into_iter().flatten() {
                groups[*place].push(child);
            }
        }
        Ok(groups)
    }

    /// The parent of each child by the foreign key `column`, `None` where that is NULL: no SQL for parents that the
    /// session has by their key, and one SELECT for the others (one for every 100), after a flush.
    ///
    /// # Errors
    ///
    /// Bad handles, and children that are not in the database; what the statements fail with.
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
        let mut wanted = self.references::<F>(children)?;
        if wanted.iter().flatten().any(|value| self.present::<Target<F>>(value).is_none()) {
            self.autoflush()?;
            wanted = self.references::<F>(children)?;
        }
        let mut found: HashMap<Field<Target<F>>, Handle<ParentOf<F>>> = HashMap::new();
        let mut missing: Vec<Field<Target<F>>> = wanted.iter().flatten().cloned().collect();
        missing.sort();
        missing.dedup();
        missing.retain(|value| match self.present::<Target<F>>(value) {
            Some(parent) => found.insert(value.clone(), parent).is_some(),
            None => true,
        });
        if !missing.is_empty() {
            let rows = self.rows_by::<Target<F>>(missing)?;
            let values: Vec<Field<Target<F>>> = rows.iter().map(|row| row.column().clone()).collect();
            found.extend(values.into_iter().zip(self.take_all(rows, false)));
        }
        Ok(wanted.into_iter().map(|value| value.and_then(|value| found.get(&value).copied())).collect())
    }

    /// What the children refer to by the foreign key `F`.
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

    /// The row that the session has, fresh, under this value of its key.
    fn present<F>(&self, value: &Field<F>) -> Option<Handle<Child<F>>>
    where
        F: Column<Table: EntityTable>,
        Child<F>: HasColumn<F>,
        Field<F>: Key,
    {
        Child::<F>::table().key_column(F::NAME)?;
        let store = self.stores.find::<Child<F>>()?;
        let value: &dyn Any = value;
        let index = store.find(value.downcast_ref::<<Child<F> as Entity>::Key>()?)?;
        let fresh = store.trust(index, self.transaction.fresh_since()).ok()? == Trust::Fresh;
        fresh.then(|| Handle::new(self.id, index))
    }

    /// Reads the rows whose column `F` is among `values`.
    fn rows_by<F>(&mut self, mut values: Vec<Field<F>>) -> Result<Vec<Child<F>>>
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
        self.open()?;
        let mut link = Link::new(&mut **self.connection, self.echo.as_ref());
        let read = Persist::select_by(&mut link, column, &values, values.len())
            .map_err(|error| Failure::of::<Child<F>, C>(&link, error, "reading"));
        read.map_err(|failure| self.failed(failure))
    }
}
