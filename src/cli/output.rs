//! Records on standard output: a table for a terminal, bare rows for a pipe, JSON on request.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::marker::PhantomData;

use serde::Serialize;
use terminal_size::{Width, terminal_size_of};

pub use screen::printable;
use screen::{controls_terminal, push_field};

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[non_exhaustive]
pub enum Format {
    /// Columns under a header, fitted to the terminal.
    Table,
    /// One line a record without a header, tabs between the fields; in a field tab, newline, return and backslash are
    /// written as \t, \n, \r and \\, and other characters that would drive a terminal as \u{1b}.
    Tsv,
    /// One array, one record a line.
    Json,
}

/// The destination of output, as far as its format depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A terminal, with its width in characters if known.
    Terminal {
        /// The width.
        width: Option<u16>,
    },
    /// A file or another program.
    Pipe,
}

impl Place {
    /// The destination of standard output. For the width of a terminal, the variable `COLUMNS` takes precedence over
    /// the terminal itself.
    #[must_use]
    pub fn of_stdout() -> Self {
        if io::stdout().is_terminal() {
            let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
            let width = columns.or_else(|| terminal_size_of(io::stdout()).map(|(Width(columns), _)| columns));
            Self::Terminal { width: width.filter(|width| *width > 0) }
        } else {
            Self::Pipe
        }
    }

    /// The requested format, otherwise a table on a terminal and tab-separated rows elsewhere.
    #[must_use]
    pub fn format(self, requested: Option<Format>) -> Format {
        requested.unwrap_or(match self {
            Self::Terminal { .. } => Format::Table,
            Self::Pipe => Format::Tsv,
        })
    }
}

/// A column of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    name: &'static str,
    kind: Kind,
    /// What its name does not tell.
    meaning: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Time,
}

impl Column {
    /// A left-aligned column.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: Kind::Text, meaning: None }
    }

    /// A column of numbers, right-aligned in a table.
    #[must_use]
    pub const fn number(name: &'static str) -> Self {
        Self { name, kind: Kind::Number, meaning: None }
    }

    /// A column of times in RFC 3339, shown to the minute in a table.
    #[must_use]
    pub const fn moment(name: &'static str) -> Self {
        Self { name, kind: Kind::Time, meaning: None }
    }

    /// The column, with what its name does not tell, for the pages of the help.
    #[must_use]
    pub const fn meaning(self, meaning: &'static str) -> Self {
        Self { meaning: Some(meaning), ..self }
    }

    /// Its name in the header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// A cell as shown in a table.
    fn in_table(self, cell: &str) -> String {
        let cell = printable(cell);
        match (self.kind, cell.get(..16)) {
            (Kind::Time, Some(minute)) => minute.replace('T', " "),
            _ => cell.into_owned(),
        }
    }
}

/// A record that can be listed.
pub trait Record {
    /// The columns of a table and of tab-separated rows: programs rely on their order.
    const COLUMNS: &'static [Column];

    /// The value of each column, in that order; `None` is NULL.
    fn cells(&self) -> Vec<Option<Cow<'_, str>>>;

    /// The record in JSON; it may have more fields than the columns.
    fn json(&self) -> impl Serialize;
}

/// A page of the help with the names of a record's columns in place of `{columns}`.
#[must_use]
pub fn with_columns<R: Record>(page: &str) -> String {
    let named = R::COLUMNS.iter().map(|column| match column.meaning {
        Some(meaning) => format!("{} ({meaning})", column.name),
        None => column.name.to_owned(),
    });
    page.replace("{columns}", &named.collect::<Vec<_>>().join(", "))
}

/// Writing to standard output failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the output: {0}")]
pub struct OutputError(#[from] io::Error);

impl OutputError {
    /// Whether the reader of the pipe has exited (`folio user list | head`): not a failure, and there is nobody left to
    /// report to.
    #[must_use]
    pub fn is_closed_pipe(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

impl From<OutputError> for io::Error {
    fn from(OutputError(error): OutputError) -> Self {
        error
    }
}

/// Whether the error is only that the reader of standard output has exited: the program then exits silently with 0.
#[must_use]
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<OutputError>()).any(OutputError::is_closed_pipe)
}

/// Standard output, locked and buffered. The buffer is flushed on drop.
#[must_use]
pub(super) fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(64 * 1024, io::stdout().lock())
}

