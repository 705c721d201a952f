//! Makes a few rows for the empty tables of a scratch database, always the same ones.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_session::connection::{AnyConnection, Engine, SessionConnection as _};

use super::proof::Unfilled;
use super::values;
use crate::catalogue;
use crate::error::Result;
use crate::quoting::quoted;
use crate::schema::{Column, ForeignKey, Generated, Schema, Table};
use crate::scripts::Problem;
use crate::stepwise;

/// How many rows a table gets. In the second one everything is left out that can be.
const ROWS: usize = 3;
const SPARSE: usize = 2;
/// How many combinations of values are tried for a row.
const COMBINATIONS: usize = 200;

/// Fills the tables that have no rows and are no virtual ones, those that others refer to first; returns the tables for which it found none
/// that the database accepts.
pub(super) fn fill(connection: &mut AnyConnection, schema: &Schema) -> Result<Vec<Unfilled>> {
    let mut empty = Vec::new();
    for table in schema.tables.iter().filter(|table| !table.is_virtual()) {
        if catalogue::rows(connection, &table.name)? == 0 {
            empty.push(table);
        }
    }
    // A table that refers to one without rows is tried again when that has some.
    loop {
        let mut unfilled = Vec::new();
        let mut refused = Vec::new();
        for table in &empty {
            if let Err(problem) = fill_table(connection, schema, table) {
                if catalogue::rows(connection, &table.name)? > 0 {
                    // A trigger of another table filled it.
                    continue;
                }
                refused.push(Unfilled { table: table.name.clone(), problem });
                unfilled.push(*table);
            }
        }
        if unfilled.is_empty() || unfilled.len() == empty.len() {
            return Ok(refused);
        }
        empty = unfilled;
    }
}

/// Inserts rows one by one, so that one that is refused does not keep the others out.
fn fill_table(connection: &mut AnyConnection, schema: &Schema, table: &Table) -> Result<(), String> {
    let mut problem = None;
    let mut filled = false;
    for row in 1..=ROWS {
        let columns = columns(connection, schema, table, row)?;
        let combinations = columns.iter().fold(1, |product: usize, (_, values)| product.saturating_mul(values.len()));
        for combination in 0..combinations.min(COMBINATIONS) {
            let insert = insert(connection.engine(), table, &columns, combination);
            let inserted = stepwise::in_transaction(connection, |connection| Ok(connection.batch_execute(&insert)?));
            match inserted {
                Ok(()) => {
                    filled = true;
                    break;
                }
                // The error of the plain values tells more than those of the guesses.
                Err(Problem::Database(error) | Problem::InLine(_, error)) => {
                    problem.get_or_insert(error.to_string());
                }
                Err(Problem::Other(said)) => {
                    problem.get_or_insert(said);
                }
            }
        }
    }
    if filled { Ok(()) } else { Err(problem.unwrap_or_default()) }
}

/// The columns of a row, each with the values that are tried.
fn columns(
    connection: &mut AnyConnection,
    schema: &Schema,
    table: &Table,
    row: usize,
) -> Result<Vec<(String, Vec<String>)>, String> {
    let engine = connection.engine();
    let referring = references(connection, table, row)?;
    let given = table.columns.iter().filter_map(|column| {
        let values = match referring.iter().find(|(name, _)| *name == column.name) {
            Some((_, literal)) => vec![literal.clone()],
            None if is_left_out(column, row) => return None,
            None => values::candidates(engine, schema, table, column, row),
        };
        Some((column.name.clone(), values))
    });
    Ok(given.collect())
}

/// The INSERT of a row with one of the combinations of its values.
fn insert(engine: Engine, table: &Table, columns: &[(String, Vec<String>)], combination: usize) -> String {
    let name = quoted(engine, &table.name);
    if columns.is_empty() {
        let nothing = if engine == Engine::Mysql { "() VALUES ()" } else { "DEFAULT VALUES" };
        return format!("INSERT INTO {name} {nothing}");
    }
    let mut rest = combination;
    let (mut names, mut literals) = (Vec::new(), Vec::new());
    for (column, values) in columns {
        names.push(quoted(engine, column));
        literals.push(values[rest % values.len()].as_str());
        rest /= values.len();
    }
    format!("INSERT INTO {name} ({}) VALUES ({})", names.join(", "), literals.join(", "))
}

/// Whether the engine gives the column its value in this row. Keys from a counter are given, so that they do not meet
/// those that a later migration inserts.
fn is_left_out(column: &Column, row: usize) -> bool {
    match &column.generated {
        Some(Generated::IdentityAlways | Generated::Stored(_) | Generated::Virtual(_)) => true,
        Some(_) => false,
        None => row == SPARSE && (column.nullable || column.default.is_some()),
    }
}

/// The values of the columns that refer to other rows.
fn references(connection: &mut AnyConnection, table: &Table, row: usize) -> Result<Vec<(String, String)>, String> {
    let mut values: Vec<(String, String)> = Vec::new();
    for (at, key) in table.foreign_keys.iter().enumerate() {
        // A check may want two references to one table to differ.
        let earlier = table.foreign_keys[..at].iter().filter(|earlier| earlier.table == key.table).count();
        let nullable = |name: &String| table.column(name).is_some_and(|column| column.nullable);
        let optional = key.columns.iter().any(nullable);
        let referenced = if optional && row == SPARSE { None } else { referenced_row(connection, key, row + earlier)? };
        match referenced {
            Some(literals) => {
                let known = |name: &String| values.iter().any(|(known, _)| known == name);
                let new: Vec<_> = key.columns.iter().cloned().zip(literals).filter(|(name, _)| !known(name)).collect();
                values.extend(new);
            }
            None => {
                let null = key.columns.iter().filter(|name| nullable(name));
                values.extend(null.map(|name| (name.clone(), "NULL".to_owned())));
                if !optional {
                    return Err(format!("table {}, which it refers to, has no rows", key.table));
                }
            }
        }
    }
    Ok(values)
}

/// The columns of one of the rows that a foreign key may refer to, as literals.
fn referenced_row(connection: &mut AnyConnection, key: &ForeignKey, row: usize) -> Result<Option<Vec<String>>, String> {
    #[derive(QueryableByName)]
    struct Literal {
        #[diesel(sql_type = Text)]
        literal: String,
    }
    let engine = connection.engine();
    let mut rows: Vec<Vec<String>> = Vec::new();
    let names: Vec<_> = key.references.iter().map(|name| quoted(engine, name)).collect();
    let present: Vec<_> = names.iter().map(|name| format!("{name} IS NOT NULL")).collect();
    for name in &names {
        let literal = match engine {
            Engine::Sqlite => format!("quote({name})"),
            Engine::Postgres => format!("quote_literal({name}::text)"),
            Engine::Mysql => format!("QUOTE(CAST({name} AS CHAR))"),
        };
        let sql = format!(
            "SELECT {literal} AS literal FROM {} WHERE {} ORDER BY {}",
            quoted(engine, &key.table),
            present.join(" AND "),
            names.join(", ")
        );
        let found = diesel::sql_query(sql).load::<Literal>(connection).map_err(|error| error.to_string())?;
        rows.resize(found.len(), Vec::new());
        for (row, Literal { literal }) in rows.iter_mut().zip(found) {
            row.push(literal);
        }
    }
    let number = rows.len();
    Ok((number > 0).then(|| rows.swap_remove((row - 1) % number)))
}
