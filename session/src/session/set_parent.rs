//! A foreign key of a row that is set by the handle of its parent, which may not have a key yet.

use diesel::Column;

use super::entity::{Entity as _, EntityTable, HasColumn, Refers};
use super::foreign_keys::GivesReference;
use super::given::Parent;
use super::handle::Handle;
use super::identity::RowFreshness;
use super::reference::Ref;
use super::{Persist, Session};
use crate::connection::SessionConnection;
use crate::error::{Error, Result};

/// The entity whose table has column `F`.
type Child<F> = <<F as Column>::Table as EntityTable>::Entity;
/// The column that `F` refers to.
type To<F> = <Child<F> as Refers<F>>::To;
/// The entity that `F` refers to.
type ParentOf<F> = Child<To<F>>;

impl<C: SessionConnection> Session<'_, C> {
    /// Makes the foreign key `column` of a row refer to `parent`: a [`Handle`], a key, or an `Option` of either where the
    /// column is nullable. This is the way to refer to a row that was added and has no key yet: the next flush inserts
    /// it, and then updates this row with its key.
    ///
    /// Until then the field has its value in the database, [`is_modified`](Self::is_modified),
    /// [`changes`](Self::changes) and [`plan`](Self::plan) show the change, and a value that is set by
    /// [`edit`](Self::edit) replaces it. Of a row that is in the database, its value now is set at once. A row that is
    /// itself pending gets the handle as the field of its `New…` struct would. Of a foreign key of several columns, each
    /// is set by a call of its own.
    ///
    /// ```
    /// # include!("../../docs/example_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// db.begin(|session| -> Result<()> {
    ///     let ann = session.add(NewUser::new(1, "ann")?);
    ///     let resume = session.add(NewResume::new(ann, "engineer")?);
    ///     session.flush()?;
    ///     let ben = session.add(NewUser::new(2, "ben")?);
    ///     session.set_parent(resumes::user_id, resume, ben)?;
    ///     assert_eq!(session.plan()?.to_string(), "INSERT users (1 row)\nUPDATE resumes SET user_id (1 row)");
    ///     session.flush()?;
    ///     assert_eq!(session.row(resume)?.user_id, session.row(ben)?.id);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`edit`](Self::edit); for a parent that is not in the session or not in the database (undone, deleted),
    /// the error that names its state.
    pub fn set_parent<F>(
        &mut self,
        column: F,
        child: Handle<Child<F>>,
        parent: impl Into<Ref<To<F>, <Child<F> as HasColumn<F>>::Value>>,
    ) -> Result<()>
    where
        F: Column<Table: EntityTable>,
        Child<F>: GivesReference<F> + Persist<C>,
        ParentOf<F>: HasColumn<To<F>> + Persist<C>,
    {
        let _ = column;
        let reference = parent.into();
        if let Some(parent) = reference.handle() {
            let map = self.map_of(parent)?;
            if !self.state(parent)?.is_pending() {
                map.row_freshness(parent.raw.index, 0)?;
            }
        }
        if self.state(child)?.is_pending() {
            *Child::<F>::reference(self.pending_mut(child)?) = reference;
            return Ok(());
        }
        self.edit(child)?;
        let index = Child::<F>::table().columns.iter().position(|column| column.name == F::NAME);
        let Some(index) = index else { return Err(Error::Gone { table: Child::<F>::table().name }) };
        let value = match reference.handle() {
            None => reference.value().cloned(),
            Some(parent) if self.state(parent)?.is_pending() => {
                let parent = Parent::of::<Child<F>, F>(index, parent.raw);
                self.map_of_mut(child)?.wait_for(child.raw.index, parent);
                return Ok(());
            }
            Some(parent) => Some(self.value_of_parent::<F>(parent)?),
        };
        if let Some(value) = value {
            self.map_of_mut(child)?.set_field(child.raw.index, index, &value);
        }
        Ok(())
    }

    /// The value that `F` takes from a row of the database, which is read if its value is not in memory.
    pub(super) fn value_of_parent<F>(
        &mut self,
        parent: Handle<ParentOf<F>>,
    ) -> Result<<Child<F> as HasColumn<F>>::Value>
    where
        F: Column<Table: EntityTable>,
        Child<F>: Refers<F>,
        ParentOf<F>: HasColumn<To<F>> + Persist<C>,
    {
        let by_key = ParentOf::<F>::table().key_column(<To<F> as Column>::NAME).is_some();
        let fresh_since = self.transaction.fresh_since();
        if !by_key && self.map_of(parent)?.row_freshness(parent.raw.index, fresh_since)? != RowFreshness::Fresh {
            self.freshen(parent)?;
        }
        Ok(self.map_of(parent)?.column::<To<F>>(parent.raw.index)?.into())
    }
}
