//! The two scripts of a draft, with remarks on what a person has to decide.

use diesel_session::connection::Engine;

use super::names::{mentions, named};
use super::sqlite;
use super::types::DieselType;
use super::wanted::{Fill, Remark, Wanted};
use crate::diff::ddl::{add_foreign_key, drop_foreign_key};
use crate::diff::{Change, Difference, Object};
use crate::quoting::quoted;
use crate::schema::{Column, ForeignKey, Schema, Table};

/// The statements of a script, each with the comments above it.
#[derive(Default)]
pub(super) struct Script {
    pub(super) lines: String,
    statements: Vec<String>,
}

impl Script {
    /// Whether it changes nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Whether it must run without a transaction: SQLite switches foreign keys off for a rebuild outside of one only.
    pub(super) fn without_transaction(&self) -> bool {
        self.statements.iter().any(|statement| statement.starts_with("PRAGMA"))
    }

    fn comment(&mut self, text: &str) {
        self.lines += &format!("-- {text}\n");
    }

    /// Adds a statement, but not the same one again: one statement of MySQL's changes all properties of a column.
    fn statement(&mut self, sql: &str) {
        let again = sql.contains(" MODIFY COLUMN ") && self.statements.iter().any(|own| own == sql);
        if !again {
            self.lines += &format!("{};\n", sql.trim_end().trim_end_matches(';'));
            self.statements.push(sql.to_owned());
        }
    }
}

/// The script that makes the wanted schema of the current one.
pub(super) fn up(engine: Engine, current: &Schema, wanted: &Wanted) -> Script {
    script(engine, current, &wanted.schema, current, &wanted.fills, &wanted.remarks)
}

/// The script that makes the current schema again.
pub(super) fn down(engine: Engine, current: &Schema, wanted: &Wanted) -> Script {
    let fills = fills(engine, &wanted.schema, current);
    script(engine, &wanted.schema, current, current, &fills, &[])
}

/// The columns that become NOT NULL in tables that may have rows.
fn fills(engine: Engine, from: &Schema, to: &Schema) -> Vec<Fill> {
    let mut fills = Vec::new();
    for table in &to.tables {
        let Some(before) = from.table(&table.name) else { continue };
        for column in table.columns.iter().filter(|column| !column.nullable && column.generated.is_none()) {
            let needs = before.column(&column.name).map_or(column.default.is_none(), |before| before.nullable);
            if needs {
                let value = DieselType::of_column(engine, to, column).and_then(|own| own.filler(engine));
                let value = value.filter(|_| !is_keyed(table, &column.name));
                fills.push(Fill { table: table.name.clone(), column: column.name.clone(), value });
            }
        }
    }
    fills
}

/// Whether one value for all rows would violate a key.
fn is_keyed(table: &Table, column: &str) -> bool {
    let in_set = table.unique_sets().iter().any(|set| set.contains(&column));
    let refers = table.foreign_keys.iter().any(|key| key.columns.iter().any(|own| own == column));
    let in_key = table.primary_key.iter().any(|key| key.columns.iter().any(|own| own == column));
    in_set || refers || in_key
}

fn script(engine: Engine, from: &Schema, to: &Schema, base: &Schema, fills: &[Fill], remarks: &[Remark]) -> Script {
    let mut script = Script::default();
    if fills.is_empty() {
        add(&mut script, engine, from, to, remarks);
        return script;
    }
    // The columns may be NULL until the rows have values.
    let mut staged = to.clone();
    for fill in fills {
        let table = staged.tables.iter_mut().find(|table| table.name == fill.table);
        let column = table.and_then(|table| table.columns.iter_mut().find(|column| column.name == fill.column));
        if let Some(column) = column {
            column.nullable = true;
        }
    }
    if engine == Engine::Sqlite {
        sqlite::write_statements(base, &mut staged);
    }
    add(&mut script, engine, from, &staged, remarks);
    for Fill { table, column, value } in fills {
        let (of, name) = (quoted(engine, table), quoted(engine, column));
        match value {
            Some(value) => {
                let value = value.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(value);
                script.comment(&format!("{table}.{column} becomes NOT NULL: write the value that is right."));
                script.statement(&format!("UPDATE {of} SET {name} = {value} WHERE {name} IS NULL"));
            }
            None => {
                script
                    .comment(&format!("{table}.{column} becomes NOT NULL: if there are rows, give them values first."));
                script.comment(&format!("UPDATE {of} SET {name} = … WHERE {name} IS NULL;"));
            }
        }
    }
    add(&mut script, engine, &staged, to, &[]);
    script
}

