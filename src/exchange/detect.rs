//! Recognises a format by what stands first in an input, without losing what was read for it.

use std::io::{self, Cursor, Read};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::format::Format;
use super::place::Fault;
use super::values::{MAX_RECORD, Values};

/// What an input looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// A format that can be read; or one that is damaged, and whose reader will say where.
    Is(Format),
    /// JSON, but not of a format that can be read.
    OtherJson,
    /// No JSON: some text, or bytes.
    NoJson,
    /// JSON or text in UTF-16, as some shells write it.
    Utf16,
    /// Nothing but white space.
    Empty,
}

/// Looks at the first record of `reader`, and gives back all of the reader. Reads one record and a buffer ahead.
pub(super) fn look<R: Read>(reader: R) -> io::Result<(Likeness, impl Read + use<R>)> {
    let mut head = Head { reader, seen: Vec::new() };
    let likeness = likeness(&mut head)?;
    Ok((likeness, Cursor::new(head.seen).chain(head.reader)))
}

/// A reader that remembers what was read.
struct Head<R> {
    reader: R,
    seen: Vec<u8>,
}

impl<R: Read> Read for Head<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.seen.extend_from_slice(&buffer[..read]);
        Ok(read)
    }
}

fn likeness<R: Read>(head: &mut Head<R>) -> io::Result<Likeness> {
    let mut values = Values::new(&mut *head, MAX_RECORD);
    let keys = match values.next() {
        Ok(Some(record)) => Some(serde_json::from_str::<Keys>(record.text).ok()),
        Ok(None) | Err(Fault::Flaw { .. }) => None,
        Err(Fault::Io(error)) => return Err(error),
    };
    drop(values);
    let seen = head.seen.as_slice();
    if seen.starts_with(&[0xFF, 0xFE]) || seen.starts_with(&[0xFE, 0xFF]) {
        return Ok(Likeness::Utf16);
    }
    let text = seen.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(seen).trim_ascii_start();
    let Some(&first) = text.first() else { return Ok(Likeness::Empty) };
    Ok(match keys {
        Some(Some(keys)) if keys.are_github() => Likeness::Is(Format::Github),
        Some(Some(keys)) if first == b'{' && keys.are_resume() => Likeness::Is(Format::JsonResume),
        Some(Some(_)) => Likeness::OtherJson,
        // What is damaged, or holds no records, is recognised by how it begins.
        Some(None) | None if begins_as_json(text) => Likeness::Is(Format::Github),
        Some(None) | None if serde_json::from_slice::<IgnoredAny>(text).is_ok() => Likeness::OtherJson,
        Some(None) | None => Likeness::NoJson,
    })
}

/// Whether a text begins as a list of objects or as an object does. A Markdown link begins with a bracket too.
fn begins_as_json(text: &[u8]) -> bool {
    match text.split_first() {
        Some((b'{', rest)) => matches!(rest.trim_ascii_start().first(), None | Some(b'"' | b'}')),
        Some((b'[', rest)) => matches!(rest.trim_ascii_start().first(), None | Some(b'{' | b'[' | b']')),
        _ => false,
    }
}

/// The names of a record's fields, as far as they tell formats apart.
#[derive(Deserialize)]
struct Keys {
    id: Option<IgnoredAny>,
    login: Option<IgnoredAny>,
    owner: Option<IgnoredAny>,
    name: Option<IgnoredAny>,
    full_name: Option<IgnoredAny>,
    #[serde(rename = "$schema")]
    schema: Option<serde_json::Value>,
    basics: Option<IgnoredAny>,
    work: Option<IgnoredAny>,
    volunteer: Option<IgnoredAny>,
    education: Option<IgnoredAny>,
    awards: Option<IgnoredAny>,
    certificates: Option<IgnoredAny>,
    publications: Option<IgnoredAny>,
    skills: Option<IgnoredAny>,
    languages: Option<IgnoredAny>,
    interests: Option<IgnoredAny>,
    references: Option<IgnoredAny>,
    projects: Option<IgnoredAny>,
}

