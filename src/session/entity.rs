//! What a row type tells the session: its table, its key, its columns. `#[derive(Entity)]` writes all of it.

use std::any::TypeId;
use std::fmt::Debug;
use std::hash::Hash;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::query_builder::AstPass;
use diesel::row::Row;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;
use diesel::{Column, QueryResult};

use super::reference::{Keys, Parent};
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
/// | `#[entity(unique(a, b))]` | no two rows have the same values in these fields |
///
/// On a field:
///
/// | attribute | says |
/// | --- | --- |
/// | `#[entity(key)]` | the primary key, which the database makes |
/// | `#[entity(key, given)]` | the primary key, or a part of it, which the program gives |
/// | `#[entity(references = users::id)]` | a foreign key, with the column that it refers to |
/// | `#[entity(default = path)]` | the value of a new row unless it is set, by a function |
/// | `#[entity(update = path)]` | the same, and every UPDATE sets it anew |
/// | `#[entity(server_default)]` | the database's default fills it |
/// | `#[entity(version)]` | an `i64` that the session counts, so that two writers find out about each other |
///
/// It writes the struct `New…` with the fields that the program gives (a foreign key is a
/// [`Ref`](crate::session::Ref): a key or a handle) and a function `new` that takes the required ones: those that are
/// no `Option` and have no default. It names no database engine; a mistake is a compile error that says what to write.
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

    /// Shows the keys of the rows of this table that this one refers to.
    fn own_parents(&self, see: &mut dyn FnMut(Self::Key));

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
}

/// A Diesel table and the entity that stands for it.
pub trait EntityTable: 'static {
    /// The row type.
    type Entity: Entity;
}

/// A row's field that stands for column `C`.
pub trait HasColumn<C: Column>: Entity {
    /// The field's type.
    type Value: Clone;

    /// The field.
    fn column(&self) -> &Self::Value;

    /// The field's value as far as the key alone tells it: `None` for columns outside the key.
    fn column_of_key(key: &Self::Key) -> Option<Self::Value>;
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
    fn visit<ST, T>(self, get: fn(&R) -> &T, set: fn(&mut R, T)) -> Self::Output
    where
        DB: HasSqlType<ST>,
        T: ToSql<ST, DB> + FromSql<ST, DB> + PartialEq + 'static;
}

/// What the flush must know of a table.
#[derive(Debug)]
pub struct Table {
    /// Its name, for messages and plans.
    pub name: &'static str,
    /// Diesel's table type.
    pub id: fn() -> TypeId,
    /// Its columns, in the order of the struct's fields.
    pub columns: &'static [ColumnInfo],
    /// The columns of the key.
    pub key: &'static [usize],
    /// The version counter.
    pub version: Option<usize>,
    /// The columns that every UPDATE refreshes.
    pub touched: ColumnSet,
    /// The sets of columns that are unique.
    pub unique: &'static [&'static [usize]],
}

/// One column of a [`Table`].
#[derive(Debug)]
pub struct ColumnInfo {
    /// Its name in the database.
    pub name: &'static str,
    /// Whether the database makes its value when a row is inserted.
    pub generated: bool,
    /// What it refers to.
    pub references: Option<Reference>,
}

/// The column that a foreign key refers to.
#[derive(Debug, Clone, Copy)]
pub struct Reference {
    /// Its table.
    pub table: fn() -> &'static Table,
    /// Its name.
    pub column: &'static str,
}

impl Table {
    /// The tables that this one refers to, itself left out.
    pub(crate) fn parents(&self) -> impl Iterator<Item = &'static Table> {
        let own = (self.id)();
        self.columns
            .iter()
            .filter_map(|column| column.references)
            .map(|reference| (reference.table)())
            .filter(move |table| (table.id)() != own)
    }

    /// How many tables stand above this one on the longest way up; a way that comes back to itself ends there.
    pub(crate) fn depth(&'static self) -> usize {
        fn climb(table: &'static Table, below: &mut Vec<TypeId>) -> usize {
            below.push((table.id)());
            let above = table
                .parents()
                .filter(|parent| !below.contains(&(parent.id)()))
                .collect::<Vec<_>>()
                .into_iter()
                .map(|parent| 1 + climb(parent, below))
                .max();
            below.pop();
            above.unwrap_or(0)
        }
        climb(self, &mut Vec::new())
    }

    /// Whether rows of this table can refer to each other.
    pub(crate) fn refers_to_itself(&self) -> bool {
        let own = (self.id)();
        self.columns.iter().filter_map(|column| column.references).any(|reference| ((reference.table)().id)() == own)
    }

    /// Whether following the references leads from this table back to it, through others.
    pub(crate) fn is_in_a_circle(&'static self) -> bool {
        self.parents().any(|parent| parent.depends_on((self.id)()))
    }

    /// Whether rows of this table refer to one of these columns of `table`.
    pub(crate) fn refers_to(&self, table: &'static Table, columns: ColumnSet) -> bool {
        self.columns.iter().filter_map(|column| column.references).any(|reference| {
            ((reference.table)().id)() == (table.id)()
                && columns.iter().any(|column| table.columns[column].name == reference.column)
        })
    }

    /// Whether the program gives the key, or a part of it.
    pub(crate) fn has_given_key(&self) -> bool {
        self.key.iter().any(|column| !self.columns[*column].generated)
    }

    /// Whether rows of this table can be taken or changed by the database when a row of `table` is deleted.
    pub(crate) fn follows(&'static self, table: &'static Table) -> bool {
        let id = (table.id)();
        if (self.id)() == id { self.refers_to_itself() } else { self.depends_on(id) }
    }

    /// Whether a change to `table` can reach rows of this one through foreign keys, or is a change to this one.
    pub(crate) fn depends_on(&'static self, table: TypeId) -> bool {
        let mut waiting = vec![self];
        let mut seen = Vec::new();
        while let Some(next) = waiting.pop() {
            let id = (next.id)();
            if id == table {
                return true;
            }
            if !seen.contains(&id) {
                seen.push(id);
                waiting.extend(next.parents());
            }
        }
        false
    }

    /// The indexes of the columns that an INSERT sends.
    pub(crate) fn sent(&self) -> impl Iterator<Item = usize> + Clone {
        self.columns.iter().enumerate().filter(|(_, column)| !column.generated).map(|(index, _)| index)
    }

    /// The indexes of the columns that the database fills.
    pub(crate) fn generated(&self) -> impl Iterator<Item = usize> + Clone {
        self.columns.iter().enumerate().filter(|(_, column)| column.generated).map(|(index, _)| index)
    }
}

/// A set of a table's columns, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ColumnSet(u128);

impl ColumnSet {
    /// The set without columns.
    pub const EMPTY: Self = Self(0);

    /// This set and column `index`; Diesel's tables have at most 128.
    #[must_use]
    pub const fn with(self, index: usize) -> Self {
        Self(self.0 | 1 << index)
    }

    /// The columns of either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether column `index` is in the set.
    #[must_use]
    pub const fn contains(self, index: usize) -> bool {
        self.0 >> index & 1 == 1
    }

    /// Whether the two sets share a column.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether the set has no columns.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The indexes, ascending.
    pub fn iter(self) -> impl Iterator<Item = usize> + Clone {
        (0..128).filter(move |index| self.contains(*index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_set_holds_what_was_put_in_and_nothing_else() {
        let set = ColumnSet::EMPTY.with(0).with(127).union(ColumnSet::EMPTY.with(60));
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 60, 127]);
        assert!(!set.is_empty() && ColumnSet::EMPTY.is_empty());
    }
}
