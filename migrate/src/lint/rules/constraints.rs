//! Constraints that are compared with all rows while the table is locked.
//!
//! After squawk's constraint-missing-not-valid, adding-foreign-key-constraint and disallowed-unique-constraint, and
//! strong_migrations' checks of foreign keys, CHECK, unique and exclusion constraints. `ADD COLUMN … REFERENCES`
//! without a default is not among them: PostgreSQL compares no rows then.

use diesel_session::connection::Engine;

use super::{LATER, Push, WITHOUT_TRANSACTION};
use crate::lint::change::{Change, Clause};
use crate::lint::column::{Column, Constraint, Kind};
use crate::lint::script::Site;
use crate::lint::syntax::Name;

pub(super) fn check(site: &Site<'_, '_>, change: &Change<'_>, push: &mut Push<'_>) {
    let Change::AlterTable { table, clauses } = change else { return };
    if !site.is_existing(*table) {
        return;
    }
    for clause in clauses {
        match (clause, site.engine) {
            (Clause::AddConstraint(constraint), Engine::Postgres) => on_postgres(*table, constraint, push),
            (Clause::AddConstraint(constraint), Engine::Mysql) => on_mysql(site, *table, constraint, push),
            (Clause::AddColumn(column), Engine::Postgres) => {
                if let Some((suffix, constraint)) = checked(column) {
                    let name = format!("{}_{}_{suffix}", table.plain, column.name.plain);
                    push(
                        "validating-constraint",
                        format!("The constraint of {} is checked for all rows under a lock.", column.name.written),
                        format!(
                            "ALTER TABLE {table} ADD COLUMN {column} {kind}{not_null}{default};\n{constraint}",
                            table = table.written,
                            column = column.name.written,
                            kind = column.kind,
                            not_null = if column.not_null { " NOT NULL" } else { "" },
                            default = column.default.map(|value| format!(" DEFAULT {value}")).unwrap_or_default(),
                            constraint = not_valid(*table, &name, &constraint),
                        ),
                    );
                }
                if column.unique || column.primary_key {
                    unique(*table, None, &[column.name], column.primary_key, push);
                }
            }
            (Clause::ValidateConstraint(name), _) if site.in_transaction && site.added_not_valid(*name) => {
                push(
                    "validating-constraint",
                    format!(
                        "The lock that adding {} took lasts to the end of the transaction, so all rows are checked \
                         under it.",
                        name.written
                    ),
                    format!("{LATER}\nALTER TABLE {} VALIDATE CONSTRAINT {};", table.written, name.written),
                );
            }
            _ => {}
        }
    }
}

fn on_postgres(table: Name<'_>, constraint: &Constraint<'_>, push: &mut Push<'_>) {
    match &constraint.kind {
        Kind::PrimaryKey(columns) => unique(table, constraint.name, columns, true, push),
        Kind::Unique(columns) => unique(table, constraint.name, columns, false, push),
        Kind::Exclude => push(
            "unique-constraint",
            format!("Nobody can use {} while the index of the constraint is built.", table.written),
            format!(
                "-- There is no other way; while no program needs {table}:\n\
                 -- lint: allow unique-constraint because the table is small\n\
                 ALTER TABLE {table} ADD {definition};",
                table = table.written,
                definition = named(constraint),
            ),
        ),
        Kind::ForeignKey { .. } | Kind::Check { .. } if !constraint.not_valid => {
            let suffix = if matches!(constraint.kind, Kind::Check { .. }) { "check" } else { "fkey" };
            let name =
                constraint.name.map_or_else(|| default_name(table, constraint, suffix), |name| name.written.to_owned());
            push(
                "validating-constraint",
                format!("All rows of {} are checked, and until then nobody can write to it.", table.written),
                not_valid(table, &name, constraint.definition),
            );
        }
        _ => {}
    }
}

/// The constraint of a new column that is compared with rows, and the end of its name.
fn checked(column: &Column<'_>) -> Option<(&'static str, String)> {
    if let Some(condition) = column.check {
        return Some(("check", format!("CHECK {condition}")));
    }
    let reference = column.references.as_ref()?;
    let defaulted = column.default.is_some_and(|default| !default.eq_ignore_ascii_case("NULL"));
    let constraint = format!("FOREIGN KEY ({}) REFERENCES {}", column.name.written, reference.definition);
    defaulted.then_some(("fkey", constraint))
}

/// The constraint first, its comparison with the rows afterwards.
fn not_valid(table: Name<'_>, name: &str, definition: &str) -> String {
    format!(
        "ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID;\n{LATER}\n\
         ALTER TABLE {table} VALIDATE CONSTRAINT {name};",
        table = table.written,
    )
}

/// The name that PostgreSQL would give.
fn default_name(table: Name<'_>, constraint: &Constraint<'_>, suffix: &str) -> String {
    let columns: Vec<_> = match &constraint.kind {
        Kind::ForeignKey { columns, .. } => columns.iter().map(|column| column.plain).collect(),
        Kind::Check { not_null } => not_null.iter().map(|column| column.plain).collect(),
        _ => Vec::new(),
    };
    [&[table.plain], &columns[..], &[suffix]].concat().join("_")
}

fn named(constraint: &Constraint<'_>) -> String {
    let name = constraint.name.map(|name| format!("CONSTRAINT {} ", name.written)).unwrap_or_default();
    name + constraint.definition
}

fn unique(table: Name<'_>, name: Option<Name<'_>>, columns: &[Name<'_>], primary_key: bool, push: &mut Push<'_>) {
    let plain: Vec<_> = columns.iter().map(|column| column.plain).collect();
    let written: Vec<_> = columns.iter().map(|column| column.written).collect();
    let (kind, name) = match (primary_key, name) {
        (true, None) => ("PRIMARY KEY", format!("{}_pkey", table.plain)),
        (false, None) => ("UNIQUE", format!("{}_{}_key", table.plain, plain.join("_"))),
        (true, Some(name)) => ("PRIMARY KEY", name.written.to_owned()),
        (false, Some(name)) => ("UNIQUE", name.written.to_owned()),
    };
    push(
        "unique-constraint",
        format!("Nobody can use {} while the index of the constraint is built.", table.written),
        format!(
            "{WITHOUT_TRANSACTION}\n\
             CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({columns});\n{LATER}\n\
             ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name};",
            table = table.written,
            columns = written.join(", "),
        ),
    );
}

fn on_mysql(site: &Site<'_, '_>, table: Name<'_>, constraint: &Constraint<'_>, push: &mut Push<'_>) {
    let (table, definition) = (table.written, named(constraint));
    match &constraint.kind {
        Kind::ForeignKey { .. } if !site.is_off("foreign_key_checks") => push(
            "validating-constraint",
            format!("{table} is copied to check its rows, and until then nobody can write to it."),
            format!(
                "-- Once a SELECT has shown that no row lacks its parent:\n\
                 SET foreign_key_checks = 0;\n\
                 ALTER TABLE {table} ADD {definition}, ALGORITHM=INPLACE, LOCK=NONE;\n\
                 SET foreign_key_checks = 1;"
            ),
        ),
        Kind::Check { .. } => push(
            "validating-constraint",
            format!("{table} is copied to check its rows, and until then nobody can write to it."),
            format!(
                "-- There is no other way; while no program writes to {table}:\n\
                 -- lint: allow validating-constraint because the table is small\n\
                 ALTER TABLE {table} ADD {definition};"
            ),
        ),
        _ => {}
    }
}
