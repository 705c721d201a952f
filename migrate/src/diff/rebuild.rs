//! Rebuilding a table of SQLite's: its ALTER TABLE changes neither a column nor a constraint.

use diesel_session::connection::Engine;

use crate::quoting::{literal, quoted};
use crate::schema::{Generated, Schema, Table};
use crate::tokens::{Token, tokens};

/// Makes the table anew with the columns that both forms have in common, and with the indexes and triggers that it
/// should have.
pub(super) fn rebuild(expected: &Table, found: &Table, schema: &Schema) -> Vec<String> {
    let quoted = |name: &str| quoted(Engine::Sqlite, name);
    let new_name = format!("{}__rebuilt", expected.name);
    let (name, new) = (quoted(&expected.name), quoted(&new_name));
    let is_computed = |generated: &Option<Generated>| generated.as_ref().is_some_and(|own| own.expression().is_some());
    let kept = expected.columns.iter().filter(|column| {
        let before = found.columns.iter().any(|own| own.name.eq_ignore_ascii_case(&column.name));
        before && !is_computed(&column.generated)
    });
    let kept = kept.map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ");
    let definition = definition(expected.sql.as_deref().unwrap_or_default());
    let mut statements = vec![
        "PRAGMA foreign_keys = OFF".to_owned(),
        // The views and foreign keys that name the table are left as they are.
        "PRAGMA legacy_alter_table = ON".to_owned(),
        "BEGIN IMMEDIATE".to_owned(),
        format!("CREATE TABLE {new} {definition}"),
    ];
    if !kept.is_empty() {
        statements.push(format!("INSERT INTO {new} ({kept}) SELECT {kept} FROM {name}"));
    }
    let counts = |table: &Table| table.columns.iter().any(|own| own.generated == Some(Generated::AutoIncrement));
    if counts(expected) && counts(found) {
        // The keys of rows that are gone are not given out again.
        let (old, new) = (literal(Engine::Sqlite, &expected.name), literal(Engine::Sqlite, &new_name));
        statements.push(format!("DELETE FROM sqlite_sequence WHERE name = {new}"));
        statements.push(format!(
            "INSERT INTO sqlite_sequence (name, seq) SELECT {new}, seq FROM sqlite_sequence WHERE name = {old}"
        ));
    }
    statements.push(format!("DROP TABLE {name}"));
    statements.push(format!("ALTER TABLE {new} RENAME TO {name}"));
    statements.extend(expected.indexes.iter().map(|index| index.sql.clone()));
    let triggers = schema.triggers.iter().filter(|trigger| trigger.table == expected.name);
    statements.extend(triggers.map(|trigger| trigger.sql.clone()));
    statements.extend(["COMMIT", "PRAGMA legacy_alter_table = OFF", "PRAGMA foreign_keys = ON"].map(str::to_owned));
    statements
}

/// What follows the name in the statement of a table.
fn definition(sql: &str) -> &str {
    let open = tokens(sql, Engine::Sqlite).find(|(token, _)| *token == Token::Open);
    open.map_or("", |(_, range)| &sql[range.start..])
}
