//! What a search looks for: words, phrases, beginnings of words, and words that must be missing.

use std::ops::Range;

use crate::error::{Error, Result};

/// The greatest number of words and phrases in one search.
const MAX_TERMS: usize = 64;

/// The greatest number of characters in one word.
const MAX_WORD: usize = 256;

/// One word, or several that follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// In lower case; letters and digits.
    pub(super) words: Vec<String>,
    /// Whether the last word is the beginning of one.
    pub(super) prefix: bool,
}

/// What a search looks for.
///
/// ```
/// use folio::services::search::Words;
///
/// let words: Words = r#"migration "call back" data* -draft"#.parse()?;
/// assert_eq!(words.found_in("Call back about the database"), [0..4, 5..9, 20..28]);
/// assert!("-draft".parse::<Words>().is_err());
/// # Ok::<(), folio::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    pub(super) present: Vec<Term>,
    pub(super) absent: Vec<Term>,
}

impl std::str::FromStr for Words {
    type Err = Error;

    /// Words are separated by white space, and all must be there. `"…"` is a phrase: its words follow each other. `…*` is
    /// the beginning of a word, `-…` must not be there. Every other mark separates words, so `user@example.org` is a
    /// phrase of three.
    fn from_str(text: &str) -> Result<Self> {
        let mut words = Self { present: Vec::new(), absent: Vec::new() };
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let unsigned = rest.strip_prefix('-').unwrap_or(rest);
            let is_absent = unsigned.len() < rest.len();
            let (written, after) = match unsigned.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => unsigned.split_at(unsigned.find([' ', '\t', '\n', '\r', '"']).unwrap_or(unsigned.len())),
            };
            let starred = after.strip_prefix('*');
            let term = Term {
                words: runs(written).map(|run| written[run].to_lowercase()).collect(),
                prefix: starred.is_some() || written.ends_with('*'),
            };
            rest = starred.unwrap_or(after).trim_start();
            if let Some(long) = term.words.iter().find(|word| word.chars().count() > MAX_WORD) {
                let start: String = long.chars().take(16).collect();
                return Err(Error::value("search", format!("the word {start}… has more than {MAX_WORD} characters")));
            }
            if !term.words.is_empty() {
                if is_absent { &mut words.absent } else { &mut words.present }.push(term);
            }
        }
        match (words.present.len() + words.absent.len(), words.present.is_empty()) {
            (0, _) => Err(Error::value("search", "there is no word in it: letters or digits")),
            (_, true) => Err(Error::value("search", "it only leaves out words; name one to look for")),
            (MAX_TERMS.., _) => Err(Error::value("search", format!("it has {MAX_TERMS} words or more"))),
            _ => Ok(words),
        }
    }
}

impl Words {
    /// The places in a text of the words that are looked for, in their order.
    #[must_use]
    pub fn found_in(&self, text: &str) -> Vec<Range<usize>> {
        let there: Vec<(Range<usize>, String)> =
            runs(text).map(|run| (run.clone(), text[run].to_lowercase())).collect();
        let mut found = Vec::new();
        for start in 0..there.len() {
            let longest =
                self.present.iter().filter(|term| term.is_at(&there[start..])).map(|term| term.words.len()).max();
            found.extend(there[start..].iter().take(longest.unwrap_or(0)).map(|(run, _)| run.clone()));
        }
        found.dedup();
        found
    }
}

impl Term {
    fn is_at(&self, there: &[(Range<usize>, String)]) -> bool {
        let last = self.words.len() - 1;
        self.words.len() <= there.len()
            && self.words.iter().zip(there).enumerate().all(|(place, (word, (_, there)))| {
                if self.prefix && place == last { there.starts_with(word.as_str()) } else { there == word }
            })
    }
}

/// The runs of letters, digits and what is put on them.
fn runs(text: &str) -> impl Iterator<Item = Range<usize>> {
    let of_a_word = |character: char| character.is_alphanumeric() || matches!(character, '\u{300}'..='\u{36f}');
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text[from..].find(of_a_word)?;
        let length = text[start..].find(|character| !of_a_word(character)).unwrap_or(text.len() - start);
        from = start + length;
        Some(start..from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(text: &str, prefix: bool) -> Term {
        Term { words: text.split(' ').map(str::to_owned).collect(), prefix }
    }

    #[test]
    fn words_phrases_beginnings_and_absent_words_are_told_apart() {
        let words: Words = "Straße  foo-bar \"a B\" \"c d\"* e* -\"f g\" -h".parse().unwrap();
        let present = [("straße", false), ("foo bar", false), ("a b", false), ("c d", true), ("e", true)];
        assert_eq!(words.present, present.map(|(text, prefix)| term(text, prefix)));
        assert_eq!(words.absent, [term("f g", false), term("h", false)]);
    }

    #[test]
    fn every_text_is_a_search_or_an_error_that_says_why() {
        for (text, why) in [
            ("", "there is no word in it"),
            (" \t\"\" * -- !? ' ( ) : ^ ~", "there is no word in it"),
            ("-draft", "it only leaves out words"),
        ] {
            let refused = text.parse::<Words>().unwrap_err().to_string();
            assert!(refused.contains(why), "{text:?}: {refused}");
        }
        assert!("x".repeat(257).parse::<Words>().unwrap_err().to_string().contains("xxxxxxxxxxxxxxxx…"));
        assert!("x ".repeat(64).parse::<Words>().unwrap_err().to_string().contains("64 words"));
        for (text, words) in [("\"open", "open"), ("a\"b c", "a"), ("NOT", "not"), ("a:b", "a b"), ("(x)", "x")] {
            assert_eq!(text.parse::<Words>().unwrap().present[0], term(words, false), "{text}");
        }
    }

    #[test]
    fn places_overlap_once_and_keep_their_order() {
        let words: Words = "b \"a b\" c*".parse().unwrap();
        assert_eq!(words.found_in("a b, b. Cé! d"), [0..1, 2..3, 5..6, 8..11]);
        assert_eq!(words.found_in("nothing"), []);
    }
}
