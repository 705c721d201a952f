//! Where a command's output goes: data to standard output, messages for people to standard error.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use serde::Serialize;
use serde_json::Value;
use tabwriter::TabWriter;

/// How a command prints and asks. [`Standard`] is enough for a program that does both in the usual way.
pub trait Console {
    /// Writes rows of data to standard output.
    ///
    /// # Errors
    ///
    /// The output's.
    fn table(&mut self, table: &Table) -> io::Result<()>;

    /// Writes a text, such as a script, to standard output.
    ///
    /// # Errors
    ///
    /// The output's.
    fn text(&mut self, text: &str) -> io::Result<()>;

    /// Whether rows were asked for, in a format, so that no text for people takes their place.
    fn wants_rows(&self) -> bool;

    /// Tells the person something, in one line.
    fn say(&mut self, line: &str);

    /// Warns the person, in one line.
    fn warn(&mut self, problem: &str) {
        self.say(&format!("warning: {problem}"));
    }

    /// Says what the command would do, such as "remove notes (3 rows)", and asks whether it shall; `None` where there
    /// is nobody to ask.
    ///
    /// # Errors
    ///
    /// The input's.
    fn confirm(&mut self, doing: &str) -> io::Result<Option<bool>>;
}

/// A column of a [`Table`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in a header.
    pub name: &'static str,
    /// What its cells are.
    pub kind: ColumnKind,
}

/// What the cells of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnKind {
    /// Any text.
    Text,
    /// Whole numbers.
    Number,
    /// Times in RFC 3339, in UTC.
    Time,
}

impl Column {
    pub(super) const fn text(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Text }
    }

    pub(super) const fn number(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Number }
    }

    pub(super) const fn time(name: &'static str) -> Self {
        Self { name, kind: ColumnKind::Time }
    }
}

/// Rows of data, in two forms: cells under columns, and JSON.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Table {
    /// The columns.
    pub columns: &'static [Column],
    /// The cells of each row, in the order of the columns; `None` is nothing.
    pub rows: Vec<Vec<Option<String>>>,
    /// The rows in JSON, which may have more fields than there are columns.
    pub json: Vec<Value>,
}

/// What is listed as a row.
pub(super) trait Row: Serialize {
    const COLUMNS: &'static [Column];

    /// The cells, in the order of the columns.
    fn cells(&self) -> Vec<Option<String>>;
}

impl Table {
    pub(super) fn of<R: Row>(rows: &[R]) -> io::Result<Self> {
        let json = rows.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
        Ok(Self { columns: R::COLUMNS, rows: rows.iter().map(Row::cells).collect(), json })
    }
}

/// How [`Standard`] writes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[non_exhaustive]
pub enum Format {
    /// Columns under a header.
    Table,
    /// One line a row without a header, tabs between the cells.
    Tsv,
    /// One array.
    Json,
}

/// Standard output and standard error, with `name: ` before messages. Characters that would control a terminal are
/// written as `\u{1b}`, tabs and line ends in cells as `\t` and `\n`.
#[derive(Debug)]
pub struct Standard {
    requested: Option<Format>,
}

impl Standard {
    /// A console for this format; by default a table on a terminal, and tab-separated rows elsewhere.
    #[must_use]
    pub fn new(format: Option<Format>) -> Self {
        Self { requested: format }
    }
}

impl Console for Standard {
    fn table(&mut self, table: &Table) -> io::Result<()> {
        let usual = || if io::stdout().is_terminal() { Format::Table } else { Format::Tsv };
        let text = match self.requested.unwrap_or_else(usual) {
            Format::Json => json(table)?,
            Format::Tsv => lines(table, false),
            Format::Table => {
                let mut aligned = TabWriter::new(Vec::new());
                aligned.write_all(lines(table, true).as_bytes())?;
                aligned.flush()?;
                let aligned = aligned.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
                String::from_utf8_lossy(&aligned).into_owned()
            }
        };
        self.text(&text)
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(printable(text).as_bytes())?;
        out.flush()
    }

    fn wants_rows(&self) -> bool {
        self.requested.is_some()
    }

    fn say(&mut self, line: &str) {
        // There is nobody left to tell if it fails.
        drop(writeln!(io::stderr().lock(), "{}", printable(&line.replace('\n', " "))));
    }

    fn confirm(&mut self, doing: &str) -> io::Result<Option<bool>> {
        if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
            return Ok(None);
        }
        write!(io::stderr().lock(), "This would {}.\nContinue? [y/N] ", printable(doing))?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")))
    }
}

/// One array, a row a line.
fn json(table: &Table) -> io::Result<String> {
    let rows = table.json.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    Ok(if rows.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", rows.join(",\n")) })
}

fn lines(table: &Table, header: bool) -> String {
    let mut lines = String::new();
    if header {
        lines += &table.columns.iter().map(|column| column.name.to_uppercase()).collect::<Vec<_>>().join("\t");
        lines.push('\n');
    }
    for row in &table.rows {
        let cells = row.iter().map(|cell| cell.as_deref().unwrap_or_default());
        lines += &cells.map(|cell| field(cell).into_owned()).collect::<Vec<_>>().join("\t");
        lines.push('\n');
    }
    lines
}

/// A cell on one line.
fn field(cell: &str) -> Cow<'_, str> {
    if !cell.contains(['\t', '\n', '\r', '\\']) {
        return Cow::Borrowed(cell);
    }
    let escaped = cell.replace('\\', r"\\").replace('\t', r"\t").replace('\n', r"\n").replace('\r', r"\r");
    Cow::Owned(escaped)
}

/// The text without characters that control a terminal, except tabs and line ends.
fn printable(text: &str) -> Cow<'_, str> {
    let controls = |character: char| character.is_control() && !matches!(character, '\t' | '\n');
    if !text.contains(controls) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if controls(character) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Named {
        name: &'static str,
    }

    impl Row for Named {
        const COLUMNS: &'static [Column] = &[Column::text("name"), Column::number("length")];

        fn cells(&self) -> Vec<Option<String>> {
            vec![Some(self.name.to_owned()), None]
        }
    }

    #[test]
    fn rows_are_lines_and_one_array() {
        let table = Table::of(&[Named { name: "a\tb\n" }, Named { name: r"c\d" }]).unwrap();
        assert_eq!(lines(&table, true), "NAME\tLENGTH\na\\tb\\n\t\nc\\\\d\t\n");
        assert_eq!(json(&table).unwrap(), "[\n{\"name\":\"a\\tb\\n\"},\n{\"name\":\"c\\\\d\"}\n]\n");
        assert_eq!(json(&Table::of::<Named>(&[]).unwrap()).unwrap(), "[]\n");
    }

    #[test]
    fn what_would_control_a_terminal_is_shown() {
        assert_eq!(printable("a\u{1b}[1m\tb\u{9b}\n"), "a\\u{1b}[1m\tb\\u{9b}\n");
    }
}
