//! The tables and columns of the file, compared with those of the models.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::tables::{MODELS, Model, Reference};
use crate::connection::Engine;
use crate::error::{Error, Result};
use crate::migrations::MIGRATIONS;
use crate::session::Session;

/// Which of the models' tables and columns the file has.
pub(super) struct Layout(Vec<(&'static str, Vec<&'static str>)>);

impl Layout {
    /// The tables that the file has, referenced tables first.
    pub(super) fn tables(&self) -> impl DoubleEndedIterator<Item = &'static str> {
        self.0.iter().map(|(table, _)| *table)
    }

    /// The columns of a table; none if the file lacks it.
    pub(super) fn columns(&self, table: &str) -> Option<&[&'static str]> {
        self.0.iter().find(|(name, _)| *name == table).map(|(_, columns)| &**columns)
    }
}

#[derive(QueryableByName)]
struct Object {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    declared: String,
    /// Its position in the primary key, from 1; 0 if it is not in it.
    #[diesel(sql_type = BigInt)]
    key: i64,
}

#[derive(QueryableByName)]
struct ForeignKey {
    #[diesel(sql_type = Text)]
    child: String,
    #[diesel(sql_type = Text)]
    parent: String,
    /// NULL for the parent's primary key.
    #[diesel(sql_type = Nullable<Text>)]
    parent_column: Option<String>,
}

/// Reads the tables and columns, and refuses what the models do not have.
pub(super) fn read(session: &mut Session<'_>, place: &str) -> Result<Layout> {
    let refused = |problem| Error::NotAdoptable { place: place.to_owned(), problem };
    if session.engine() != Engine::Sqlite {
        return Err(refused("it is not an SQLite file".to_owned()));
    }
    if !MIGRATIONS.status(session.connection()?)?.applied.is_empty() {
        return Err(refused("it is already Folio's".to_owned()));
    }
    // Indexes hold no data, and Folio's tables have their own.
    let objects: Vec<Object> = session.rows(diesel::sql_query(
        "SELECT type AS kind, name FROM sqlite_schema WHERE type <> 'index' AND substr(name, 1, 7) <> 'sqlite_' \
         ORDER BY name",
    ))?;
    let is_model = |object: &&Object| object.kind == "table" && MODELS.iter().any(|model| model.table == object.name);
    if let Some(Object { kind, name }) = objects.iter().find(|object| !is_model(object)) {
        let known = listed(MODELS.map(|model| model.table));
        let way_out = if kind == "table" { "move it to another file" } else { "drop it" };
        return Err(refused(format!("the {kind} {name} is not one of {known}; {way_out} first")));
    }
    let exists = |model: &Model| objects.iter().any(|object| object.name == model.table);
    if !exists(&MODELS[0]) {
        return Err(refused(format!("it has no table {}", MODELS[0].table)));
    }
    let mut found = Vec::new();
    for model in MODELS.iter().filter(|model| exists(model)) {
        let (columns, references) = (columns(session, model.table)?, references(session, model.table)?);
        if let Some(problem) = problem(model, &columns, &references) {
            return Err(refused(problem));
        }
        found.push((model.table, model.columns().filter(|name| has(&columns, name)).collect()));
    }
    Ok(Layout(found))
}

fn columns(session: &mut Session<'_>, table: &str) -> Result<Vec<Column>> {
    let sql = "SELECT name, type AS declared, pk AS key FROM pragma_table_xinfo(?)";
    Ok(session.rows(diesel::sql_query(sql).bind::<Text, _>(table))?)
}

fn references(session: &mut Session<'_>, table: &str) -> Result<Vec<ForeignKey>> {
    let sql = "SELECT \"from\" AS child, \"table\" AS parent, \"to\" AS parent_column FROM pragma_foreign_key_list(?)";
    Ok(session.rows(diesel::sql_query(sql).bind::<Text, _>(table))?)
}

/// What distinguishes a table from the model's.
fn problem(model: &Model, columns: &[Column], references: &[ForeignKey]) -> Option<String> {
    let table = model.table;
    if let Some(missing) = model.required.iter().find(|name| !has(columns, name)) {
        return Some(format!("{table} has no column {missing}"));
    }
    if let Some(Column { name, .. }) = columns.iter().find(|column| model.columns().all(|name| name != column.name)) {
        let known = listed(model.columns());
        return Some(format!("{table}.{name} is not one of the columns {known}; copy it elsewhere and drop it first"));
    }
    // Only such a key is the same as SQLite's rowid, and thereby a number in every row.
    let is_rowid = |key: &Column| key.name == "id" && key.declared.eq_ignore_ascii_case("INTEGER");
    let keys: Vec<&Column> = columns.iter().filter(|column| column.key > 0).collect();
    if !matches!(*keys, [key] if is_rowid(key)) {
        return Some(format!("the primary key of {table} is not the column id of type INTEGER"));
    }
    let refers = |key: &ForeignKey, own: Reference| {
        let to = key.parent_column.as_deref().unwrap_or("id");
        key.child == own.column && key.parent == own.parent && to == own.parent_column
    };
    let foreign = references.iter().find(|key| !model.reference.is_some_and(|own| refers(key, own)))?;
    let ForeignKey { child, parent, .. } = foreign;
    let known = match model.reference {
        Some(own) => format!("the models' only foreign key of {table} is {} to {own}", own.column),
        None => format!("the models have no foreign key of {table}"),
    };
    Some(format!("{table}.{child} references {parent}, and {known}"))
}

fn has(columns: &[Column], name: &str) -> bool {
    columns.iter().any(|column| column.name == name)
}

fn listed(names: impl IntoIterator<Item = &'static str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}
