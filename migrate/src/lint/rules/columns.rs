//! Columns that must have a value.
//!
//! After squawk's adding-required-field and adding-not-nullable-field, and strong_migrations' "setting NOT NULL on an
//! existing column".

use diesel_session::connection::Engine;

use super::{LATER, Push};
use crate::lint::change::{Change, Clause};
use crate::lint::column::Column;
use crate::lint::script::Site;

pub(super) fn check(site: &Site<'_, '_>, change: &Change<'_>, push: &mut Push<'_>) {
    let Change::AlterTable { table, clauses } = change else { return };
    if !site.is_existing(*table) {
        return;
    }
    for clause in clauses {
        match clause {
            Clause::AddColumn(column) if column.is_required() => required(site, table.written, column, push),
            Clause::SetNotNull(column) if !site.tables.is_never_null(*table, *column) => {
                let (constraint, table) = (format!("{}_{}_not_null", table.plain, column.plain), table.written);
                let column = column.written;
                push(
                    "set-not-null",
                    format!("All rows of {table} are read to check them, and until then nobody can use the table."),
                    not_null(table, column, &constraint),
                );
            }
            _ => {}
        }
    }
}

fn required(site: &Site<'_, '_>, table: &str, column: &Column<'_>, push: &mut Push<'_>) {
    let (name, kind) = (column.name.written, column.kind);
    let problem = match site.engine {
        Engine::Sqlite => format!("SQLite refuses {table}.{name}, which has no default."),
        Engine::Postgres => format!(
            "It fails if {table} has rows, and a program that still runs cannot insert any without a value for {name}."
        ),
        Engine::Mysql => format!(
            "The rows of {table} get a zero or an empty text as {name}, and a program that still runs cannot insert \
             any without a value for it."
        ),
    };
    let advice = match zero(kind, site.engine) {
        Some(zero) => format!(
            "-- With the value for the rows that are there:\n\
             ALTER TABLE {table} ADD COLUMN {name} {kind} NOT NULL DEFAULT {zero};"
        ),
        None => {
            format!("-- Without NOT NULL, until every row has a value:\nALTER TABLE {table} ADD COLUMN {name} {kind};")
        }
    };
    push("required-column", problem, advice);
}

/// A constant of a type that has an obvious one, and may have it as a default.
fn zero(kind: &str, engine: Engine) -> Option<&'static str> {
    let kind = kind.to_lowercase();
    let name = kind.split(['(', ' ']).next().unwrap_or_default();
    match name {
        "bool" | "boolean" => Some("FALSE"),
        "int" | "integer" | "int2" | "int4" | "int8" | "smallint" | "bigint" | "tinyint" | "mediumint" | "numeric"
        | "decimal" | "real" | "float" | "double" => Some("0"),
        "varchar" | "char" | "character" => Some("''"),
        "text" if engine != Engine::Mysql => Some("''"),
        _ => None,
    }
}

fn not_null(table: &str, column: &str, constraint: &str) -> String {
    format!(
        "ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({column} IS NOT NULL) NOT VALID;\n\
         {LATER}\n\
         ALTER TABLE {table} VALIDATE CONSTRAINT {constraint};\n\
         ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\n\
         ALTER TABLE {table} DROP CONSTRAINT {constraint};"
    )
}
