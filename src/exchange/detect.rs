//! Detects the format of an input from its beginning, without losing the bytes read for that.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;
use serde::de::IgnoredAny;

use super::export;
use super::filed;
use super::format::Format;
use super::github::{self, Class};
use super::json_resume;
use super::values::{BOM, MAX_RECORD, SEPARATOR, Values};

/// The number of bytes to read before detection starts.
const HEAD: usize = 64 * 1024;

/// The detected kind of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// A supported format; or damaged input of one, for which its reader will report the position.
    Is(Format),
    /// GitHub's JSON, but neither accounts nor repositories.
    OtherGithub,
    /// JSON, but not of a supported format.
    OtherJson,
    /// The head of an HTTP response, as `gh api -i` prints it before the JSON.
    Headers,
    /// A web page.
    Html,
    /// Not JSON: text, or binary.
    NoJson,
    /// JSON or text in UTF-16, as some shells write it.
    Utf16,
    /// Only white space.
    Empty,
}

/// The bytes of an input.
pub(super) type Bytes = Box<dyn Read + Send>;

/// An input with the beginning read into memory.
pub(super) struct Head<R> {
    bytes: Vec<u8>,
    reader: R,
}

/// All bytes of such an input.
pub(super) type Replay<R> = io::Chain<Cursor<Vec<u8>>, R>;

/// An input with a detected kind.
pub(super) struct Detected<R> {
    pub likeness: Likeness,
    /// The bytes before the first record, if a record was read.
    lead: Vec<u8>,
    values: Values<Replay<R>>,
}

/// The two bytes that gzip begins with; no text does.
const GZIP: [u8; 2] = [0x1F, 0x8B];

impl Head<Bytes> {
    /// Reads the beginning of `bytes`, decompressed if they are gzip's.
    pub fn open(bytes: Bytes) -> io::Result<Self> {
        let head = Self::read(bytes)?;
        if head.bytes.starts_with(&GZIP) {
            return Self::read(Box::new(MultiGzDecoder::new(head.into_replay())));
        }
        Ok(head)
    }
}

impl<R: Read> Head<R> {
    /// Reads the beginning of `reader`.
    pub fn read(mut reader: R) -> io::Result<Self> {
        let mut bytes = Vec::new();
        reader.by_ref().take(HEAD as u64).read_to_end(&mut bytes)?;
        Ok(Self { bytes, reader })
    }

    /// Whether it is UTF-16 text, in either byte order, with or without a byte order mark.
    pub fn is_utf16(&self) -> bool {
        let bytes = &self.bytes;
        let marked = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
        // Without a mark: the first characters are ASCII, so every other byte is NUL, and only those.
        let sample = &bytes[..bytes.len().min(64) & !1];
        let alternates = |nul: usize| sample.iter().enumerate().all(|(at, byte)| (*byte == 0) == (at % 2 == nul));
        marked || (sample.len() >= 4 && (alternates(0) || alternates(1)))
    }

    /// The whole input.
    pub fn into_replay(self) -> Replay<R> {
        Cursor::new(self.bytes).chain(self.reader)
    }

    /// Detects the kind from the beginning and, for JSON, from the first record, however far into the input it is.
    pub fn detect(self) -> io::Result<Detected<R>> {
        let (known, lead) = if self.is_utf16() {
            (Some(Likeness::Utf16), Vec::new())
        } else {
            let text = without_lead(&self.bytes);
            let lead = self.bytes[..self.bytes.len() - text.len()].to_vec();
            (likeness_of_beginning(text, self.bytes.len() == HEAD), lead)
        };
        let is_object = self.bytes.get(lead.len()) == Some(&b'{');
        let mut values = Values::new(self.into_replay(), MAX_RECORD);
        if let Some(likeness) = known {
            return Ok(Detected { likeness, lead: Vec::new(), values });
        }
        let likeness = match values.peek()? {
            Some(text) if is_object && (json_resume::is_resume(text) || filed::is_filed_object(text)) => {
                Likeness::Is(Format::JsonResume)
            }
            Some(text) if is_object && export::is_header(text) => Likeness::Is(Format::Folio),
            Some(text) => match github::classify(text) {
                Class::Kept => Likeness::Is(Format::Github),
                Class::Other => Likeness::OtherGithub,
                Class::Foreign => Likeness::OtherJson,
            },
            // No records, or damage that the reader will report.
            None => Likeness::Is(Format::Github),
        };
        Ok(Detected { likeness, lead, values })
    }
}

