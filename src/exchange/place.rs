//! The location of a record or an error in an input: `users.json, record 3 (line 1, column 1204)`.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::error::Error;

/// A position in a text: line and column, both from 1. Columns count bytes, as JSON parsers and `head -c` do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: u64,
    /// The byte within the line, from 1.
    pub column: u64,
}

impl Position {
    /// The first byte of a text.
    pub(super) const START: Self = Self { line: 1, column: 1 };

    /// The position after these bytes, when they begin here.
    pub(super) fn after(self, bytes: &[u8]) -> Self {
        match memchr::memrchr(b'\n', bytes) {
            None => Self { column: self.column + bytes.len() as u64, ..self },
            Some(last) => Self {
                line: self.line + memchr::memchr_iter(b'\n', &bytes[..=last]).count() as u64,
                column: (bytes.len() - last) as u64,
            },
        }
    }

    /// The position of a parser's error in a text that begins here.
    pub(super) fn of(self, error: &serde_json::Error) -> Self {
        // The parser reports column 0 at the end of a line, before it has read anything.
        let (line, column) = (error.line() as u64, error.column().max(1) as u64);
        if line <= 1 {
            Self { column: self.column + column - 1, ..self }
        } else {
            Self { line: self.line + line - 1, column }
        }
    }
}

/// The location of a record, in readable form; `Display` formats it as in errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    input: Arc<str>,
    record: Option<u64>,
    position: Option<Position>,
}

impl Place {
    /// The whole input: a file that is one record.
    pub(super) fn whole(input: &Arc<str>) -> Self {
        Self { input: Arc::clone(input), record: None, position: None }
    }

    /// A position inside an input; `record` counts from 1, for inputs that may contain several.
    pub(super) fn inside(input: &Arc<str>, record: Option<u64>, position: Position) -> Self {
        Self { input: Arc::clone(input), record, position: Some(position) }
    }

    /// The file as the caller named it, or `standard input`.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.input
    }

    /// The record's number in its input, from 1; `None` if the input is a single record.
    #[must_use]
    pub fn record(&self) -> Option<u64> {
        self.record
    }

    /// Line and column; `None` for the input as a whole.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// A parser's error about the text that begins at this location.
    pub(super) fn refuse_at(&self, error: &serde_json::Error) -> Error {
        let Flaw { position, problem } = Flaw::of(self.position.unwrap_or(Position::START), error);
        let position = self.position.map(|_| position);
        Self { position, ..self.clone() }.refuse(problem)
    }

    /// An error at this location, for constraints that are checked after reading.
    pub fn refuse(&self, problem: impl fmt::Display) -> Error {
        Error::Input { place: self.to_string(), problem: problem.to_string() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.input)?;
        if let Some(record) = self.record {
            write!(f, ", record {record}")?;
        }
        if let Some(Position { line, column }) = self.position {
            write!(f, " (line {line}, column {column})")?;
        }
        Ok(())
    }
}

/// A record with its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// Where it begins.
    pub place: Place,
    /// What was read.
    pub value: T,
}

/// A problem in a text, without the name of its input.
#[derive(Debug)]
pub(super) struct Flaw {
    pub position: Position,
    pub problem: String,
}

impl Flaw {
    pub fn new(position: Position, problem: impl Into<String>) -> Self {
        Self { position, problem: problem.into() }
    }

    /// A parser's error about a text that begins at `start`.
    pub fn of(start: Position, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        // The parser counts from the beginning of the record; users count from the beginning of the file.
        let relative = format!(" at line {} column {}", error.line(), error.column());
        let problem = text.strip_suffix(&relative).unwrap_or(&text);
        Self::new(start.of(error), problem)
    }
}

/// The reason that a stream's records end before the stream does.
#[derive(Debug)]
pub(super) enum Fault {
    /// Reading failed.
    Io(io::Error),
    /// The input is invalid.
    Flaw {
        /// The number of its record, if it is inside one.
        record: Option<u64>,
        flaw: Flaw,
    },
}

impl Fault {
    /// The error for the reader of `input`.
    pub fn in_input(self, input: &Arc<str>) -> Error {
        match self {
            Self::Io(source) => Error::io(input, source),
            Self::Flaw { record, flaw } => Place::inside(input, record, flaw.position).refuse(flaw.problem),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Flaw> for Fault {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw { record: None, flaw }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_moves_over_lines_and_bytes() {
        let at = |line, column| Position { line, column };
        assert_eq!(Position::START.after(b""), at(1, 1));
        assert_eq!(Position::START.after(b"abc"), at(1, 4));
        assert_eq!(Position::START.after(b"abc\n"), at(2, 1));
        assert_eq!(at(7, 5).after(b"a\r\n\nbc"), at(9, 3));
    }

    #[test]
    fn a_parser_s_complaint_is_counted_from_the_file_s_beginning() {
        let error = serde_json::from_str::<serde_json::Value>("{\"a\" 1}").expect_err("no colon");
        let flaw = Flaw::of(Position { line: 4, column: 100 }, &error);
        assert_eq!(flaw.problem, "expected `:`");
        assert_eq!(flaw.position, Position { line: 4, column: 105 });

        let error = serde_json::from_str::<serde_json::Value>("{\n\"a\" 1}").expect_err("no colon");
        assert_eq!(Flaw::of(Position { line: 4, column: 100 }, &error).position, Position { line: 5, column: 5 });
    }

    #[test]
    fn a_place_names_input_record_and_position_as_far_as_they_are_known() {
        let input = Arc::from("users.json");
        let at = Position { line: 1, column: 1204 };
        assert_eq!(Place::inside(&input, Some(3), at).to_string(), "users.json, record 3 (line 1, column 1204)");
        assert_eq!(Place::inside(&input, None, at).to_string(), "users.json (line 1, column 1204)");
        assert_eq!(Place::whole(&input).to_string(), "users.json");
        assert_eq!(Place::whole(&input).refuse("no").to_string(), "users.json: no");
    }
}
