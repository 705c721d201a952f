//! The title in the front matter of a Markdown file: YAML between `---`, TOML between `+++`, JSON between `;;;` or as a
//! bare object.
//!
//! Only the title is extracted. A block that its parser rejects still counts as front matter: from a YAML block, the
//! line with the title is then used as it is, because many titles contain a colon that should have been quoted in YAML.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Splits a text into the title from its front matter, if any, and the text after the front matter.
pub(super) fn split(text: &str) -> (Option<String>, &str) {
    if text.starts_with('{') {
        return object(text).unwrap_or((None, text));
    }
    let Some((kind, rest)) = opening(text) else { return (None, text) };
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if kind.closes(line.trim_end()) {
            let (block, after) = (&rest[..end], &rest[end + line.len()..]);
            return (kind.title(block), after);
        }
        end += line.len();
    }
    // Not closed: the line is a thematic break.
    (None, text)
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

    fn title(self, block: &str) -> Option<String> {
        match self {
            Self::Yaml => yaml(block).unwrap_or_else(|_| line_with_title(block)),
            Self::Toml => toml(block),
            // Between fences, the braces are often omitted.
            Self::Json if block.trim_start().starts_with('{') => json(block),
            Self::Json => json(&format!("{{{block}}}")),
        }
    }
}

/// The title of a YAML mapping. The text after the title need not be YAML.
fn yaml(block: &str) -> Result<Option<String>, ScanError> {
    let mut parser = Parser::new_from_str(block);
    // The number of open lists and mappings. In the outermost mapping, keys and values alternate.
    let (mut depth, mut is_key, mut is_title) = (0_usize, true, false);
    while let Some(event) = parser.next_event() {
        let scalar = match event?.0 {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                depth += 1;
                continue;
            }
            Event::MappingEnd | Event::SequenceEnd => {
                depth = depth.saturating_sub(1);
                None
            }
            Event::Scalar(text, style, ..) => Some((text, style)),
            Event::Alias(_) => None,
            _ => continue,
        };
        if depth != 1 {
            continue;
        }
        if is_title {
            // The next event shows whether the title is truncated.
            parser.peek().transpose()?;
        }
        match scalar {
            Some((text, style)) if is_title => {
                let is_null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null");
                return Ok((!is_null).then(|| text.into_owned()));
            }
            _ if is_title => return Ok(None),
            Some((text, _)) if is_key => is_title = text == "title",
            _ => {}
        }
        is_key = !is_key;
    }
    Ok(None)
}

/// The text after `title:` on its own line, without surrounding quotes.
fn line_with_title(block: &str) -> Option<String> {
    let value = block.lines().find_map(|line| line.strip_prefix("title:"))?.trim();
    let quoted = |quote| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    Some(quoted('"').or_else(|| quoted('\'')).unwrap_or(value).to_owned())
}

fn toml(block: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Front {
        title: Option<toml::Value>,
    }
    match toml::from_str::<Front>(block).ok()?.title? {
        toml::Value::String(title) => Some(title),
        _ => None,
    }
}

#[derive(Deserialize)]
struct JsonFront<'a> {
    #[serde(borrow)]
    title: Option<&'a RawValue>,
}

impl JsonFront<'_> {
    /// The title, if it is a string.
    fn title(&self) -> Option<String> {
        self.title.and_then(|title| serde_json::from_str(title.get()).ok())
    }
}

fn json(block: &str) -> Option<String> {
    serde_json::from_str::<JsonFront<'_>>(block).ok()?.title()
}

/// Front matter in the form of an object at the very beginning, with nothing after it on its last line.
fn object(text: &str) -> Option<(Option<String>, &str)> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<JsonFront<'_>>();
    let front = values.next()?.ok()?;
    let after = &text[values.byte_offset()..];
    let (line, rest) = after.split_once('\n').unwrap_or((after, ""));
    line.trim().is_empty().then(|| (front.title(), rest))
}

#[cfg(test)]
mod tests;
