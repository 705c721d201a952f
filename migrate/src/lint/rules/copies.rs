//! Changes that copy the whole table while nobody can write to it.
//!
//! After squawk's changing-column-type, adding-field-with-default and adding-serial-primary-key-field, and
//! strong_migrations' checks of types, volatile and expression defaults, generated and numbered columns, and COPY. A
//! test compares what is found with what the servers copy.

use diesel_session::connection::Engine;

use super::types::copies;
use super::{LATER, Push, replaced_column};
use crate::lint::change::{Change, Clause};
use crate::lint::column::{Column, Kind};
use crate::lint::script::Site;
use crate::lint::syntax::Name;

/// Functions of PostgreSQL's and of its usual extensions that give each row a value of its own.
const VOLATILE: [&str; 12] = [
    "random",
    "gen_random_uuid",
    "uuidv4",
    "uuidv7",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
    "gen_random_bytes",
    "clock_timestamp",
    "timeofday",
    "nextval",
    "setseed",
];

pub(super) fn check(site: &Site<'_, '_>, change: &Change<'_>, push: &mut Push<'_>) {
    let Change::AlterTable { table, clauses } = change else { return };
    let online = |clause: &Clause<'_>| is_option(clause, "ALGORITHM", &["INPLACE", "INSTANT", "NOCOPY"]);
    if !site.is_existing(*table) || clauses.iter().any(online) {
        return;
    }
    let new_key = clauses.iter().any(|clause| match clause {
        Clause::AddConstraint(constraint) => matches!(constraint.kind, Kind::PrimaryKey(_)),
        _ => false,
    });
    for clause in clauses {
        match (clause, site.engine) {
            (Clause::SetType { column, kind, computes }, _)
                if *computes || copies(site.engine, site.tables.kind(*table, *column), kind) =>
            {
                retyped(*table, *column, kind, site.engine, push);
            }
            (Clause::Modify { from, column }, Engine::Mysql)
                if copies(site.engine, site.tables.kind(*table, *from), column.kind) =>
            {
                retyped(*table, *from, column.kind, site.engine, push);
            }
            (Clause::AddColumn(column), engine) => {
                if let Some(why) = copied_for(column, engine) {
                    rewritten(site, *table, why, &added(*table, column), push);
                }
            }
            (Clause::DropPrimaryKey, Engine::Mysql) if !new_key => {
                let advice = format!(
                    "-- Together with the new key:\nALTER TABLE {} DROP PRIMARY KEY, ADD PRIMARY KEY (…);",
                    table.written
                );
                rewritten(site, *table, "its primary key is dropped", &advice, push);
            }
            (Clause::Other(text), engine) => {
                if let Some(why) = copied_by(clause, text, engine) {
                    rewritten(site, *table, why, &while_unused(site, *table), push);
                }
            }
            _ => {}
        }
    }
}

fn retyped(table: Name<'_>, column: Name<'_>, kind: &str, engine: Engine, push: &mut Push<'_>) {
    let new = format!("{}_new", column.plain);
    let (table, column) = (table.written, column.written);
    let whom = if engine == Engine::Postgres { "use" } else { "write to" };
    push(
        "change-type",
        format!("{table} is copied to change the type of {column}, and until then nobody can {whom} it."),
        replaced_column(table, column, &new, kind),
    );
}

fn rewritten(site: &Site<'_, '_>, table: Name<'_>, why: &str, advice: &str, push: &mut Push<'_>) {
    let whom = if site.engine == Engine::Postgres { "use" } else { "write to" };
    push(
        "rewrite-table",
        format!("{table} is copied because {why}, and until then nobody can {whom} it.", table = table.written),
        advice.to_owned(),
    );
}

/// Why a new column makes the engine copy the table.
fn copied_for(column: &Column<'_>, engine: Engine) -> Option<&'static str> {
    match engine {
        _ if column.numbered => Some("each row gets a number"),
        _ if column.stored => Some("each row gets a computed value"),
        Engine::Postgres if column.default_words.iter().any(|word| VOLATILE.contains(&word.as_str())) => {
            Some("each row gets a default of its own")
        }
        Engine::Mysql if has_expression(column) => Some("its default is an expression"),
        _ => None,
    }
}

/// Whether MySQL computes the default for each row; the time is computed once.
fn has_expression(column: &Column<'_>) -> bool {
    let is_time =
        column.default_words.first().is_some_and(|word| ["current_timestamp", "now"].contains(&word.as_str()));
    column.default.is_some_and(|default| default.contains('(') && !default.starts_with('\'')) && !is_time
}

/// Why another clause makes the engine copy the table.
fn copied_by(clause: &Clause<'_>, text: &str, engine: Engine) -> Option<&'static str> {
    let text = text.to_uppercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let starts = |start| text.starts_with(start);
    match engine {
        Engine::Postgres if starts("SET LOGGED") || starts("SET UNLOGGED") => Some("its logging changes"),
        Engine::Postgres if starts("SET TABLESPACE") => Some("it moves to another tablespace"),
        Engine::Postgres if starts("SET ACCESS METHOD") => Some("its access method changes"),
        Engine::Mysql if starts("CONVERT TO") => Some("its texts are converted"),
        Engine::Mysql if is_option(clause, "ALGORITHM", &["COPY"]) => Some("the statement asks for it"),
        Engine::Mysql if is_option(clause, "LOCK", &["SHARED", "EXCLUSIVE"]) => Some("the statement asks for a lock"),
        _ => None,
    }
}

/// Whether a clause is an option with one of these values: `LOCK=NONE`.
fn is_option(clause: &Clause<'_>, option: &str, values: &[&str]) -> bool {
    let Clause::Other(text) = clause else { return false };
    let text = text.to_uppercase();
    let value = text.strip_prefix(option).map(|value| value.trim_matches([' ', '=']).to_owned());
    value.is_some_and(|value| values.contains(&value.as_str()))
}

/// The column first, its values afterwards.
fn added(table: Name<'_>, column: &Column<'_>) -> String {
    let (table, name) = (table.written, column.name.written);
    match column.default {
        Some(default) => format!(
            "ALTER TABLE {table} ADD COLUMN {name} {kind};\n\
             ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {default};\n\
             -- Some rows at a time:\n\
             {LATER}\n\
             UPDATE {table} SET {name} = {default} WHERE {name} IS NULL;",
            kind = column.kind,
        ),
        None => format!(
            "-- There is no other way; while no program uses {table}:\n\
             -- lint: allow rewrite-table because the table is small\n\
             ALTER TABLE {table} ADD COLUMN {name} {definition};",
            definition = column.definition,
        ),
    }
}

fn while_unused(site: &Site<'_, '_>, table: Name<'_>) -> String {
    format!(
        "-- While no program uses {}:\n-- lint: allow rewrite-table because the table is small\n{};",
        table.written, site.sql
    )
}
