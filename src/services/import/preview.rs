//! What an import does, record by record, for a transaction that is rolled back afterwards.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::services::tables::{self, RecordRow, VisitRecords};
use crate::session::{Flushed, Session};

/// The fields that are a record's name.
const NAMES: [&str; 4] = ["username", "repo_name", "vacancy", "name"];

/// The fields that every change changes.
const ALWAYS: [&str; 2] = ["updated_at", "version"];

/// What is done to a record.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// `new` or `changed`.
    pub change: &'static str,
    /// Its kind, as an export calls it.
    pub kind: &'static str,
    /// Its id; `None` if it is yet to be given.
    pub id: Option<Value>,
    /// Its name.
    pub name: String,
    /// The fields that change, the time and number of the change apart.
    pub fields: Vec<Field>,
}

/// A field that changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Field {
    /// Its name, as in JSON.
    pub field: String,
    /// The stored value.
    pub before: Value,
    /// The value that replaces it.
    pub after: Value,
}

impl Field {
    /// A field whose value changes.
    pub(super) fn new(field: &str, before: impl Serialize, after: impl Serialize) -> Result<Self> {
        let value = |value: serde_json::Result<Value>| value.map_err(|error| Error::value("field", error.to_string()));
        let (before, after) = (serde_json::to_value(before), serde_json::to_value(after));
        Ok(Self { field: field.to_owned(), before: value(before)?, after: value(after)? })
    }
}

/// The changes of an import, as they are sent to the database. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Preview(Arc<Mutex<Vec<Change>>>);

/// Two are equal if they share their changes.
impl PartialEq for Preview {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Preview {}

impl Preview {
    /// The changes of a session, from now on.
    #[must_use]
    pub fn of(session: &mut Session<'_>) -> Self {
        let preview = Self::default();
        let changes = preview.clone();
        session.after_flush(move |session, flushed| {
            tables::each_of_records(&mut Sent { session, flushed, preview: &changes }).map_err(|error| match error {
                Error::Session(error) => error,
                other => diesel_session::Error::Value { what: "record", problem: other.to_string() },
            })
        });
        preview
    }

    /// Removes the changes so far, and returns them.
    #[must_use]
    pub fn take(&self) -> Vec<Change> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, change: Change) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(change);
    }

    /// Adds what changes of a row's tags or links: to the last change, if that is of the same row.
    pub(super) fn relink<R: RecordRow>(&self, row: &R, relinked: Vec<Field>) -> Result<()> {
        let fields = fields(row)?;
        let mut changes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match changes.last_mut().filter(|last| last.kind == R::KIND && last.id.as_ref() == fields.get("id")) {
            Some(last) => last.fields.extend(relinked),
            None => {
                let id = fields.get("id").cloned();
                changes.push(Change { id, fields: relinked, ..change::<R>("changed", &fields) });
            }
        }
        Ok(())
    }

    /// Adds a row that is inserted with its id.
    pub(super) fn insert<R: RecordRow>(&self, row: &R) -> Result<()> {
        let fields = fields(row)?;
        self.push(Change { id: fields.get("id").cloned(), ..change::<R>("new", &fields) });
        Ok(())
    }
}

/// The rows that a flush has sent.
struct Sent<'a, 's> {
    session: &'a mut Session<'s>,
    flushed: &'a Flushed,
    preview: &'a Preview,
}

impl VisitRecords for Sent<'_, '_> {
    type Error = Error;

    fn visit<R: RecordRow>(&mut self) -> Result<()> {
        for handle in self.flushed.inserted::<R>() {
            self.preview.push(change::<R>("new", &fields(self.session.row(handle)?)?));
        }
        for updated in self.flushed.updated::<R>() {
            let (mut before, after) = (fields(updated.before)?, fields(self.session.row(updated.handle)?)?);
            let changed = after.iter().filter(|(name, value)| before.get(*name) != Some(*value));
            let changed = changed.filter(|(name, _)| !ALWAYS.contains(&name.as_str()));
            let changed: Vec<_> = changed.map(|(name, value)| (name.clone(), value.clone())).collect();
            let change = Change { id: after.get("id").cloned(), ..change::<R>("changed", &after) };
            let mut field = |(field, after): (String, Value)| {
                let before = before.remove(&field).unwrap_or_default();
                Field { field, before, after }
            };
            self.preview.push(Change { fields: changed.into_iter().map(&mut field).collect(), ..change });
        }
        Ok(())
    }
}

fn change<R: RecordRow>(change: &'static str, fields: &Map<String, Value>) -> Change {
    let name = NAMES.iter().find_map(|name| fields.get(*name)?.as_str()).unwrap_or_default().to_owned();
    Change { change, kind: R::KIND, id: None, name, fields: Vec::new() }
}

/// A row as the fields of an object.
fn fields<R: RecordRow>(row: &R) -> Result<Map<String, Value>> {
    match serde_json::to_value(row) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Error::value(R::ONE, "it has no fields")),
        Err(error) => Err(Error::value(R::ONE, error.to_string())),
    }
}