/// Writes a text to standard output. Line ends and tabs are kept; other characters that would control the terminal are
/// escaped.
pub(super) fn write(text: &str) -> Result<(), OutputError> {
    let line = |line: &str| line.split('\t').map(printable).collect::<Vec<_>>().join("\t");
    let safe = text.split('\n').map(line).collect::<Vec<_>>().join("\n");
    let mut out = stdout();
    Ok(out.write_all(safe.as_bytes()).and_then(|()| out.flush())?)
}

/// Writes records of one type, one by one, on a [`Sheet`].
#[derive(Debug)]
pub struct Listing<R, W> {
    sheet: Sheet<W>,
    of: PhantomData<fn(&R)>,
}

impl<R: Record, W: Write> Listing<R, W> {
    /// A listing on `out`, which leads to `place`. Nothing is written yet.
    pub fn new(out: W, format: Format, place: Place) -> Self {
        Self { sheet: Sheet::new(out, R::COLUMNS.to_vec(), format, place), of: PhantomData }
    }

    /// Writes a record; a table buffers it until its page is full.
    ///
    /// # Errors
    ///
    /// [`OutputError`] when the output cannot be written.
    pub fn push(&mut self, record: &R) -> Result<(), OutputError> {
        self.sheet.push(record.cells(), &record.json())
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
    records: u64,
    page: Vec<Vec<String>>,
}

impl<W: Write> Sheet<W> {
    /// The number of rows that a table lays out at once.
    pub const PAGE: usize = 1_000;

    /// A sheet with these columns on `out`, which leads to `place`. Nothing is written yet.
    pub fn new(out: W, columns: Vec<Column>, format: Format, place: Place) -> Self {
        Self { out, columns, format, place, records: 0, page: Vec::new() }
    }

    /// Writes a row, given in both forms; a table buffers it until its page is full.
    ///
    /// # Errors
    ///
    /// [`OutputError`] when the output cannot be written.
    pub fn push(&mut self, cells: Vec<Option<Cow<'_, str>>>, json: &impl Serialize) -> Result<(), OutputError> {
        match self.format {
            Format::Table => {
                let cells = self.columns.iter().zip(cells);
                self.page.push(cells.map(|(column, cell)| column.in_table(&cell.unwrap_or_default())).collect());
                if self.page.len() == Self::PAGE {
                    self.write_page()?;
                }
            }
            Format::Tsv => {
                let mut line = String::new();
                for (position, cell) in cells.into_iter().enumerate() {
                    if position > 0 {
                        line.push('\t');
                    }
                    push_field(&mut line, &cell.unwrap_or_default());
                }
                line.push('\n');
                self.out.write_all(line.as_bytes())?;
            }
            Format::Json => {
                self.out.write_all(if self.records == 0 { b"[\n" } else { b",\n" })?;
                let mut serializer = serde_json::Serializer::with_formatter(&mut self.out, EscapedJson);
                json.serialize(&mut serializer).map_err(io::Error::from)?;
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
        match self.format {
            Format::Table if !self.page.is_empty() || self.records == 0 => self.write_page()?,
            Format::Table | Format::Tsv => {}
            Format::Json => self.out.write_all(if self.records == 0 { b"[]\n" } else { b"\n]\n" })?,
        }
        Ok(self.out.flush()?)
    }

    fn write_page(&mut self) -> Result<(), OutputError> {
        let width = match self.place {
            Place::Terminal { width } => width,
            Place::Pipe => None,
        };
        for line in table::lines(&self.columns, std::mem::take(&mut self.page), width) {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }
}

/// Compact JSON that also escapes all characters that would control a terminal: the same values, safe to display.
struct EscapedJson;

impl serde_json::ser::Formatter for EscapedJson {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if !fragment.contains(controls_terminal) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut escaped = String::with_capacity(fragment.len() + 16);
        for character in fragment.chars() {
            if controls_terminal(character) {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            } else {
                escaped.push(character);
            }
        }
        writer.write_all(escaped.as_bytes())
    }
}

mod screen;
mod table;
#[cfg(test)]
mod tests;
