//! PostgreSQL's schema, from `pg_catalog`: seven SELECTs. The server writes expressions and statements anew, so those
//! of equal meaning are mostly equal text, without the names of schemas that are in the search path.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};
use diesel_session::connection::AnyConnection;

use super::model::{
    Action, Check, Column, Deferrable, EnumType, ForeignKey, Generated, Index, IndexPart, Key, Schema, Table, Trigger,
    View,
};
use super::read::{SEPARATOR, is_of_migrations, load, names, sorted, table};

/// The tables themselves, without partitions and extensions' tables, as `c`.
const OWN: &str = "c.relnamespace = (SELECT current_schema()::regnamespace) AND NOT c.relispartition AND NOT EXISTS \
    (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')";

const TABLES: &str = "SELECT c.relname::text AS name, c.relpersistence = 'u' AS unlogged, \
        pg_get_partkeydef(c.oid) AS partitioned \
    FROM pg_class c WHERE c.relkind IN ('r', 'p') AND {own}";

const COLUMNS: &str = "SELECT c.relname::text AS table_name, a.attname::text AS name, \
        format_type(a.atttypid, a.atttypmod) AS sql_type, NOT a.attnotnull AS nullable, \
        pg_get_expr(d.adbin, d.adrelid) AS expression, a.attidentity::text AS identity, \
        a.attgenerated <> '' AS computed, l.collname::text AS collation, \
        EXISTS (SELECT FROM pg_depend o JOIN pg_class s ON s.oid = o.objid AND s.relkind = 'S' \
            WHERE o.classid = 'pg_class'::regclass AND o.refclassid = 'pg_class'::regclass \
                AND o.refobjid = a.attrelid AND o.refobjsubid = a.attnum AND o.deptype = 'a') AS serial \
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
        JOIN pg_type t ON t.oid = a.atttypid \
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
        LEFT JOIN pg_collation l ON l.oid = a.attcollation AND a.attcollation <> t.typcollation \
    WHERE c.relkind IN ('r', 'p') AND {own} ORDER BY c.relname, a.attnum";

const CONSTRAINTS: &str = "SELECT c.relname::text AS table_name, k.conname::text AS name, k.contype::text AS kind, \
        {columns} AS columns, CASE WHEN f.relnamespace = c.relnamespace THEN f.relname::text \
            ELSE f.relnamespace::regnamespace || '.' || f.relname END AS referenced, \
        {references} AS referenced_columns, k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update, \
        k.condeferrable AS is_deferrable, k.condeferred AS is_deferred, \
        CASE k.contype WHEN 'c' THEN pg_get_expr(k.conbin, k.conrelid) ELSE pg_get_constraintdef(k.oid, true) END \
            AS expression \
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_class f ON f.oid = k.confrelid \
    WHERE k.contype IN ('p', 'u', 'f', 'c') AND {own} ORDER BY k.conname";

/// The names of the columns in an array of numbers.
const NAMES: &str = "array_to_string(ARRAY(SELECT a.attname FROM unnest({numbers}) WITH ORDINALITY u(number, place) \
    JOIN pg_attribute a ON a.attrelid = {table} AND a.attnum = u.number ORDER BY u.place), E'\\x1f')";

/// Without those of constraints.
const INDEXES: &str = "SELECT c.relname::text AS table_name, n.relname::text AS name, i.indisunique AS is_unique, \
        i.indisvalid AS is_valid, pg_get_expr(i.indpred, i.indrelid, true) AS predicate, \
        pg_get_indexdef(i.indexrelid, 0, true) AS sql, \
        array_to_string(ARRAY(SELECT pg_get_indexdef(i.indexrelid, place, true) \
            FROM generate_series(1, i.indnkeyatts) place ORDER BY place), E'\\x1f') AS parts, \
        array_to_string(ARRAY(SELECT COALESCE(a.attname::text, '') FROM generate_series(1, i.indnkeyatts) place \
            LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[place - 1] \
                AND a.attnum <> 0 ORDER BY place), E'\\x1f') AS columns \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class n ON n.oid = i.indexrelid \
    WHERE c.relkind IN ('r', 'p', 'm') AND {own} \
        AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))";

