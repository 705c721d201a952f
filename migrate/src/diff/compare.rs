//! Compares two schemas: enum types, views and triggers here, tables and their parts in files of their own.

use diesel_session::connection::Engine;

use super::comparison::{Comparison, Phase};
use super::difference::{Change, Difference, Object, Property};
use super::{alter, columns, parts, rebuild, same, tables};
use crate::quoting::quoted;
use crate::schema::{Schema, Table, Trigger, View};

pub(super) fn compare(expected: &Schema, found: &Schema, engine: Engine) -> Vec<Difference> {
    let mut comparison = Comparison::new(expected, found, engine);
    enums(&mut comparison);
    tables::compare(&mut comparison);
    for table in &expected.tables {
        if let Some(found) = found.table(&table.name) {
            columns::compare(&mut comparison, table, found);
            parts::compare(&mut comparison, table, found);
        }
    }
    views(&mut comparison);
    triggers(&mut comparison);
    let mut differences = comparison.in_order();
    if engine == Engine::Sqlite {
        for table in &expected.tables {
            if let Some(found) = found.table(&table.name) {
                rebuild_where_needed(&mut differences, table, found, expected);
            }
        }
    }
    differences
}

/// Mends all differences of a table by one rebuild, if indexes and triggers are not the only ones.
fn rebuild_where_needed(differences: &mut [Difference], table: &Table, found: &Table, expected: &Schema) {
    let of_table: Vec<_> =
        differences.iter_mut().filter(|difference| difference.object.table() == Some(&table.name)).collect();
    let alone = |difference: &Difference| matches!(difference.object, Object::Index { .. } | Object::Trigger { .. });
    if of_table.iter().all(|difference| alone(difference)) {
        return;
    }
    let mut sql = rebuild::rebuild(table, found, expected);
    for difference in of_table {
        difference.sql = if alone(difference) { Vec::new() } else { std::mem::take(&mut sql) };
    }
}

fn enums(comparison: &mut Comparison<'_>) {
    let (expected, found) = (comparison.expected, comparison.found);
    let object = |name: &str| Object::Enum { name: name.to_owned() };
    for own in &expected.enums {
        match found.enum_type(&own.name) {
            None => {
                comparison.push(Phase::Enums, object(&own.name), Change::Missing, vec![alter::create_enum(own)]);
            }
            Some(other) if other.labels != own.labels => {
                let (property, sql) = (Property::Labels, alter::enum_labels(own, other, found));
                let (expected, found) = (own.labels.join(", "), other.labels.join(", "));
                comparison.push(Phase::Enums, object(&own.name), Change::Differs { property, expected, found }, sql);
            }
            Some(_) => {}
        }
    }
    for other in found.enums.iter().filter(|other| expected.enum_type(&other.name).is_none()) {
        let sql = vec![format!("DROP TYPE {}", quoted(Engine::Postgres, &other.name))];
        comparison.push(Phase::DropEnums, object(&other.name), Change::Extra, sql);
    }
}

fn views(comparison: &mut Comparison<'_>) {
    let (expected, found, engine) = (comparison.expected, comparison.found, comparison.engine);
    let object = |view: &str| Object::View { view: view.to_owned() };
    let drop = |view: &View| {
        format!("DROP {}VIEW {}", if view.materialized { "MATERIALIZED " } else { "" }, quoted(engine, &view.name))
    };
    for own in &expected.views {
        match found.views.iter().find(|other| other.name == own.name) {
            None => {
                comparison.push(Phase::CreateDependent, object(&own.name), Change::Missing, vec![own.sql.clone()]);
            }
            Some(other) if same::normal(&other.sql, engine) != same::normal(&own.sql, engine) => {
                let sql = vec![drop(other), own.sql.clone()];
                let change = definition(&own.sql, &other.sql);
                comparison.push(Phase::CreateDependent, object(&own.name), change, sql);
            }
            Some(_) => {}
        }
    }
    for other in &found.views {
        if !expected.views.iter().any(|own| own.name == other.name) {
            comparison.push(Phase::DropDependent, object(&other.name), Change::Extra, vec![drop(other)]);
        }
    }
}

fn triggers(comparison: &mut Comparison<'_>) {
    let (expected, found, engine) = (comparison.expected, comparison.found, comparison.engine);
    let drop = |trigger: &Trigger| match engine {
        Engine::Postgres => {
            format!("DROP TRIGGER {} ON {}", quoted(engine, &trigger.name), quoted(engine, &trigger.table))
        }
        Engine::Sqlite | Engine::Mysql => format!("DROP TRIGGER {}", quoted(engine, &trigger.name)),
    };
    let object = |trigger: &Trigger| Object::Trigger { table: trigger.table.clone(), trigger: trigger.name.clone() };
    let same = |one: &Trigger, other: &Trigger| one.name == other.name && one.table == other.table;
    for own in &expected.triggers {
        match found.triggers.iter().find(|other| same(own, other)) {
            None => comparison.push(Phase::CreateDependent, object(own), Change::Missing, vec![own.sql.clone()]),
            Some(other) if same::normal(&other.sql, engine) != same::normal(&own.sql, engine) => {
                let sql = vec![drop(other), own.sql.clone()];
                comparison.push(Phase::CreateDependent, object(own), definition(&own.sql, &other.sql), sql);
            }
            Some(_) => {}
        }
    }
    // Those of a table that is extra go with it.
    let stays = |table: &str| expected.table(table).is_some() || expected.views.iter().any(|view| view.name == table);
    for other in &found.triggers {
        if stays(&other.table) && !expected.triggers.iter().any(|own| same(own, other)) {
            comparison.push(Phase::DropDependent, object(other), Change::Extra, vec![drop(other)]);
        }
    }
}

fn definition(expected: &str, found: &str) -> Change {
    Change::Differs { property: Property::Definition, expected: expected.to_owned(), found: found.to_owned() }
}
