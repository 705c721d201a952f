//! The values of a row as SQLite stores them: of any type, whatever the column is declared as.

use chrono::NaiveDateTime;
use serde_json::{Map, Value};

use crate::types::Timestamp;

/// The expression that makes one JSON object of a row's values: integers and reals as numbers, text as strings, binary
/// data in hexadecimal, in an array. As bytes, because text in SQLite need not be UTF-8.
pub(super) fn as_json(columns: &[&str]) -> String {
    let value = |column: &&str| {
        format!(
            "'{column}', json(CASE typeof({column}) WHEN 'blob' THEN json_array(hex({column})) \
             ELSE json_quote({column}) END)"
        )
    };
    format!("CAST(json_object({}) AS BLOB)", columns.iter().map(value).collect::<Vec<_>>().join(", "))
}

/// The values of a row, by column.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads what [`as_json`] made.
    pub(super) fn parse(row: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(row).map(Self).map_err(|error| format!("its values cannot be read: {error}"))
    }

    /// Whether the file has the column.
    pub(super) fn has(&self, column: &str) -> bool {
        self.0.contains_key(column)
    }

    pub(super) fn integer(&self, column: &str) -> Result<i64, String> {
        match self.0.get(column) {
            Some(Value::Number(number)) if number.is_i64() => Ok(number.as_i64().unwrap_or_default()),
            other => Err(not(column, other, "a 64-bit integer")),
        }
    }

    pub(super) fn text(&self, column: &str) -> Result<&str, String> {
        match self.0.get(column) {
            Some(Value::String(text)) => Ok(text),
            other => Err(not(column, other, "text")),
        }
    }

    /// The text; `None` for NULL, and if the file lacks the column.
    pub(super) fn optional_text(&self, column: &str) -> Result<Option<&str>, String> {
        match self.0.get(column) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.text(column).map(Some),
        }
    }

    /// The time, as SQLAlchemy stores it: a text in UTC without an offset. `otherwise` if the file lacks the column.
    pub(super) fn time(&self, column: &str, otherwise: Timestamp) -> Result<Timestamp, String> {
        if !self.has(column) {
            return Ok(otherwise);
        }
        let time = NaiveDateTime::parse_from_str(self.text(column)?, "%Y-%m-%d %H:%M:%S%.f");
        let time = time.map_err(|_| not(column, self.0.get(column), "a time like 2026-01-31 23:59:59.000000"))?;
        checked(Timestamp::try_from(time.and_utc()))
    }
}

/// The value, or its type's message.
pub(super) fn checked<T, E: std::fmt::Display>(value: Result<T, E>) -> Result<T, String> {
    value.map_err(|error| error.to_string())
}

fn not(column: &str, value: Option<&Value>, wanted: &str) -> String {
    /// Of a value in a message.
    const LONGEST: usize = 40;
    let shown = match value {
        None | Some(Value::Null) => "NULL".to_owned(),
        Some(Value::Array(_)) => "binary data".to_owned(),
        Some(other) => other.to_string(),
    };
    let cut = shown.char_indices().nth(LONGEST).map(|(end, _)| format!("{}…", &shown[..end]));
    format!("{column}: {} is not {wanted}", cut.unwrap_or(shown))
}
