//! Where the values of a new row's column come from: a default of the database as a Rust expression.

use diesel_session::connection::Engine;

use super::types::Types;
use crate::schema::Column;

/// What is known of a column.
pub(super) struct Source<'s> {
    pub(super) column: &'s Column,
    pub(super) types: &'s Types,
    pub(super) nullable: bool,
    /// The labels of its enum.
    pub(super) labels: Option<&'s [String]>,
    pub(super) engine: Engine,
}

/// The words in `#[entity(…)]` of a column that is neither a key nor a reference.
pub(super) fn attribute(source: &Source<'_>) -> Option<String> {
    let Source { column, types, nullable, .. } = source;
    if let Some(generated) = &column.generated {
        let word = if generated.expression().is_some() { "computed" } else { "server_default" };
        return Some(word.to_owned());
    }
    let default = column.default.as_deref()?;
    if default.eq_ignore_ascii_case("null") {
        return None;
    }
    let literal = literal(default, source.engine);
    // The session counts such a column, so that concurrent changes of a row are detected.
    if column.name == "version" && types.rust == "i64" && !nullable && literal.as_deref() == Some("1") {
        return Some("version".to_owned());
    }
    if types.rust == "Timestamp" && is_now(default) {
        let word = if column.name == "updated_at" || column.on_update.is_some() { "update" } else { "default" };
        let make = if *nullable { "|| Some(Timestamp::now())" } else { "Timestamp::now" };
        return Some(format!("{word} = {make}"));
    }
    match literal.and_then(|literal| value(&literal, default, source)) {
        Some(value) if *nullable => Some(format!("default = || Some({value})")),
        Some(value) => Some(format!("default = || {value}")),
        None if *nullable || (source.labels.is_none() && types.has_default()) => Some("server_default".to_owned()),
        None => None,
    }
}

/// The literal as an expression of the field's type.
fn value(literal: &str, default: &str, source: &Source<'_>) -> Option<String> {
    let quoted = default.trim_start_matches('(').starts_with('\'');
    if let Some(labels) = source.labels {
        return labels.iter().find(|label| *label == literal).map(|label| format!("{}::{label}", source.types.rust));
    }
    match source.types.rust.as_str() {
        "String" => quoted.then(|| format!("{literal:?}.to_owned()")),
        "bool" => match literal.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => Some("true".to_owned()),
            "false" | "f" | "0" => Some("false".to_owned()),
            _ => None,
        },
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" => {
            literal.parse::<i128>().ok().map(|number| number.to_string())
        }
        "f32" | "f64" => {
            literal.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| format!("{number:?}"))
        }
        _ => None,
    }
}

/// The text of a literal, without parentheses, PostgreSQL's cast and the quotes; `None` for any other expression.
fn literal(default: &str, engine: Engine) -> Option<String> {
    let mut text = default.trim();
    while let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        text = inner.trim();
    }
    let is_cast = |rest: &str| rest.is_empty() || rest.starts_with("::") || rest.starts_with(")::");
    let Some(inner) = text.trim_start_matches('(').strip_prefix('\'') else {
        let (value, _) = text.split_once("::").unwrap_or((text, ""));
        return Some(value.trim_matches(['(', ')']).to_owned());
    };
    let mut unquoted = String::new();
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            // Two quotes are one within.
            '\'' if characters.peek() == Some(&'\'') => unquoted.extend(characters.next()),
            '\'' => return is_cast(characters.collect::<String>().trim_start()).then_some(unquoted),
            '\\' if engine == Engine::Mysql => unquoted.extend(characters.next()),
            other => unquoted.push(other),
        }
    }
    None
}

/// Whether a default is the current time.
fn is_now(default: &str) -> bool {
    let words = default.to_ascii_lowercase();
    let starts = [
        "current_timestamp",
        "now()",
        "utc_timestamp",
        "localtimestamp",
        "clock_timestamp()",
        "datetime('now",
        "timezone('utc'",
    ];
    let words = words.trim_start_matches('(');
    starts.iter().any(|start| words.starts_with(start)) || words.starts_with("strftime(") && words.contains("'now'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entities::types::types;

    fn of(engine: Engine, sql_type: &str, default: &str) -> Option<String> {
        let column = Column { sql_type: sql_type.to_owned(), default: Some(default.to_owned()), ..Column::default() };
        let types = types(engine, &column).unwrap();
        attribute(&Source { column: &column, types: &types, nullable: false, labels: None, engine })
    }

    #[test]
    fn a_literal_becomes_an_expression_and_anything_else_is_left_to_the_database() {
        for (engine, sql_type, default, expected) in [
            (Engine::Postgres, "text", "'it''s'::text", r#"default = || "it's".to_owned()"#),
            (Engine::Postgres, "bigint", "'-5'::bigint", "default = || -5"),
            (Engine::Postgres, "double precision", "('-1.5'::numeric)::double precision", "default = || -1.5"),
            (Engine::Postgres, "boolean", "false", "default = || false"),
            (
                Engine::Postgres,
                "timestamp without time zone",
                "(now() AT TIME ZONE 'UTC'::text)",
                "default = Timestamp::now",
            ),
            (Engine::Postgres, "uuid", "gen_random_uuid()", "server_default"),
            (Engine::Postgres, "text", "upper('a'::text)", "server_default"),
            (Engine::Mysql, "varchar(9)", r"'a\\b'", r#"default = || "a\\b".to_owned()"#),
            (Engine::Mysql, "int", "'7'", "default = || 7"),
            (Engine::Sqlite, "TEXT", "'a' || 'b'", "server_default"),
            (Engine::Sqlite, "DOUBLE", "1 + 2.5", "server_default"),
        ] {
            assert_eq!(of(engine, sql_type, default).as_deref(), Some(expected), "{default}");
        }
    }
}
