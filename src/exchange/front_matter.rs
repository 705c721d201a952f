//! The title and the tags in the front matter of a Markdown file: YAML between `---`, TOML between `+++`, JSON between `;;;`
//! or as a bare object.
//!
//! Nothing else is extracted. A block that its parser rejects still counts as front matter: from a YAML block, the
//! line with the title is then used as it is, because many titles contain a colon that should have been quoted in YAML.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What front matter tells about its text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Front {
    pub title: Option<String>,
    /// The tags as they are written; `None` if it does not mention any.
    pub tags: Option<Vec<String>>,
}

/// Splits a text into what its front matter tells, and the text after the front matter.
pub(super) fn split(text: &str) -> (Front, &str) {
    if text.starts_with('{') {
        return object(text).unwrap_or_else(|| (Front::default(), text));
    }
    let Some((kind, rest)) = opening(text) else { return (Front::default(), text) };
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if kind.closes(line.trim_end()) {
            let (block, after) = (&rest[..end], &rest[end + line.len()..]);
            return (kind.read(block), after);
        }
        end += line.len();
    }
    // Not closed: the line is a thematic break.
    (Front::default(), text)
}

#[derive(Clone, Copy)]
enum Kind {
    Yaml,
    Toml,
    Json,
}

/// The kind of block that the first line opens, and the text after that line.
fn opening(text: &str) -> Option<(Kind, &str)> {
    let (first, rest) = text.split_once('\n')?;
    match first.trim_end() {
        "---" => Some((Kind::Yaml, rest)),
        "+++" => Some((Kind::Toml, rest)),
        ";;;" => Some((Kind::Json, rest)),
        _ => None,
    }
}

impl Kind {
    fn closes(self, line: &str) -> bool {
        match self {
            Self::Yaml => matches!(line, "---" | "..."),
            Self::Toml => line == "+++",
            Self::Json => line == ";;;",
        }
    }

    fn read(self, block: &str) -> Front {
        match self {
            Self::Yaml => yaml(block),
            Self::Toml => toml(block),
            // Between fences, the braces are often omitted.
            Self::Json if block.trim_start().starts_with('{') => json(block),
            Self::Json => json(&format!("{{{block}}}")),
        }
    }
}

/// The tags in one text: separated by commas, or by spaces if it has no comma.
fn separated(text: &str) -> Vec<String> {
    let parts: Vec<&str> =
        if text.contains(',') { text.split(',').collect() } else { text.split_whitespace().collect() };
    parts.into_iter().map(str::to_owned).collect()
}

/// What a YAML mapping tells. The text after the title need not be YAML.
fn yaml(block: &str) -> Front {
    let mut front = Front::default();
    let mut has_title = false;
    if mapping(block, &mut front, &mut has_title).is_err() && !has_title {
        front.title = line_with_title(block);
    }
    front
}

/// A field of a YAML mapping that is extracted.
#[derive(Clone, Copy, PartialEq)]
enum Field {
    Title,
    Tags,
}

fn mapping(block: &str, front: &mut Front, has_title: &mut bool) -> Result<(), ScanError> {
    let mut parser = Parser::new_from_str(block);
    // The number of open lists and mappings. In the outermost mapping, keys and values alternate.
    let (mut depth, mut is_key, mut field) = (0_usize, true, None);
    // The items of the list that is the value of a field.
    let mut items: Option<Vec<String>> = None;
    while let Some(event) = parser.next_event() {
        let scalar = match event?.0 {
            opened @ (Event::MappingStart(..) | Event::SequenceStart(..)) => {
                depth += 1;
                if depth == 2 {
                    items = matches!(opened, Event::SequenceStart(..)).then(Vec::new);
                }
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => {
                depth = depth.saturating_sub(1);
                None
            }
            Event::Scalar(text, style, ..) => {
                let is_null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null");
                Some((text, is_null))
            }
            Event::Alias(_) => None,
            _ => continue,
        };
        if let (2, Some(items), Some((text, false))) = (depth, &mut items, &scalar) {
            items.push(text.to_string());
        }
        if depth != 1 {
            continue;
        }
        match (field.take(), scalar) {
            (Some(Field::Title), scalar) => {
                // The next event shows whether the title is truncated.
                parser.peek().transpose()?;
                *has_title = true;
                front.title = scalar.and_then(|(text, is_null)| (!is_null).then(|| text.into_owned()));
            }
            (Some(Field::Tags), Some((_, true))) => front.tags = Some(Vec::new()),
            (Some(Field::Tags), Some((text, false))) => front.tags = Some(separated(&text)),
            (Some(Field::Tags), None) => front.tags = items.take(),
            (None, Some((text, _))) if is_key => {
                field = match &*text {
                    "title" => Some(Field::Title),
                    "tags" => Some(Field::Tags),
                    _ => None,
                }
            }
            (None, _) => {}
        }
        is_key = !is_key;
        items = None;
    }
    Ok(())
}

/// The text after `title:` on its own line, without surrounding quotes.
fn line_with_title(block: &str) -> Option<String> {
    let value = block.lines().find_map(|line| line.strip_prefix("title:"))?.trim();
    let quoted = |quote| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    Some(quoted('"').or_else(|| quoted('\'')).unwrap_or(value).to_owned())
}

fn toml(block: &str) -> Front {
    #[derive(Deserialize)]
    struct Fields {
        title: Option<toml::Value>,
        tags: Option<toml::Value>,
    }
    let Ok(Fields { title, tags }) = toml::from_str(block) else { return Front::default() };
    let text = |value| match value {
        toml::Value::String(text) => Some(text),
        _ => None,
    };
    let tags = tags.and_then(|tags| match tags {
        toml::Value::Array(tags) => Some(tags.into_iter().filter_map(text).collect()),
        other => text(other).map(|tags| separated(&tags)),
    });
    Front { title: title.and_then(text), tags }
}

#[derive(Deserialize)]
struct JsonFront<'a> {
    #[serde(borrow)]
    title: Option<&'a RawValue>,
    #[serde(borrow)]
    tags: Option<&'a RawValue>,
}

impl JsonFront<'_> {
    /// The title, if it is a string, and the tags, if they are strings.
    fn read(&self) -> Front {
        let tags = |tags: &RawValue| {
            let one = || serde_json::from_str::<String>(tags.get()).map(|tags| separated(&tags));
            serde_json::from_str(tags.get()).or_else(|_| one()).ok()
        };
        Front {
            title: self.title.and_then(|title| serde_json::from_str(title.get()).ok()),
            tags: self.tags.and_then(tags),
        }
    }
}

fn json(block: &str) -> Front {
    serde_json::from_str::<JsonFront<'_>>(block).map(|front| front.read()).unwrap_or_default()
}

/// Front matter in the form of an object at the very beginning, with nothing after it on its last line.
fn object(text: &str) -> Option<(Front, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<JsonFront<'_>>();
    let front = values.next()?.ok()?;
    let after = &text[values.byte_offset()..];
    let (line, rest) = after.split_once('\n').unwrap_or((after, ""));
    line.trim().is_empty().then(|| (front.read(), rest))
}

#[cfg(test)]
mod tests;
