//! What the code for a schema has to be: names, types and attributes of every table, column and enum.

use std::collections::BTreeMap;

use diesel_session::connection::Engine;

use super::defaults::{self, Source};
use super::named::Named;
use super::names::{self, identifier};
use super::references::{self, Several};
use super::types::{self, Types, is_variant, labels};
use crate::schema::{Column, Schema, Table};

/// The code for a schema.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) tables: Vec<TableCode>,
    /// Tables that no code can be generated for, and why.
    pub(super) left_out: Vec<(String, String)>,
    pub(super) enums: Vec<EnumCode>,
    /// Referring table, table, referring column.
    pub(super) joins: Vec<(String, String, String)>,
}

/// A table and its row.
pub(super) struct TableCode {
    pub(super) table: String,
    pub(super) module: String,
    pub(super) row: String,
    pub(super) key: Vec<String>,
    pub(super) columns: Vec<ColumnCode>,
    /// All columns of the table in the database, those included that are left out.
    pub(super) all: Vec<String>,
    pub(super) unique: Vec<Vec<String>>,
    /// The foreign keys of several columns.
    pub(super) foreign_keys: Vec<Several>,
    /// The backend whose own types it uses.
    pub(super) backend: Option<&'static str>,
    pub(super) notes: Vec<String>,
}

/// A column and its field.
pub(super) struct ColumnCode {
    pub(super) column: String,
    pub(super) name: String,
    pub(super) sql: String,
    pub(super) rust: String,
    pub(super) native: bool,
    /// The words in `#[entity(…)]`.
    pub(super) attribute: Option<String>,
    pub(super) references: Option<String>,
    /// The marker of its enum's SQL type.
    pub(super) label_type: Option<String>,
}

/// A native enum.
pub(super) struct EnumCode {
    pub(super) name: String,
    /// The marker's name in the module `sql_types`.
    pub(super) sql_type: String,
    /// The type's name on PostgreSQL.
    pub(super) postgres: String,
    pub(super) labels: Vec<String>,
}

/// The names that the file has already for rows and enums, by their tables and SQL types.
#[derive(Default)]
pub(super) struct Known {
    pub(super) rows: BTreeMap<String, String>,
    /// The marker of a type and its enum, by the type's name on PostgreSQL.
    pub(super) enums: BTreeMap<String, (String, String)>,
    pub(super) types: Vec<String>,
}

pub(super) fn plan(schema: &Schema, engine: Engine, known: &Known) -> Plan {
    let mut plan = Plan::default();
    let mut names = names::Types::beside(known.types.iter().cloned());
    let mut named: Vec<Named<'_>> = Vec::new();
    for table in &schema.tables {
        match name(schema, table, engine, known, &mut names, &mut plan.enums) {
            Ok(this) if named.iter().any(|other| other.module == this.module) => {
                let same = format!("another table has the name {} in Rust too", this.module);
                plan.left_out.push((table.name.clone(), same));
            }
            Ok(this) => named.push(this),
            Err(why) => plan.left_out.push((table.name.clone(), why)),
        }
    }
    plan.tables = named.iter().map(|this| code(this, &named, engine, &plan.enums)).collect();
    plan.joins = named.iter().flat_map(|this| references::joins(this, &named)).collect();
    plan
}

/// Names a table, its row and those of its columns that have types.
fn name<'s>(
    schema: &'s Schema,
    table: &'s Table,
    engine: Engine,
    known: &Known,
    names: &mut names::Types,
    enums: &mut Vec<EnumCode>,
) -> Result<Named<'s>, String> {
    let key = table.primary_key.as_ref().ok_or("it has no primary key")?;
    let no_name = || format!("no name in Rust can be made of {:?}", table.name);
    let module = identifier(&table.name).ok_or_else(no_name)?;
    let row = match known.rows.get(&table.name) {
        Some(row) => row.clone(),
        None => names.row(&table.name).ok_or_else(no_name)?,
    };
    let mut this = Named { table, module, row, columns: BTreeMap::new(), notes: Vec::new() };
    for column in &table.columns {
        let found = column_name(column, &this).and_then(|name| {
            let types = match label_type(schema, &this.row, column, engine, known, names, enums) {
                Some(Ok((sql_type, name))) => Types::of_enum(&sql_type, &name),
                Some(Err(why)) if engine == Engine::Postgres => return Err(why),
                // MySQL's are texts as well.
                Some(Err(why)) => {
                    this.notes.push(format!("`{name}` is a text, because {why}."));
                    Types::text()
                }
                None => types::types(engine, column)
                    .ok_or_else(|| format!("its type {:?} is not known", column.sql_type))?,
            };
            Ok((name, types))
        });
        match found {
            Ok(found) => drop(this.columns.insert(&column.name, found)),
            Err(why) if key.columns.contains(&column.name) => {
                return Err(format!("the column {:?} of its key has no field: {why}", column.name));
            }
            Err(why) => this.notes.push(format!("The column {:?} is left out: {why}.", column.name)),
        }
    }
    let unordered = |(_, types): &(String, Types)| types.is_unordered();
    if key.columns.iter().any(|column| this.columns.get(column.as_str()).is_some_and(unordered)) {
        return Err("the type of its key has no order in Rust".to_owned());
    }
    Ok(this)
}

