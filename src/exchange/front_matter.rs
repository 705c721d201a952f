//! The title in the block that many Markdown files begin with: YAML between `---`, TOML between `+++`.
//!
//! Only the title is looked for, line by line; the rest of the block may be anything.

/// Splits a text into the title that its front matter gives, if it has one, and the text after the front matter.
pub(super) fn split(text: &str) -> (Option<String>, &str) {
    let Some((kind, rest)) = opening(text) else { return (None, text) };
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        if kind.closes(line.trim_end()) {
            let (block, after) = (&rest[..end], &rest[end + line.len()..]);
            return (kind.title(block), after);
        }
        end += line.len();
    }
    // Never closed: the line was a thematic break.
    (None, text)
}

#[derive(Clone, Copy)]
enum Kind {
    Yaml,
    Toml,
}

/// The kind of the block that the first line opens, and what follows that line.
fn opening(text: &str) -> Option<(Kind, &str)> {
    let (first, rest) = text.split_once('\n')?;
    match first.trim_end() {
        "---" => Some((Kind::Yaml, rest)),
        "+++" => Some((Kind::Toml, rest)),
        _ => None,
    }
}

impl Kind {
    fn closes(self, line: &str) -> bool {
        match self {
            Self::Yaml => matches!(line, "---" | "..."),
            Self::Toml => line == "+++",
        }
    }

    fn title(self, block: &str) -> Option<String> {
        let mut lines = block.lines();
        while let Some(line) = lines.next() {
            // What follows the first table's name belongs to that table.
            if matches!(self, Self::Toml) && line.trim_start().starts_with('[') {
                return None;
            }
            let Some(value) = self.value_of_title(line) else { continue };
            return match value.as_bytes().first() {
                Some(b'"') => quoted(value, '"'),
                Some(b'\'') => quoted(value, '\''),
                Some(b'>' | b'|') if matches!(self, Self::Yaml) => Some(indented(lines)),
                _ => plain(value),
            };
        }
        None
    }

    /// What stands after `title:` or `title =`. In YAML an indented line belongs to another key.
    fn value_of_title(self, line: &str) -> Option<&str> {
        let (key, separator) = match self {
            Self::Yaml => (line, ':'),
            Self::Toml => (line.trim_start(), '='),
        };
        let rest = ["title", "\"title\"", "'title'"].iter().find_map(|name| key.strip_prefix(name))?;
        let value = rest.trim_start().strip_prefix(separator)?;
        // `title:x` is no key in YAML.
        let is_key = matches!(self, Self::Toml) || value.is_empty() || value.starts_with([' ', '\t']);
        is_key.then(|| value.trim())
    }
}

/// The text between quotes. Double-quoted texts of YAML and TOML escape as JSON's do, near enough; one that does not is
/// taken as it stands.
fn quoted(value: &str, quote: char) -> Option<String> {
    let inner = &value[1..];
    if quote == '\'' {
        // YAML writes a quote within quotes twice; NUL, which no document holds, stands for it meanwhile.
        let doubled = inner.replace("''", "\0");
        return doubled.split('\'').next().map(|text| text.replace('\0', "'"));
    }
    let mut escaped = false;
    let end = inner.find(|char| {
        let closes = char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
        closes
    });
    let inner = end.map_or(inner, |end| &inner[..end]);
    Some(serde_json::from_str(&format!("\"{inner}\"")).unwrap_or_else(|_| inner.to_owned()))
}

/// The indented lines of a YAML block text, on one line.
fn indented<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines
        .take_while(|line| line.trim().is_empty() || line.starts_with([' ', '\t']))
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ")
}

/// An unquoted value without the comment after it; YAML's ways to say nothing are nothing.
fn plain(value: &str) -> Option<String> {
    let text = if value.starts_with('#') { "" } else { value.split(" #").next().unwrap_or(value).trim() };
    (!matches!(text, "" | "~" | "null")).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(text: &str) -> Option<String> {
        split(text).0
    }

    #[test]
    fn a_yaml_title_is_read_in_each_of_its_spellings() {
        for (line, expected) in [
            ("title: Plain words", "Plain words"),
            ("title:   Plain: with a colon  ", "Plain: with a colon"),
            ("title: C# in depth # a comment", "C# in depth"),
            ("title: \"In \\\"quotes\\\" # here\" # a comment", "In \"quotes\" # here"),
            ("title: \"caf\\u00e9\"", "café"),
            ("title: \"a \\q b\"", "a \\q b"),
            ("title: 'it''s'", "it's"),
            ("\"title\": quoted key", "quoted key"),
            ("title: 2024", "2024"),
            ("title: >-\n  folded\n  words", "folded words"),
        ] {
            let text = format!("---\nauthor: x\n{line}\ntags: [a]\n---\n# Heading\n");
            assert_eq!(title(&text).as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn a_toml_title_is_read_unless_it_is_in_a_table() {
        assert_eq!(title("+++\ntitle = \"Words\"\n+++\n").as_deref(), Some("Words"));
        assert_eq!(title("+++\n  title='Words'\n+++\n").as_deref(), Some("Words"));
        assert_eq!(title("+++\n[extra]\ntitle = \"Words\"\n+++\n"), None);
    }

    #[test]
    fn no_title_is_found_where_none_is() {
        for text in [
            "---\ntitle:\n---\n",
            "---\ntitle: ~\n---\n",
            "---\nsubtitle: x\n  title: nested\ntitles: y\n---\n",
            "---\ntitle: never closed\n",
            "text\n---\ntitle: too late\n---\n",
            "---",
            "",
        ] {
            assert_eq!(title(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_text_goes_on_after_the_block() {
        assert_eq!(split("---\r\ntitle: x\r\n---\r\nbody\r\n"), (Some("x".to_owned()), "body\r\n"));
        assert_eq!(split("---\ntitle: x\n---"), (Some("x".to_owned()), ""));
        assert_eq!(split("---\nnever closed\n"), (None, "---\nnever closed\n"));
    }
}
