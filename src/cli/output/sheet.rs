//! Rows under columns, written one by one in one format.

use std::borrow::Cow;
use std::io::Write;

use serde::Serialize;

use folio::services::search::Words;

use super::table::Look;
use super::{Column, Format, OutputError, Place, delimited, json, printable, table};

/// Writes rows one by one, in one format.
///
/// Rows and JSON are written one at a time, whatever their number. A table is laid out a [page](Self::PAGE) at a time,
/// each with its header, because the widths of its columns depend on their cells.
///
/// A sheet that is dropped without [`finish`](Self::finish) stays truncated, so that a JSON array cut off by an error
/// is not mistaken for a complete one.
#[derive(Debug)]
pub struct Sheet<W> {
    out: W,
    columns: Vec<Column>,
    format: Format,
    place: Place,
    header: bool,
    guards: bool,
    styles: bool,
    marks: Option<Words>,
    records: u64,
    page: Vec<Vec<String>>,
}

impl<W: Write> Sheet<W> {
    /// The number of rows that a table lays out at once.
    pub const PAGE: usize = 1_000;

    /// A sheet with these columns on `out`, which leads to `place`. Nothing is written yet.
    pub fn new(out: W, columns: Vec<Column>, format: Format, place: Place) -> Self {
        Self {
            out,
            columns,
            format,
            place,
            header: false,
            guards: true,
            styles: false,
            marks: None,
            records: 0,
            page: Vec::new(),
        }
    }

    /// The sheet, with the names of its columns before tab-separated rows and CSV, or without.
    #[must_use]
    pub fn with_header(self, header: bool) -> Self {
        Self { header, ..self }
    }

    /// The sheet, with an apostrophe in CSV before what a spreadsheet would take for a formula, or without.
    #[must_use]
    pub fn guarding_formulas(self, guards: bool) -> Self {
        Self { guards, ..self }
    }

    /// The sheet, with bold and colours in its tables, or without.
    #[must_use]
    pub fn with_styles(self, styles: bool) -> Self {
        Self { styles, ..self }
    }

    /// The sheet, with these words in bold in the texts of its tables, if they have styles.
    #[must_use]
    pub fn marking(self, words: Words) -> Self {
        Self { marks: Some(words), ..self }
    }

    /// Writes a row, given in both forms; a table buffers it until its page is full.
    ///
    /// # Errors
    ///
    /// [`OutputError`] when the output cannot be written.
    pub fn push(&mut self, cells: Vec<Option<Cow<'_, str>>>, json: &impl Serialize) -> Result<(), OutputError> {
        if self.records == 0 {
            self.begin()?;
        }
        let cells = cells.into_iter().map(Option::unwrap_or_default);
        match self.format {
            Format::Table => {
                self.page.push(cells.map(|cell| printable(&cell).into_owned()).collect());
                if self.page.len() == Self::PAGE {
                    self.write_page()?;
                }
            }
            Format::Tsv => self.out.write_all(delimited::tsv(cells).as_bytes())?,
            Format::Csv if self.guards => {
                let cells = self.columns.iter().zip(cells).map(|(column, cell)| delimited::guarded(column.kind, cell));
                self.out.write_all(&delimited::csv(cells)?)?;
            }
            Format::Csv => self.out.write_all(&delimited::csv(cells)?)?,
            Format::Markdown => self.out.write_all(delimited::markdown(cells).as_bytes())?,
            Format::Json => {
                self.out.write_all(if self.records == 0 { b"[\n" } else { b",\n" })?;
                json::write(&mut self.out, json)?;
            }
            Format::Ndjson => {
                json::write(&mut self.out, json)?;
                self.out.write_all(b"\n")?;
            }
        }
        self.records += 1;
        Ok(())
    }

    /// Writes the rest: the last page, or the end of the array. A table without rows consists of its header.
    ///
    /// # Errors
    ///
    /// [`OutputError`] when the output cannot be written.
    pub fn finish(mut self) -> Result<(), OutputError> {
        if self.records == 0 {
            self.begin()?;
        }
        match self.format {
            Format::Table if !self.page.is_empty() || self.records == 0 => self.write_page()?,
            Format::Json => self.out.write_all(if self.records == 0 { b"[]\n" } else { b"\n]\n" })?,
            Format::Table | Format::Tsv | Format::Csv | Format::Ndjson | Format::Markdown => {}
        }
        Ok(self.out.flush()?)
    }

    /// Writes what comes before the rows. A table has a header on each page.
    fn begin(&mut self) -> Result<(), OutputError> {
        let names = self.columns.iter().map(|column| Cow::Borrowed(column.name));
        match self.format {
            Format::Tsv if self.header => self.out.write_all(delimited::tsv(names).as_bytes())?,
            Format::Csv if self.header => self.out.write_all(&delimited::csv(names)?)?,
            Format::Markdown => self.out.write_all(delimited::markdown_header(&self.columns).as_bytes())?,
            Format::Table | Format::Tsv | Format::Csv | Format::Json | Format::Ndjson => {}
        }
        Ok(())
    }

    fn write_page(&mut self) -> Result<(), OutputError> {
        let width = match self.place {
            Place::Terminal { width } => width,
            Place::Pipe => None,
        };
        let look = Look { width, styles: self.styles, marks: self.marks.as_ref(), now: self.place.now() };
        for line in table::lines(&self.columns, std::mem::take(&mut self.page), &look) {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }
}
