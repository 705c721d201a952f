//! Résumés in JSON Resume 1.0, one per file.
//!
//! The document is kept unchanged; only the fields that identify its owner and its subject are extracted. Sections and
//! fields outside the standard may contain anything; those of the standard must have the type that it requires.

use std::io::Read;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::document;
use super::fields::{Fields, Known};
use super::place::{Fault, Flaw, Located, Place};
use super::values::{MAX_RECORD, Values};
use crate::error::Result;

/// A résumé. A field that is absent, null, or only white space is `None`; `{}` is an empty résumé, since the standard
/// requires no field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// `basics.name`: the person's name.
    pub name: Option<String>,
    /// `basics.email`.
    pub email: Option<String>,
    /// `basics.label`: the person's profession.
    pub label: Option<String>,
    /// `meta.canonical`: the address of the document's latest version.
    pub canonical: Option<String>,
    /// `basics.profiles`: the person's accounts elsewhere, in their order.
    pub profiles: Vec<Profile>,
    /// The whole text, as it was read, without a byte order mark.
    pub document: String,
}

/// An account on a network, as listed in a résumé.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The network, as written in the résumé: `GitHub`, `github`, …
    pub network: Option<String>,
    /// The name on that network.
    pub username: Option<String>,
    /// The address of the account's page.
    pub url: Option<String>,
}

/// Reads the one résumé of `reader`, named `input` in errors. All of it is held in memory.
///
/// # Errors
///
/// [`Error::Input`](crate::Error::Input) with its location, for input that is not a single JSON object, is longer than
/// [`MAX_RECORD`] bytes or deeper than [`MAX_DEPTH`](super::MAX_DEPTH) levels, or contains a section or a field of a
/// type other than the standard's; the section or field is named. [`Error::Io`](crate::Error::Io) if it cannot be read.
///
/// ```
/// use folio::exchange::read_resume;
///
/// let text = br#"{"basics": {"name": "Richard Hendriks", "label": "Programmer", "email": ""}}"#;
/// let resume = read_resume("richard.resume.json", &text[..])?.value;
/// assert_eq!(resume.label.as_deref(), Some("Programmer"));
/// assert_eq!(resume.email, None);
/// # Ok::<(), folio::Error>(())
/// ```
pub fn read_resume(input: impl Into<Arc<str>>, reader: impl Read) -> Result<Located<Resume>> {
    let input = input.into();
    let read = document::read(reader, MAX_RECORD).and_then(parse);
    let value = read.map_err(|fault| fault.in_input(&input))?;
    Ok(Located { place: Place::whole(&input), value })
}

/// The résumé of a text.
pub(super) fn parse(document: String) -> Result<Resume, Fault> {
    // `Values` reports a text that is truncated, too long or nested too deep in the same words as for every other
    // record. A résumé is the only record of its file, so the record number is left out.
    let mut values = Values::new(document.as_bytes(), MAX_RECORD);
    let raw = match values.next().map_err(without_record_number)? {
        Some(raw) if document.trim_start().starts_with('{') => raw,
        Some(raw) => return Err(Flaw::new(raw.start, "a résumé is one object, not a list").into()),
        None => return Err(Flaw::new(values.position(), "it contains no JSON object, so no résumé").into()),
    };
    let mut resume = resume(Fields::new(raw.text, raw.start))?;
    match values.next().map_err(without_record_number)? {
        Some(more) => Err(Flaw::new(more.start, "a second object: one file holds one résumé").into()),
        None => {
            resume.document = document;
            Ok(resume)
        }
    }
}

/// Maximum number of entries in `basics.profiles`.
const MAX_PROFILES: usize = 1_000;

/// Each section, with fields of its entries that other tools' lists of the same name lack (`name` is in all of them).
const SECTIONS: [(&str, &[&str]); 11] = [
    ("work", &["position", "company", "startDate", "highlights"]),
    ("volunteer", &["organization", "position", "startDate", "highlights"]),
    ("education", &["institution", "area", "studyType", "startDate", "courses"]),
    ("awards", &["awarder"]),
    ("certificates", &["issuer"]),
    ("publications", &["publisher", "releaseDate"]),
    ("skills", &["level", "keywords"]),
    ("languages", &["language", "fluency"]),
    ("interests", &["keywords"]),
    ("references", &["reference"]),
    ("projects", &["highlights", "roles", "entity", "startDate", "endDate"]),
];

