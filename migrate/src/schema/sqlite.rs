//! SQLite's schema, from its pragmas and the statements that it keeps: five SELECTs.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_session::connection::AnyConnection;

use super::model::{
    Action, Column, Deferrable, ForeignKey, Generated, Index, IndexPart, Key, Schema, Table, Trigger, View,
};
use super::read::{is_of_migrations, load, sorted};
use super::sqlite_text::{self, TableText};

const OBJECTS: &str = "SELECT type AS kind, name AS name, tbl_name AS table_name, sql AS sql FROM sqlite_schema \
    WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql IS NOT NULL ORDER BY name";

const TABLES: &str = "SELECT name AS name, type AS kind, wr AS without_rowid, strict AS is_strict \
    FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')";

const COLUMNS: &str = "SELECT t.name AS table_name, c.name AS name, c.type AS sql_type, c.\"notnull\" AS not_null, \
        c.dflt_value AS expression, c.pk AS place, c.hidden AS hidden \
    FROM sqlite_schema t, pragma_table_xinfo(t.name) c WHERE t.type = 'table' AND c.hidden <> 1 ORDER BY t.name, c.cid";

const INDEXES: &str = "SELECT t.name AS table_name, i.name AS name, i.\"unique\" AS is_unique, i.origin AS origin, \
        c.name AS column_name, c.\"desc\" AS is_descending \
    FROM sqlite_schema t, pragma_index_list(t.name) i, pragma_index_xinfo(i.name) c \
    WHERE t.type = 'table' AND c.key = 1 ORDER BY t.name, i.name, c.seqno";

const FOREIGN_KEYS: &str = "SELECT t.name AS table_name, k.id AS id, k.\"table\" AS referenced, \
        k.\"from\" AS column_name, k.\"to\" AS referenced_column, k.on_update AS on_update, k.on_delete AS on_delete \
    FROM sqlite_schema t, pragma_foreign_key_list(t.name) k WHERE t.type = 'table' ORDER BY t.name, k.id, k.seq";

#[derive(QueryableByName)]
struct ObjectRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

#[derive(QueryableByName)]
struct TableRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    without_rowid: i64,
    #[diesel(sql_type = BigInt)]
    is_strict: i64,
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql_type: String,
    #[diesel(sql_type = BigInt)]
    not_null: i64,
    #[diesel(sql_type = Nullable<Text>)]
    expression: Option<String>,
    /// In the primary key, from 1; otherwise 0.
    #[diesel(sql_type = BigInt)]
    place: i64,
    /// 2 for a virtual generated column, 3 for a stored one.
    #[diesel(sql_type = BigInt)]
    hidden: i64,
}

#[derive(QueryableByName)]
struct IndexRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    is_unique: i64,
    /// `c` for CREATE INDEX, `u` for UNIQUE, `pk` for PRIMARY KEY.
    #[diesel(sql_type = Text)]
    origin: String,
    #[diesel(sql_type = Nullable<Text>)]
    column_name: Option<String>,
    #[diesel(sql_type = BigInt)]
    is_descending: i64,
}

#[derive(QueryableByName)]
struct ForeignKeyRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    referenced: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    referenced_column: Option<String>,
    #[diesel(sql_type = Text)]
    on_update: String,
    #[diesel(sql_type = Text)]
    on_delete: String,
}

pub(super) fn read(connection: &mut AnyConnection) -> QueryResult<Schema> {
    let objects: Vec<ObjectRow> = load(connection, OBJECTS)?;
    let text_of = |kind: &str, name: &str| {
        let found = objects.iter().find(|object| object.kind == kind && object.name == name);
        found.map(|object| object.sql.clone()).unwrap_or_default()
    };
    let mut schema = Schema::default();
    for object in objects.iter().filter(|object| !is_of_migrations(&object.table_name)) {
        let (name, table, sql) = (object.name.clone(), object.table_name.clone(), object.sql.clone());
        match &*object.kind {
            "view" => schema.views.push(View { name, materialized: false, sql }),
            "trigger" => schema.triggers.push(Trigger { name, table, sql }),
            _ => {}
        }
    }
    let listed = load::<TableRow>(connection, TABLES)?.into_iter();
    let is_own = |row: &TableRow| !row.name.starts_with("sqlite_") && !is_of_migrations(&row.name);
    schema.tables = listed.filter(is_own).map(|row| new_table(&row, text_of("table", &row.name))).collect();
    let tables = &mut schema.tables;

    let mut columns: Vec<ColumnRow> = load(connection, COLUMNS)?;
    let mut indexes: Vec<IndexRow> = load(connection, INDEXES)?;
    let mut foreign_keys: Vec<ForeignKeyRow> = load(connection, FOREIGN_KEYS)?;
    for table in tables.iter_mut() {
        let text = sqlite_text::parse(table.sql.as_deref().unwrap_or_default());
        let is_of = |name: &str| name == table.name;
        let columns = columns.extract_if(.., |row| is_of(&row.table_name)).collect();
        let indexes: Vec<_> = indexes.extract_if(.., |row| is_of(&row.table_name)).collect();
        let foreign_keys: Vec<_> = foreign_keys.extract_if(.., |row| is_of(&row.table_name)).collect();
        add_columns(table, columns, &text);
        for row in indexes {
            add_index_part(table, row, text_of);
        }
        for row in foreign_keys {
            add_foreign_key(table, row);
        }
        for key in &mut table.foreign_keys {
            (key.name, key.deferrable) = text.foreign_key(&key.columns);
        }
        table.checks = text.checks;
    }
    name_referenced_columns(tables);
    Ok(sorted(schema))
}

