//! A foreign key as a relation of two tables.

use crate::schema::{Column, ForeignKey, Schema, Table};

/// A foreign key, and how many rows it can relate.
pub(super) struct Relation<'s> {
    pub(super) child: &'s Table,
    pub(super) key: &'s ForeignKey,
    /// A row may refer to none.
    pub(super) optional: bool,
    /// At most one row refers to another.
    pub(super) single: bool,
    /// The referring columns are part of the primary key.
    pub(super) identifying: bool,
}

/// The relations of all tables, in the order of the tables and of their foreign keys.
pub(super) fn relations(schema: &Schema) -> Vec<Relation<'_>> {
    schema.tables.iter().flat_map(|child| child.foreign_keys.iter().map(|key| relation(child, key))).collect()
}

fn relation<'s>(child: &'s Table, key: &'s ForeignKey) -> Relation<'s> {
    let refers = |column: &str| key.columns.iter().any(|referring| referring == column);
    let primary = child.primary_key.iter().flat_map(|primary| &primary.columns).map(String::as_str).collect::<Vec<_>>();
    let is_nullable = |column: &String| child.column(column).is_some_and(|column| is_optional(child, column));
    let mut unique = child.unique_sets();
    if !primary.is_empty() {
        unique.push(primary.clone());
    }
    Relation {
        child,
        key,
        optional: key.columns.iter().any(is_nullable),
        single: unique.iter().any(|set| set.iter().all(|column| refers(column))),
        identifying: key.columns.iter().all(|column| primary.contains(&column.as_str())),
    }
}

/// Whether a column can be NULL; one of a primary key is not meant to, although SQLite permits it.
pub(super) fn is_optional(table: &Table, column: &Column) -> bool {
    column.nullable && !table.primary_key.as_ref().is_some_and(|key| key.columns.contains(&column.name))
}

/// The marks of a column: `PK`, `FK`, `UK`.
pub(super) fn marks(table: &Table, column: &str) -> Vec<&'static str> {
    let is_in = |columns: &[String]| columns.iter().any(|name| name == column);
    let primary = table.primary_key.as_ref().is_some_and(|key| is_in(&key.columns));
    let foreign = table.foreign_keys.iter().any(|key| is_in(&key.columns));
    let unique = table.unique_sets().iter().any(|set| *set == [column]);
    [(primary, "PK"), (foreign, "FK"), (unique, "UK")].into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark).collect()
}
