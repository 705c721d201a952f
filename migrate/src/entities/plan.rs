//! What the code for a schema has to be: names, types and attributes of every table, column and enum.

use std::collections::BTreeMap;

use diesel_session::connection::Engine;

use super::defaults::{self, Source};
use super::names::{self, identifier};
use super::types::{self, Types, labels};
use crate::schema::{Column, ForeignKey, Generated, Schema, Table};

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

/// A table with the names that its code has.
struct Named<'s> {
    table: &'s Table,
    module: String,
    row: String,
    columns: BTreeMap<&'s str, (String, Types)>,
    notes: Vec<String>,
}

impl<'s> Named<'s> {
    /// The columns of the primary key.
    fn key(&self) -> Vec<&'s str> {
        self.table.primary_key.iter().flat_map(|key| &key.columns).map(String::as_str).collect()
    }
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
    plan.joins = named.iter().flat_map(|this| joins(this, &named)).collect();
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
    let is_variant = |label: &&String| syn::parse_str::<syn::Ident>(label).is_err();
    if let Some(odd) = labels.iter().find(is_variant) {
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
    for foreign in table.foreign_keys.iter().filter(|foreign| foreign.columns.len() > 1) {
        notes.push(format!(
            "The foreign key ({}) has several columns, which `references` cannot express.",
            foreign.columns.join(", ")
        ));
    }
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
    let nullable = column.nullable && !is_key;
    let reference = reference(this, column, all).unwrap_or_else(|why| {
        notes.push(why);
        None
    });
    let references = reference.map(|(to, target)| format!("{}::{target}", to.module));
    let label_type = enums.iter().find(|known| types.sql == known.sql_type);
    let mut words = Vec::new();
    if is_key && references.is_none() && (is_generated(column, &key) || is_only_generated(this, column)) {
        words.push("key".to_owned());
    } else if is_key {
        words.extend(["key".to_owned(), "given".to_owned()]);
        if column.generated.is_some() && references.is_none() {
            let both = "the program must give it, because the key has several such columns";
            notes.push(format!("The database generates `{name}`, and {both}."));
        }
    } else if references.is_none() {
        let labels = label_type.map(|found| &*found.labels);
        words.extend(defaults::attribute(&Source { column, types, nullable, labels, engine }));
    }
    words.extend(references.iter().map(|path| format!("references = {path}")));
    let optional = |text: &str, around: &str| if nullable { format!("{around}<{text}>") } else { text.to_owned() };
    ColumnCode {
        column: column.name.clone(),
        name: name.to_owned(),
        sql: optional(&types.sql, "Nullable"),
        rust: optional(&field_type(this, column, all, 0), "Option"),
        native: types.native,
        attribute: (!words.is_empty()).then(|| words.join(", ")),
        references,
        label_type: label_type.map(|found| found.sql_type.clone()),
    }
}

/// Whether the database counts this column of a key, and no other one.
fn is_only_generated(this: &Named<'_>, column: &Column) -> bool {
    let key = this.key();
    let mut generated =
        this.table.columns.iter().filter(|own| own.generated.is_some() && key.contains(&own.name.as_str()));
    generated.next().is_some_and(|own| own.name == column.name) && generated.next().is_none()
}

/// Whether the database makes the values of a key.
fn is_generated(column: &Column, key: &[&str]) -> bool {
    key.len() == 1 && (column.generated.is_some() || column.default.is_some())
}

/// The type of a field without its `Option`: that of the column that it refers to, or an `Id` for a key of 64 bits that
/// the database generates.
fn field_type(this: &Named<'_>, column: &Column, all: &[Named<'_>], depth: usize) -> String {
    let plain = this.columns.get(column.name.as_str()).map_or("", |(_, types)| &types.rust);
    if let Ok(Some((to, _))) = reference(this, column, all) {
        let foreign = single_key(this, column);
        let target = foreign.and_then(|foreign| to.table.column(foreign.references.first()?));
        // Foreign keys can lead in a cycle.
        return match target.filter(|_| depth < all.len()) {
            Some(target) => field_type(to, target, all, depth + 1),
            None => plain.to_owned(),
        };
    }
    let key = this.key();
    let is_id = plain == "i64" && key == [column.name.as_str()] && is_generated(column, &key);
    if is_id { format!("Id<{}>", this.row) } else { plain.to_owned() }
}

/// The foreign key of a column alone; of several, the first.
fn single_key<'s>(this: &Named<'s>, column: &Column) -> Option<&'s ForeignKey> {
    this.table.foreign_keys.iter().find(|key| key.columns == [column.name.as_str()])
}

/// The column that a column refers to, and its table, if `references` can express that; an error says why it cannot.
fn reference<'a, 's>(
    this: &Named<'s>,
    column: &Column,
    all: &'a [Named<'s>],
) -> Result<Option<(&'a Named<'s>, String)>, String> {
    let nullable = column.nullable && !this.key().contains(&column.name.as_str());
    let Some(foreign) = single_key(this, column) else { return Ok(None) };
    let (Some((name, types)), [target]) = (this.columns.get(column.name.as_str()), &foreign.references[..]) else {
        return Ok(None);
    };
    let because = |why: &str| format!("`{name}` refers to {}.{target} without `references`: {why}.", foreign.table);
    let Some(to) = all.iter().find(|other| other.table.name == foreign.table) else {
        return Err(because("that table has no code here"));
    };
    let (Some((identifier, target_types)), Some(target_column)) =
        (to.columns.get(target.as_str()), to.table.column(target))
    else {
        return Err(because("that column has no field"));
    };
    let is_key = to.key().contains(&target.as_str());
    if types.sql != target_types.sql {
        return Err(because("the types of the two columns differ"));
    }
    if target_column.nullable && !is_key && !nullable {
        return Err(because("that column can be NULL, and this one cannot"));
    }
    if types.is_unordered() {
        return Err(because("the type has no order in Rust"));
    }
    if matches!(column.generated, Some(Generated::Stored(_) | Generated::Virtual(_))) {
        return Err(because("the database computes it"));
    }
    Ok(Some((to, identifier.clone())))
}

/// The joins that `joinable!` can express: by the only foreign key between two tables, to a primary key of one column.
fn joins(this: &Named<'_>, all: &[Named<'_>]) -> Vec<(String, String, String)> {
    let mut joins = Vec::new();
    for foreign in &this.table.foreign_keys {
        let Some(to) = all.iter().find(|other| other.table.name == foreign.table) else { continue };
        let between = |one: &Named<'_>, other: &Named<'_>| {
            one.table.foreign_keys.iter().filter(|key| key.table == other.table.name).count()
        };
        let to_key = to.key() == foreign.references;
        let ([column], true, false) = (&foreign.columns[..], to_key, to.module == this.module) else { continue };
        let (Some((name, types)), Some((_, target))) = (
            this.columns.get(column.as_str()),
            foreign.references.first().and_then(|column| to.columns.get(column.as_str())),
        ) else {
            continue;
        };
        if between(this, to) + between(to, this) == 1 && types.sql == target.sql {
            joins.push((this.module.clone(), to.module.clone(), name.clone()));
        }
    }
    joins
}
