//! The schema of MySQL and MariaDB, from `information_schema`: seven SELECTs. The two servers differ in how they write
//! defaults and checks; both are read as SQL.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_session::connection::{AnyConnection, Engine};

use super::model::{
    Action, Check, Column, Deferrable, ForeignKey, Generated, Index, IndexPart, Key, Schema, Table, Trigger, View,
};
use super::read::{is_of_migrations, load, sorted, table};
use crate::quoting;

const TABLES: &str = "SELECT table_name AS name, CASE WHEN engine <> @@default_storage_engine THEN engine END \
        AS other_engine, CAST(VERSION() LIKE '%MariaDB%' AS SIGNED) AS mariadb \
    FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'";

const COLUMNS: &str = "SELECT table_name AS table_name, column_name AS name, column_type AS sql_type, \
        is_nullable AS is_nullable, column_default AS default_text, extra AS extra, \
        generation_expression AS expression, \
        CASE WHEN collation_name <> @@collation_database THEN collation_name END AS other_collation \
    FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position";

const INDEXES: &str = "SELECT table_name AS table_name, index_name AS name, CAST(non_unique AS SIGNED) AS non_unique, \
        column_name AS column_name, CAST(sub_part AS SIGNED) AS length, collation AS direction, \
        index_type AS index_type, {expression} AS expression \
    FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY table_name, index_name, seq_in_index";

const FOREIGN_KEYS: &str = "SELECT k.table_name AS table_name, k.constraint_name AS name, k.column_name AS column_name, \
        CASE WHEN k.referenced_table_schema = DATABASE() THEN k.referenced_table_name \
            ELSE CONCAT(k.referenced_table_schema, '.', k.referenced_table_name) END AS referenced, \
        k.referenced_column_name AS referenced_column, r.delete_rule AS on_delete, r.update_rule AS on_update \
    FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r \
        ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name \
        AND r.table_name = k.table_name \
    WHERE k.table_schema = DATABASE() AND k.referenced_table_name IS NOT NULL \
    ORDER BY k.table_name, k.constraint_name, k.ordinal_position";

const CHECKS_OF_MYSQL: &str = "SELECT t.table_name AS table_name, t.constraint_name AS name, \
        c.check_clause AS expression, NULL AS column_name \
    FROM information_schema.check_constraints c JOIN information_schema.table_constraints t \
        ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name \
        AND t.constraint_type = 'CHECK' \
    WHERE c.constraint_schema = DATABASE() ORDER BY t.table_name, t.constraint_name";

const CHECKS_OF_MARIADB: &str = "SELECT table_name AS table_name, constraint_name AS name, check_clause AS expression, \
        CASE level WHEN 'Column' THEN constraint_name END AS column_name \
    FROM information_schema.check_constraints WHERE constraint_schema = DATABASE() \
    ORDER BY table_name, constraint_name";

const TRIGGERS: &str = "SELECT event_object_table AS table_name, trigger_name AS name, action_timing AS timing, \
        event_manipulation AS event, action_statement AS statement \
    FROM information_schema.triggers WHERE trigger_schema = DATABASE() \
    ORDER BY event_object_table, action_timing, event_manipulation, action_order";

const VIEWS: &str = "SELECT table_name AS name, view_definition AS definition, DATABASE() AS own_database \
    FROM information_schema.views WHERE table_schema = DATABASE()";

#[derive(QueryableByName)]
struct TableRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    other_engine: Option<String>,
    #[diesel(sql_type = BigInt)]
    mariadb: i64,
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql_type: String,
    #[diesel(sql_type = Text)]
    is_nullable: String,
    #[diesel(sql_type = Nullable<Text>)]
    default_text: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    extra: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    expression: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    other_collation: Option<String>,
}

#[derive(QueryableByName)]
struct IndexRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    non_unique: i64,
    #[diesel(sql_type = Nullable<Text>)]
    column_name: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    length: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    direction: Option<String>,
    #[diesel(sql_type = Text)]
    index_type: String,
    #[diesel(sql_type = Nullable<Text>)]
    expression: Option<String>,
}

