//! `Ref`: a foreign key that is either known or waits for the flush of its parent.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::fmt::Debug;
use std::marker::PhantomData;

use diesel::Column;

use super::entity::{Entity, EntityTable, HasColumn, Key, Reference, Refers};
use super::given::{Given, Keys, Parent};
use super::handle::{Handle, RawHandle};
use super::identity::IdentityMap;
use super::value::{AnyValue, Value};
use crate::error::{Error, Result};
use crate::types::{Email, Id, LongText, Text};

/// The entity of column `C`'s table.
type EntityOf<C> = <<C as Column>::Table as EntityTable>::Entity;

/// A foreign key field of a `New…` struct: the value of column `C` in the parent, or the handle of a parent whose value
/// is not generated yet.
///
/// Made with `into()` from a [`Handle`] of the parent, a key, or what a key can be written as (`7` for an [`Id`], `"step"`
/// for a text); where the column is nullable, from an `Option` of these too, while a reference to nothing is
/// `Ref::of(None)`. A row that refers to a handle waits for it: one flush inserts the parent first and fills in the
/// value.
///
/// ```
/// use diesel::prelude::*;
/// use diesel_session::prelude::*;
///
/// diesel::table! { folders (id) { id -> BigInt, parent_id -> Nullable<BigInt>, name -> Text } }
///
/// #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
/// #[diesel(table_name = folders)]
/// pub struct Folder {
///     #[entity(key)]
///     pub id: Id<Folder>,
///     #[entity(references = folders::id)]
///     pub parent_id: Option<Id<Folder>>,
///     pub name: Text256,
/// }
///
/// /// Adds the folders of a path, each in the one before it, below the folder 1.
/// fn add_path(session: &mut Session<'_>, names: &[&str]) -> Result<Option<Handle<Folder>>> {
///     let mut last: Option<Handle<Folder>> = None;
///     for name in names {
///         let new = NewFolder::new(*name)?;
///         let parent_id = if last.is_some() { last.into() } else { 1.into() };
///         last = Some(session.add(NewFolder { parent_id, ..new }));
///     }
///     Ok(last)
/// }
/// ```
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

    /// A reference to a row.
    pub(super) fn row(handle: RawHandle) -> Self {
        Self::new(Target::Row(handle))
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
    /// A reference to a row, or to none: `into()` for the usual types of keys, and for all others.
    #[must_use]
    pub fn optional(handle: Option<Handle<EntityOf<C>>>) -> Self {
        Self::new(handle.map_or(Target::Value(None), |handle| Target::Row(handle.raw)))
    }
}

impl<C, const N: usize> TryFrom<&str> for Ref<C, Text<N>> {
    type Error = Error;

    fn try_from(key: &str) -> Result<Self> {
        key.try_into().map(Self::of)
    }
}

impl<C, const N: usize> TryFrom<&str> for Ref<C, Option<Text<N>>> {
    type Error = Error;

    fn try_from(key: &str) -> Result<Self> {
        key.try_into().map(|key| Self::of(Some(key)))
    }
}

impl<C, const N: usize> TryFrom<Option<&str>> for Ref<C, Option<Text<N>>> {
    type Error = Error;

    fn try_from(key: Option<&str>) -> Result<Self> {
        key.map(TryInto::try_into).transpose().map(Self::of)
    }
}

/// References from an `Option` of a handle. Not generic over the key's type: for all that the compiler knows, such an
/// `Option` may itself become a key.
macro_rules! optional {
    ($([$($generic:tt)*] $key:ty),+ $(,)?) => {$(
        impl<C: Column<Table: EntityTable>, $($generic)*> From<Option<Handle<EntityOf<C>>>> for Ref<C, Option<$key>> {
            fn from(handle: Option<Handle<EntityOf<C>>>) -> Self {
                Self::optional(handle)
            }
        }
    )+};
}

