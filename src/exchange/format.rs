//! The supported input formats.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A format of input. Its text form, by `Display` and `FromStr`, is the name used on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `folio`: what `folio export` writes.
    Folio,
    /// `github`: accounts and repositories in GitHub's JSON, any number of them.
    Github,
    /// `jsonresume`: one résumé in JSON Resume 1.0.
    JsonResume,
    /// `markdown`: one note.
    Markdown,
    /// `csv`: rows under the names of their columns, which are those of Folio's lists.
    Csv,
    /// `tsv`: the same with tabs between the fields.
    Tsv,
}

impl Format {
    /// Every format, in the order in which help pages list them.
    pub const ALL: [Self; 6] = [Self::Folio, Self::Github, Self::JsonResume, Self::Markdown, Self::Csv, Self::Tsv];

    /// The name used on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Folio => "folio",
            Self::Github => "github",
            Self::JsonResume => "jsonresume",
            Self::Markdown => "markdown",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| {
            Error::value("format", format!("'{name}' is not one of {}", Self::ALL.map(Self::name).join(", ")))
        })
    }
}

/// The path of a file without `.gz`, which says how it is stored, not what it is.
pub(super) fn uncompressed(path: &Path) -> Cow<'_, Path> {
    match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("gz") => path.with_extension("").into(),
        _ => path.into(),
    }
}

/// The content that a file's extension suggests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extension {
    Json,
    Markdown,
    Csv,
    Tsv,
    Other,
}

impl Extension {
    pub fn of(path: &Path) -> Self {
        let extension = uncompressed(path).extension().map(|extension| extension.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("json" | "ndjson" | "jsonl") => Self::Json,
            Some("md" | "markdown") => Self::Markdown,
            Some("csv") => Self::Csv,
            Some("tsv") => Self::Tsv,
            _ => Self::Other,
        }
    }

    /// Whether a file with this extension may be of this format.
    pub fn may_be(self, format: Format) -> bool {
        match format {
            Format::Folio | Format::Github | Format::JsonResume => self == Self::Json,
            Format::Markdown => self == Self::Markdown,
            Format::Csv => self == Self::Csv,
            Format::Tsv => self == Self::Tsv,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_s_name_reads_back() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse::<Format>().expect("a name"), format);
        }
        let error = "yaml".parse::<Format>().expect_err("no format");
        assert_eq!(error.to_string(), "format: 'yaml' is not one of folio, github, jsonresume, markdown, csv, tsv");
    }

    #[test]
    fn an_extension_is_recognised_in_any_case() {
        for (path, expected) in [
            ("a/users.JSON", Extension::Json),
            ("users.ndjson", Extension::Json),
            ("users.jsonl", Extension::Json),
            ("me.resume.json", Extension::Json),
            ("README.Markdown", Extension::Markdown),
            ("a.md", Extension::Markdown),
            ("md", Extension::Other),
            (".md", Extension::Other),
            ("a.md.gz", Extension::Markdown),
            ("folio.ndjson.GZ", Extension::Json),
            ("a.gz", Extension::Other),
        ] {
            assert_eq!(Extension::of(Path::new(path)), expected, "{path}");
        }
    }
}
