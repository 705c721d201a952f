//! The order of the tables in a flush: each after those that it refers to. Tables that refer to each other in a cycle
//! have no order; their rows may have one.

use std::any::TypeId;
use std::collections::HashMap;

use crate::session::entity::Table;

/// The position of a table below the tables that it refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Level {
    /// Greater than the depth of each table referred to, except within a cycle, where all depths are equal.
    pub(crate) depth: usize,
    /// Whether following the references leads back to the table through other tables.
    pub(crate) in_cycle: bool,
}

/// The level of each of these tables, in time linear in the tables and foreign keys above them.
///
/// Tarjan's algorithm for strongly connected components ("Depth-first search and linear graph algorithms", 1972), which
/// completes a cycle only after every table above it.
pub(crate) fn levels<'t>(tables: impl Iterator<Item = &'static Table> + 't) -> Vec<Level> {
    let mut search = Search::default();
    tables.map(|table| search.level(table)).collect()
}

#[derive(Default)]
struct Search {
    found: HashMap<TypeId, Found>,
    /// Tables whose level is not known yet, in the order in which they were found.
    open: Vec<TypeId>,
}

/// What the search knows about a table that it has found.
struct Found {
    /// The number of the earliest open table that this one leads to.
    earliest: usize,
    /// The least depth that the tables above allow.
    depth: usize,
    level: Option<Level>,
}

impl Search {
    fn level(&mut self, table: &'static Table) -> Level {
        if !self.found.contains_key(&(table.id)()) {
            self.visit(table);
        }
        self.found.get(&(table.id)()).and_then(|found| found.level).unwrap_or_default()
    }

    /// Visits a table and all tables above it, each once.
    fn visit(&mut self, table: &'static Table) {
        let (id, number) = ((table.id)(), self.found.len());
        self.found.insert(id, Found { earliest: number, depth: 0, level: None });
        self.open.push(id);
        let (mut earliest, mut depth) = (number, 0);
        for parent in table.parents() {
            if !self.found.contains_key(&(parent.id)()) {
                self.visit(parent);
            }
            match self.found.get(&(parent.id)()) {
                Some(Found { level: Some(level), .. }) => depth = depth.max(level.depth + 1),
                Some(open) => earliest = earliest.min(open.earliest),
                None => {}
            }
        }
        if let Some(found) = self.found.get_mut(&id) {
            (found.earliest, found.depth) = (earliest, depth);
        }
        if earliest == number {
            self.close(id);
        }
    }

    /// Gives one level to the tables that lead to each other; `first` was found first.
    fn close(&mut self, first: TypeId) {
        let start = self.open.iter().rposition(|open| *open == first).unwrap_or(0);
        let cycle = self.open.split_off(start);
        let depth = cycle.iter().filter_map(|table| self.found.get(table)).map(|found| found.depth).max();
        let level = Level { depth: depth.unwrap_or(0), in_cycle: cycle.len() > 1 };
        for table in cycle {
            if let Some(found) = self.found.get_mut(&table) {
                found.level = Some(level);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::entity::{ColumnInfo, ColumnSet, Reference};

    /// A table that refers to these tables.
    macro_rules! table {
        ($name:ident -> $($parent:ident),*) => {
            fn $name() -> &'static Table {
                struct Own;
                static COLUMNS: &[ColumnInfo] = &[
                    ColumnInfo { name: "id", generated: true, references: None },
                    $(ColumnInfo {
                        name: stringify!($parent),
                        generated: false,
                        references: Some(Reference { table: $parent, column: "id", convert: |_| None }),
                    },)*
                ];
                static TABLE: Table = Table {
                    name: stringify!($name),
                    id: TypeId::of::<Own>,
                    columns: COLUMNS,
                    key: &[0],
                    version: None,
                    touched: ColumnSet::EMPTY,
                    unique: &[],
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
