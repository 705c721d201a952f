//! What a table has any number of, compared without names: UNIQUE constraints, indexes, foreign keys, checks.

use diesel_session::connection::Engine;

use super::comparison::{Comparison, Phase};
use super::difference::{Change, Object};
use super::{ddl, same};
use crate::quoting::quoted;
use crate::schema::{Check, ForeignKey, Index, Key, Table};

pub(super) fn compare(comparison: &mut Comparison<'_>, table: &Table, other: &Table) {
    let engine = comparison.engine;
    let name = table.name.clone();
    let alter = |action: String| vec![format!("ALTER TABLE {} {action}", quoted(engine, &name))];

    let keys = unmatched(&table.uniques, &other.uniques, |key: &Key| same::normal(&key.sql, engine));
    let object = |key: &Key| Object::Unique { table: name.clone(), columns: key.columns.clone() };
    for key in keys.missing {
        let sql = alter(format!("ADD {}", ddl::constraint(engine, key)));
        comparison.push(Phase::AddParts, object(key), Change::Missing, sql);
    }
    for key in keys.extra {
        let sql = vec![ddl::drop_part(engine, &name, "CONSTRAINT", key.name.as_deref())];
        comparison.push(Phase::DropDependent, object(key), Change::Extra, sql);
    }

    indexes(comparison, table, other);

    let signature = |key: &ForeignKey| ForeignKey { name: None, ..key.clone() };
    let keys = unmatched(&table.foreign_keys, &other.foreign_keys, signature);
    let object = |key: &ForeignKey| Object::ForeignKey {
        table: name.clone(),
        columns: key.columns.clone(),
        referenced: key.table.clone(),
        references: key.references.clone(),
    };
    for key in keys.missing {
        let sql = vec![ddl::add_foreign_key(engine, &name, key)];
        comparison.push(Phase::ForeignKeys, object(key), Change::Missing, sql);
    }
    for key in keys.extra {
        let sql = vec![ddl::drop_foreign_key(engine, &name, key)];
        comparison.push(Phase::DropDependent, object(key), Change::Extra, sql);
    }

    checks(comparison, table, other);
}

fn indexes(comparison: &mut Comparison<'_>, table: &Table, other: &Table) {
    let engine = comparison.engine;
    let name = &table.name;
    let signature = |index: &Index| (index.unique, index.valid, same::index(&index.sql, engine));
    let indexes = unmatched(&table.indexes, &other.indexes, signature);
    let object = |index: &Index| Object::Index {
        table: name.clone(),
        index: index.name.clone(),
        parts: index.parts.iter().map(|part| part.sql.clone()).collect(),
    };
    let mut replaced = Vec::new();
    for index in indexes.extra {
        let successor = indexes.missing.iter().find(|own| own.name == index.name);
        let (phase, sql) = match (engine, successor) {
            // A foreign key may need it, and then keeps the one that replaces it in the same statement.
            (Engine::Mysql, Some(own)) => {
                replaced.push(&own.name);
                let added =
                    own.sql.replacen("CREATE ", "ADD ", 1).replacen(&format!(" ON {}", quoted(engine, name)), "", 1);
                let drop = ddl::drop_part(engine, name, "INDEX", Some(&index.name));
                (Phase::AddParts, format!("{drop}, {added}"))
            }
            (Engine::Mysql, None) => (Phase::DropIndexes, ddl::drop_part(engine, name, "INDEX", Some(&index.name))),
            (Engine::Sqlite | Engine::Postgres, _) => {
                (Phase::DropDependent, format!("DROP INDEX {}", quoted(engine, &index.name)))
            }
        };
        comparison.push(phase, object(index), Change::Extra, vec![sql]);
    }
    for index in indexes.missing {
        let sql = if replaced.contains(&&index.name) { Vec::new() } else { vec![index.sql.clone()] };
        comparison.push(Phase::AddParts, object(index), Change::Missing, sql);
    }
}

fn checks(comparison: &mut Comparison<'_>, table: &Table, other: &Table) {
    let engine = comparison.engine;
    let checks = unmatched(&table.checks, &other.checks, |check: &Check| same::normal(&check.expression, engine));
    let object = |check: &Check| Object::Check { table: table.name.clone(), expression: check.expression.clone() };
    let alter = |action: String| vec![format!("ALTER TABLE {} {action}", quoted(engine, &table.name))];
    for check in checks.missing {
        let action = match check.column.as_ref().and_then(|column| table.column(column)) {
            Some(column) => format!("MODIFY COLUMN {}", ddl::column(engine, table, column)),
            None => format!("ADD {}", ddl::check(engine, check)),
        };
        comparison.push(Phase::AddParts, object(check), Change::Missing, alter(action));
    }
    for check in checks.extra {
        let sql = match check.column.as_ref().map(|column| table.column(column)) {
            Some(Some(column)) => alter(format!("MODIFY COLUMN {}", ddl::column(engine, table, column))),
            // It goes with its column.
            Some(None) => Vec::new(),
            None => vec![ddl::drop_part(engine, &table.name, "CONSTRAINT", check.name.as_deref())],
        };
        comparison.push(Phase::DropDependent, object(check), Change::Extra, sql);
    }
}

struct Unmatched<'s, T> {
    missing: Vec<&'s T>,
    extra: Vec<&'s T>,
}

/// What only one of the two lists has, as its signature tells.
fn unmatched<'s, T, S: PartialEq>(expected: &'s [T], found: &'s [T], signature: impl Fn(&T) -> S) -> Unmatched<'s, T> {
    let mut extra: Vec<&T> = found.iter().collect();
    let mut missing = Vec::new();
    for own in expected {
        let sought = signature(own);
        match extra.iter().position(|other| signature(other) == sought) {
            Some(at) => drop(extra.remove(at)),
            None => missing.push(own),
        }
    }
    Unmatched { missing, extra }
}
