//! Résumés and notes: finds their owner, and the row that was imported from the same file before.

use super::owners::{self, Before};
use super::{Rules, Summary};
use crate::error::{Error, Result};
use crate::exchange::{self, Source};
use crate::models::{Note, Resume, User};
use crate::services::users::UserSelector;
use crate::services::{notes, resumes, users};
use crate::session::Session;
use crate::types::{Id, LongText, Text256};

/// Adds a résumé, or updates the one from the same file.
pub(super) fn resume(
    session: &mut Session<'_>,
    resume: &exchange::Resume,
    rules: &Rules,
    summary: &mut Summary,
) -> Result<()> {
    let vacancy = resume.label.as_ref().or(resume.name.as_ref()).map_or("Résumé", String::as_str);
    let vacancy = Text256::named("basics.label", vacancy)?;
    let body = LongText::named("document", &resume.document)?;
    let source = rules.source.as_ref();
    let (found, before) = match source {
        Some(source) => {
            let mut sources = sources(source);
            let of_file = sources.len();
            // Earlier versions used this address as the source, whatever file it was in.
            sources.extend(resume.canonical.as_ref().and_then(|address| Text256::named("source", address).ok()));
            let found = session.rows(Resume::from_any(&sources))?;
            let owners = owners_before(&found, &sources[..of_file], &vacancy, &body);
            let has_the_text = |id: &Id<User>| found.iter().any(|row: &Resume| row.user_id == *id && row.body == body);
            let unchanged = owners.iter().copied().filter(has_the_text).collect();
            (found, Before { owners, unchanged })
        }
        None => (Vec::new(), Before::default()),
    };
    let user = owners::owner(session, resume, rules, &before, &mut summary.users)?;
    let present = match source {
        Some(source) => choose(found, user, source, &vacancy, &body, &mut summary.remarks),
        None => session.rows(Resume::of_saying(user, &body))?.into_iter().find(|resume| resume.vacancy == vacancy),
    };
    let source = source.map(|source| source.text().clone());
    match present {
        None => {
            resumes::add(session, &UserSelector::Id(user), resumes::Offer { vacancy, body, source })?;
            summary.resumes.new += 1;
        }
        Some(present) if present.matches(&vacancy, &body) && (source.is_none() || present.source == source) => {
            summary.resumes.unchanged += 1;
        }
        Some(present) => {
            resumes::edit(session, present, resumes::Edit { vacancy: Some(vacancy), body: Some(body), source })?;
            summary.resumes.changed += 1;
        }
    }
    Ok(())
}

/// Adds a note, or updates the one from the same file.
pub(super) fn note(
    session: &mut Session<'_>,
    note: &exchange::Note,
    rules: &Rules,
    summary: &mut Summary,
) -> Result<()> {
    let name = Text256::named("note name", &note.name)?;
    let body = LongText::named("note", &note.body)?;
    let source = rules.source.as_ref();
    let (found, before) = match source {
        Some(source) => {
            let sources = sources(source);
            let found = session.rows(Note::from_any(&sources))?;
            let before = owners_before(&found, &sources, &name, &body);
            (found, before)
        }
        None => (Vec::new(), Vec::new()),
    };
    let user = match (&rules.user, before.as_slice()) {
        (Some(selector), _) => users::get(session, selector)?.id,
        (None, [only]) => *only,
        (None, _) => {
            return Err(Error::value("note", "it names no user; name one with --user, --account or --login"));
        }
    };
    let present = match source {
        Some(source) => choose(found, user, source, &name, &body, &mut summary.remarks),
        None => session.rows(Note::of_saying(user, &body))?.into_iter().find(|note| note.name == name),
    };
    let source = source.map(|source| source.text().clone());
    match present {
        None => {
            let tags = note.tags.clone().unwrap_or_default();
            let text = notes::Text { name, body, repository: None, source, tags };
            notes::add(session, &UserSelector::Id(user), text)?;
            summary.notes.new += 1;
        }
        Some(present) => {
            let is_retagged = match &note.tags {
                Some(tags) => notes::set_tags(session, present.id, tags)?,
                None => false,
            };
            if present.matches(&name, &body) && (source.is_none() || present.source == source) {
                let tally = if is_retagged { &mut summary.notes.changed } else { &mut summary.notes.unchanged };
                *tally += 1;
                return Ok(());
            }
            let edit = notes::Edit { name: Some(name), body: Some(body), repository: None, source };
            notes::edit(session, present, edit)?;
            summary.notes.changed += 1;
        }
    }
    Ok(())
}

