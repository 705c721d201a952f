//! Records on standard output: a table for a terminal, bare rows for a pipe, other formats on request.

use std::io::{self, IsTerminal, Write};

use chrono::{DateTime, Utc};
use folio::types::Timestamp;
use terminal_size::{Width, terminal_size_of};

use column::Kind;
pub use column::{Column, Record, with_columns};
pub(super) use json::write as write_json;
pub use listing::Listing;
pub use pager::{Output, page_with};
pub use screen::printable;
use screen::{controls_terminal, push_field};
pub use sheet::Sheet;
pub use signal::{Signal, styled};
pub use table::cut;

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[non_exhaustive]
pub enum Format {
    /// Columns under a header, fitted to the terminal.
    Table,
    /// One line a record without a header, tabs between the fields; in a field tab, newline, return and backslash are
    /// written as \t, \n, \r and \\, and other characters that would drive a terminal as \u{1b}.
    Tsv,
    /// As RFC 4180 has it: a comma between the fields, quotes where a field needs them, a line end of two characters; no
    /// header unless it is asked for.
    Csv,
    /// One array, one record a line.
    Json,
    /// One record a line, and no array around them.
    Ndjson,
    /// A table of GitHub's Markdown.
    Markdown,
}

impl Format {
    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        clap::ValueEnum::to_possible_value(&self).map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
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

    /// The time from which ages are told: now, on a terminal.
    #[must_use]
    pub fn now(self) -> Option<DateTime<Utc>> {
        matches!(self, Self::Terminal { .. }).then(|| Timestamp::now().utc())
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

/// When output has bold and colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal that can show them.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

impl Color {
    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }

    /// Makes it the choice for all output: records, messages, and the pages of the help.
    pub fn choose(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// Whether standard output takes bold and colours, by the [`Color`] that was chosen.
pub(super) fn wants_styles() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Standard output, locked and buffered, by way of the pager if it is longer than the screen.
#[must_use]
pub(super) fn stdout() -> Output {
    Output::new()
}

/// Writes a text to standard output. Line ends and tabs are kept; other characters that would control the terminal are
/// escaped.
pub(super) fn write(text: &str) -> Result<(), OutputError> {
    write_exactly(&safe_lines(text))
}

/// The text with its line ends and tabs, and without other characters that would control the terminal.
pub(super) fn safe_lines(text: &str) -> String {
    let line = |line: &str| line.split('\t').map(printable).collect::<Vec<_>>().join("\t");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Writes a text to standard output as it is: its parts are [`printable`], and some of them [`styled`]; or it is for
/// another program, and standard output is not a terminal.
pub(super) fn write_exactly(text: &str) -> Result<(), OutputError> {
    let mut out = stdout();
    Ok(out.write_all(text.as_bytes()).and_then(|()| out.flush())?)
}

/// Passes standard output to `fill`, which writes to it by [`write_json`].
pub(super) fn json_lines<T>(fill: impl FnOnce(&mut Output) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let mut out = stdout();
    let filled = fill(&mut out)?;
    out.flush().map_err(OutputError)?;
    Ok(filled)
}

mod ago;
mod column;
mod delimited;
mod json;
mod listing;
mod pager;
mod screen;
mod sheet;
mod signal;
mod table;
#[cfg(test)]
mod tests;
