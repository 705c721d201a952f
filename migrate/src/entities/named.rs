//! A table with the names and types that its code has in Rust.

use std::collections::BTreeMap;

use super::types::Types;
use crate::schema::{Column, Table};

/// A table with the names that its code has.
pub(super) struct Named<'s> {
    pub(super) table: &'s Table,
    pub(super) module: String,
    pub(super) row: String,
    /// The names and types of the columns that have fields, by their names in the database.
    pub(super) columns: BTreeMap<&'s str, (String, Types)>,
    pub(super) notes: Vec<String>,
}

impl<'s> Named<'s> {
    /// The columns of the primary key.
    pub(super) fn key(&self) -> Vec<&'s str> {
        self.table.primary_key.iter().flat_map(|key| &key.columns).map(String::as_str).collect()
    }

    /// Whether a field can be NULL.
    pub(super) fn is_nullable(&self, column: &Column) -> bool {
        column.nullable && !self.key().contains(&column.name.as_str())
    }

    /// Whether the database makes the values of the key, if this column is it.
    pub(super) fn is_generated_key(&self, column: &Column) -> bool {
        self.key() == [column.name.as_str()] && (column.generated.is_some() || column.default.is_some())
    }

    /// Whether the database counts this column of the key, and no other one.
    pub(super) fn is_only_generated(&self, column: &Column) -> bool {
        let key = self.key();
        let mut generated =
            self.table.columns.iter().filter(|own| own.generated.is_some() && key.contains(&own.name.as_str()));
        generated.next().is_some_and(|own| own.name == column.name) && generated.next().is_none()
    }
}
