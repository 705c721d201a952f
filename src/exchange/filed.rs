//! Records of an export in files of their own: notes as Markdown with the other fields in the front matter, résumés in
//! JSON with the other fields in a first field `folio`. The text is in the file as it is in the record.

use serde_json::{Map, Value};

use super::export::{ExportedRecord, check_version, version};
use super::fields::Known;
use super::front_matter;
use super::markdown;
use super::place::{Flaw, Position};

/// The longest part of a file's name that is made of a record's name, in characters.
const LONGEST: usize = 40;

/// The fields that are a record's name.
const NAMES: [&str; 2] = ["name", "vacancy"];

/// The field of a note that its front matter has beside the title, where other programs read it.
const TAGS: &str = "tags";

/// A record as the content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledRecord {
    /// The file's name: `5-to-do.md`.
    pub file_name: String,
    /// The whole content.
    pub content: String,
}

impl FiledRecord {
    /// The content of a file for the record, an object as in an export; `None` if the record has no text of its own.
    #[must_use]
    pub fn new(record: &Map<String, Value>) -> Option<Self> {
        let body = record.get("body")?.as_str()?;
        let title = NAMES.iter().find_map(|name| record.get(*name)?.as_str()).unwrap_or_default();
        let stem = stem(&record.get("id").map(ToString::to_string).unwrap_or_default(), title);
        if record.get("vacancy").is_some() && is_plain_object(body) {
            let mut folio = Map::from_iter([version()]);
            folio.extend(
                record.iter().filter(|(name, _)| *name != "body").map(|(name, value)| (name.clone(), value.clone())),
            );
            let comma = if is_empty_object(body) { "" } else { "," };
            let content = format!("{{\"folio\":{}{comma}\n{}", Value::Object(folio), &body[1..]);
            return Some(Self { file_name: stem + ".json", content });
        }
        let mut content = format!("---\ntitle: {}\n", Value::from(title));
        if let Some(tags) = record.get(TAGS) {
            content += &format!("{TAGS}: {tags}\n");
        }
        content += "folio:\n";
        let (name, value) = version();
        content += &format!("  {name}: {value}\n");
        let is_other = |name: &&String| !["body", TAGS].contains(&name.as_str()) && !NAMES.contains(&name.as_str());
        for name in record.keys().filter(is_other) {
            content += &format!("  {name}: {}\n", record[name]);
        }
        content += "---\n";
        content += body;
        Some(Self { file_name: stem + ".md", content })
    }
}

/// `5-to-do`, of letters and digits that every file system takes.
fn stem(id: &str, title: &str) -> String {
    let words = title.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    let name: String = name.chars().take(LONGEST).collect();
    if name.is_empty() { id.to_owned() } else { format!("{id}-{name}") }
}

/// Whether a text is a JSON object from its first character on, and has no field `folio`.
fn is_plain_object(text: &str) -> bool {
    text.starts_with('{')
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
        && Known::read(text, &["folio"]).is_some_and(|known| known.is_empty())
}

fn is_empty_object(text: &str) -> bool {
    text.trim_start_matches('{').trim_start().starts_with('}')
}

/// Whether the text of a JSON object is that of a record in a file of its own.
pub(super) fn is_filed_object(text: &str) -> bool {
    Known::read(text, &["folio"]).and_then(|known| known.get("folio")).is_some_and(|folio| folio.get().starts_with('{'))
}

/// The record of a file with a JSON object, if it is one.
pub(super) fn of_object(text: &str) -> Result<Option<ExportedRecord>, Flaw> {
    if !is_filed_object(text) {
        return Ok(None);
    }
    let here = |problem: &str| Flaw::new(Position::START, problem);
    let known = Known::read(text, &["folio"]);
    let folio = known.as_ref().and_then(|known| known.get("folio")).ok_or_else(|| here("`folio` is missing"))?;
    let start = folio.get().as_ptr().addr() - text.as_ptr().addr();
    let before: String = text[..start].split_whitespace().collect();
    if before != "{\"folio\":" {
        return Err(here("`folio` must be the first field of the file"));
    }
    let rest = &text[start + folio.get().len()..];
    let rest = rest.strip_prefix(',').unwrap_or(rest);
    let rest = rest.strip_prefix('\n').unwrap_or(rest);
    let fields = serde_json::from_str(folio.get()).map_err(|error| Flaw::of(Position::START, &error))?;
    record(fields, format!("{{{rest}")).map(Some)
}

/// The record of a Markdown file with such front matter, if it is one.
pub(super) fn of_markdown(text: &str) -> Result<Option<ExportedRecord>, Flaw> {
    let Some(mut rest) = text.strip_prefix("---\n") else { return Ok(None) };
    let (mut title, mut tags, mut fields, mut is_inside) = (None, None, None, false);
    let body = loop {
        let Some((line, after)) = rest.split_once('\n') else { return Ok(None) };
        rest = after;
        let line = line.trim_end();
        match line.strip_prefix("  ").filter(|_| is_inside) {
            Some(field) => {
                if let Some((name, value)) = field.split_once(": ") {
                    fields.get_or_insert_with(Map::new).insert(name.to_owned(), scalar(value));
                }
                continue;
            }
            None => is_inside = line == "folio:",
        }
        if line == "---" {
            break rest;
        }
        if let Some(value) = line.strip_prefix("title: ") {
            title = Some(scalar(value));
        }
        // As a person may have written them: not in JSON, or on lines of their own.
        if let Some(value) = line.strip_prefix("tags:") {
            tags = Some(serde_json::from_str(value).unwrap_or_else(|_| written_tags(text)));
        }
    };
    let Some(mut fields) = fields else { return Ok(None) };
    let name = if fields.get("record").is_some_and(|record| record == "resume") { NAMES[1] } else { NAMES[0] };
    fields.extend(title.map(|title| (name.to_owned(), title)));
    fields.extend(tags.map(|tags| (TAGS.to_owned(), tags)));
    record(fields, body.to_owned()).map(Some)
}

