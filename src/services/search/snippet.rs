//! The part of a text that a search shows: the words that were found, with some before and after them.

use super::words::Words;

/// The number of characters shown.
const LENGTH: usize = 80;

/// The number of characters before the first word that was found.
const BEFORE: usize = 24;

/// The part of the text around the first word that was found, on one line; `…` stands for what is left out. A text in
/// which no word is found, because the database's rules for letters go further, is shown from its beginning.
pub(super) fn snippet(text: &str, words: &Words) -> String {
    let first = words.found_in(text).first().map_or(0, |found| found.start);
    let before = text[..first].char_indices().rev().take(BEFORE).last().map_or(first, |(place, _)| place);
    // At the beginning of a word.
    let start = if before == 0 { 0 } else { text[before..first].find(' ').map_or(first, |space| before + space + 1) };
    let mut shown = String::new();
    if !text[..start].trim().is_empty() {
        shown.push('…');
    }
    for piece in text[start..].split_whitespace() {
        let left = LENGTH.saturating_sub(shown.chars().count());
        if left < piece.chars().count() + 1 {
            // A word longer than all the room is cut.
            if matches!(shown.as_str(), "" | "…") {
                shown.extend(piece.chars().take(LENGTH));
            }
            shown.push('…');
            return shown;
        }
        if !matches!(shown.as_str(), "" | "…") {
            shown.push(' ');
        }
        shown.push_str(piece);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, words: &str) -> String {
        snippet(text, &words.parse().unwrap())
    }

    #[test]
    fn a_short_text_is_shown_whole_on_one_line() {
        assert_eq!(shown("  Call\n\tback  on Monday\n", "back"), "Call back on Monday");
        assert_eq!(shown("résumé", "resume"), "résumé");
        assert_eq!(shown("", "x"), "");
    }

    #[test]
    fn a_long_text_is_shown_around_the_first_word_that_was_found() {
        let text = format!("{} the needle lies here {}", "hay ".repeat(1_000), "straw ".repeat(1_000));
        let shown = shown(&text, "needle");
        assert!(shown.starts_with("…hay hay"), "{shown}");
        assert!(shown.contains("the needle lies here straw") && shown.ends_with('…'), "{shown}");
        assert!(shown.chars().count() <= LENGTH + 2, "{shown}");
    }

    #[test]
    fn no_text_is_cut_within_a_character() {
        let text = format!("{}é{}", "漢".repeat(300), "🦀".repeat(300));
        for start in 0..40 {
            let text = format!("{}{text}", " ".repeat(start));
            assert!(shown(&text, "é").chars().count() <= LENGTH + 2);
        }
        assert!(shown(&"x".repeat(10_000), "x*").ends_with("x…"));
    }
}
