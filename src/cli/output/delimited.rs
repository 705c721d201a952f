//! Rows of text: tab-separated, CSV and Markdown.

use std::borrow::Cow;
use std::io;

use super::{Column, Kind, controls_terminal, printable, push_field};

/// A tab-separated row, with its line end.
pub(super) fn tsv<'c>(cells: impl IntoIterator<Item = Cow<'c, str>>) -> String {
    let mut line = String::new();
    for (position, cell) in cells.into_iter().enumerate() {
        if position > 0 {
            line.push('\t');
        }
        push_field(&mut line, &cell);
    }
    line.push('\n');
    line
}

/// A row of RFC 4180, with its line end. Line ends and tabs stay in a field as they are; other characters that would
/// control a terminal are escaped, as `\u{1b}`.
pub(super) fn csv<'c>(cells: impl IntoIterator<Item = Cow<'c, str>>) -> io::Result<Vec<u8>> {
    const ROW: usize = 256;
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).buffer_capacity(ROW).from_writer(Vec::new());
    for cell in cells {
        writer.write_field(visible(&cell).as_bytes())?;
    }
    writer.write_record(None::<&[u8]>)?;
    writer.into_inner().map_err(|error| error.into_error())
}

/// A cell that no spreadsheet takes for a formula: one that begins like a formula gets an apostrophe before it, which
/// spreadsheets do not show. A number in a column of numbers is none.
pub(super) fn guarded(kind: Kind, cell: Cow<'_, str>) -> Cow<'_, str> {
    let begins_one = |text: &str| text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let is_number = kind == Kind::Number && cell.parse::<f64>().is_ok();
    if !is_number && begins_one(&cell) { format!("'{cell}").into() } else { cell }
}

/// The text with line ends and tabs, and without other characters that control a terminal.
fn visible(text: &str) -> Cow<'_, str> {
    let stays = |character: char| matches!(character, '\n' | '\r' | '\t');
    let drives = |character: char| controls_terminal(character) && !stays(character);
    if !text.contains(drives) {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if drives(character) { safe.extend(character.escape_default()) } else { safe.push(character) }
    }
    safe.into()
}

/// The header of a Markdown table: the names of its columns, and the line below them, which aligns numbers right.
pub(super) fn markdown_header(columns: &[Column]) -> String {
    let names = markdown(columns.iter().map(|column| column.name.into()));
    let rules = columns.iter().map(|column| if column.kind == Kind::Number { "---: |" } else { "--- |" });
    names + "| " + &rules.collect::<Vec<_>>().join(" ") + "\n"
}

/// A row of a Markdown table, with its line end. What Markdown or HTML would take for markup is escaped.
pub(super) fn markdown<'c>(cells: impl IntoIterator<Item = Cow<'c, str>>) -> String {
    let mut line = String::from("|");
    for cell in cells {
        line.push(' ');
        let text = cell.replace("\r\n", "\n");
        for (position, part) in text.split('\n').enumerate() {
            if position > 0 {
                line.push_str("<br>");
            }
            push_markdown(&mut line, part);
        }
        line.push_str(" |");
    }
    line.push('\n');
    line
}

fn push_markdown(line: &mut String, text: &str) {
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek().copied();
        let is_in_a_word = || {
            let is_of_one = |other: Option<char>| other.is_some_and(char::is_alphanumeric);
            is_of_one(before) && is_of_one(next)
        };
        match character {
            '<' => line.push_str("&lt;"),
            '&' => line.push_str("&amp;"),
            '_' if is_in_a_word() => line.push('_'),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '~' | '$' => line.extend(['\\', character]),
            other => line.push_str(&printable(other.encode_utf8(&mut [0; 4]))),
        }
        before = Some(character);
    }
}
