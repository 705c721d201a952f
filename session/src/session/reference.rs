//! `Ref`: a foreign key that is either known or waits for the flush of its parent.

use std::any::TypeId;
use std::fmt::Debug;
use std::marker::PhantomData;

use diesel::Column;

use super::entity::{Entity, EntityTable, HasColumn, Key};
use super::given::{Given, Keys, Parent};
use super::handle::{Handle, RawHandle};
use super::identity::IdentityMap;
use crate::error::{Error, Result};

/// The entity of column `C`'s table.
type EntityOf<C> = <<C as Column>::Table as EntityTable>::Entity;

/// A foreign key field of a `New…` struct: the value of column `C` in the parent, or the handle of a parent whose value
/// is not generated yet.
///
/// Made with `into()` from a key or a [`Handle`] of the parent and, where the column is nullable, from an `Option` of a
/// key; [`Ref::optional`] takes an `Option` of a handle. A row that refers to a handle waits for it: one flush inserts
/// the parent first and fills in the value.
pub struct Ref<C, K> {
    target: Target<K>,
    column: PhantomData<fn() -> C>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Target<K> {
    Value(K),
    Row(RawHandle),
}

impl<C, K> Ref<C, K> {
    /// A reference to a known value, including `None`.
    #[must_use]
    pub fn of(value: K) -> Self {
        Self::new(Target::Value(value))
    }

    fn new(target: Target<K>) -> Self {
        Self { target, column: PhantomData }
    }
}

impl<C, K: Clone> Clone for Ref<C, K> {
    fn clone(&self) -> Self {
        Self::new(self.target.clone())
    }
}

impl<C, K: Debug> Debug for Ref<C, K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.target.fmt(f)
    }
}

impl<C, K: PartialEq> PartialEq for Ref<C, K> {
    fn eq(&self, other: &Self) -> bool {
        self.target == other.target
    }
}

impl<C, K: Key> From<K> for Ref<C, K> {
    fn from(value: K) -> Self {
        Self::new(Target::Value(value))
    }
}

impl<C: Column<Table: EntityTable>, K> From<Handle<EntityOf<C>>> for Ref<C, K> {
    fn from(handle: Handle<EntityOf<C>>) -> Self {
        Self::new(Target::Row(handle.raw))
    }
}

impl<C, K: Key> From<K> for Ref<C, Option<K>> {
    fn from(value: K) -> Self {
        Self::new(Target::Value(Some(value)))
    }
}

impl<C: Column<Table: EntityTable>, K: Key> Ref<C, Option<K>> {
    /// A reference to a row, or to none.
    #[must_use]
    pub fn optional(handle: Option<Handle<EntityOf<C>>>) -> Self {
        Self::new(handle.map_or(Target::Value(None), |handle| Target::Row(handle.raw)))
    }
}

impl<C: Column<Table: EntityTable>, K> Ref<C, K> {
    /// The key, if it is known.
    pub fn value(&self) -> Option<&K> {
        match &self.target {
            Target::Value(value) => Some(value),
            Target::Row(_) => None,
        }
    }

    /// Calls `see` with the reference if it is a handle; used by the derive.
    #[doc(hidden)]
    pub fn parent(&self, see: &mut dyn FnMut(Parent)) {
        if let Target::Row(handle) = self.target {
            let table = EntityOf::<C>::table();
            let by_key = table.key_column(C::NAME).is_some();
            let entity = TypeId::of::<EntityOf<C>>();
            see(Parent { entity, table: table.name, column: C::NAME, handle, by_key });
        }
    }

    /// The value that the column will have, if it is known; used by the derive.
    #[doc(hidden)]
    pub fn given<'r>(&'r self, show: impl FnOnce(&'r K) -> Option<&'r dyn Debug>) -> Given<'r> {
        let mut given = self.value().map_or(Given::Unknown, |value| Given::of(show(value)));
        self.parent(&mut |parent| given = Given::Row(parent));
        given
    }
}

impl Keys<'_> {
    /// The value that `reference` refers to.
    ///
    /// # Errors
    ///
    /// When the row is not in the database, or its value is not in memory.
    pub fn value<C, K>(&self, reference: &Ref<C, K>) -> Result<K>
    where
        C: Column<Table: EntityTable>,
        EntityOf<C>: HasColumn<C>,
        <EntityOf<C> as HasColumn<C>>::Value: Into<K>,
        K: Clone,
    {
        match &reference.target {
            Target::Value(value) => Ok(value.clone()),
            Target::Row(handle) => (self.map)(TypeId::of::<EntityOf<C>>())
                .and_then(|map| map.downcast_ref::<IdentityMap<EntityOf<C>>>())
                .ok_or(Error::ForeignHandle { table: EntityOf::<C>::table().name })?
                .column::<C>(handle.index)
                .map(Into::into),
        }
    }
}
