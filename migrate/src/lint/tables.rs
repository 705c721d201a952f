//! The tables that the migrations have made so far, as far as the rules ask about them.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Clause};
use super::column::{Column, Constraint, Kind, Reference};
use super::place::Place;
use super::syntax::Name;

/// The tables by the key of their names.
#[derive(Debug, Default)]
pub(crate) struct Tables(BTreeMap<String, Table>);

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    /// Without quotes and schema.
    pub(crate) name: String,
    pub(crate) written: String,
    /// The types of its columns.
    kinds: BTreeMap<String, String>,
    /// The columns of each index, in order.
    indexes: Vec<Vec<String>>,
    pub(crate) has_primary_key: bool,
    pub(crate) foreign_keys: Vec<ForeignKey>,
    /// The columns that a constraint of this name keeps from being NULL, and whether it was checked for all rows.
    not_null: BTreeMap<String, (Option<String>, bool)>,
    /// Where it was made, unless it was made like another table or from a query.
    pub(crate) made: Option<Place>,
}

/// A foreign key of a table.
#[derive(Debug, Clone)]
pub(crate) struct ForeignKey {
    /// As they were written.
    pub(crate) columns: Vec<String>,
    pub(crate) keys: Vec<String>,
    references: Option<String>,
    follows: bool,
    /// Whether the table was made with it.
    pub(crate) is_original: bool,
    pub(crate) made: Place,
}

impl Tables {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Table> {
        self.0.values()
    }

    /// The type of a column, as far as it is known.
    pub(crate) fn kind(&self, table: Name<'_>, column: Name<'_>) -> Option<&str> {
        self.0.get(&table.key())?.kinds.get(&column.key()).map(String::as_str)
    }

    /// Whether every row was checked to have a value in the column.
    pub(crate) fn is_never_null(&self, table: Name<'_>, column: Name<'_>) -> bool {
        let found = self.0.get(&table.key()).and_then(|table| table.not_null.get(&column.key()));
        found.is_some_and(|(_, checked)| *checked)
    }

    /// The other tables whose rows go with those of this one, or lose their reference.
    pub(crate) fn followers(&self, table: Name<'_>) -> Vec<&str> {
        let key = table.key();
        let follows = |found: &ForeignKey| found.follows && found.references.as_ref() == Some(&key);
        let found = self.0.iter().filter(|(other, found)| **other != key && found.foreign_keys.iter().any(follows));
        found.map(|(_, found)| found.name.as_str()).collect()
    }

    /// Takes over what a statement does.
    pub(crate) fn apply(&mut self, change: &Change<'_>, place: &Place) {
        match change {
            Change::CreateTable { table, columns, constraints, temporary } => {
                let made = (!columns.is_empty() && !temporary).then(|| place.clone());
                let mut new = Table::new(*table, made);
                columns.iter().for_each(|column| new.add_column(column, place));
                constraints.iter().for_each(|constraint| new.add_constraint(constraint, place));
                new.foreign_keys.iter_mut().for_each(|found| found.is_original = true);
                self.0.entry(table.key()).or_insert(new);
            }
            Change::AlterTable { table, clauses } => {
                for clause in clauses {
                    if let Clause::RenameTable(to) = clause {
                        self.rename(*table, *to);
                    } else {
                        self.0.entry(table.key()).or_insert_with(|| Table::new(*table, None)).alter(clause, place);
                    }
                }
            }
            Change::RenameTables(renamed) => renamed.iter().for_each(|(from, to)| self.rename(*from, *to)),
            Change::DropTables { tables, .. } => tables.iter().for_each(|table| drop(self.0.remove(&table.key()))),
            Change::CreateIndex(index) => {
                let columns = keys(&index.columns);
                let everything = columns.iter().any(|column| {
                    let condition = index.condition.to_lowercase().replace('"', "");
                    condition.is_empty() || condition.trim_matches(['(', ')']) == format!("{column} is not null")
                });
                if everything {
                    let table = self.0.entry(index.table.key()).or_insert_with(|| Table::new(index.table, None));
                    table.indexes.push(columns);
                }
            }
            _ => {}
        }
    }

    fn rename(&mut self, from: Name<'_>, to: Name<'_>) {
        for foreign_key in self.0.values_mut().flat_map(|table| &mut table.foreign_keys) {
            if foreign_key.references.as_ref() == Some(&from.key()) {
                foreign_key.references = Some(to.key());
            }
        }
        if let Some(mut table) = self.0.remove(&from.key()) {
            to.plain.clone_into(&mut table.name);
            to.written.clone_into(&mut table.written);
            self.0.insert(to.key(), table);
        }
    }
}

