//! What a row type tells the session: its table, its key, its columns. `#[derive(Entity)]` writes all of it.

use std::any::Any;
use std::fmt::Debug;
use std::hash::Hash;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::query_builder::AstPass;
use diesel::row::Row;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;
use diesel::{Column, QueryResult};

use super::reference::{Given, Keys, Parent};
pub use super::table::{ColumnInfo, ColumnSet, Reference, Table};
use crate::connection::AnyConnection;
use crate::error::Result;

/// The Diesel backend of [`AnyConnection`], for queries that must name theirs, as boxed ones do.
pub type AnyBackend = <AnyConnection as diesel::Connection>::Backend;

/// Makes a struct a row type of the session. The struct stands for a table: one field a column.
///
/// On the struct, beside `#[diesel(table_name = …)]`:
///
/// | attribute | says |
/// | --- | --- |
/// | `#[entity(unique(a, b))]` | no two rows have the same values in these fields: a flush sees to it that who takes a value over comes after who frees it |
///
/// On a field:
///
/// | attribute | says |
/// | --- | --- |
/// | `#[entity(key)]` | the primary key, which the database makes |
/// | `#[entity(key, given)]` | the primary key, or a part of it, which the program gives; on the field of each of its columns |
/// | `#[entity(references = users::id)]` | a foreign key, with the column that it refers to |
/// | `#[entity(default = path)]` | the value of a new row unless it is set, by a function |
/// | `#[entity(update = path)]` | the same, and every UPDATE sets it anew |
/// | `#[entity(server_default)]` | the database's default fills it |
/// | `#[entity(version)]` | an `i64` that the session counts, so that two writers find out about each other |
///
/// It writes the struct `New…` with the fields that the program gives (a foreign key is a
/// [`Ref`](crate::session::Ref): a key or a handle) and a function `new` that takes the required ones: those that are
/// not written `Option<…>` and have no default, each as anything that becomes it by `TryInto`: a literal for an `i16` says
/// so, `0i16`, for a bare `0` is an `i32`. An alias of `Option` is nullable like any other, but `new` takes it. A default that several fields of one type share is made once, so that the times of a
/// new row agree. It names no database engine; a mistake is a compile error that says what to write. So is a key that is
/// not the primary key that `table!` names, all of it and nothing else.
///
/// A foreign key of several columns has no `references`: on each of its columns one would be taken for a key of its own, and
/// values would seem to change hands that do not. Without it the fields are plain ones, by which the flush does not order: flush
/// new parents before their children are added, and children that are deleted before their parents.
///
/// Where unique values change hands within a flush, the session holds values against each other as `Debug` shows them: a
/// type of a key, a unique column or a foreign key shows its value whole, and two fields that refer to each other show
/// theirs alike.
///
/// ```
/// use folio::prelude::*;
///
/// diesel::table! { books (id) { id -> BigInt, title -> Text, pages -> Nullable<BigInt> } }
///
/// #[derive(Debug, Clone, PartialEq, HasQuery, Entity)]
/// #[diesel(table_name = books)]
/// pub struct Book {
///     #[entity(key)]
///     pub id: Id<Book>,
///     pub title: Text256,
///     pub pages: Option<i64>,
/// }
///
/// let book = NewBook { pages: Some(96), ..NewBook::new("The Little Prince")? };
/// assert_eq!(book.title, "The Little Prince");
/// # Ok::<(), folio::Error>(())
/// ```
pub use folio_derive::Entity;

/// What the key of an entity must be able to do; every type that can, is one.
pub trait Key: Clone + Eq + Ord + Hash + Debug + Send + 'static {}

impl<K: Clone + Eq + Ord + Hash + Debug + Send + 'static> Key for K {}

/// A field's value, whatever its type: every type that a field can have is one.
pub trait Value: Any + Debug {
    /// A copy of it.
    fn copied(&self) -> Box<dyn Any>;

    /// Takes over a value of the same type; gives whether it was one.
    fn set(&mut self, to: &dyn Any) -> bool;
}

impl<T: Any + Debug + Clone> Value for T {
    fn copied(&self) -> Box<dyn Any> {
        Box::new(self.clone())
    }

    fn set(&mut self, to: &dyn Any) -> bool {
        to.downcast_ref::<T>().is_some_and(|to| {
            self.clone_from(to);
            true
        })
    }
}

/// Turns a value of column `C` into that of a field of type `T` that refers to it; the derive names it.
#[must_use]
pub fn convert_reference<C, T>(value: &dyn Any) -> Option<Box<dyn Any>>
where
    C: Column<Table: EntityTable>,
    <C::Table as EntityTable>::Entity: HasColumn<C, Value: Into<T>>,
    T: 'static,
{
    let value = value.downcast_ref::<<<C::Table as EntityTable>::Entity as HasColumn<C>>::Value>()?;
    let converted: T = value.clone().into();
    Some(Box::new(converted))
}