/// The common columns of résumés and notes.
trait Document {
    const WHAT: &'static str;

    fn id(&self) -> i64;
    fn user(&self) -> Id<User>;
    fn source(&self) -> Option<&Text256>;
    fn title(&self) -> &Text256;
    fn body(&self) -> &LongText;

    fn matches(&self, title: &Text256, body: &LongText) -> bool {
        self.title() == title && self.body() == body
    }
}

impl Document for Resume {
    const WHAT: &'static str = "résumé";

    fn id(&self) -> i64 {
        self.id.get()
    }

    fn user(&self) -> Id<User> {
        self.user_id
    }

    fn source(&self) -> Option<&Text256> {
        self.source.as_ref()
    }

    fn title(&self) -> &Text256 {
        &self.vacancy
    }

    fn body(&self) -> &LongText {
        &self.body
    }
}

impl Document for Note {
    const WHAT: &'static str = "note";

    fn id(&self) -> i64 {
        self.id.get()
    }

    fn user(&self) -> Id<User> {
        self.user_id
    }

    fn source(&self) -> Option<&Text256> {
        self.source.as_ref()
    }

    fn title(&self) -> &Text256 {
        &self.name
    }

    fn body(&self) -> &LongText {
        &self.body
    }
}

/// The source, followed by the texts that earlier versions may have stored for it.
fn sources(source: &Source) -> Vec<Text256> {
    [source.text()].into_iter().chain(source.earlier()).cloned().collect()
}

/// The accounts with the document of this file: by its source, otherwise by a text that an earlier version stored.
fn owners_before<D: Document>(found: &[D], sources: &[Text256], title: &Text256, body: &LongText) -> Vec<Id<User>> {
    let Some((source, earlier)) = sources.split_first() else { return Vec::new() };
    let owners = |documents: &mut dyn Iterator<Item = &D>| {
        let mut owners: Vec<_> = documents.map(Document::user).collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    };
    let now = owners(&mut found.iter().filter(|document| document.source() == Some(source)));
    if !now.is_empty() {
        return now;
    }
    let is_earlier = |document: &&D| document.source().is_some_and(|source| earlier.contains(source));
    owners(&mut found.iter().filter(is_earlier).filter(|document| may_match(*document, title, body)))
}

/// The user's document from the same file. Rows of earlier versions contain only the file's path relative to some
/// folder, or an address that several files may contain. Such a row matches if it also has the same title or the same
/// text; if it has neither, a remark reports it.
fn choose<D: Document>(
    found: Vec<D>,
    user: Id<User>,
    source: &Source,
    title: &Text256,
    body: &LongText,
    remarks: &mut Vec<String>,
) -> Option<D> {
    let (same, earlier): (Vec<D>, Vec<D>) =
        found.into_iter().filter(|found| found.user() == user).partition(|found| found.source() == Some(source.text()));
    if let Some(same) = same.into_iter().next() {
        return Some(same);
    }
    let (mut likely, others): (Vec<D>, Vec<D>) = earlier.into_iter().partition(|found| may_match(found, title, body));
    if likely.is_empty() {
        let paths = others.iter().filter(|other| other.source().is_some_and(|path| source.earlier().contains(path)));
        remarks.extend(paths.map(|other| {
            format!(
                "{} id {}, {:?}, has another title and text than {}, but may be an older version of it; if it is, \
                 remove it",
                D::WHAT,
                other.id(),
                other.title(),
                source.text(),
            )
        }));
        return None;
    }
    let best = likely.iter().position(|found| found.body() == body).unwrap_or(0);
    Some(likely.swap_remove(best))
}

fn may_match<D: Document>(document: &D, title: &Text256, body: &LongText) -> bool {
    document.title() == title || document.body() == body
}