const TRIGGERS: &str = "SELECT c.relname::text AS table_name, t.tgname::text AS name, \
        pg_get_triggerdef(t.oid, true) AS sql \
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND {own}";

const VIEWS: &str = "SELECT c.relname::text AS name, c.relkind = 'm' AS materialized, \
        format('CREATE %sVIEW %I AS%s%s', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED ' END, c.relname, E'\\n', \
            rtrim(pg_get_viewdef(c.oid, true), ';')) AS sql \
    FROM pg_class c WHERE c.relkind IN ('v', 'm') AND {own}";

const ENUMS: &str = "SELECT t.typname::text AS name, e.enumlabel::text AS label \
    FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid \
    WHERE t.typnamespace = (SELECT current_schema()::regnamespace) AND NOT EXISTS \
        (SELECT FROM pg_depend x WHERE x.classid = 'pg_type'::regclass AND x.objid = t.oid AND x.deptype = 'e') \
    ORDER BY t.typname, e.enumsortorder";

#[derive(QueryableByName)]
struct TableRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    unlogged: bool,
    #[diesel(sql_type = Nullable<Text>)]
    partitioned: Option<String>,
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql_type: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
    #[diesel(sql_type = Nullable<Text>)]
    expression: Option<String>,
    #[diesel(sql_type = Text)]
    identity: String,
    #[diesel(sql_type = Bool)]
    computed: bool,
    #[diesel(sql_type = Nullable<Text>)]
    collation: Option<String>,
    #[diesel(sql_type = Bool)]
    serial: bool,
}

#[derive(QueryableByName)]
struct ConstraintRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    columns: String,
    #[diesel(sql_type = Nullable<Text>)]
    referenced: Option<String>,
    #[diesel(sql_type = Text)]
    referenced_columns: String,
    #[diesel(sql_type = Text)]
    on_delete: String,
    #[diesel(sql_type = Text)]
    on_update: String,
    #[diesel(sql_type = Bool)]
    is_deferrable: bool,
    #[diesel(sql_type = Bool)]
    is_deferred: bool,
    #[diesel(sql_type = Nullable<Text>)]
    expression: Option<String>,
}

#[derive(QueryableByName)]
struct IndexRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_unique: bool,
    #[diesel(sql_type = Bool)]
    is_valid: bool,
    #[diesel(sql_type = Nullable<Text>)]
    predicate: Option<String>,
    #[diesel(sql_type = Text)]
    sql: String,
    #[diesel(sql_type = Text)]
    parts: String,
    #[diesel(sql_type = Text)]
    columns: String,
}

#[derive(QueryableByName)]
struct TriggerRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    sql: String,
}

#[derive(QueryableByName)]
struct ViewRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    materialized: bool,
    #[diesel(sql_type = Text)]
    sql: String,
}

#[derive(QueryableByName)]
struct LabelRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    label: String,
}

