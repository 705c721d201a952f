//! The values of a row as JSON, written and read column by column; the derive generates the calls.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// A type whose values can be kept in a history.
#[diagnostic::on_unimplemented(
    message = "values of `{Self}` cannot be kept in a history",
    label = "needs serde's `Serialize` and `DeserializeOwned`",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, or enable the feature `serde` of its crate"
)]
pub trait Kept: Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Kept for T {}

/// What a history needs of an entity with the key `K`.
#[derive(Debug)]
pub struct HistoryOf<E, K> {
    /// The values of a row as a JSON object.
    pub write: fn(&E) -> Result<String>,
    /// The row of a JSON object.
    pub read: fn(&str) -> Result<E>,
    /// A key as JSON.
    pub key: fn(&K) -> Result<String>,
    /// The key of its JSON.
    pub read_key: fn(&str) -> Result<K>,
    /// Whether only sessions that ask for it record changes.
    pub on_request: bool,
}

/// A JSON object that is being written.
#[derive(Debug)]
pub struct JsonObject(Vec<u8>);

impl JsonObject {
    /// An empty object.
    #[must_use]
    pub fn new() -> Self {
        Self(Vec::with_capacity(128))
    }

    /// Writes a column.
    ///
    /// # Errors
    ///
    /// When its value cannot be written as JSON.
    pub fn field<T: Kept>(&mut self, column: &'static str, value: &T) -> Result<()> {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        let written = serde_json::to_writer(&mut self.0, column).and_then(|()| {
            self.0.push(b':');
            serde_json::to_writer(&mut self.0, value)
        });
        written
            .map_err(|error| Error::Value { what: column, problem: format!("cannot be kept in the history: {error}") })
    }

    /// Its text.
    #[must_use]
    pub fn end(mut self) -> String {
        self.0.push(b'}');
        String::from_utf8(self.0).unwrap_or_default()
    }
}

impl Default for JsonObject {
    fn default() -> Self {
        Self::new()
    }
}

/// A JSON object that is being read.
#[derive(Debug)]
pub struct JsonValues(Map<String, Value>);

impl JsonValues {
    /// Reads an object.
    ///
    /// # Errors
    ///
    /// When the text is not a JSON object.
    pub fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).map(Self).map_err(|error| unreadable("values_before", &error))
    }

    /// The value of a column; one that was added to the table later is NULL, or has the value of `default`.
    ///
    /// # Errors
    ///
    /// When the value is not one of the field's type.
    pub fn take<T: Kept>(&mut self, column: &'static str, default: Option<fn() -> T>) -> Result<T> {
        match (self.0.remove(column), default) {
            (None, Some(default)) => Ok(default()),
            (value, _) => {
                serde_json::from_value(value.unwrap_or(Value::Null)).map_err(|error| unreadable(column, &error))
            }
        }
    }
}

/// A value as JSON.
///
/// # Errors
///
/// When it cannot be written as JSON.
pub fn to_json<T: Serialize>(key: &T) -> Result<String> {
    serde_json::to_string(key)
        .map_err(|error| Error::Value { what: "key", problem: format!("cannot be kept in the history: {error}") })
}

/// The value of its JSON.
///
/// # Errors
///
/// When the text is not that of such a value.
pub fn read_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| unreadable("row_key", &error))
}

fn unreadable(column: &str, error: &serde_json::Error) -> Error {
    Error::Unreadable { table: "diesel_session_history".to_owned(), problem: format!("{column}: {error}") }
}