/// The tags of any front matter, as a list.
fn written_tags(text: &str) -> Value {
    let tags = front_matter::split(text).0.tags.unwrap_or_default();
    markdown::tags(tags.iter().map(String::as_str)).iter().map(|tag| Value::from(&**tag)).collect()
}

/// A value in JSON; any other text, as a person may have written it, as it is.
fn scalar(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

fn record(mut fields: Map<String, Value>, body: String) -> Result<ExportedRecord, Flaw> {
    check_version(fields.remove(&version().0).as_ref()).map_err(|problem| Flaw::new(Position::START, problem))?;
    let Some(Value::String(kind)) = fields.get("record").cloned() else {
        return Err(Flaw::new(Position::START, "`record` is missing"));
    };
    fields.insert("body".to_owned(), Value::from(body));
    Ok(ExportedRecord { kind, text: Value::Object(fields).to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    fn of(filed: &FiledRecord) -> Option<ExportedRecord> {
        let read = if filed.file_name.ends_with(".md") { of_markdown } else { of_object };
        read(&filed.content).unwrap()
    }

    #[test]
    fn a_record_comes_back_from_its_file_as_it_was() {
        for (record, name) in [
            (r#"{"record":"note","id":5,"name":"To do","body":"call\r\nback","source":null}"#, "5-to-do.md"),
            (r#"{"record":"note","id":6,"name":": \"\u001b\u2028日本","body":"---\ntitle: x\n---\n"}"#, "6.md"),
            (r##"{"record":"note","id":8,"name":"x","body":"","tags":["a: b","#c","d\"e"]}"##, "8-x.md"),
            (r#"{"record":"note","id":-7,"name":"x","body":"","owner":{"account":-1,"login":"a: b"}}"#, "-7-x.md"),
            (r#"{"record":"resume","id":1,"vacancy":"Diver","body":"{\"basics\": {}}\n"}"#, "1-diver.json"),
            (r#"{"record":"resume","id":1,"vacancy":"Diver","body":"{\n}"}"#, "1-diver.json"),
            (r#"{"record":"resume","id":1,"vacancy":"Diver","body":"{\"folio\": 1}"}"#, "1-diver.md"),
            (r##"{"record":"resume","id":1,"vacancy":"Diver","body":"# Diver"}"##, "1-diver.md"),
            (r#"{"record":"resume","id":1,"vacancy":"Diver","body":" {}"}"#, "1-diver.md"),
        ] {
            let record = object(record);
            let filed = FiledRecord::new(&record).unwrap();
            assert_eq!(filed.file_name, name);
            let read = of(&filed).expect("a record");
            assert_eq!(object(&read.text), record, "{}", filed.content);
        }
        assert_eq!(FiledRecord::new(&object(r#"{"record":"user","id":1}"#)), None);
    }

    #[test]
    fn what_a_person_changed_in_a_file_is_taken() {
        let record = object(r#"{"record":"note","id":5,"name":"To do","body":"x"}"#);
        let filed = FiledRecord::new(&record).unwrap();
        let content = filed.content.replace("\"To do\"", "Done: it").replace("id: 5", "id: 5  ") + "y";
        let read = of(&FiledRecord { content, ..filed }).unwrap();
        assert_eq!(object(&read.text), object(r#"{"record":"note","id":5,"name":"Done: it","body":"xy"}"#));
    }

    #[test]
    fn tags_are_taken_as_a_person_writes_them() {
        let record = object(r#"{"record":"note","id":5,"name":"To do","body":"x","tags":["rust"]}"#);
        let filed = FiledRecord::new(&record).unwrap();
        assert!(filed.content.starts_with("---\ntitle: \"To do\"\ntags: [\"rust\"]\nfolio:\n"), "{}", filed.content);
        for (written, expected) in [
            ("tags: [rust, code review]", r#"["code review","rust"]"#),
            ("tags: rust, cli", r#"["cli","rust"]"#),
            ("tags:\n- rust\n- 'a: b'", r#"["a: b","rust"]"#),
            ("tags:\n  - rust", r#"["rust"]"#),
            ("tags: []", "[]"),
            ("tags:", "[]"),
        ] {
            let content = filed.content.replace(r#"tags: ["rust"]"#, written);
            let read = of_markdown(&content).unwrap().expect(&content);
            assert_eq!(object(&read.text)["tags"].to_string(), expected, "{content}");
        }
    }

    #[test]
    fn other_files_are_no_records_and_another_version_is_refused() {
        for text in ["", "---\n", "---\ntitle: x\n---\n", "---\nfolio: x\n---\n", "# x\nfolio:\n  id: 1\n---\n"] {
            assert_eq!(of_markdown(text).unwrap(), None, "{text}");
        }
        assert_eq!(of_object("{\"folio\": 1}").unwrap(), None);
        let error = of_markdown("---\nfolio:\n  export: 2\n---\n").unwrap_err();
        assert!(error.problem.starts_with("this is an export of version 2"), "{}", error.problem);
        let error = of_object("{\"basics\": {}, \"folio\": {\"export\": 1}}").unwrap_err();
        assert_eq!(error.problem, "`folio` must be the first field of the file");
    }
}
