//! The description of a table that the flush uses: its columns, its key, its references.

use std::any::TypeId;

pub use super::column_set::ColumnSet;
use super::filter::FilterInfo;
pub use super::unique_set::{FreeValue, UniqueSet};
use super::value::{AnyValue, FieldValue, HashValue, IsNull, Null, Value};
use crate::error::Result;
use crate::types::Limits;

/// The description of a table that the flush uses.
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
    /// The version.
    pub version: Option<usize>,
    /// The columns that every UPDATE refreshes.
    pub touched: ColumnSet,
    /// The columns that the database alone writes.
    pub computed: ColumnSet,
    /// The sets of columns that are unique.
    pub unique: &'static [UniqueSet],
    /// The filters of its rows.
    pub filters: &'static [FilterInfo],
    /// The column that `delete` sets instead of deleting the row.
    pub soft_delete: Option<usize>,
    /// The foreign keys, of one column or of several.
    pub foreign_keys: &'static [ForeignKey],
}

/// A foreign key.
#[derive(Debug)]
pub struct ForeignKey {
    /// Its columns.
    pub columns: &'static [usize],
    /// The columns that they refer to, in the same order, all of one table.
    pub references: &'static [Reference],
}

/// One column of a [`Table`].
#[derive(Debug)]
pub struct ColumnInfo {
    /// Its name in the database.
    pub name: &'static str,
    /// Whether the database generates its value when a row is inserted.
    pub generated: bool,
    /// The column that it refers to, if it is a foreign key or a part of one.
    pub references: Option<Reference>,
    /// The path of its SQL type, as `table!` declares it.
    pub sql_type: fn() -> &'static str,
    /// What its field's type allows.
    pub limits: Limits,
    /// Whether a value of its field is NULL.
    pub is_null: IsNull,
    /// NULL as a value of its field, if the field has it.
    pub null: Option<Null>,
    /// Hashes a value of its field.
    pub hash: HashValue,
}

/// The column that a column of a foreign key refers to.
#[derive(Debug, Clone, Copy)]
pub struct Reference {
    /// Its table.
    pub table: fn() -> &'static Table,
    /// Its name.
    pub column: &'static str,
    /// Converts its value into that of the column that refers to it; `None` if the value is not of its type.
    pub convert: fn(AnyValue<'_>) -> Option<AnyValue<'_>>,
}

impl ForeignKey {
    /// The table that it refers to.
    pub(crate) fn table(&self) -> &'static Table {
        (self.references[0].table)()
    }

    /// The indexes of the columns that it refers to; `None` if the entity lacks one.
    pub(crate) fn targets(&self) -> Option<Vec<usize>> {
        self.references.iter().map(|reference| self.table().column(reference.column)).collect()
    }
}

impl ColumnInfo {
    /// A value of the column, to be looked up among others of it.
    pub(crate) fn value<'r>(&self, value: AnyValue<'r>) -> FieldValue<'r> {
        FieldValue { value, hash: self.hash }
    }
}

