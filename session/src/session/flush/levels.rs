//! The order of the tables in a flush: each after those that it refers to. Tables that refer to each other in a cycle
//! have no order; their rows may have one.

use std::any::TypeId;
use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::graph::{Graph, Why};
use super::sort::{Sorted, sort};
use crate::session::entity::Table;

/// The position of a table below the tables that it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Level {
    /// Greater than the depth of each table referred to, except within a cycle, where all depths are equal.
    pub(super) depth: usize,
    /// Whether following the references leads back to the table through other tables.
    pub(super) in_cycle: bool,
}

/// The level of each of these tables, in time linear in the tables and foreign keys above them.
///
/// The tables are sorted like the rows of one statement, of which those in a cycle are sent together.
pub(super) fn levels(tables: impl Iterator<Item = &'static Table>) -> Vec<Level> {
    let mut found = Found::default();
    let asked: Vec<usize> = tables.map(|table| found.number(table)).collect();
    let mut references = Vec::new();
    let mut seen = 0;
    while let Some(table) = found.tables.get(seen).copied() {
        references.extend(table.parents().map(|parent| (found.number(parent), seen)));
        seen += 1;
    }
    let mut graph = Graph::new([seen]);
    references.iter().for_each(|(parent, child)| graph.edge_within(*parent, *child, Why::Provides));
    let mut levels = vec![Level::default(); seen];
    // No cycle is an error, because tables in a cycle count as one.
    let Ok(Sorted::Rows(groups)) = sort(&graph) else { return levels };
    for (depth, group) in groups.into_iter().enumerate() {
        group.rows.into_iter().for_each(|table| levels[table].depth = depth);
    }
    for (parent, child) in references {
        if levels[parent].depth == levels[child].depth {
            (levels[parent].in_cycle, levels[child].in_cycle) = (true, true);
        }
    }
    asked.into_iter().map(|table| levels[table]).collect()
}

/// Tables, numbered in the order in which they were found.
#[derive(Default)]
struct Found {
    tables: Vec<&'static Table>,
    numbers: HashMap<TypeId, usize, RandomState>,
}

impl Found {
    fn number(&mut self, table: &'static Table) -> usize {
        *self.numbers.entry((table.id)()).or_insert_with(|| {
            self.tables.push(table);
            self.tables.len() - 1
        })
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::entity::{ColumnInfo, ColumnSet, ForeignKey, Reference};
    use crate::session::value::{AnyFieldType as _, FieldType};
    use crate::types::Limits;

    /// A table that refers to these tables.
    macro_rules! table {
        ($name:ident -> $($parent:ident),*) => {
            fn $name() -> &'static Table {
                struct Own;
                static COLUMNS: &[ColumnInfo] = &[
                    ColumnInfo {
                        name: "id",
                        generated: true,
                        references: None,
                        sql_type: std::any::type_name::<diesel::sql_types::BigInt>,
                        limits: Limits::NONE,
                        is_null: FieldType::<i64>::IS_NULL,
                        null: FieldType::<i64>::NULL,
                        hash: FieldType::<i64>::HASH,
                    },
                    $(ColumnInfo {
                        name: stringify!($parent),
                        generated: false,
                        references: None,
                        sql_type: std::any::type_name::<diesel::sql_types::BigInt>,
                        limits: Limits::NONE,
                        is_null: FieldType::<Option<i64>>::IS_NULL,
                        null: FieldType::<Option<i64>>::NULL,
                        hash: FieldType::<Option<i64>>::HASH,
                    },)*
                ];
                static TABLE: Table = Table {
                    name: stringify!($name),
                    id: TypeId::of::<Own>,
                    columns: COLUMNS,
                    key: &[0],
                    version: None,
                    touched: ColumnSet::EMPTY,
                    computed: ColumnSet::EMPTY,
                    unique: &[],
                    filters: &[],
                    soft_delete: None,
                    foreign_keys: &[$(ForeignKey {
                        columns: &[1],
                        references: &[Reference { table: $parent, column: "id", convert: |_| None }],
                    },)*],
                };
                &TABLE
            }
        };
    }

    table!(top ->);
    table!(tree -> tree, top);
    table!(leaf -> tree, top);
    table!(egg -> hen, tree);
    table!(hen -> cock);
    table!(cock -> egg);
    table!(nest -> hen, top);

    fn level(table: fn() -> &'static Table) -> (usize, bool) {
        // The level does not depend on the tables found before.
        let tables = [nest, cock, table, leaf];
        let level = levels(tables.iter().map(|table| table()))[2];
        assert_eq!(levels([table].iter().map(|table| table()))[0], level);
        (level.depth, level.in_cycle)
    }

    #[test]
    fn a_table_is_below_all_that_it_refers_to_and_a_reference_to_itself_does_not_count() {
        assert_eq!([top, tree, leaf].map(level), [(0, false), (1, false), (2, false)]);
    }

    #[test]
    fn tables_in_a_cycle_share_a_level_that_is_below_what_one_of_them_refers_to() {
        assert_eq!([egg, hen, cock].map(level), [(2, true); 3]);
        assert_eq!(level(nest), (3, false));
    }
}
