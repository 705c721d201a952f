//! Tables that are missing or extra, and their options.

use diesel_session::connection::Engine;

use super::comparison::{Comparison, Phase};
use super::ddl;
use super::difference::{Change, Object, Property};
use super::same;
use crate::quoting::quoted;
use crate::schema::{ForeignKey, Table};

pub(super) fn compare(comparison: &mut Comparison<'_>) {
    let (expected, found) = (comparison.expected, comparison.found);
    let missing = expected.tables.iter().filter(|table| found.table(&table.name).is_none());
    create(comparison, missing.collect());
    let extra = found.tables.iter().filter(|table| expected.table(&table.name).is_none());
    drop(comparison, extra.collect());
    for table in &expected.tables {
        if let Some(other) = found.table(&table.name) {
            options(comparison, table, other);
        }
    }
}

fn object(table: &Table) -> Object {
    Object::Table { table: table.name.clone() }
}

/// A foreign key is added with the later one of its two tables.
fn create(comparison: &mut Comparison<'_>, missing: Vec<&Table>) {
    let engine = comparison.engine;
    let is_missing = |name: &str, from: usize| missing[from..].iter().any(|table| table.name == name);
    for (at, table) in missing.iter().enumerate() {
        if engine == Engine::Sqlite {
            let indexes = table.indexes.iter().map(|index| index.sql.clone());
            let sql = table.sql.iter().cloned().chain(indexes).collect();
            comparison.push(Phase::CreateTables, object(table), Change::Missing, sql);
            continue;
        }
        let mut sql = vec![ddl::table(engine, table)];
        let counter = ddl::counter_index(table).map(|index| &index.name);
        let indexes = table.indexes.iter().filter(|index| Some(&index.name) != counter);
        sql.extend(indexes.map(|index| index.sql.clone()));
        let own = table.foreign_keys.iter().filter(|key| !is_missing(&key.table, at + 1));
        sql.extend(own.map(|key| ddl::add_foreign_key(engine, &table.name, key)));
        let refers_here = |key: &&ForeignKey| key.table == table.name;
        for earlier in &missing[..at] {
            let waiting = earlier.foreign_keys.iter().filter(refers_here);
            sql.extend(waiting.map(|key| ddl::add_foreign_key(engine, &earlier.name, key)));
        }
        comparison.push(Phase::CreateTables, object(table), Change::Missing, sql);
    }
}

/// A foreign key is dropped with the first one of its two tables.
fn drop(comparison: &mut Comparison<'_>, extra: Vec<&Table>) {
    let engine = comparison.engine;
    for (at, table) in extra.iter().enumerate() {
        let drop = format!("DROP TABLE {}", quoted(engine, &table.name));
        let sql = if engine == Engine::Sqlite {
            vec!["PRAGMA foreign_keys = OFF".to_owned(), drop, "PRAGMA foreign_keys = ON".to_owned()]
        } else {
            let refers_here = |key: &&ForeignKey| key.table == table.name;
            let later = extra[at + 1..].iter().flat_map(|other| {
                let keys = other.foreign_keys.iter().filter(refers_here);
                keys.map(|key| ddl::drop_foreign_key(engine, &other.name, key))
            });
            later.chain([drop]).collect()
        };
        comparison.push(Phase::DropTables, object(table), Change::Extra, sql);
    }
}

fn options(comparison: &mut Comparison<'_>, table: &Table, other: &Table) {
    let engine = comparison.engine;
    let text = |table: &Table| table.options.join(", ");
    if same::normal(&text(table), engine) == same::normal(&text(other), engine) {
        return;
    }
    let alter = |action: &str| vec![format!("ALTER TABLE {} {action}", quoted(engine, &table.name))];
    let has = |table: &Table, option: &str| table.options.iter().any(|own| own == option);
    let sql = match engine {
        Engine::Sqlite => Vec::new(),
        Engine::Postgres if has(table, "UNLOGGED") != has(other, "UNLOGGED") => {
            alter(if has(table, "UNLOGGED") { "SET UNLOGGED" } else { "SET LOGGED" })
        }
        Engine::Postgres => vec![format!("-- PostgreSQL cannot partition a table that exists: {}", text(table))],
        Engine::Mysql => alter(table.options.first().map_or("ENGINE=InnoDB", String::as_str)),
    };
    let (expected, found) = (text(table), text(other));
    let change = Change::Differs { property: Property::Options, expected, found };
    comparison.push(Phase::Columns, object(table), change, sql);
}