impl Keys {
    fn are_github(&self) -> bool {
        let repository = self.owner.is_some() && (self.name.is_some() || self.full_name.is_some());
        self.id.is_some() && (self.login.is_some() || repository)
    }

    /// `basics` and the schema's address tell alone, and so do the sections that only a résumé has; the others stand
    /// in many a tool's configuration, so it takes two.
    fn are_resume(&self) -> bool {
        let schema = self.schema.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        let telling = [&self.basics, &self.work, &self.education, &self.skills, &self.volunteer, &self.certificates];
        let common =
            [&self.awards, &self.publications, &self.languages, &self.interests, &self.references, &self.projects];
        schema.contains("resume-schema")
            || schema.contains("jsonresume")
            || telling.into_iter().any(Option::is_some)
            || common.into_iter().flatten().count() >= 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &[u8]) -> Likeness {
        let (likeness, mut rest) = look(text).expect("memory can be read");
        let mut replayed = Vec::new();
        rest.read_to_end(&mut replayed).expect("memory can be read");
        assert_eq!(replayed, text, "looking loses nothing");
        likeness
    }

    #[test]
    fn github_records_are_recognised_by_their_fields() {
        for text in [
            r#"{"login": "a", "id": 1}"#,
            r#"{"full_name": "a/b", "id": 1, "owner": {}}"#,
            "\u{FEFF} \r\n[{\"id\": 1, \"name\": \"b\", \"owner\": {}}]",
            "[[{\"login\": \"a\", \"id\": 1}]]",
            "{\"login\": \"a\", \"id\": 1}\n{\"login\": \"b\", \"id\": 2}\n",
            "[]",
            " [ ] [{\"login\": \"a\", \"id\": 1}]",
        ] {
            assert_eq!(like(text.as_bytes()), Likeness::Is(Format::Github), "{text}");
        }
    }

    #[test]
    fn a_resume_is_recognised_by_its_sections_or_its_schema() {
        for text in [
            r#"{"basics": 1}"#,
            r#"{"$schema": "https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/schema.json"}"#,
            r#"{"work": [], "x": 1}"#,
            r#"{"languages": [], "interests": []}"#,
        ] {
            assert_eq!(like(text.as_bytes()), Likeness::Is(Format::JsonResume), "{text}");
        }
    }

    #[test]
    fn json_of_other_tools_is_told_apart() {
        for text in [
            r#"{"name": "left-pad", "version": "1.0.0"}"#,
            r#"{"name": "market", "owner": {"name": "x"}}"#,
            r#"{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"basics": {}}}"#,
            r#"{"compilerOptions": {}, "references": []}"#,
            r#"[{"a": 1}]"#,
            r#"[{"basics": {}}]"#,
            "{}",
            "null",
            "12\n",
            r#""a text""#,
            "[1, 2]",
        ] {
            assert_eq!(like(text.as_bytes()), Likeness::OtherJson, "{text}");
        }
    }

    #[test]
    fn damaged_json_is_left_to_its_reader_and_not_taken_for_text() {
        for text in ["{", "[", "[{\"login\": \"a", "{\"login\" 1}", "[{]", "{\"id\": \"\u{1}\"}"] {
            assert_eq!(like(text.as_bytes()), Likeness::Is(Format::Github), "{text}");
        }
    }

    #[test]
    fn text_is_no_json_even_if_it_begins_with_a_bracket() {
        for text in
            ["# Heading", "[a link](to.md)", "[1]: https://example.org", "{% liquid %}", "null and void", "12 steps"]
        {
            assert_eq!(like(text.as_bytes()), Likeness::NoJson, "{text}");
        }
    }

    #[test]
    fn an_empty_input_and_utf_16_have_their_own_names() {
        assert_eq!(like(b""), Likeness::Empty);
        assert_eq!(like(b"\xEF\xBB\xBF \n\n"), Likeness::Empty);
        assert_eq!(like(b"\xFF\xFE[\0{\0"), Likeness::Utf16);
        assert_eq!(like(b"\xFE\xFF\0["), Likeness::Utf16);
    }
}
