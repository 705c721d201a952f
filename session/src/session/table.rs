//! The description of a table that the flush uses: its columns, its key, its references.

use std::any::TypeId;

use super::filter::FilterInfo;
use super::value::{AnyValue, FieldValue, HashValue, IsNull, Null};
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
    /// The version counter.
    pub version: Option<usize>,
    /// The columns that every UPDATE refreshes.
    pub touched: ColumnSet,
    /// The sets of columns that are unique.
    pub unique: &'static [&'static [usize]],
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

    /// The columns of unique values: those of the key and of the unique sets.
    pub(crate) fn own_unique(&self) -> ColumnSet {
        self.unique.iter().copied().chain([self.key]).flatten().copied().fold(ColumnSet::EMPTY, ColumnSet::with)
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

    /// The indexes of the columns that an INSERT sends: those that the database does not fill, or all columns with `all`.
    pub(crate) fn sent(&self, all: bool) -> impl Iterator<Item = usize> + Clone {
        self.columns.iter().enumerate().filter(move |(_, column)| all || !column.generated).map(|(index, _)| index)
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

    /// The set of every column.
    pub(crate) const ALL: Self = Self(u128::MAX);

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

    /// The columns of this set that are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The columns in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
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

    /// The number of columns in the set.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The indexes, ascending.
    pub fn iter(self) -> impl Iterator<Item = usize> + Clone {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let index = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(index)
        })
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