/// Whether an object is a résumé: it has `basics`, or names the résumé's schema, or has two sections with a first entry
/// that looks like a résumé's. One list called `skills` or `projects` is not enough: many other tools' files have one.
pub(super) fn is_resume(text: &str) -> bool {
    const NAMES: &[&str] = &[
        "$schema",
        "basics",
        "work",
        "volunteer",
        "education",
        "awards",
        "certificates",
        "publications",
        "skills",
        "languages",
        "interests",
        "references",
        "projects",
    ];
    let Some(known) = Known::read(text, NAMES) else { return false };
    let names_schema = known.get("$schema").is_some_and(|schema| {
        let schema = schema.get();
        // The same project has a schema for job descriptions.
        schema.starts_with('"')
            && (schema.contains("resume-schema") || schema.contains("jsonresume"))
            && !schema.contains("job-schema")
    });
    let is_section = |(name, fields): &&(&str, &'static [&'static str])| {
        let mut entries = known.get(name).map(|list| Values::new(list.get().as_bytes(), MAX_RECORD));
        match entries.as_mut().map(Values::next) {
            Some(Ok(Some(entry))) => Known::read(entry.text, fields).is_some_and(|entry| !entry.is_empty()),
            _ => false,
        }
    };
    names_schema
        || known.get("basics").is_some_and(|basics| basics.get().starts_with('{'))
        || SECTIONS.iter().filter(is_section).count() >= 2
}

fn without_record_number(fault: Fault) -> Fault {
    match fault {
        Fault::Flaw { flaw, .. } => flaw.into(),
        io @ Fault::Io(_) => io,
    }
}

#[derive(Deserialize)]
struct RawResume<'a> {
    #[serde(borrow)]
    basics: Option<&'a RawValue>,
    meta: Option<&'a RawValue>,
    work: Option<&'a RawValue>,
    volunteer: Option<&'a RawValue>,
    education: Option<&'a RawValue>,
    awards: Option<&'a RawValue>,
    certificates: Option<&'a RawValue>,
    publications: Option<&'a RawValue>,
    skills: Option<&'a RawValue>,
    languages: Option<&'a RawValue>,
    interests: Option<&'a RawValue>,
    references: Option<&'a RawValue>,
    projects: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct RawBasics<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    label: Option<&'a RawValue>,
    email: Option<&'a RawValue>,
    profiles: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct RawMeta<'a> {
    #[serde(borrow)]
    canonical: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawProfile<'a> {
    #[serde(borrow)]
    network: Option<&'a RawValue>,
    username: Option<&'a RawValue>,
    url: Option<&'a RawValue>,
}

/// All fields except the document.
fn resume(fields: Fields<'_>) -> Result<Resume, Flaw> {
    let raw: RawResume<'_> = fields.object()?;
    check_sections(fields, &raw)?;
    let basics = match raw.basics {
        Some(basics) => fields.nested("basics", basics)?,
        None => RawBasics::default(),
    };
    let meta = match raw.meta {
        Some(meta) => fields.nested("meta", meta)?,
        None => RawMeta::default(),
    };
    Ok(Resume {
        name: text(fields, "basics.name", basics.name)?,
        email: text(fields, "basics.email", basics.email)?,
        label: text(fields, "basics.label", basics.label)?,
        canonical: text(fields, "meta.canonical", meta.canonical)?,
        profiles: basics.profiles.map_or(Ok(Vec::new()), |list| profiles(fields, list))?,
        document: String::new(),
    })
}

/// Sections that are stored unparsed must at least be lists.
fn check_sections(fields: Fields<'_>, raw: &RawResume<'_>) -> Result<(), Flaw> {
    for (name, section) in [
        ("work", raw.work),
        ("volunteer", raw.volunteer),
        ("education", raw.education),
        ("awards", raw.awards),
        ("certificates", raw.certificates),
        ("publications", raw.publications),
        ("skills", raw.skills),
        ("languages", raw.languages),
        ("interests", raw.interests),
        ("references", raw.references),
        ("projects", raw.projects),
    ] {
        if let Some(section) = section {
            fields.is_list(name, section)?;
        }
    }
    Ok(())
}

fn profiles(fields: Fields<'_>, list: &RawValue) -> Result<Vec<Profile>, Flaw> {
    let profile = |(index, raw)| {
        let name = format!("basics.profiles[{index}]");
        let profile: RawProfile<'_> = fields.nested(&name, raw)?;
        Ok(Profile {
            network: text(fields, &format!("{name}.network"), profile.network)?,
            username: text(fields, &format!("{name}.username"), profile.username)?,
            url: text(fields, &format!("{name}.url"), profile.url)?,
        })
    };
    fields.list("basics.profiles", list, MAX_PROFILES)?.into_iter().enumerate().map(profile).collect()
}

/// A non-blank text, trimmed.
fn text(fields: Fields<'_>, name: &str, raw: Option<&RawValue>) -> Result<Option<String>, Flaw> {
    let Some(raw) = raw else { return Ok(None) };
    let text = fields.text(name, raw)?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

#[cfg(test)]
mod tests;