#[derive(QueryableByName)]
struct ForeignKeyRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    referenced: String,
    #[diesel(sql_type = Text)]
    referenced_column: String,
    #[diesel(sql_type = Text)]
    on_delete: String,
    #[diesel(sql_type = Text)]
    on_update: String,
}

#[derive(QueryableByName)]
struct CheckRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    expression: String,
    #[diesel(sql_type = Nullable<Text>)]
    column_name: Option<String>,
}

#[derive(QueryableByName)]
struct TriggerRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    timing: String,
    #[diesel(sql_type = Text)]
    event: String,
    #[diesel(sql_type = Text)]
    statement: String,
}

#[derive(QueryableByName)]
struct ViewRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    definition: String,
    #[diesel(sql_type = Text)]
    own_database: String,
}

pub(super) fn read(connection: &mut AnyConnection) -> QueryResult<Schema> {
    let rows: Vec<TableRow> = load(connection, TABLES)?;
    let mariadb = rows.first().is_some_and(|row| row.mariadb == 1);
    let own = rows.into_iter().filter(|row| !is_of_migrations(&row.name)).map(|row| {
        let options = row.other_engine.map(|engine| format!("ENGINE={engine}")).into_iter().collect();
        Table { name: row.name, options, ..Table::default() }
    });
    let mut schema = Schema { tables: own.collect(), ..Schema::default() };
    let tables = &mut schema.tables;
    for row in load::<ColumnRow>(connection, COLUMNS)? {
        if let Some(table) = table(tables, &row.table_name) {
            table.columns.push(column(row, mariadb));
        }
    }
    // Only MySQL has indexes on expressions, and the column that shows them.
    let expression = if mariadb || tables.is_empty() { "CAST(NULL AS CHAR)" } else { "expression" };
    for row in load::<IndexRow>(connection, &INDEXES.replace("{expression}", expression))? {
        if let Some(table) = table(tables, &row.table_name) {
            add_index_part(table, row);
        }
    }
    for table in tables.iter_mut() {
        finish_indexes(table);
    }
    for row in load::<ForeignKeyRow>(connection, FOREIGN_KEYS)? {
        if let Some(table) = table(tables, &row.table_name) {
            add_foreign_key(table, row);
        }
    }
    for row in load::<CheckRow>(connection, if mariadb { CHECKS_OF_MARIADB } else { CHECKS_OF_MYSQL })? {
        if let Some(table) = table(tables, &row.table_name) {
            let CheckRow { name, expression, column_name: column, .. } = row;
            let expression = if mariadb { expression } else { unescaped(&expression) };
            table.checks.push(Check { name: Some(name), expression, column });
        }
    }
    for row in load::<TriggerRow>(connection, TRIGGERS)? {
        if !is_of_migrations(&row.table_name) {
            let TriggerRow { table_name, name, timing, event, statement } = row;
            let (trigger, on) = (quoted(&name), quoted(&table_name));
            let sql = format!("CREATE TRIGGER {trigger} {timing} {event} ON {on} FOR EACH ROW {statement}");
            schema.triggers.push(Trigger { name, table: table_name, sql });
        }
    }
    let views = load(connection, VIEWS)?.into_iter().map(|ViewRow { name, definition, own_database }| {
        // The view is the same in a database of another name.
        let definition = definition.replace(&format!("{}.", quoted(&own_database)), "");
        View { sql: format!("CREATE VIEW {} AS {definition}", quoted(&name)), name, materialized: false }
    });
    schema.views = views.collect();
    Ok(sorted(schema))
}

fn quoted(name: &str) -> String {
    quoting::quoted(Engine::Mysql, name)
}

/// MySQL shows an expression with the quotes in it escaped once more.
fn unescaped(expression: &str) -> String {
    expression.replace("\\'", "'")
}

