//! Takes the fields that matter out of a JSON object, and says which one is wrong and where.
//!
//! Fields are first read as raw text, so that one that nobody asked for may hold anything, and one that is asked for
//! can be named with its place.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::place::{Flaw, Position};

/// A JSON text whose parts know their place in the input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    text: &'a str,
    start: Position,
}

impl<'a> Fields<'a> {
    /// A text that begins at `start` of its input.
    pub fn new(text: &'a str, start: Position) -> Self {
        Self { text, start }
    }

    /// The whole text as an object of raw fields. Of a field given twice serde says so.
    pub fn object<T: Deserialize<'a>>(&self) -> Result<T, Flaw> {
        serde_json::from_str(self.text).map_err(|error| Flaw::of(self.start, &error))
    }

    /// A field that is an object of raw fields.
    pub fn nested<T: Deserialize<'a>>(&self, name: &str, raw: &'a RawValue) -> Result<T, Flaw> {
        if !raw.get().starts_with('{') {
            return Err(self.expected(name, raw, "an object"));
        }
        serde_json::from_str(raw.get()).map_err(|error| Flaw::of(self.place(raw), &error))
    }

    /// A field that is a list.
    pub fn list(&self, name: &str, raw: &'a RawValue) -> Result<Vec<&'a RawValue>, Flaw> {
        if !raw.get().starts_with('[') {
            return Err(self.expected(name, raw, "a list"));
        }
        serde_json::from_str(raw.get()).map_err(|error| Flaw::of(self.place(raw), &error))
    }

    /// A field that is a text, without NUL, which no database text can hold.
    pub fn text(&self, name: &str, raw: &RawValue) -> Result<String, Flaw> {
        if !raw.get().starts_with('"') {
            return Err(self.expected(name, raw, "a text"));
        }
        let text: String = serde_json::from_str(raw.get()).map_err(|error| {
            let Flaw { position, problem } = Flaw::of(self.place(raw), &error);
            Flaw::new(position, format!("`{name}`: {problem}"))
        })?;
        if text.contains('\0') {
            return Err(self.flaw(raw, format!("`{name}` has a NUL character (\\u0000) in it")));
        }
        Ok(text)
    }

    /// A field that is true or false.
    pub fn boolean(&self, name: &str, raw: &RawValue) -> Result<bool, Flaw> {
        serde_json::from_str(raw.get()).map_err(|_| self.expected(name, raw, "true or false"))
    }

    /// A field that is a whole number of 64 bits.
    pub fn number(&self, name: &str, raw: &RawValue) -> Result<i64, Flaw> {
        let text = raw.get();
        if let Ok(number) = text.parse() {
            return Ok(number);
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.flaw(raw, format!("`{name}` is beyond the range of 64-bit numbers: {}", shortened(text))));
        }
        Err(self.expected(name, raw, "a whole number"))
    }

    /// What to say of a field whose value cannot be taken.
    pub fn flaw(&self, raw: &RawValue, problem: impl Into<String>) -> Flaw {
        Flaw::new(self.place(raw), problem)
    }

    /// What to say of a field whose value is of another kind than `expected`.
    pub fn expected(&self, name: &str, raw: &RawValue, expected: &str) -> Flaw {
        self.flaw(raw, format!("`{name}` must be {expected}, not {}", kind(raw)))
    }

    /// What to say of a field that is not there: the place is the whole text's.
    pub fn missing(&self, name: &str) -> Flaw {
        self.here(format!("`{name}` is missing"))
    }

    /// What to say of the whole text.
    pub fn here(&self, problem: impl Into<String>) -> Flaw {
        Flaw::new(self.start, problem)
    }

    /// Where a part of this text stands in the input.
    fn place(&self, part: &RawValue) -> Position {
        // A raw value borrows from the text it was parsed from, so its address tells its offset.
        let offset = part.get().as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
        self.text.as_bytes().get(..offset).map_or(self.start, |before| self.start.after(before))
    }
}

/// What a JSON value is, with the value where it is short.
fn kind(raw: &RawValue) -> String {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'"') => format!("the text {}", shortened(text)),
        Some(b'{') => "an object".to_owned(),
        Some(b'[') => "a list".to_owned(),
        Some(b't' | b'f' | b'n') => text.to_owned(),
        _ => format!("the number {}", shortened(text)),
    }
}

/// At most forty characters of a value: an error is one line.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
