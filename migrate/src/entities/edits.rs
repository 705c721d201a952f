//! Changes of a text at places that are known by their bytes.

use std::ops::Range;

use super::file::{Element, List};

/// Changes that do not overlap, made together.
pub(super) struct Edits<'t> {
    text: &'t str,
    changes: Vec<(Range<usize>, String)>,
}

impl<'t> Edits<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, changes: Vec::new() }
    }

    pub(super) fn text(&self, range: &Range<usize>) -> &'t str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    pub(super) fn replace(&mut self, range: Range<usize>, by: impl Into<String>) {
        self.changes.push((range, by.into()));
    }

    pub(super) fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }

    /// Removes an element with its comma, and with its lines if nothing else is on them.
    pub(super) fn remove(&mut self, element: &Element) {
        let mut range = element.range.start..element.comma.unwrap_or(element.range.end);
        let line = self.line_start(range.start);
        let rest = &self.text[range.end..];
        let line_end = rest.find('\n').map_or(self.text.len(), |end| range.end + end + 1);
        let alone = self.text[line..range.start].trim().is_empty() && self.text[range.end..line_end].trim().is_empty();
        if alone {
            range = line..line_end;
        } else {
            range.end += rest.len() - rest.trim_start_matches(' ').len();
        }
        self.replace(range, "");
    }

    /// Adds an element after another one of its list, or before all of them; `write` is told the indentation.
    pub(super) fn add(&mut self, list: &List, after: Option<usize>, write: impl Fn(&str) -> String) {
        let Some(element) = after.and_then(|index| list.items.get(index)) else {
            let indent = match list.items.first() {
                Some(first) => self.indentation(first.range.start).to_owned(),
                None => format!("{}    ", self.indentation(list.open)),
            };
            return self.insert(list.open, format!("\n{indent}{},", write(&indent)));
        };
        let indent = self.indentation(element.range.start).to_owned();
        let added = format!("\n{indent}{},", write(&indent));
        let Some(comma) = element.comma else { return self.insert(element.range.end, format!(",{added}")) };
        // A comment on the line belongs to the element.
        let rest = self.text[comma..].lines().next().unwrap_or_default();
        let comment = if rest.trim_start().starts_with("//") { rest.len() } else { 0 };
        self.insert(comma + comment, added);
    }

    /// Adds a line before the one that begins with what is at this place.
    pub(super) fn insert_line(&mut self, at: usize, line: &str) {
        let indent = self.indentation(at).to_owned();
        self.insert(at, format!("{line}\n{indent}"));
    }

    /// The white space at the beginning of the line of a place.
    fn indentation(&self, place: usize) -> &'t str {
        let line = &self.text[self.line_start(place)..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    fn line_start(&self, place: usize) -> usize {
        self.text[..place].rfind('\n').map_or(0, |end| end + 1)
    }

    /// The text with all changes made; those at one place in the order in which they were asked for.
    pub(super) fn made(mut self) -> String {
        self.changes.sort_by_key(|(range, _)| (range.start, range.end));
        let (mut made, mut done) = (String::with_capacity(self.text.len()), 0);
        for (range, by) in &self.changes {
            made += &self.text[done..range.start];
            made += by;
            done = range.end;
        }
        made + &self.text[done..]
    }
}