impl Table {
    /// The tables that this one refers to, except itself.
    pub(crate) fn parents(&self) -> impl Iterator<Item = &'static Table> {
        let own = (self.id)();
        self.foreign_keys.iter().map(ForeignKey::table).filter(move |table| (table.id)() != own)
    }

    /// The column of this name.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The unique sets that the database checks with each statement: on an engine that `defers` constraints, those that
    /// it does not check at COMMIT.
    pub(crate) fn checked_sets(&self, defers: bool) -> impl Iterator<Item = &'static UniqueSet> + use<> {
        self.unique.iter().filter(move |set| !(defers && set.deferrable))
    }

    /// The columns whose change gives a row another place in an index: those of the key and of these unique sets, with
    /// the columns of their conditions.
    pub(crate) fn own_unique(&self, defers: bool) -> ColumnSet {
        self.checked_sets(defers).fold(self.key_columns(), |all, set| all.union(set.reach()))
    }

    /// The columns that identify a link: its key or, if the database generates that, its unique set.
    pub(crate) fn link_columns(&self) -> &'static [usize] {
        match self.unique.first() {
            Some(set) if self.links_have_keys_of_their_own() => set.columns,
            _ => self.key,
        }
    }

    /// Whether the key of a link is one that the database generates.
    pub(crate) fn links_have_keys_of_their_own(&self) -> bool {
        self.key.iter().any(|column| self.columns[*column].generated)
    }

    /// The columns of the key.
    pub(crate) fn key_columns(&self) -> ColumnSet {
        self.key.iter().copied().fold(ColumnSet::EMPTY, ColumnSet::with)
    }

    /// The free value that a unique set names for the column.
    pub(crate) fn free_value(&self, column: usize) -> Option<&'static FreeValue> {
        self.unique.iter().filter_map(|set| set.free.as_ref()).find(|free| free.column == column)
    }

    /// The value of a column in a row that is parked: its free value, or NULL. `None` if it has neither.
    ///
    /// # Errors
    ///
    /// When the free value does not fit the field's type.
    pub(crate) fn parked_value(&self, column: usize) -> Result<Option<Box<dyn Value>>> {
        match self.free_value(column) {
            Some(free) => Ok(Some((free.value)()?.copied())),
            None => Ok(self.columns[column].null.map(|null| null())),
        }
    }

    /// The position in the key of the column of this name.
    pub(crate) fn key_column(&self, name: &str) -> Option<usize> {
        self.key.iter().position(|column| self.columns[*column].name == name)
    }

    /// Whether rows of this table can refer to each other.
    pub(crate) fn refers_to_itself(&self) -> bool {
        let own = (self.id)();
        self.foreign_keys.iter().any(|key| (key.table().id)() == own)
    }

    /// Whether rows of this table refer to one of these columns of `table`.
    pub(crate) fn refers_to(&self, table: &'static Table, columns: ColumnSet) -> bool {
        self.foreign_keys.iter().filter(|key| (key.table().id)() == (table.id)()).any(|key| {
            let is_changed = |column: usize| key.references.iter().any(|of| of.column == table.columns[column].name);
            columns.iter().any(is_changed)
        })
    }

    /// Whether a change of these columns of `table` can affect rows of this one: they refer to it, or to rows that do.
    pub(crate) fn is_reached_by(&'static self, table: &'static Table, columns: ColumnSet) -> bool {
        self.with_ancestors().any(|above| above.refers_to(table, columns))
    }

    /// This table, and those that its foreign keys lead to, each once.
    fn with_ancestors(&'static self) -> impl Iterator<Item = &'static Self> {
        let (mut waiting, mut seen) = (vec![self], Vec::new());
        std::iter::from_fn(move || {
            loop {
                let next = waiting.pop()?;
                if !seen.contains(&(next.id)()) {
                    seen.push((next.id)());
                    waiting.extend(next.parents());
                    return Some(next);
                }
            }
        })
    }

    /// Whether the database generates this column of the key.
    pub(crate) fn generates_key(&self, column: usize) -> bool {
        self.key.contains(&column) && self.columns[column].generated
    }

    /// Whether the program gives the key, or a part of it.
    pub(crate) fn has_given_key(&self) -> bool {
        self.key.iter().any(|column| !self.columns[*column].generated)
    }

    /// Whether the database can delete or change rows of this table when a row of `table` is deleted.
    pub(crate) fn follows(&'static self, table: &'static Table) -> bool {
        let id = (table.id)();
        if (self.id)() == id { self.refers_to_itself() } else { self.depends_on(id) }
    }

    /// Whether a change to `table` can affect rows of this one through foreign keys, or is a change to this table
    /// itself.
    pub(crate) fn depends_on(&'static self, table: TypeId) -> bool {
        self.with_ancestors().any(|above| (above.id)() == table)
    }

    /// The version, if the session counts it.
    pub(crate) fn counted_version(&self) -> Option<usize> {
        self.version.filter(|version| !self.computed.contains(*version))
    }

    /// The columns whose values in a detached row count for nothing, because each UPDATE gives them others. A version is
    /// none of them: it shows when the row was read.
    pub(crate) fn refreshed(&self) -> ColumnSet {
        let version = self.version.map_or(ColumnSet::EMPTY, |version| ColumnSet::EMPTY.with(version));
        self.touched.union(self.computed.without(version))
    }

    /// The columns that the program gives in a new row.
    pub(crate) fn given(&self) -> ColumnSet {
        self.those(|column| !column.generated)
    }

    /// The columns that the database fills in a new row.
    pub(crate) fn generated(&self) -> ColumnSet {
        self.those(|column| column.generated)
    }

    /// The columns that a statement can set.
    pub(crate) fn writable(&self) -> ColumnSet {
        self.those(|_| true).without(self.computed)
    }

    fn those(&self, wanted: impl Fn(&ColumnInfo) -> bool) -> ColumnSet {
        let found = self.columns.iter().enumerate().filter(|(_, column)| wanted(column)).map(|(index, _)| index);
        found.fold(ColumnSet::EMPTY, ColumnSet::with)
    }
}
