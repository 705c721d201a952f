//! Text that came from data, made fit for a screen. A pipe may end at one (`folio note list | tail`), so that all output
//! is.

use std::borrow::Cow;

/// Text on one line with nothing in it that would drive a terminal: characters that move the cursor, change colours, turn
/// the direction of reading or hide what stands there are escaped, as `\n` or `\u{1b}`.
///
/// ```
/// use folio::cli::output::printable;
///
/// assert_eq!(printable("Ада 🦀"), "Ада 🦀");
/// assert_eq!(printable("a\u{1b}[2Jb\n"), r"a\u{1b}[2Jb\n");
/// ```
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(drives_a_screen) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if drives_a_screen(character) { safe.extend(character.escape_default()) } else { safe.push(character) }
    }
    Cow::Owned(safe)
}

/// Control characters, line and paragraph separators, marks that turn the direction of text, and format characters that
/// nobody sees. Joiners and variation selectors, of which emoji and scripts are made, are none of them.
pub(super) fn drives_a_screen(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// Appends a field of a tab-separated row: no tab or line end is left in it, nor anything that would drive a screen, and
/// the backslash is escaped, so that a program can undo it all.
pub(super) fn push_field(line: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '\\' => line.push_str("\\\\"),
            other if drives_a_screen(other) => line.extend(other.escape_default()),
            other => line.push(other),
        }
    }
}