/// Adds the statements that make one schema of another.
fn add(script: &mut Script, engine: Engine, from: &Schema, to: &Schema, remarks: &[Remark]) {
    let mut differences = to.differences(from, engine);
    if engine == Engine::Sqlite {
        without_rebuilds(&mut differences, from, to);
        in_order_of_references(&mut differences, from);
    }
    let released = released(engine, &differences, from, to);
    for (table, key) in &released {
        script.statement(&drop_foreign_key(engine, table, key));
    }
    let mut told: Vec<&str> = Vec::new();
    for difference in &differences {
        // One rebuild of SQLite's makes all changes of a table: what is to be known of them stands before it.
        match difference.object.table().filter(|_| engine == Engine::Sqlite) {
            Some(table) if told.contains(&table) => {}
            Some(table) => {
                told.push(table);
                if !script.lines.is_empty() {
                    script.lines.push('\n');
                }
                let own = differences.iter().filter(|other| other.object.table() == Some(table));
                own.for_each(|difference| tell(script, difference, remarks));
            }
            None => {
                if difference.change == Change::Missing && is_table(&difference.object) && !script.lines.is_empty() {
                    script.lines.push('\n');
                }
                tell(script, difference, remarks);
            }
        }
        difference.sql.iter().for_each(|statement| script.statement(statement));
    }
    for (table, key) in &released {
        script.statement(&add_foreign_key(engine, table, key));
    }
}

fn is_table(object: &Object) -> bool {
    matches!(object, Object::Table { .. })
}

/// Writes down what is lost by a difference, and what a person has to know of it.
fn tell(script: &mut Script, difference: &Difference, remarks: &[Remark]) {
    match (&difference.object, &difference.change) {
        (Object::Table { table }, Change::Extra) => script.comment(&format!("Loses the rows of {table}.")),
        (Object::Column { table, column }, Change::Extra) => {
            script.comment(&format!("Loses the values of {table}.{column}."));
        }
        _ => {}
    }
    for remark in remarks.iter().filter(|remark| is_about(remark, &difference.object)) {
        script.comment(&format!("{}: {}.", named(&remark.table, &remark.columns), remark.text));
    }
}

/// The foreign keys that MySQL wants gone while a column changes that refers or is referred to.
fn released<'s>(
    engine: Engine,
    differences: &[Difference],
    from: &'s Schema,
    to: &'s Schema,
) -> Vec<(&'s str, &'s ForeignKey)> {
    let changed: Vec<(&str, &str)> = differences
        .iter()
        .filter_map(|difference| match (&difference.object, &difference.change) {
            (Object::Column { table, column }, Change::Differs { .. }) => Some((table.as_str(), column.as_str())),
            _ => None,
        })
        .collect();
    if engine != Engine::Mysql || changed.is_empty() {
        return Vec::new();
    }
    let touches = |table: &str, columns: &[String]| {
        changed.iter().any(|(of, column)| *of == table && columns.iter().any(|own| own == column))
    };
    let keys = to.tables.iter().flat_map(|table| table.foreign_keys.iter().map(|key| (table.name.as_str(), key)));
    let stays = |(table, key): &(&str, &ForeignKey)| {
        from.table(table).is_some_and(|before| before.foreign_keys.contains(key))
            && (touches(table, &key.columns) || touches(&key.table, &key.references))
    };
    keys.filter(stays).collect()
}

/// Whether a remark belongs above the statements about this.
fn is_about(remark: &Remark, object: &Object) -> bool {
    match object {
        Object::Table { table } => *table == remark.table,
        Object::Column { table, column } => *table == remark.table && remark.columns[..] == [column.clone()],
        Object::ForeignKey { table, columns, .. } => *table == remark.table && *columns == remark.columns,
        _ => false,
    }
}