optional!([E: 'static] Id<E>, [] i64, [] i32, [] i16, [] String, [const N: usize] Text<N>, [] Email, [] LongText);

/// References from what a key can be written as.
macro_rules! written_as {
    ($([$($generic:tt)*] $written:ty => $key:ty),+ $(,)?) => {$(
        impl<C, $($generic)*> From<$written> for Ref<C, $key> {
            fn from(key: $written) -> Self {
                Self::of(key.into())
            }
        }

        impl<C, $($generic)*> From<$written> for Ref<C, Option<$key>> {
            fn from(key: $written) -> Self {
                Self::of(Some(key.into()))
            }
        }

        impl<C, $($generic)*> From<Option<$written>> for Ref<C, Option<$key>> {
            fn from(key: Option<$written>) -> Self {
                Self::of(key.map(Into::into))
            }
        }
    )+};
}

written_as! {
    [E] i64 => Id<E>,
    [E] i32 => Id<E>,
    [E] u32 => Id<E>,
    [] &str => String,
}

impl<C, K> Ref<C, K> {
    /// The key, if it is known.
    pub fn value(&self) -> Option<&K> {
        match &self.target {
            Target::Value(value) => Some(value),
            Target::Row(_) => None,
        }
    }
}

impl<C: Column<Table: EntityTable>, K> Ref<C, K> {
    /// The row that it refers to, if it is a handle.
    pub(super) fn handle(&self) -> Option<Handle<EntityOf<C>>> {
        match &self.target {
            Target::Value(_) => None,
            Target::Row(handle) => Some(Handle::new(handle.session, handle.index)),
        }
    }
}

// What the derive writes for a foreign key. Each function is generic over the column of the foreign key, so that a mistake
// in its `references` is one error, at the attribute.

impl Reference {
    /// The description of the foreign key `F` of `E`.
    #[doc(hidden)]
    #[must_use]
    pub const fn of<E: Refers<F>, F: Column>() -> Self {
        Self::between::<E, F, E::To>()
    }

    /// The description of the foreign key's column `F` of `E`, which refers to `T`.
    #[doc(hidden)]
    #[must_use]
    pub const fn between<E, F, T>() -> Self
    where
        E: HasColumn<F>,
        F: Column,
        T: Column<Table: EntityTable<Entity: HasColumn<T, Value: Into<E::Value>>>>,
    {
        Self { table: <EntityOf<T> as Entity>::table, column: <T as Column>::NAME, convert: convert::<E, F, T> }
    }
}

/// Converts a value of the column `T` into one of `F`, which refers to it.
fn convert<E, F, T>(value: AnyValue<'_>) -> Option<AnyValue<'_>>
where
    E: HasColumn<F>,
    F: Column,
    T: Column<Table: EntityTable<Entity: HasColumn<T, Value: Into<E::Value>>>>,
{
    let any: &dyn Any = &*value;
    if any.is::<E::Value>() {
        return Some(value);
    }
    let value = any.downcast_ref::<<EntityOf<T> as HasColumn<T>>::Value>()?;
    let converted: E::Value = value.clone().into();
    let converted: Box<dyn Value> = Box::new(converted);
    Some(Cow::Owned(converted))
}

/// Calls `see` with the reference in the foreign key `F` of a new `E` if it is a handle; `index` is that of the column.
pub fn parent<E: Refers<F>, F: Column, K>(index: usize, reference: &Ref<E::To, K>, see: &mut dyn FnMut(Parent)) {
    if let Target::Row(handle) = reference.target {
        see(Parent::of::<E, F>(index, handle));
    }
}

impl Parent {
    /// The row that the foreign key `F` of an `E` refers to.
    pub(super) fn of<E: Refers<F>, F: Column>(from: usize, handle: RawHandle) -> Self {
        let (table, column) = (EntityOf::<E::To>::table(), <E::To as Column>::NAME);
        let by_key = table.key_column(column).is_some();
        let entity = TypeId::of::<EntityOf<E::To>>();
        Self { entity, table: table.name, column, handle, by_key, from, resolve: resolve::<E, F> }
    }
}

/// The value of the foreign key `F` of an `E` that refers to a row.
fn resolve<E: Refers<F>, F: Column>(keys: &Keys<'_>, handle: RawHandle) -> Result<Box<dyn Value>> {
    let value = keys.of_row::<E, F>(handle)?;
    Ok(Box::new(value))
}

/// The value that the foreign key `F` of a new `E` will have, if it is known.
pub fn given<E: Refers<F>, F: Column>(index: usize, reference: &Ref<E::To, <E as HasColumn<F>>::Value>) -> Given<'_> {
    match &reference.target {
        Target::Value(value) => Given::Value(value),
        Target::Row(handle) => Given::Row(Parent::of::<E, F>(index, *handle)),
    }
}

impl Keys<'_> {
    /// The value of the foreign key `F` of a new `E`; `index` is that of the column.
    ///
    /// # Errors
    ///
    /// When the row is not in the database, or its value is not in memory.
    pub fn value<E: Refers<F>, F: Column>(
        &self,
        index: usize,
        reference: &Ref<E::To, <E as HasColumn<F>>::Value>,
    ) -> Result<<E as HasColumn<F>>::Value> {
        match &reference.target {
            Target::Value(value) => Ok(value.clone()),
            Target::Row(_) if self.deferred.contains(index) => {
                let null: Option<Box<dyn Any>> = E::table().columns[index].null.map(|null| null() as Box<dyn Any>);
                let null = null.and_then(|null| null.downcast().ok());
                null.map(|null| *null).ok_or(Error::NotLoaded { table: E::table().name, state: "pending" })
            }
            Target::Row(handle) => self.of_row::<E, F>(*handle),
        }
    }

    /// The value of the foreign key `F` of an `E` that refers to a row.
    fn of_row<E: Refers<F>, F: Column>(&self, handle: RawHandle) -> Result<<E as HasColumn<F>>::Value> {
        (self.map)(TypeId::of::<EntityOf<E::To>>())
            .and_then(|map| map.downcast_ref::<IdentityMap<EntityOf<E::To>>>())
            .ok_or(Error::ForeignHandle { table: EntityOf::<E::To>::table().name })?
            .column::<E::To>(handle.index)
            .map(Into::into)
    }
}
