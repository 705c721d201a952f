//! Records of one type on standard output: the columns that are shown of each, in any format.

use std::io::{self, Write};
use std::marker::PhantomData;

use serde_json::Value;

use super::json::Picked;
use super::{Column, Format, OutputError, Place, Record, Sheet};

/// Writes records of one type, one by one, on a [`Sheet`].
#[derive(Debug)]
pub struct Listing<R, W> {
    sheet: Sheet<W>,
    /// The columns shown, by their places in the record's.
    shown: Vec<usize>,
    /// The fields of JSON; `None` for all.
    fields: Option<Vec<&'static str>>,
    of: PhantomData<fn(&R)>,
}

impl<R: Record, W: Write> Listing<R, W> {
    /// A listing of the usual columns on `out`, which leads to `place`. Nothing is written yet.
    pub fn new(out: W, format: Format, place: Place) -> Self {
        let shown = (0..R::COLUMNS.len()).filter(|column| !R::COLUMNS[*column].is_on_request()).collect();
        Self { fields: None, ..Self::of(out, shown, format, place) }
    }

    /// A listing of these columns, by their places in [`Record::COLUMNS`].
    pub fn of(out: W, shown: Vec<usize>, format: Format, place: Place) -> Self {
        let columns: Vec<Column> = shown.iter().map(|column| R::COLUMNS[*column]).collect();
        let fields = Some(columns.iter().map(|column| column.json_name()).collect());
        Self { sheet: Sheet::new(out, columns, format, place), shown, fields, of: PhantomData }
    }

    /// The listing, with all fields of its records in JSON.
    #[must_use]
    pub fn with_all_fields(self) -> Self {
        Self { fields: None, ..self }
    }

    /// The listing, with its sheet changed.
    #[must_use]
    pub fn on(self, change: impl FnOnce(Sheet<W>) -> Sheet<W>) -> Self {
        Self { sheet: change(self.sheet), ..self }
    }

    /// Writes a record; a table buffers it until its page is full.
    ///
    /// # Errors
    ///
    /// [`OutputError`] when the output cannot be written.
    pub fn push(&mut self, record: &R) -> Result<(), OutputError> {
        let mut cells = record.cells();
        let cells = self.shown.iter().map(|column| cells[*column].take()).collect();
        let Some(names) = &self.fields else { return self.sheet.push(cells, &record.json()) };
        match serde_json::to_value(record.json()).map_err(io::Error::from)? {
            Value::Object(object) => self.sheet.push(cells, &Picked { object: &object, names }),
            other => self.sheet.push(cells, &other),
        }
    }

    /// Writes the rest: the last page, or the end of the array. A table without records consists of its header.
    ///
    /// # Errors
    ///
    /// [`OutputError`] when the output cannot be written.
    pub fn finish(self) -> Result<(), OutputError> {
        self.sheet.finish()
    }
}
