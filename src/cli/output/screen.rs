//! Makes text from data safe for a terminal. All output is escaped, since a pipe may end at a terminal (`folio note
//! list | tail`).

use std::borrow::Cow;

/// Text on one line without characters that control a terminal: those that move the cursor, change colours, reverse the
/// text direction or hide text are escaped, as `\n` or `\u{1b}`.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(controls_terminal) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if controls_terminal(character) { safe.extend(character.escape_default()) } else { safe.push(character) }
    }
    Cow::Owned(safe)
}

/// Control characters, line and paragraph separators, text direction marks, and invisible format characters. Joiners
/// and variation selectors are excluded, because emoji and scripts need them.
pub(super) fn controls_terminal(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// Appends a field of a tab-separated row. Tabs, line ends and characters that control a terminal are escaped, and so
/// is the backslash, so that a program can reverse the escaping.
pub(super) fn push_field(line: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '\\' => line.push_str("\\\\"),
            other if controls_terminal(other) => line.extend(other.escape_default()),
            other => line.push(other),
        }
    }
}
