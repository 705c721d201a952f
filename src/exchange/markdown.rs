//! Reads Markdown files as notes: the note's name, its tags, and its text unchanged.

use std::io::Read;
use std::sync::Arc;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use super::document;
use super::front_matter;
use super::place::{Fault, Flaw, Located, Place, Position};
use super::values::MAX_RECORD;
use crate::error::Result;
use crate::types::{self, Text256};

/// The number of bytes of a note that are searched for its name.
const HEAD: usize = 64 * 1024;

/// A note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The name: the front matter's `title`, or the level-1 heading that opens the text, as plain text, or the file's
    /// name without its extension. Never empty and at most 256 characters long: a longer candidate is not a name, and
    /// is skipped. White space is trimmed, and each run of it becomes one space.
    pub name: String,
    /// The tags of the front matter, each once; `None` if it has none. What cannot be a [`Tag`](types::Tag) is left out.
    pub tags: Option<Vec<types::Tag>>,
    /// The whole text, front matter included, without a byte order mark.
    pub body: String,
}

/// Reads the one note of `reader`, named `input` in errors. All of it is held in memory. `stem`, the file's name
/// without its extension, is the note's name if it has neither a title nor a heading.
///
/// # Errors
///
/// [`Error::Input`](crate::Error::Input) for a text that is not UTF-8, contains NUL, is longer than [`MAX_RECORD`]
/// bytes, or has no name; [`Error::Io`](crate::Error::Io) if it cannot be read.
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
    let read = document::read(reader, MAX_RECORD).and_then(|text| parse(text, stem));
    let value = read.map_err(|fault| fault.in_input(&input))?;
    Ok(Located { place: Place::whole(&input), value })
}

/// The note of a text.
pub(super) fn parse(body: String, stem: Option<&str>) -> Result<Note, Fault> {
    let (front, text) = front_matter::split(head(&body));
    let name = front
        .title
        .as_deref()
        .and_then(name)
        .or_else(|| opening_heading(text).as_deref().and_then(name))
        .or_else(|| stem.and_then(name))
        .ok_or_else(|| {
            let problem = "this note has no name: begin it with a line '# NAME', or import it from a file";
            Flaw::new(Position::START, problem)
        })?;
    let tags = front.tags.map(|tags| self::tags(tags.iter().map(String::as_str)));
    Ok(Note { name, tags, body })
}

/// What can be a tag of these texts, in the order of their bytes and each once.
pub(super) fn tags<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<types::Tag> {
    let mut tags: Vec<types::Tag> = texts.filter_map(|tag| tag.parse().ok()).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// The beginning of a text, the part that is searched for its name.
fn head(body: &str) -> &str {
    &body[..body.floor_char_boundary(HEAD)]
}

/// The plain text of the level-1 heading at the beginning of a text. Comments, which are not rendered, may precede it.
fn opening_heading(text: &str) -> Option<String> {
    let mut events = Parser::new(text);
    let mut html = String::new();
    loop {
        match events.next()? {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => break,
            Event::Start(Tag::HtmlBlock) => html.clear(),
            Event::Html(line) => html.push_str(&line),
            Event::End(TagEnd::HtmlBlock) if is_comment(&html) => {}
            _ => return None,
        }
    }
    let mut heading = String::new();
    for event in events {
        match event {
            Event::End(TagEnd::Heading(_)) => break,
            Event::Text(text) | Event::Code(text) => heading.push_str(&text),
            Event::SoftBreak | Event::HardBreak => heading.push(' '),
            _ => {}
        }
    }
    Some(heading)
}

fn is_comment(html: &str) -> bool {
    let inner = html.trim().strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
    inner.is_some_and(|inner| !inner.contains("-->"))
}

/// A text as a name, or `None` if it is blank or invalid.
fn name(text: &str) -> Option<String> {
    let line = one_line(text)?;
    Text256::named("note name", line).ok().map(Text256::into_string)
}

/// A text on one line, or `None` if it is blank.
fn one_line(text: &str) -> Option<String> {
    let mut words = text.split_whitespace();
    let first = words.next()?.to_owned();
    Some(words.fold(first, |line, word| line + " " + word))
}

#[cfg(test)]
mod tests;
