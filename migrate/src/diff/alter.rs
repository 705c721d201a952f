//! The statements that give a column of PostgreSQL or MySQL the form that it should have.

use diesel_session::connection::Engine;

use super::ddl;
use super::difference::Property;
use crate::quoting::{literal, quoted};
use crate::schema::{Column, EnumType, Generated, Schema, Table};

/// Changes a property of a column, and on MySQL all others with it.
pub(super) fn column(
    engine: Engine,
    table: &Table,
    expected: &Column,
    found: &Column,
    property: Property,
) -> Vec<String> {
    let is_computed = |column: &Column| column.generated.as_ref().is_some_and(|own| own.expression().is_some());
    let alter = |action: &str| format!("ALTER TABLE {} {action}", quoted(engine, &table.name));
    if is_computed(expected) || (is_computed(found) && engine == Engine::Mysql) {
        let drop = alter(&format!("DROP COLUMN {}", quoted(engine, &found.name)));
        return vec![drop, alter(&format!("ADD COLUMN {}", ddl::column(engine, table, expected)))];
    }
    if engine == Engine::Mysql {
        return vec![alter(&format!("MODIFY COLUMN {}", ddl::column(engine, table, expected)))];
    }
    let name = quoted(engine, &expected.name);
    let alter = |action: &str| alter(&format!("ALTER COLUMN {name} {action}"));
    let default = expected.default.as_ref().map(|default| alter(&format!("SET DEFAULT {default}")));
    match property {
        Property::Type | Property::Collation => {
            let collation = match (&expected.collation, &found.collation) {
                (Some(collation), _) => format!(" COLLATE {}", quoted(engine, collation)),
                (None, Some(_)) => " COLLATE \"default\"".to_owned(),
                (None, None) => String::new(),
            };
            let sql_type = &expected.sql_type;
            // The old default need not be one of the new type.
            let without_default = found.default.as_ref().map(|_| alter("DROP DEFAULT"));
            let retype = alter(&format!("TYPE {sql_type}{collation} USING {name}::text::{sql_type}"));
            without_default.into_iter().chain([retype]).chain(default).collect()
        }
        Property::Nullability if expected.nullable => vec![alter("DROP NOT NULL")],
        Property::Nullability => vec![alter("SET NOT NULL")],
        Property::Generated => postgres_source(table, expected, found).into_iter().chain(default).collect(),
        _ => vec![default.unwrap_or_else(|| alter("DROP DEFAULT"))],
    }
}

/// Makes the values of an ordinary column come from where they should.
fn postgres_source(table: &Table, expected: &Column, found: &Column) -> Vec<String> {
    let engine = Engine::Postgres;
    let (of, name) = (quoted(engine, &table.name), quoted(engine, &expected.name));
    let alter = |action: &str| format!("ALTER TABLE {of} ALTER COLUMN {name} {action}");
    let mut statements = Vec::new();
    let identity = |column: &Column| match column.generated {
        Some(Generated::IdentityAlways) => Some("ALWAYS"),
        Some(Generated::IdentityByDefault) => Some("BY DEFAULT"),
        _ => None,
    };
    match (identity(expected), identity(found)) {
        (Some(kind), Some(_)) => return vec![alter(&format!("SET GENERATED {kind}"))],
        (None, Some(_)) => statements.push(alter("DROP IDENTITY")),
        (_, None) => {
            let is_computed = found.generated.as_ref().is_some_and(|own| own.expression().is_some());
            if is_computed {
                statements.push(alter("DROP EXPRESSION"));
            } else if found.default.is_some() || found.generated == Some(Generated::Serial) {
                statements.push(alter("DROP DEFAULT"));
            }
        }
    }
    let sequence = match (identity(expected), &expected.generated) {
        (Some(kind), _) => {
            if found.nullable {
                statements.push(alter("SET NOT NULL"));
            }
            statements.push(alter(&format!("ADD GENERATED {kind} AS IDENTITY")));
            format!("pg_get_serial_sequence({}, {})", literal(engine, &of), literal(engine, &expected.name))
        }
        (None, Some(Generated::Serial)) => {
            let sequence = quoted(engine, &format!("{}_{}_seq", table.name, expected.name));
            let sql_type = &expected.sql_type;
            statements.push(format!("CREATE SEQUENCE IF NOT EXISTS {sequence} AS {sql_type} OWNED BY {of}.{name}"));
            let sequence = format!("{}::regclass", literal(engine, &sequence));
            statements.push(alter(&format!("SET DEFAULT nextval({sequence})")));
            sequence
        }
        _ => return statements,
    };
    // The keys that the rows have are not given out again.
    statements.push(format!("SELECT setval({sequence}, COALESCE(MAX({name}), 0) + 1, false) FROM {of}"));
    statements
}

/// Creates an enum type.
pub(super) fn create_enum(expected: &EnumType) -> String {
    let labels: Vec<_> = expected.labels.iter().map(|label| literal(Engine::Postgres, label)).collect();
    format!("CREATE TYPE {} AS ENUM ({})", quoted(Engine::Postgres, &expected.name), labels.join(", "))
}

/// Gives an enum type its labels: adds them, or, where some are extra or in another order, makes the type anew for the
/// columns that have it.
pub(super) fn enum_labels(expected: &EnumType, found: &EnumType, schema: &Schema) -> Vec<String> {
    let engine = Engine::Postgres;
    let name = quoted(engine, &expected.name);
    let known: Vec<_> = expected.labels.iter().filter(|label| found.labels.contains(label)).collect();
    if known.iter().copied().eq(&found.labels) {
        let missing = expected.labels.iter().enumerate().filter(|(_, label)| !found.labels.contains(label));
        let add = missing.map(|(at, label)| {
            // Those before it are there by then.
            let place = match at.checked_sub(1) {
                Some(before) => format!(" AFTER {}", literal(engine, &expected.labels[before])),
                None => {
                    found.labels.first().map(|first| format!(" BEFORE {}", literal(engine, first))).unwrap_or_default()
                }
            };
            format!("ALTER TYPE {name} ADD VALUE {}{place}", literal(engine, label))
        });
        return add.collect();
    }
    let old = quoted(engine, &format!("{}_old", expected.name));
    let mut statements = vec![format!("ALTER TYPE {name} RENAME TO {old}"), create_enum(expected)];
    let (plain, quoted_name) = (expected.name.clone(), name.clone());
    for table in &schema.tables {
        for column in &table.columns {
            let element = column.sql_type.strip_suffix("[]").unwrap_or(&column.sql_type);
            if element != plain && element != quoted_name {
                continue;
            }
            let (of, own) = (quoted(engine, &table.name), quoted(engine, &column.name));
            let array = if column.sql_type.ends_with("[]") { "[]" } else { "" };
            let alter = |action: &str| format!("ALTER TABLE {of} ALTER COLUMN {own} {action}");
            statements.extend(column.default.as_ref().map(|_| alter("DROP DEFAULT")));
            statements.push(alter(&format!("TYPE {name}{array} USING {own}::text{array}::{name}{array}")));
            statements.extend(column.default.as_ref().map(|default| alter(&format!("SET DEFAULT {default}"))));
        }
    }
    statements.push(format!("DROP TYPE {old}"));
    statements
}
