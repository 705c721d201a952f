//! Extracts the relevant fields of a JSON object, and reports which one is invalid and where.
//!
//! Fields are first read as raw text, so that irrelevant ones may contain anything, and errors in relevant ones have a
//! position.

use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::place::{Flaw, Position};

/// A JSON text with the position of its parts in the input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    text: &'a str,
    start: Position,
}

impl<'a> Fields<'a> {
    /// A text that begins at `start` in its input.
    pub fn new(text: &'a str, start: Position) -> Self {
        Self { text, start }
    }

    /// The text.
    pub fn raw_text(&self) -> &'a str {
        self.text
    }

    /// A part of this text, as `Fields`.
    pub fn inner(&self, raw: &'a RawValue) -> Self {
        Self { text: raw.get(), start: self.position_of(raw) }
    }

    /// The whole text as an object of raw fields. Duplicate fields are an error.
    pub fn object<T: Deserialize<'a>>(&self) -> Result<T, Flaw> {
        serde_json::from_str(self.text).map_err(|error| parse_flaw(self.start, &error))
    }

    /// A field that is an object of raw fields.
    pub fn nested<T: Deserialize<'a>>(&self, name: &str, raw: &'a RawValue) -> Result<T, Flaw> {
        if !raw.get().starts_with('{') {
            return Err(self.expected(name, raw, "an object"));
        }
        serde_json::from_str(raw.get()).map_err(|error| parse_flaw(self.position_of(raw), &error))
    }

    /// Checks that a field is a list, without reading its entries.
    pub fn is_list(&self, name: &str, raw: &RawValue) -> Result<(), Flaw> {
        if raw.get().starts_with('[') { Ok(()) } else { Err(self.expected(name, raw, "a list")) }
    }

    /// A field that is a list of at most `max` values: a longer one would need many times its text in memory.
    pub fn list(&self, name: &str, raw: &'a RawValue, max: usize) -> Result<Vec<&'a RawValue>, Flaw> {
        self.is_list(name, raw)?;
        match First(max).deserialize(&mut serde_json::Deserializer::from_str(raw.get())) {
            Ok((values, false)) => Ok(values),
            Ok((_, true)) => Err(self.flaw(raw, format!("`{name}` has more than {max} entries, the limit"))),
            Err(error) => Err(parse_flaw(self.position_of(raw), &error)),
        }
    }

    /// A text field, without NUL, which databases cannot store.
    pub fn text(&self, name: &str, raw: &RawValue) -> Result<String, Flaw> {
        if !raw.get().starts_with('"') {
            return Err(self.expected(name, raw, "a text"));
        }
        let text: String = serde_json::from_str(raw.get()).map_err(|error| {
            let Flaw { position, problem } = Flaw::of(self.position_of(raw), &error);
            Flaw::new(position, format!("`{name}`: {problem}"))
        })?;
        if text.contains('\0') {
            return Err(self.flaw(raw, format!("`{name}` contains a NUL character (\\u0000)")));
        }
        Ok(text)
    }

    /// A boolean field.
    pub fn boolean(&self, name: &str, raw: &RawValue) -> Result<bool, Flaw> {
        serde_json::from_str(raw.get()).map_err(|_| self.expected(name, raw, "true or false"))
    }

    /// A 64-bit integer field.
    pub fn number(&self, name: &str, raw: &RawValue) -> Result<i64, Flaw> {
        let text = raw.get();
        if let Ok(number) = text.parse() {
            return Ok(number);
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(
                self.flaw(raw, format!("`{name}` is outside the range of 64-bit integers: {}", shortened(text)))
            );
        }
        Err(self.expected(name, raw, "a whole number"))
    }

    /// A flaw of a field with an invalid value.
    pub fn flaw(&self, raw: &RawValue, problem: impl Into<String>) -> Flaw {
        Flaw::new(self.position_of(raw), problem)
    }

    /// A flaw of a field with a value of another type than `expected`.
    pub fn expected(&self, name: &str, raw: &RawValue, expected: &str) -> Flaw {
        self.flaw(raw, format!("`{name}` must be {expected}, not {}", kind(raw)))
    }

    /// A flaw for a missing field, at the position of the whole text.
    pub fn missing(&self, name: &str) -> Flaw {
        self.here(format!("`{name}` is missing"))
    }

    /// A flaw of the whole text.
    pub fn here(&self, problem: impl Into<String>) -> Flaw {
        Flaw::new(self.start, problem)
    }

    /// The byte offset of a part of this text.
    pub fn offset(&self, part: &str) -> usize {
        // A raw value borrows from the text that it was parsed from, so its address yields its offset.
        part.as_ptr().addr().saturating_sub(self.text.as_ptr().addr())
    }

    /// The position of a part of this text in the input.
    fn position_of(&self, part: &RawValue) -> Position {
        self.text.as_bytes().get(..self.offset(part.get())).map_or(self.start, |before| self.start.after(before))
    }
}

/// A parser's error about a text that begins at `start`.
fn parse_flaw(start: Position, error: &serde_json::Error) -> Flaw {
    let Flaw { position, problem } = Flaw::of(start, error);
    if problem.starts_with("duplicate field") {
        return Flaw::new(position, problem + "; keep one of them");
    }
    Flaw::new(position, problem)
}

/// Deserializes the first values of a list, and whether there are more.
struct First(usize);

impl<'a> DeserializeSeed<'a> for First {
    type Value = (Vec<&'a RawValue>, bool);

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for First {
    type Value = (Vec<&'a RawValue>, bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while values.len() < self.0 {
            match list.next_element()? {
                Some(value) => values.push(value),
                None => return Ok((values, false)),
            }
        }
        let mut more = false;
        while list.next_element::<IgnoredAny>()?.is_some() {
            more = true;
        }
        Ok((values, more))
    }
}

/// The fields of an object with certain names. Unlike a derived struct, it accepts duplicate fields and uses the first;
/// null counts as absent.
#[derive(Debug)]
pub(super) struct Known<'a>(Vec<(&'static str, &'a RawValue)>);

impl<'a> Known<'a> {
    /// The fields with these names in a text, or `None` if it is not a JSON object.
    pub fn read(text: &'a str, names: &'static [&'static str]) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let known = deserializer.deserialize_map(Names(names)).ok()?;
        deserializer.end().ok().map(|()| known)
    }

    /// A field's value.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value).filter(|value| value.get() != "null")
    }

    /// Whether it has none of the fields; null counts as absent.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, value)| value.get() == "null")
    }

    /// Whether it has all of these fields.
    pub fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.get(name).is_some())
    }
}

/// Reads [`Known`], and a field's name as one of these names.
#[derive(Clone, Copy)]
struct Names(&'static [&'static str]);

impl<'a> Visitor<'a> for Names {
    type Value = Known<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut known: Vec<(&'static str, &'a RawValue)> = Vec::new();
        while let Some(name) = map.next_key_seed(self)? {
            let value: &'a RawValue = map.next_value()?;
            if let Some(name) = name
                && known.iter().all(|(seen, _)| *seen != name)
            {
                known.push((name, value));
            }
        }
        Ok(Known(known))
    }
}

impl<'a> DeserializeSeed<'a> for Names {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        struct Name(Names);
        impl Visitor<'_> for Name {
            type Value = Option<&'static str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field's name")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(self.0.0.iter().find(|known| **known == name).copied())
            }
        }
        deserializer.deserialize_str(Name(self))
    }
}

/// The type of a JSON value, with the value for scalars.
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

/// At most forty characters of a value, to keep an error on one line.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