fn new_table(row: &TableRow, sql: String) -> Table {
    let without_rowid = (row.without_rowid == 1).then(|| "WITHOUT ROWID".to_owned());
    let strict = (row.is_strict == 1).then(|| "STRICT".to_owned());
    let module = (row.kind == "virtual").then(|| sqlite_text::module(&sql).to_owned());
    let options = without_rowid.into_iter().chain(strict).chain(module).collect();
    Table { name: row.name.clone(), options, sql: Some(sql), ..Table::default() }
}

fn add_columns(table: &mut Table, rows: Vec<ColumnRow>, text: &TableText) {
    let mut key: Vec<_> = rows.iter().filter(|row| row.place > 0).map(|row| (row.place, row.name.clone())).collect();
    key.sort();
    let key: Vec<String> = key.into_iter().map(|(_, name)| name).collect();
    let without_rowid = table.options.iter().any(|option| option == "WITHOUT ROWID");
    for row in rows {
        let ColumnRow { name, sql_type, expression: default, .. } = row;
        let own = text.column(&name);
        let is_rowid = !without_rowid
            && key.len() == 1
            && key[0] == name
            && sql_type.eq_ignore_ascii_case("integer")
            && !own.descending_key;
        let generated = match row.hidden {
            2 => Some(Generated::Virtual(own.expression)),
            3 => Some(Generated::Stored(own.expression)),
            _ if own.auto_increment => Some(Generated::AutoIncrement),
            _ => is_rowid.then_some(Generated::RowId),
        };
        let never_null = row.not_null == 1 || is_rowid || (without_rowid && row.place > 0);
        let column = Column {
            name,
            sql_type,
            nullable: !never_null,
            default,
            generated,
            on_update: None,
            collation: own.collation,
        };
        table.columns.push(column);
    }
    if !key.is_empty() {
        table.primary_key = Some(new_key("PRIMARY KEY", key));
    }
}

fn new_key(kind: &str, columns: Vec<String>) -> Key {
    let sql = format!("{kind} ({})", columns.join(", "));
    Key { name: None, columns, sql }
}

/// Adds a part to the last index or UNIQUE constraint, or begins the next one.
fn add_index_part(table: &mut Table, row: IndexRow, text_of: impl Fn(&str, &str) -> String) {
    match &*row.origin {
        "c" => {
            let mut sql = row.column_name.clone().unwrap_or_else(|| "(expression)".to_owned());
            if row.is_descending == 1 {
                sql += " DESC";
            }
            let part = IndexPart { column: row.column_name, sql };
            match table.indexes.last_mut() {
                Some(index) if index.name == row.name => index.parts.push(part),
                _ => {
                    let sql = text_of("index", &row.name);
                    let predicate = sqlite_text::predicate(&sql);
                    let unique = row.is_unique == 1;
                    table.indexes.push(Index {
                        name: row.name,
                        parts: vec![part],
                        unique,
                        predicate,
                        valid: true,
                        sql,
                    });
                }
            }
        }
        "u" => {
            let column = row.column_name.unwrap_or_default();
            // The name of the index that implements it tells one constraint from the next, until all are read.
            match table.uniques.last_mut() {
                Some(key) if key.name.as_ref() == Some(&row.name) => key.columns.push(column),
                _ => table.uniques.push(Key { name: Some(row.name), columns: vec![column], sql: String::new() }),
            }
        }
        _ => {}
    }
}

fn add_foreign_key(table: &mut Table, row: ForeignKeyRow) {
    let id = Some(row.id.to_string());
    match table.foreign_keys.last_mut() {
        Some(key) if key.name == id => {
            key.columns.push(row.column_name);
            key.references.extend(row.referenced_column);
        }
        _ => table.foreign_keys.push(ForeignKey {
            // Its number, until its name is taken from the text.
            name: id,
            columns: vec![row.column_name],
            table: row.referenced,
            references: row.referenced_column.into_iter().collect(),
            on_delete: Action::of_sql(&row.on_delete),
            on_update: Action::of_sql(&row.on_update),
            deferrable: Deferrable::No,
        }),
    }
}

/// A foreign key that names no columns refers to the primary key. UNIQUE constraints have no names of their own.
fn name_referenced_columns(tables: &mut [Table]) {
    let keys: Vec<(String, Vec<String>)> = tables
        .iter()
        .filter_map(|table| table.primary_key.as_ref().map(|key| (table.name.clone(), key.columns.clone())))
        .collect();
    for table in tables {
        for key in std::mem::take(&mut table.uniques) {
            table.uniques.push(new_key("UNIQUE", key.columns));
        }
        for key in table.foreign_keys.iter_mut().filter(|key| key.references.is_empty()) {
            let referenced = keys.iter().find(|(name, _)| name.eq_ignore_ascii_case(&key.table));
            key.references = referenced.map(|(_, columns)| columns.clone()).unwrap_or_default();
        }
    }
}