impl<R: Read> Detected<R> {
    /// The records of the input, the first one included.
    pub fn into_values(self) -> Values<Replay<R>> {
        self.values
    }

    /// The whole input, for text or a single object.
    pub fn into_bytes(self) -> impl Read + use<R> {
        Cursor::new(self.lead).chain(self.values.into_rest())
    }
}

/// A text without the bytes that may precede the first JSON value.
fn without_lead(bytes: &[u8]) -> &[u8] {
    let text = bytes.strip_prefix(&BOM).unwrap_or(bytes);
    let begins = text.iter().position(|byte| !byte.is_ascii_whitespace() && *byte != SEPARATOR);
    &text[begins.unwrap_or(text.len())..]
}

/// The kind of a text if its beginning shows it; `None` for JSON objects and lists. `cut` means that there is more text
/// than this.
fn likeness_of_beginning(text: &[u8], cut: bool) -> Option<Likeness> {
    let begins_with =
        |word: &str| text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()));
    if text.is_empty() {
        // No text begins with this much white space; JSON may.
        return if cut { None } else { Some(Likeness::Empty) };
    }
    if begins_as_json(text) {
        return None;
    }
    Some(match serde_json::from_slice::<IgnoredAny>(text) {
        Ok(_) => Likeness::OtherJson,
        Err(error) if cut && error.is_eof() => Likeness::OtherJson,
        Err(_) if begins_with("HTTP/1") || begins_with("HTTP/2") => Likeness::Headers,
        Err(_) if begins_with("<!doctype html") || begins_with("<html") => Likeness::Html,
        Err(_) => Likeness::NoJson,
    })
}

