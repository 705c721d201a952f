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
        let row = std::str::from_utf8(row).map_err(|_| "contains text that is not UTF-8")?;
        // What SQLite writes is JSON, but an infinite number is more than a float can hold.
        Ok(serde_json::from_str(row).map(Self).map_err(|_| "contains a number that is not finite")?)
    }

    /// Whether the file has the column.
    pub(super) fn has(&self, column: &str) -> bool {
        self.0.contains_key(column)
    }

    pub(super) fn integer(&self, column: &str) -> Result<i64, String> {
        let value = self.0.get(column);
        value.and_then(Value::as_i64).ok_or_else(|| not(column, value, "a 64-bit integer"))
    }

    pub(super) fn text(&self, column: &str) -> Result<&str, String> {
        let value = self.0.get(column);
        value.and_then(Value::as_str).ok_or_else(|| not(column, value, "text"))
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

/// The message for a value that is not what is wanted.
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