/// Adds and drops columns of SQLite's by ALTER TABLE where nothing else changes in their table.
fn without_rebuilds(differences: &mut [Difference], from: &Schema, to: &Schema) {
    for table in &to.tables {
        let Some(before) = from.table(&table.name) else { continue };
        let own: Vec<usize> =
            (0..differences.len()).filter(|at| differences[*at].object.table() == Some(&table.name)).collect();
        let simple = |at: &usize| is_simple(&differences[*at], before, table, from);
        if !own.iter().all(simple) {
            continue;
        }
        for at in own {
            let difference = &mut differences[at];
            let alter = |action: &str| vec![format!("ALTER TABLE {} {action}", quoted(Engine::Sqlite, &table.name))];
            difference.sql = match (&difference.object, &difference.change) {
                (Object::Column { column, .. }, Change::Missing) => {
                    let column = table.column(column).map(|column| sqlite::added_column(column, table));
                    alter(&format!("ADD COLUMN {}", column.unwrap_or_default()))
                }
                (Object::Column { column, .. }, _) => alter(&format!("DROP COLUMN {}", quoted(Engine::Sqlite, column))),
                (Object::Index { index, .. }, Change::Missing) => {
                    table.indexes.iter().filter(|own| own.name == *index).map(|own| own.sql.clone()).collect()
                }
                (Object::Index { index, .. }, _) => vec![format!("DROP INDEX {}", quoted(Engine::Sqlite, index))],
                // It comes and goes with its column.
                _ => Vec::new(),
            };
        }
    }
}

fn is_simple(difference: &Difference, before: &Table, after: &Table, from: &Schema) -> bool {
    let is_new = |name: &str| before.column(name).is_none();
    let is_gone = |name: &str| after.column(name).is_none();
    let about = |sql: &str, of: &Table, is_it: &dyn Fn(&str) -> bool| {
        of.columns.iter().any(|column| {
            is_it(&column.name) && mentions(Engine::Sqlite, sql, |name| name.eq_ignore_ascii_case(&column.name))
        })
    };
    match (&difference.object, &difference.change) {
        (Object::Index { .. }, _) => true,
        (Object::Column { column, .. }, Change::Missing) => after.column(column).is_some_and(can_be_added),
        (Object::Column { column, .. }, Change::Extra) => {
            let named = |sql: &str| mentions(Engine::Sqlite, sql, |name| name.eq_ignore_ascii_case(column));
            let used = from.triggers.iter().any(|trigger| named(&trigger.sql))
                || from.views.iter().any(|view| named(&view.sql));
            !used && sqlite::is_droppable(before, column)
        }
        (Object::ForeignKey { columns, .. }, Change::Missing) => matches!(&columns[..], [column] if is_new(column)),
        (Object::ForeignKey { columns, .. }, Change::Extra) => matches!(&columns[..], [column] if is_gone(column)),
        (Object::Check { expression, .. }, Change::Missing) => about(expression, after, &is_new),
        (Object::Check { expression, .. }, Change::Extra) => about(expression, before, &is_gone),
        _ => false,
    }
}

/// Whether SQLite adds the column to a table with rows: it computes no default then.
fn can_be_added(column: &Column) -> bool {
    let constant = column.default.as_ref().is_none_or(|default| !default.starts_with('('));
    column.generated.is_none() && constant && (column.nullable || column.default.is_some())
}

/// Drops SQLite's tables in an order in which none is referred to when it goes, so that a transaction can; as they are
/// if they refer to each other in a cycle.
fn in_order_of_references(differences: &mut Vec<Difference>, from: &Schema) {
    let is_drop = |difference: &Difference| {
        matches!((&difference.object, &difference.change), (Object::Table { .. }, Change::Extra))
    };
    let (mut dropped, kept): (Vec<_>, Vec<_>) = std::mem::take(differences).into_iter().partition(is_drop);
    *differences = kept;
    let refers = |difference: &Difference, to: &str| {
        let own = difference.object.table().unwrap_or_default();
        own != to && from.table(own).is_some_and(|table| table.foreign_keys.iter().any(|key| key.table == to))
    };
    let mut ordered = Vec::new();
    while let Some(at) = dropped.iter().position(|drop| {
        let own = drop.object.table().unwrap_or_default();
        !dropped.iter().any(|other| refers(other, own))
    }) {
        let mut drop = dropped.remove(at);
        drop.sql.retain(|statement| !statement.starts_with("PRAGMA"));
        ordered.push(drop);
    }
    ordered.append(&mut dropped);
    // Tables go before the columns that refer to nothing else, and after those that refer to them.
    differences.append(&mut ordered);
}