/// A row type that a session can hold: one struct a table.
///
/// Written by `#[derive(Entity)]` (see [`derive@crate::Entity`]); nothing in it names a database engine.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entity",
    label = "the session holds rows of types that derive `Entity`",
    note = "write `#[derive(Debug, Clone, PartialEq, HasQuery, Entity)]` and `#[diesel(table_name = …)]` on the struct"
)]
pub trait Entity: Clone + Send + Sized + 'static {
    /// The primary key: one field's type, or a tuple where several fields are the key.
    type Key: Key;
    /// The values of a row that is not yet in the database.
    type New: New<Entity = Self>;
    /// Diesel's table.
    type Table: 'static;

    /// What the flush must know of the table.
    fn table() -> &'static Table;

    /// The row's key.
    fn key(&self) -> Self::Key;

    /// The key in words, for messages: `id 3`.
    fn key_in_words(key: &Self::Key) -> String;

    /// Sets the row's key.
    fn set_key(&mut self, key: Self::Key);

    /// A column of the key: by its position in [`Table::key`].
    fn key_field(key: &mut Self::Key, position: usize) -> &mut dyn Value;

    /// The values of a new row like this one.
    fn as_new(&self) -> Self::New;

    /// A field, to be shown: by its index in [`Table::columns`].
    fn field(&self, index: usize) -> &dyn Value;

    /// A field's value, without its `Option`, to be compared as it shows itself with those of other rows and of foreign
    /// keys: by its index in [`Table::columns`]; `None` is NULL.
    fn value(&self, index: usize) -> Option<&dyn Debug>;

    /// Takes these columns over from another row.
    fn copy(&mut self, columns: ColumnSet, from: &Self);

    /// The columns whose values differ from `before`.
    fn changed(&self, before: &Self) -> ColumnSet;

    /// Sets the fields that every UPDATE refreshes, but for those in `changed`, which somebody set by hand.
    fn touch(&mut self, changed: ColumnSet);

    /// The version counter, where the entity has one.
    fn version(&self) -> Option<i64>;

    /// Sets the version counter, where the entity has one.
    fn set_version(&mut self, version: i64);
}

/// The values of a row that is not yet in the database: what [`Session::add`](super::Session::add) takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a new row",
    label = "`add` takes the `New…` struct that `#[derive(Entity)]` writes beside the row type",
    note = "for a row that is in the database already, use `attach`"
)]
pub trait New: Clone + Send + Sized + 'static {
    /// The row this becomes.
    type Entity: Entity<New = Self>;

    /// The row, its references turned into keys; columns that the database fills hold their type's default for now.
    ///
    /// # Errors
    ///
    /// When a row that this one refers to has no key: it was rolled back, deleted, or is not flushed.
    fn row(&self, keys: &Keys<'_>) -> Result<Self::Entity>;

    /// Shows every reference that is a handle.
    fn parents(&self, see: &mut dyn FnMut(Parent));

    /// What the row will hold in a column: by its index in [`Table::columns`].
    fn value(&self, index: usize) -> Given<'_>;
}

/// A Diesel table and the entity that stands for it.
pub trait EntityTable {
    /// The row type.
    type Entity: Entity;
}

/// A row's field that stands for column `C`.
pub trait HasColumn<C: Column>: Entity {
    /// The field's type.
    type Value: Clone + 'static;

    /// The field.
    fn column(&self) -> &Self::Value;

    /// The field's value as far as the key alone tells it: `None` for columns outside the key.
    fn column_of_key(key: &Self::Key) -> Option<Self::Value>;
}

/// A row whose column `C` is a foreign key.
#[diagnostic::on_unimplemented(
    message = "`{C}` is not a foreign key of `{Self}`",
    note = "write `#[entity(references = table::column)]` on its field"
)]
pub trait References<C: Column>: HasColumn<C> {
    /// The column that it refers to.
    type Target: Column<Table: EntityTable>;
}

/// A foreign key field's value: the key it holds, if it holds one. The derive asks it.
pub trait HoldsKey<K> {
    /// The key.
    fn held(&self) -> Option<&K>;
}

impl<K> HoldsKey<K> for K {
    fn held(&self) -> Option<&K> {
        Some(self)
    }
}

impl<K> HoldsKey<K> for Option<K> {
    fn held(&self) -> Option<&K> {
        self.as_ref()
    }
}

/// An entity's columns, one at a time, for one backend: how statements get at values and SQL types.
///
/// Indexes are those of [`Table::columns`] and, for the key, positions in [`Table::key`].
pub trait Columns<DB: Backend>: Entity {
    /// Hands column `index` to `visitor`.
    fn column<V: Visitor<DB, Self>>(index: usize, visitor: V) -> V::Output;

    /// Hands the key's column `index` to `visitor`.
    fn key_column<V: Visitor<DB, Self::Key>>(index: usize, visitor: V) -> V::Output;

    /// Writes the table's name.
    fn table_name(out: AstPass<'_, '_, DB>) -> QueryResult<()>;

    /// Reads a row that was selected column by column in order.
    fn read<'a>(row: &impl Row<'a, DB>) -> deserialize::Result<Self>;
}

/// Something done with one column of a row `R`: bind it, compare it, read it.
pub trait Visitor<DB: Backend, R> {
    /// What comes of it.
    type Output;

    /// Visits a column of SQL type `ST` that the row holds as a `T`.
    fn visit<ST: 'static, T>(self, get: fn(&R) -> &T, set: fn(&mut R, T)) -> Self::Output
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static;
}