fn column_name(column: &Column, this: &Named<'_>) -> Result<String, String> {
    let mut name = identifier(&column.name).ok_or("no name in Rust can be made of it")?;
    // Diesel's module of the table has the table's own name too.
    if name == this.module {
        name.push('_');
    }
    if this.columns.values().any(|(other, _)| *other == name) {
        return Err(format!("another column has the name {name} in Rust too"));
    }
    Ok(name)
}

/// The enum of a column with a native one.
fn label_type(
    schema: &Schema,
    row: &str,
    column: &Column,
    engine: Engine,
    known: &Known,
    names: &mut names::Types,
    enums: &mut Vec<EnumCode>,
) -> Option<Result<(String, String), String>> {
    let (postgres, labels) = match engine {
        Engine::Postgres => {
            let found = schema.enum_type(column.sql_type.trim_matches('"'))?;
            (found.name.clone(), found.labels.clone())
        }
        Engine::Mysql => (names::snake(&format!("{row}_{}", column.name)), labels(&column.sql_type)?),
        Engine::Sqlite => return None,
    };
    if let Some(odd) = labels.iter().find(|label| !is_variant(label)) {
        return Some(Err(format!("the label {odd:?} of its enum cannot be a variant")));
    }
    if let Some(found) = enums.iter().find(|found| found.postgres == postgres) {
        return Some(Ok((found.sql_type.clone(), found.name.clone())));
    }
    let new = || names.label_type(&postgres).map(|name| (name.clone(), name));
    let Some((sql_type, name)) = known.enums.get(&postgres).cloned().or_else(new) else {
        return Some(Err(format!("no name in Rust can be made of {postgres:?}")));
    };
    enums.push(EnumCode { name: name.clone(), sql_type: sql_type.clone(), postgres, labels });
    Some(Ok((sql_type, name)))
}

/// The code of a table.
fn code(this: &Named<'_>, all: &[Named<'_>], engine: Engine, enums: &[EnumCode]) -> TableCode {
    let table = this.table;
    let key = this.key();
    let mut notes = this.notes.clone();
    let mut needs: Vec<(&str, &str)> = Vec::new();
    let mut columns = Vec::new();
    for column in &table.columns {
        let Some((name, types)) = this.columns.get(column.name.as_str()) else { continue };
        needs.extend(types.needs);
        columns.push(column_code(this, column, (name, types), all, enums, engine, &mut notes));
    }
    let (foreign_keys, remarks) = references::several(this, all);
    notes.extend(remarks);
    needs.sort_unstable();
    needs.dedup();
    for (feature, source) in needs {
        notes.push(format!("It needs Diesel's feature {feature} and the crate {source}."));
    }
    if columns.len() > 32 {
        notes.push("It needs Diesel's feature 64-column-tables, or 128-column-tables.".to_owned());
    }
    let native = columns.iter().any(|column| column.native);
    let backend = native.then_some(match engine {
        Engine::Sqlite => "diesel::sqlite::Sqlite",
        Engine::Postgres => "diesel::pg::Pg",
        Engine::Mysql => "diesel::mysql::Mysql",
    });
    let identifiers = |set: &[&str]| {
        set.iter().map(|column| this.columns.get(column).map(|(name, _)| name.clone())).collect::<Option<Vec<_>>>()
    };
    TableCode {
        table: table.name.clone(),
        module: this.module.clone(),
        row: this.row.clone(),
        key: identifiers(&key).unwrap_or_default(),
        unique: table.unique_sets().iter().filter(|set| **set != key).filter_map(|set| identifiers(set)).collect(),
        all: table.columns.iter().map(|column| column.name.clone()).collect(),
        columns,
        foreign_keys,
        backend,
        notes,
    }
}

/// The code of a column.
fn column_code(
    this: &Named<'_>,
    column: &Column,
    (name, types): (&str, &Types),
    all: &[Named<'_>],
    enums: &[EnumCode],
    engine: Engine,
    notes: &mut Vec<String>,
) -> ColumnCode {
    let key = this.key();
    let is_key = key.contains(&column.name.as_str());
    let nullable = this.is_nullable(column);
    let reference = references::single(this, column, all).unwrap_or_else(|why| {
        notes.push(why);
        None
    });
    let references = reference.map(|(to, target)| format!("{}::{target}", to.module));
    let label_type = enums.iter().find(|known| types.sql == known.sql_type);
    let refers = references::is_referring(this, column, all);
    let mut words = Vec::new();
    if !refers && (this.is_generated_key(column) || this.is_only_generated(column)) {
        words.push("key".to_owned());
    } else if is_key {
        words.extend(["key".to_owned(), "given".to_owned()]);
        if column.generated.is_some() && references.is_none() {
            let both = "the program must give it, because the key has several such columns";
            notes.push(format!("The database generates `{name}`, and {both}."));
        }
    } else if !refers {
        let labels = label_type.map(|found| &*found.labels);
        words.extend(defaults::attribute(&Source { column, types, nullable, labels, engine }));
    }
    words.extend(references.iter().map(|path| format!("references = {path}")));
    let optional = |text: &str, around: &str| if nullable { format!("{around}<{text}>") } else { text.to_owned() };
    ColumnCode {
        column: column.name.clone(),
        name: name.to_owned(),
        sql: optional(&types.sql, "Nullable"),
        rust: optional(&references::field_type(this, column, all), "Option"),
        native: types.native,
        attribute: (!words.is_empty()).then(|| words.join(", ")),
        references,
        label_type: label_type.map(|found| found.sql_type.clone()),
    }
}
