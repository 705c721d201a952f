//! What is there once all migrations are applied, under the names that the scripts write.

use std::collections::BTreeMap;

use diesel_session::connection::Engine;

use crate::migration::Direction;
use crate::scripts::Step;

use super::change::{Change, Clause};
use super::column::Column;
use super::syntax::Name;

/// The names of what was made and not dropped.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub(crate) tables: Vec<String>,
    pub(crate) views: Vec<String>,
    /// PostgreSQL's, of numbered columns and by themselves.
    pub(crate) sequences: Vec<String>,
}

/// What the scripts that apply the migrations make.
pub(crate) fn made(steps: &[Step], engine: Engine) -> Made {
    let mut found = Found::default();
    for step in steps {
        for statement in step.statements(Direction::Up, engine) {
            found.apply(&Change::of(statement.without_comments(), engine));
        }
    }
    let names = |found: &BTreeMap<String, String>| found.values().cloned().collect();
    let sequences = found.numbered.values().flatten().chain(found.sequences.values()).cloned().collect();
    Made { tables: names(&found.tables), views: names(&found.views), sequences }
}

/// By the keys of their names.
#[derive(Default)]
struct Found {
    tables: BTreeMap<String, String>,
    views: BTreeMap<String, String>,
    sequences: BTreeMap<String, String>,
    /// The sequences of each table's columns.
    numbered: BTreeMap<String, Vec<String>>,
}

impl Found {
    fn apply(&mut self, change: &Change<'_>) {
        match change {
            Change::CreateTable { table, columns, temporary: false, .. } => {
                self.tables.insert(table.key(), table.written.to_owned());
                columns.iter().for_each(|column| self.number(*table, column));
            }
            Change::CreateView(view) => drop(self.views.insert(view.key(), view.written.to_owned())),
            Change::CreateSequence(name) => drop(self.sequences.insert(name.key(), name.written.to_owned())),
            Change::DropViews(views) => views.iter().for_each(|view| drop(self.views.remove(&view.key()))),
            Change::DropTables { tables, .. } => {
                for table in tables {
                    self.tables.remove(&table.key());
                    self.numbered.remove(&table.key());
                }
            }
            Change::RenameTables(renamed) => renamed.iter().for_each(|(from, to)| self.rename(*from, *to)),
            Change::AlterTable { table, clauses } => {
                for clause in clauses {
                    match clause {
                        Clause::RenameTable(to) => self.rename(*table, *to),
                        Clause::AddColumn(column) => self.number(*table, column),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn rename(&mut self, from: Name<'_>, to: Name<'_>) {
        if let Some(before) = self.tables.remove(&from.key()) {
            // The new name is written without the schema.
            let name = match schema(&before) {
                Some(schema) if schema_of(to).is_none() => format!("{schema}.{}", to.written),
                _ => to.written.to_owned(),
            };
            self.tables.insert(to.key(), name);
        }
        if let Some(sequences) = self.numbered.remove(&from.key()) {
            self.numbered.insert(to.key(), sequences);
        }
    }

    /// Notes the sequence of a serial column, which keeps its name. An identity has one that needs no right.
    fn number(&mut self, table: Name<'_>, column: &Column<'_>) {
        if column.is_serial() {
            let is_quoted = [table, column.name].iter().any(|name| !name.written.ends_with(name.plain));
            let name = format!("{}_{}_seq", folded(table), folded(column.name));
            let name = if is_quoted { format!("\"{name}\"") } else { name };
            let name = schema_of(table).map_or(name.clone(), |schema| format!("{schema}.{name}"));
            self.numbered.entry(table.key()).or_default().push(name);
        }
    }
}

/// The last part of a name as PostgreSQL stores it.
fn folded(name: Name<'_>) -> String {
    if name.written.ends_with(name.plain) { name.plain.to_lowercase() } else { name.plain.to_owned() }
}

fn schema_of(name: Name<'_>) -> Option<&str> {
    schema(name.written)
}

/// What stands before the last part of a name.
pub(crate) fn schema(written: &str) -> Option<&str> {
    written.rsplit_once('.').map(|(schema, _)| schema)
}