impl Table {
    fn new(name: Name<'_>, made: Option<Place>) -> Self {
        Self {
            name: name.plain.to_owned(),
            written: name.written.to_owned(),
            kinds: BTreeMap::new(),
            indexes: Vec::new(),
            has_primary_key: false,
            foreign_keys: Vec::new(),
            not_null: BTreeMap::new(),
            made,
        }
    }

    /// Whether an index begins with the columns of a foreign key, in whatever order.
    pub(crate) fn has_index_for(&self, foreign_key: &ForeignKey) -> bool {
        let wanted: BTreeSet<_> = foreign_key.keys.iter().collect();
        self.indexes.iter().any(|index| index.iter().take(wanted.len()).collect::<BTreeSet<_>>() == wanted)
    }

    fn add_column(&mut self, column: &Column<'_>, place: &Place) {
        self.kinds.insert(column.name.key(), column.kind.to_owned());
        self.has_primary_key |= column.primary_key;
        if column.primary_key || column.unique {
            self.indexes.push(vec![column.name.key()]);
        }
        if let Some(reference) = &column.references {
            self.add_foreign_key(&[column.name], Some(reference), place);
        }
    }

    fn add_constraint(&mut self, constraint: &Constraint<'_>, place: &Place) {
        match &constraint.kind {
            Kind::PrimaryKey(columns) | Kind::Unique(columns) => {
                self.has_primary_key |= matches!(constraint.kind, Kind::PrimaryKey(_));
                self.indexes.push(keys(columns));
            }
            Kind::UsingIndex { primary_key } => self.has_primary_key |= primary_key,
            Kind::ForeignKey { columns, reference } => self.add_foreign_key(columns, reference.as_ref(), place),
            Kind::Check { not_null: Some(column) } => {
                let name = constraint.name.map(Name::key);
                self.not_null.insert(column.key(), (name, !constraint.not_valid));
            }
            _ => {}
        }
    }

    fn add_foreign_key(&mut self, columns: &[Name<'_>], reference: Option<&Reference<'_>>, place: &Place) {
        let keys = keys(columns);
        // Most often in place of one that was dropped.
        self.foreign_keys.retain(|found| found.keys != keys);
        self.foreign_keys.push(ForeignKey {
            columns: columns.iter().map(|column| column.written.to_owned()).collect(),
            keys,
            references: reference.map(|reference| reference.table.key()),
            follows: reference.is_some_and(|reference| reference.follows),
            is_original: false,
            made: place.clone(),
        });
    }

    fn alter(&mut self, clause: &Clause<'_>, place: &Place) {
        match clause {
            Clause::AddColumn(column) => self.add_column(column, place),
            Clause::AddConstraint(constraint) => self.add_constraint(constraint, place),
            Clause::Modify { from, column } => {
                self.rename_column(*from, column.name);
                self.kinds.insert(column.name.key(), column.kind.to_owned());
            }
            Clause::SetType { column, kind, .. } => drop(self.kinds.insert(column.key(), (*kind).to_owned())),
            Clause::RenameColumn { from, to } => self.rename_column(*from, *to),
            Clause::DropColumn { column, .. } => {
                let column = column.key();
                self.kinds.remove(&column);
                self.foreign_keys.retain(|found| !found.keys.contains(&column));
                self.indexes.retain(|found| !found.contains(&column));
            }
            Clause::DropPrimaryKey => self.has_primary_key = false,
            Clause::ValidateConstraint(name) => {
                let checked = |(found, _): &&mut (Option<String>, bool)| found.as_ref() == Some(&name.key());
                self.not_null.values_mut().filter(checked).for_each(|(_, checked)| *checked = true);
            }
            _ => {}
        }
    }

    fn rename_column(&mut self, from: Name<'_>, to: Name<'_>) {
        if let Some(kind) = self.kinds.remove(&from.key()) {
            self.kinds.insert(to.key(), kind);
        }
        let lists = self.foreign_keys.iter_mut().map(|found| &mut found.keys).chain(&mut self.indexes);
        for column in lists.flatten().filter(|column| **column == from.key()) {
            *column = to.key();
        }
    }
}

fn keys(names: &[Name<'_>]) -> Vec<String> {
    names.iter().map(|name| name.key()).collect()
}
