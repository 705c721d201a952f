//! Values for a column, as literals: by its type, and where a check refuses that, by what the check names.

use diesel_session::connection::Engine;

use crate::schema::{Check, Column, Schema, Table};
use crate::tokens::{Token, tokens};

/// Far from the keys that scripts insert, and within a small integer.
const FIRST: usize = 100;

/// Between the values that are tried for a column that a check compares with another one.
const FURTHER: usize = 4;

/// The values that a column may have in a row, counted from 1: that of its type first, and then, where there are checks
/// of the column, those that they suggest.
pub(super) fn candidates(engine: Engine, schema: &Schema, table: &Table, column: &Column, row: usize) -> Vec<String> {
    let plain = by_type(engine, schema, column, row);
    let is_text = plain.starts_with("'v");
    let named = named_in_checks(engine, table, column);
    let (strings, numbers): (Vec<String>, Vec<String>) =
        named.into_iter().partition(|literal| literal.starts_with('\''));
    let greatest = numbers.iter().filter_map(|number| number.parse::<usize>().ok()).max();
    let mut candidates = vec![plain];
    if is_text {
        if strings.iter().any(|string| string.contains('@')) {
            candidates.push(text(&format!("v{row}@example."), "org", column));
        }
        // For a check of its length.
        candidates.extend(greatest.map(|length| text(&"v".repeat(length.min(60)), &row.to_string(), column)));
    } else {
        candidates.extend(greatest.map(|greatest| (greatest + row).to_string()));
        candidates.extend(numbers);
    }
    if is_compared(engine, table, column) {
        // Less and greater than those of the columns that it is compared with.
        candidates.extend([row + FURTHER, row + 2 * FURTHER].map(|row| by_type(engine, schema, column, row)));
    }
    let mut strings = strings;
    if !strings.is_empty() {
        // Rows that must differ take different ones.
        let first = (row - 1) % strings.len();
        strings.rotate_left(first);
    }
    candidates.extend(strings);
    candidates
}

/// Whether a check names a column.
fn names(engine: Engine, check: &Check, column: &Column) -> bool {
    tokens(&check.expression, engine).any(|(token, _)| match token {
        Token::Word(name) | Token::Quoted(name) => name.eq_ignore_ascii_case(&column.name),
        _ => false,
    })
}

/// Whether a check names the column and another one.
fn is_compared(engine: Engine, table: &Table, column: &Column) -> bool {
    let names_others =
        |check: &&Check| table.columns.iter().any(|other| other.name != column.name && names(engine, check, other));
    table.checks.iter().filter(names_others).any(|check| names(engine, check, column))
}

/// The strings and numbers in the checks that name the column.
fn named_in_checks(engine: Engine, table: &Table, column: &Column) -> Vec<String> {
    let mut literals = Vec::new();
    for check in &table.checks {
        if names(engine, check, column) {
            let others = tokens(&check.expression, engine).filter(|(token, _)| *token == Token::Other);
            let values = others.map(|(_, range)| &check.expression[range]);
            let is_value = |value: &&str| value.starts_with(|first: char| first == '\'' || first.is_ascii_digit());
            literals.extend(values.filter(is_value).map(str::to_owned));
        }
    }
    literals
}

/// A text no longer than the column takes; its end, which tells it from others, is kept.
fn text(start: &str, end: &str, column: &Column) -> String {
    let (_, sizes) = parts(&column.sql_type);
    let whole = format!("{start}{end}");
    let cut = sizes.map_or(0, |(length, _)| whole.len().saturating_sub(length));
    format!("'{}'", &whole[cut..])
}

/// A type's name in lower case, and the numbers in its parentheses.
fn parts(sql_type: &str) -> (String, Option<(usize, usize)>) {
    let lower = sql_type.to_ascii_lowercase();
    let Some((name, rest)) = lower.split_once('(') else { return (lower, None) };
    let numbers = rest.split(')').next().unwrap_or_default();
    let mut numbers = numbers.split(',').map(|number| number.trim().parse::<usize>().ok());
    let first = numbers.next().flatten();
    (name.trim().to_owned(), first.map(|first| (first, numbers.next().flatten().unwrap_or(0))))
}

/// A decimal number with as many digits as there may be.
fn decimal(sizes: Option<(usize, usize)>, row: usize) -> String {
    match sizes.map(|(digits, scale)| (digits.saturating_sub(scale), scale)) {
        Some((0, scale)) => format!("0.{row:0>scale$}"),
        Some((1 | 2, _)) => row.to_string(),
        _ => (FIRST + row).to_string(),
    }
}

fn by_type(engine: Engine, schema: &Schema, column: &Column, row: usize) -> String {
    let number = FIRST + row;
    let (name, sizes) = parts(&column.sql_type);
    let label = |labels: &[String]| {
        let label = labels.get((row - 1) % labels.len().max(1)).map(String::as_str).unwrap_or_default();
        format!("'{}'", label.replace('\'', "''"))
    };
    if name.ends_with("[]") {
        return "'{}'".to_owned();
    }
    if engine == Engine::Postgres
        && let Some(found) = schema.enum_type(column.sql_type.trim_matches('"'))
    {
        return label(&found.labels);
    }
    if engine == Engine::Mysql && (name == "enum" || name == "set") {
        let labels: Vec<_> = tokens(&column.sql_type, engine)
            .filter(|(token, range)| *token == Token::Other && column.sql_type[range.clone()].starts_with('\''))
            .map(|(_, range)| column.sql_type[range].trim_matches('\'').replace("''", "'"))
            .collect();
        return label(&labels);
    }
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["interval"]) {
        format!("'{row} hours'")
    } else if has(&["range"]) {
        "'empty'".to_owned()
    } else if has(&["bool"]) || (name == "tinyint" && sizes == Some((1, 0))) {
        if engine == Engine::Postgres { format!("{}", row % 2 == 1) } else { (row % 2).to_string() }
    } else if has(&["point"]) {
        format!("'({row},{row})'")
    } else if has(&["int", "serial"]) || name == "oid" {
        number.to_string()
    } else if has(&["timestamp", "datetime"]) {
        format!("'2026-01-{row:0>2} 12:00:00'")
    } else if has(&["date"]) {
        format!("'2026-01-{row:0>2}'")
    } else if has(&["time"]) {
        format!("'{row:0>2}:00:00'")
    } else if name == "year" {
        (2000 + row).to_string()
    } else if has(&["uuid"]) {
        format!("'00000000-0000-4000-8000-{number:0>12}'")
    } else if has(&["json"]) {
        format!("'{{\"v\": {row}}}'")
    } else if has(&["numeric", "decimal", "money"]) {
        decimal(sizes, row)
    } else if has(&["real", "float", "double"]) {
        format!("{number}.5")
    } else if has(&["inet6"]) {
        format!("'::{row}'")
    } else if has(&["inet", "cidr"]) {
        format!("'10.0.0.{row}'")
    } else if has(&["macaddr"]) {
        format!("'08:00:2b:01:02:{row:0>2}'")
    } else if has(&["bytea"]) {
        format!("'\\x{row:0>2}'")
    } else if has(&["bit"]) {
        let length = sizes.map_or(1, |(length, _)| length);
        let digits = format!("{row:0>length$b}");
        format!("b'{}'", &digits[digits.len() - length..])
    } else if engine == Engine::Sqlite && (has(&["blob"]) || name == "any" || name.is_empty()) {
        format!("x'{row:0>2}'")
    } else {
        text("v", &row.to_string(), column)
    }
}
