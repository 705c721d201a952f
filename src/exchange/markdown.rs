//! Markdown files as notes: what a note is called, and its text as it is.

use std::io::Read;
use std::sync::Arc;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::document;
use super::front_matter;
use super::place::{Fault, Flaw, Located, Place, Position};
use super::values::MAX_RECORD;
use crate::error::Result;

/// A note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is called: the front matter's `title`, or the first heading as plain text, or the file's name without
    /// its extension. Never empty; white space is trimmed and each run of it is one space.
    pub name: String,
    /// The whole text, front matter included, without a byte order mark.
    pub body: String,
}

/// Reads the one note of `reader`, which errors will call `input`; memory holds all of it. `stem` is its name where
/// the text has neither title nor heading: the file's name without its extension.
///
/// # Errors
///
/// [`Error::Input`](crate::Error::Input) for a text that is not UTF-8, holds NUL or is longer than [`MAX_RECORD`]
/// bytes, or where nothing gives a name; [`Error::Io`](crate::Error::Io) if it cannot be read.
///
/// ```
/// use folio::exchange::read_note;
///
/// let note = read_note("plan.md", Some("plan"), &b"Setext *and* `code`\n===\n\ntext"[..])?.value;
/// assert_eq!(note.name, "Setext and code");
/// # Ok::<(), folio::Error>(())
/// ```
pub fn read_note(input: impl Into<Arc<str>>, stem: Option<&str>, reader: impl Read) -> Result<Located<Note>> {
    let input = input.into();
    let value = read(reader, stem).map_err(|fault| fault.in_input(&input))?;
    Ok(Located { place: Place::whole(&input), value })
}

fn read(reader: impl Read, stem: Option<&str>) -> Result<Note, Fault> {
    let body = document::read(reader, MAX_RECORD)?;
    let (title, text) = front_matter::split(&body);
    let name = title
        .as_deref()
        .and_then(one_line)
        .or_else(|| first_heading(text))
        .or_else(|| stem.and_then(one_line))
        .ok_or_else(|| Flaw::new(Position::START, "nothing gives this note a name: it has no title and no heading"))?;
    if name.contains('\0') {
        return Err(Flaw::new(Position::START, "the title has a NUL character in it").into());
    }
    Ok(Note { name, body })
}

/// The plain text of the first heading that has any.
fn first_heading(text: &str) -> Option<String> {
    let mut heading: Option<String> = None;
    for event in Parser::new(text) {
        match (event, &mut heading) {
            (Event::Start(Tag::Heading { .. }), slot) => *slot = Some(String::new()),
            (Event::End(TagEnd::Heading(_)), Some(found)) => {
                let name = one_line(found);
                if name.is_some() {
                    return name;
                }
                heading = None;
            }
            (Event::Text(text) | Event::Code(text), Some(found)) => found.push_str(&text),
            (Event::SoftBreak | Event::HardBreak, Some(found)) => found.push(' '),
            _ => {}
        }
    }
    None
}

/// A text on one line, or `None` if it is blank.
fn one_line(text: &str) -> Option<String> {
    let mut words = text.split_whitespace();
    let first = words.next()?.to_owned();
    Some(words.fold(first, |line, word| line + " " + word))
}

#[cfg(test)]
mod tests;