/// Whether a text begins like a list of objects or like an object. A Markdown link also begins with a bracket.
fn begins_as_json(text: &[u8]) -> bool {
    match text.split_first() {
        Some((b'{', rest)) => matches!(rest.trim_ascii_start().first(), None | Some(b'"' | b'}')),
        Some((b'[', rest)) => matches!(rest.trim_ascii_start().first(), None | Some(b'{' | b'[' | b']')),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &[u8]) -> Likeness {
        let detected = || Head::read(text).and_then(Head::detect).expect("memory can be read");
        let likeness = detected().likeness;
        let is_text = matches!(likeness, Likeness::NoJson | Likeness::Is(Format::JsonResume));
        if is_text {
            let mut replayed = Vec::new();
            detected().into_bytes().read_to_end(&mut replayed).expect("memory can be read");
            assert_eq!(replayed, text, "looking loses nothing");
        }
        likeness
    }

    #[test]
    fn github_records_are_recognised_by_their_fields() {
        for text in [
            r#"{"login": "a", "id": 1}"#,
            r#"{"full_name": "a/b", "id": 1, "owner": {}}"#,
            r#"{"id": "R_kgDOA", "name": "b", "owner": {"id": "U_x", "login": "a"}, "visibility": "PUBLIC"}"#,
            r#"{"nameWithOwner": "a/b", "isPrivate": false}"#,
            r#"{"total_count": 1, "incomplete_results": false, "items": [{"login": "a", "id": 1}]}"#,
            r#"{"total_count": 0, "items": []}"#,
            r#"[{"starred_at": "2024-01-01T00:00:00Z", "repo": {"full_name": "a/b", "id": 1, "owner": {}}}]"#,
            r#"{"repositories": [{"full_name": "a/b", "id": 1}]}"#,
            r#"{"action": "created", "repository": {"full_name": "a/b", "id": 1, "owner": {}}, "sender": {}}"#,
            r#"{"data": {"viewer": {"repositories": {"nodes": [{"nameWithOwner": "a/b"}]}}}}"#,
            "\u{1E}{\"login\": \"a\", \"id\": 1}\n\u{1E}{\"login\": \"b\", \"id\": 2}\n",
            "\u{FEFF} \r\n[{\"id\": 1, \"name\": \"b\", \"owner\": {}, \"private\": true}]",
            "[[{\"login\": \"a\", \"id\": 1}]]",
            "{\"login\": \"a\", \"id\": 1}\n{\"login\": \"b\", \"id\": 2}\n",
            "[]",
            " [ ] [{\"login\": \"a\", \"id\": 1}]",
        ] {
            assert_eq!(like(text.as_bytes()), Likeness::Is(Format::Github), "{text}");
        }
    }

    #[test]
    fn other_records_of_github_are_neither_accounts_nor_repositories() {
        for text in [
            r#"{"id": 1, "slug": "octoapp", "name": "x", "owner": {}, "permissions": {}, "events": []}"#,
            r#"{"id": 1, "name": "hello", "package_type": "npm", "owner": {}, "visibility": "public"}"#,
            r#"{"id": 1, "name": "x", "machine": {}, "git_status": {}, "owner": {}, "repository": {"full_name": "a/b"}}"#,
            r#"[{"id": 1, "login": "a", "email": "a@example.org", "role": "admin", "inviter": {"login": "b", "id": 2}}]"#,
            r#"{"sha": "7638417", "message": "Fix", "tree": {}, "parents": []}"#,
            r#"{"total_count": 1, "workflow_runs": [{"id": 1}]}"#,
            r#"{"total_count": 1, "items": [{"id": 1, "node_id": "x", "title": "y"}]}"#,
            r#"{"id": 1, "name": "x", "node_id": "y", "owner": {"login": "a", "id": 1}}"#,
        ] {
            assert_eq!(like(text.as_bytes()), Likeness::OtherGithub, "{text}");
        }
    }

    #[test]
    fn a_resume_is_recognised_by_its_basics_its_schema_or_two_of_its_sections() {
        for text in [
            r#" {"basics": {}}"#,
            r#"{"basics": {}, "basics": {}}"#,
            r#"{"$schema": "https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/schema.json"}"#,
            r#"{"work": [{"position": "Analyst"}], "education": [{"institution": "Home"}], "x": 1}"#,
            r#"{"languages": [{"language": "English"}], "skills": [{"name": "Web", "keywords": ["HTML"]}]}"#,
        ] {
            assert_eq!(like(text.as_bytes()), Likeness::Is(Format::JsonResume), "{text}");
        }
    }

    #[test]
    fn what_has_a_list_called_like_a_section_is_not_a_resume() {
        for text in [
            // The sample job description of the schema's project.
            r#"{"title": "Web Developer", "company": "Pied Piper", "type": "Full-time", "responsibilities": ["x"],
                "qualifications": ["x"], "skills": [{"name": "HTML", "level": "Master", "keywords": ["HTML5"]}],
                "meta": {"version": "v1.0.0"}}"#,
            r#"{"$schema": "https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/job-schema.json"}"#,
            r#"{"name": "plugin", "version": "1.0", "skills": ["./skills/a"], "languages": ["en"]}"#,
            r#"{"skills": [{"name": "a", "description": "b"}], "projects": [{"name": "a"}]}"#,
            r#"{"work": [], "education": []}"#,
            r#"{"basics": 1}"#,
            r#"{"basics": []}"#,
        ] {
            assert_eq!(like(text.as_bytes()), Likeness::OtherJson, "{text}");
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
            r#"{"repositories": ["a/b"]}"#,
            r#"{"data": {"items": [{"login": "a", "id": 1}]}}"#,
            r#"{"message": "Not Found"}"#,
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
    fn what_no_format_is_has_its_own_name() {
        assert_eq!(like(b""), Likeness::Empty);
        assert_eq!(like(b"\xEF\xBB\xBF \n\n"), Likeness::Empty);
        assert_eq!(like(b"\xFF\xFE[\0{\0"), Likeness::Utf16);
        assert_eq!(like(b"\xFE\xFF\0["), Likeness::Utf16);
        assert_eq!(like(b"[\0{\0\n\0"), Likeness::Utf16);
        assert_eq!(like(b"\0#\0 \0a"), Likeness::Utf16);
        assert_eq!(like(b"\0\0\0\0"), Likeness::NoJson);
        assert_eq!(like(b"HTTP/2.0 200 OK\r\nEtag: x\r\n\r\n[]"), Likeness::Headers);
        assert_eq!(like(b"\n<!DOCTYPE html>\n<html>"), Likeness::Html);
        assert_eq!(like(b"<HTML lang=en>"), Likeness::Html);
    }

    #[test]
    fn a_record_is_found_behind_more_white_space_than_is_looked_at() {
        let text = "\n".repeat(3 * HEAD) + r#"{"login": "a", "id": 1}"#;
        assert_eq!(like(text.as_bytes()), Likeness::Is(Format::Github));
        let text = format!("[1, {}2]", "\"x\", ".repeat(HEAD));
        assert_eq!(like(text.as_bytes()), Likeness::OtherJson);
    }
}