fn column(row: ColumnRow, mariadb: bool) -> Column {
    let ColumnRow { name, sql_type, default_text, expression, other_collation: collation, .. } = row;
    let extra = row.extra.unwrap_or_default().to_ascii_lowercase();
    let expression = expression.filter(|expression| !expression.is_empty());
    let generated = match expression {
        Some(expression) => {
            let expression = if mariadb { expression } else { unescaped(&expression) };
            Some(if extra.contains("stored") || extra.contains("persistent") {
                Generated::Stored(expression)
            } else {
                Generated::Virtual(expression)
            })
        }
        None => extra.contains("auto_increment").then_some(Generated::AutoIncrement),
    };
    let on_update = extra.split_once("on update ").map(|(_, clock)| clock.trim().to_owned());
    let default = default_text.filter(|_| generated.is_none()).and_then(|text| {
        if mariadb {
            // MariaDB writes SQL, and the default that every nullable column has.
            return (text != "NULL").then_some(text);
        }
        let is_clock = text.to_ascii_uppercase().starts_with("CURRENT_TIMESTAMP");
        Some(if extra.contains("default_generated") {
            if is_clock { text } else { format!("({})", unescaped(&text)) }
        } else if sql_type.starts_with("bit") {
            text
        } else {
            quoting::literal(Engine::Mysql, &text)
        })
    });
    let nullable = row.is_nullable == "YES";
    Column { name, sql_type, nullable, default, generated, on_update, collation }
}

/// Adds a part to the last index, or begins the next one; its statement is written when it is complete.
fn add_index_part(table: &mut Table, row: IndexRow) {
    let whole = row.length.is_none() && row.direction.as_deref() != Some("D");
    let mut sql = match (&row.column_name, &row.expression) {
        (Some(column), _) => quoted(column),
        (None, expression) => format!("({})", unescaped(expression.as_deref().unwrap_or_default())),
    };
    if let Some(length) = row.length.filter(|_| !["FULLTEXT", "SPATIAL"].contains(&&*row.index_type)) {
        sql += &format!("({length})");
    }
    if row.direction.as_deref() == Some("D") {
        sql += " DESC";
    }
    let part = IndexPart { column: row.column_name.filter(|_| whole), sql };
    match table.indexes.last_mut() {
        Some(index) if index.name == row.name => index.parts.push(part),
        _ => {
            // The kind of the index, until the statement is complete.
            let sql = row.index_type;
            let unique = row.non_unique == 0;
            table.indexes.push(Index { name: row.name, parts: vec![part], unique, predicate: None, valid: true, sql });
        }
    }
}

/// Writes the statements of the indexes, and takes the primary key from among them.
fn finish_indexes(table: &mut Table) {
    let on = quoted(&table.name);
    for mut index in std::mem::take(&mut table.indexes) {
        let parts = index.parts.iter().map(|part| &*part.sql).collect::<Vec<_>>().join(", ");
        if index.name == "PRIMARY" {
            let columns = index.parts.into_iter().filter_map(|part| part.column).collect();
            table.primary_key = Some(Key { name: None, columns, sql: format!("PRIMARY KEY ({parts})") });
            continue;
        }
        let (kind, using) = match (&*index.sql, index.unique) {
            ("FULLTEXT", _) => ("FULLTEXT ", ""),
            ("SPATIAL", _) => ("SPATIAL ", ""),
            ("HASH", true) => ("UNIQUE ", " USING HASH"),
            ("HASH", false) => ("", " USING HASH"),
            (_, true) => ("UNIQUE ", ""),
            (_, false) => ("", ""),
        };
        index.sql = format!("CREATE {kind}INDEX {} ON {on} ({parts}){using}", quoted(&index.name));
        table.indexes.push(index);
    }
}

fn add_foreign_key(table: &mut Table, row: ForeignKeyRow) {
    match table.foreign_keys.last_mut() {
        Some(key) if key.name.as_ref() == Some(&row.name) => {
            key.columns.push(row.column_name);
            key.references.push(row.referenced_column);
        }
        _ => {
            let action = |sql: &str| match Action::of_sql(sql) {
                Action::Restrict => Action::NoAction,
                other => other,
            };
            table.foreign_keys.push(ForeignKey {
                name: Some(row.name),
                columns: vec![row.column_name],
                table: row.referenced,
                references: vec![row.referenced_column],
                on_delete: action(&row.on_delete),
                on_update: action(&row.on_update),
                deferrable: Deferrable::No,
            });
        }
    }
}