pub(super) fn read(connection: &mut AnyConnection) -> QueryResult<Schema> {
    let mut schema = Schema { tables: tables(connection)?, ..Schema::default() };
    for row in load::<ColumnRow>(connection, &own(COLUMNS))? {
        if let Some(table) = table(&mut schema.tables, &row.table_name) {
            table.columns.push(column(row));
        }
    }
    let listed = |numbers: &str, of: &str| NAMES.replace("{numbers}", numbers).replace("{table}", of);
    let constraints = own(CONSTRAINTS)
        .replace("{columns}", &listed("k.conkey", "k.conrelid"))
        .replace("{references}", &listed("k.confkey", "k.confrelid"));
    for row in load::<ConstraintRow>(connection, &constraints)? {
        if let Some(table) = table(&mut schema.tables, &row.table_name) {
            add_constraint(table, row);
        }
    }
    for row in load::<IndexRow>(connection, &own(INDEXES))? {
        if let Some(table) = table(&mut schema.tables, &row.table_name) {
            table.indexes.push(index(row));
        }
    }
    for TriggerRow { table_name, name, sql } in load(connection, &own(TRIGGERS))? {
        if !is_of_migrations(&table_name) {
            schema.triggers.push(Trigger { name, table: table_name, sql });
        }
    }
    let views = load(connection, &own(VIEWS))?.into_iter();
    schema.views = views.map(|ViewRow { name, materialized, sql }| View { name, materialized, sql }).collect();
    for LabelRow { name, label } in load(connection, ENUMS)? {
        match schema.enums.last_mut() {
            Some(last) if last.name == name => last.labels.push(label),
            _ => schema.enums.push(EnumType { name, labels: vec![label] }),
        }
    }
    Ok(sorted(schema))
}

fn own(sql: &str) -> String {
    sql.replace("{own}", OWN)
}

fn tables(connection: &mut AnyConnection) -> QueryResult<Vec<Table>> {
    let rows = load::<TableRow>(connection, &own(TABLES))?.into_iter();
    let tables = rows.filter(|row| !is_of_migrations(&row.name)).map(|row| {
        let unlogged = row.unlogged.then(|| "UNLOGGED".to_owned());
        let partitioned = row.partitioned.map(|key| format!("PARTITION BY {key}"));
        Table { name: row.name, options: unlogged.into_iter().chain(partitioned).collect(), ..Table::default() }
    });
    Ok(tables.collect())
}

fn column(row: ColumnRow) -> Column {
    let ColumnRow { name, sql_type, nullable, expression, collation, .. } = row;
    let is_sequence = expression.as_deref().is_some_and(|expression| expression.starts_with("nextval("));
    let (default, generated) = match (&*row.identity, expression) {
        ("a", _) => (None, Some(Generated::IdentityAlways)),
        ("d", _) => (None, Some(Generated::IdentityByDefault)),
        (_, Some(expression)) if row.computed => (None, Some(Generated::Stored(expression))),
        (_, Some(_)) if row.serial && is_sequence => (None, Some(Generated::Serial)),
        (_, default) => (default, None),
    };
    Column { name, sql_type, nullable, default, generated, on_update: None, collation }
}

fn add_constraint(table: &mut Table, row: ConstraintRow) {
    let (name, columns, sql) = (Some(row.name), names(&row.columns), row.expression.unwrap_or_default());
    match &*row.kind {
        "p" => table.primary_key = Some(Key { name, columns, sql }),
        "u" => table.uniques.push(Key { name, columns, sql }),
        "c" => table.checks.push(Check { name, expression: sql, column: None }),
        _ => table.foreign_keys.push(ForeignKey {
            name,
            columns,
            table: row.referenced.unwrap_or_default(),
            references: names(&row.referenced_columns),
            on_delete: action(&row.on_delete),
            on_update: action(&row.on_update),
            deferrable: match (row.is_deferrable, row.is_deferred) {
                (false, _) => Deferrable::No,
                (true, false) => Deferrable::Immediate,
                (true, true) => Deferrable::Deferred,
            },
        }),
    }
}

fn action(letter: &str) -> Action {
    match letter {
        "r" => Action::Restrict,
        "c" => Action::Cascade,
        "n" => Action::SetNull,
        "d" => Action::SetDefault,
        _ => Action::NoAction,
    }
}

fn index(row: IndexRow) -> Index {
    // An expression has no column, and an index at least one part.
    let columns = row.columns.split(SEPARATOR).map(|column| Some(column.to_owned()).filter(|name| !name.is_empty()));
    let parts = names(&row.parts).into_iter().zip(columns).map(|(sql, column)| IndexPart { column, sql }).collect();
    let IndexRow { name, is_unique: unique, is_valid: valid, predicate, sql, .. } = row;
    Index { name, parts, unique, predicate, valid, sql }
}
