//! Résumés and notes: finds their owner, and the row that was imported from the same file before.

use super::owners::{self, Before};
use super::preview::{Field, Preview};
use super::{Rules, Summary, Tally};
use crate::error::{Error, Result};
use crate::exchange::{self, Source};
use crate::models::{Note, Repository, Resume, User};
use crate::services::repositories::RepositorySelector;
use crate::services::users::UserSelector;
use crate::services::{links, notes, resumes, users};
use crate::session::Session;
use crate::types::{Id, LongText, Tag, Text256};

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
    let document = Document::new(vacancy, body);
    save::<Resume>(session, user, document, source, found, rules.preview.as_ref(), summary)
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
    let document = Document { tags: note.tags.clone(), ..Document::new(name, body) };
    save::<Note>(session, user, document, source, found, rules.preview.as_ref(), summary)
}

/// The values of a résumé or note.
pub(super) struct Document {
    pub title: Text256,
    pub body: LongText,
    /// The repository that it is about, or that it is about none; `None` if the record does not tell.
    pub about: Option<Option<Id<Repository>>>,
    /// The other repositories that it is about; `None` if the record does not tell.
    pub repositories: Option<Vec<Id<Repository>>>,
    /// Its tags, in the order of their bytes and each once; `None` if the record does not tell.
    pub tags: Option<Vec<Tag>>,
}

impl Document {
    /// A document of a record that tells nothing else.
    pub fn new(title: Text256, body: LongText) -> Self {
        Self { title, body, about: None, repositories: None, tags: None }
    }
}

/// The documents from this source, of any user.
pub(super) fn of_source<D: Stored>(session: &mut Session<'_>, source: Option<&Source>) -> Result<Vec<D>> {
    source.map_or(Ok(Vec::new()), |source| D::from_any(session, &sources(source)))
}

/// Adds a document of this user, or updates the one of `found` from the same source. Without a source, or if there is
/// none from it, a document without a source and with the same title and text is the same.
pub(super) fn save<D: Stored>(
    session: &mut Session<'_>,
    user: Id<User>,
    document: Document,
    source: Option<&Source>,
    found: Vec<D>,
    preview: Option<&Preview>,
    summary: &mut Summary,
) -> Result<()> {
    let Document { title, body, about, .. } = &document;
    let from_source = source.and_then(|source| choose(found, user, source, title, body, &mut summary.remarks));
    let present = match (from_source, source) {
        (Some(present), _) => Some(present),
        (None, Some(_)) => None,
        (None, None) => D::of_saying(session, user, body)?.into_iter().find(|present| present.title() == title),
    };
    let source = source.map(|source| source.text().clone());
    let Some(present) = present else {
        D::add(session, user, document, source)?;
        D::tally(summary).new += 1;
        return Ok(());
    };
    let is_about = about.is_none_or(|about| present.is_about(about));
    let has_source = source.is_none() || present.source() == source.as_ref();
    let is_same = present.matches(title, body) && has_source && is_about;
    let present = if is_same { present } else { present.edit(session, &document, source)? };
    let is_relinked = present.relink(session, &document, preview)?;
    let tally = D::tally(summary);
    *if is_same && !is_relinked { &mut tally.unchanged } else { &mut tally.changed } += 1;
    Ok(())
}

/// What résumés and notes have in common.
pub(super) trait Stored: Sized {
    const WHAT: &'static str;

    fn id(&self) -> i64;
    fn user(&self) -> Id<User>;
    fn source(&self) -> Option<&Text256>;
    fn title(&self) -> &Text256;
    fn body(&self) -> &LongText;
    fn is_about(&self, repository: Option<Id<Repository>>) -> bool;

    /// Those from any of these sources.
    fn from_any(session: &mut Session<'_>, sources: &[Text256]) -> Result<Vec<Self>>;
    /// Those of the user with exactly this text.
    fn of_saying(session: &mut Session<'_>, user: Id<User>, body: &LongText) -> Result<Vec<Self>>;
    fn add(session: &mut Session<'_>, user: Id<User>, document: Document, source: Option<Text256>) -> Result<()>;
    fn edit(self, session: &mut Session<'_>, document: &Document, source: Option<Text256>) -> Result<Self>;
    /// Gives it the tags and repositories of the document, and tells that to the preview. Returns whether it had others.
    fn relink(&self, session: &mut Session<'_>, document: &Document, preview: Option<&Preview>) -> Result<bool>;
    fn tally(summary: &mut Summary) -> &mut Tally;

    fn matches(&self, title: &Text256, body: &LongText) -> bool {
        self.title() == title && self.body() == body
    }
}

impl Stored for Resume {
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

    fn is_about(&self, repository: Option<Id<Repository>>) -> bool {
        repository.is_none()
    }

    fn from_any(session: &mut Session<'_>, sources: &[Text256]) -> Result<Vec<Self>> {
        Ok(session.rows(Self::from_any(sources))?)
    }

    fn of_saying(session: &mut Session<'_>, user: Id<User>, body: &LongText) -> Result<Vec<Self>> {
        Ok(session.rows(Self::of_saying(user, body))?)
    }

    fn add(session: &mut Session<'_>, user: Id<User>, document: Document, source: Option<Text256>) -> Result<()> {
        let Document { title: vacancy, body, .. } = document;
        resumes::add(session, &UserSelector::Id(user), resumes::Offer { vacancy, body, source }).map(drop)
    }

    fn edit(self, session: &mut Session<'_>, document: &Document, source: Option<Text256>) -> Result<Self> {
        let Document { title, body, .. } = document;
        let edit = resumes::Edit { vacancy: Some(title.clone()), body: Some(body.clone()), source };
        resumes::edit(session, self, edit)
    }

    fn relink(&self, _: &mut Session<'_>, _: &Document, _: Option<&Preview>) -> Result<bool> {
        Ok(false)
    }

    fn tally(summary: &mut Summary) -> &mut Tally {
        &mut summary.resumes
    }
}

impl Stored for Note {
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

    fn is_about(&self, repository: Option<Id<Repository>>) -> bool {
        self.repository_id == repository
    }

    fn from_any(session: &mut Session<'_>, sources: &[Text256]) -> Result<Vec<Self>> {
        Ok(session.rows(Self::from_any(sources))?)
    }

    fn of_saying(session: &mut Session<'_>, user: Id<User>, body: &LongText) -> Result<Vec<Self>> {
        Ok(session.rows(Self::of_saying(user, body))?)
    }

    fn add(session: &mut Session<'_>, user: Id<User>, document: Document, source: Option<Text256>) -> Result<()> {
        let Document { title: name, body, about, repositories, tags } = document;
        let repository = about.flatten().map(RepositorySelector::Id);
        let text = notes::Text { name, body, repository, source, tags: tags.unwrap_or_default() };
        let note = notes::add(session, &UserSelector::Id(user), text)?;
        links::set_repositories(session, note.id, &repositories.unwrap_or_default())
    }

    fn edit(self, session: &mut Session<'_>, document: &Document, source: Option<Text256>) -> Result<Self> {
        let Document { title, body, about, .. } = document;
        let repository = about.map(|about| about.map(RepositorySelector::Id));
        let edit = notes::Edit { name: Some(title.clone()), body: Some(body.clone()), repository, source };
        notes::edit(session, self, edit)
    }

    fn relink(&self, session: &mut Session<'_>, document: &Document, preview: Option<&Preview>) -> Result<bool> {
        let mut changed = Vec::new();
        if let Some(tags) = &document.tags {
            let before = links::tags(session, self.id)?;
            if before != *tags {
                links::set_tags(session, self.id, tags)?;
                changed.push(Field::new("tags", before, tags)?);
            }
        }
        if let Some(repositories) = &document.repositories {
            let before = links::repositories(session, self.id)?;
            let mut after = repositories.clone();
            after.sort_unstable();
            after.dedup();
            if before != after {
                links::set_repositories(session, self.id, &after)?;
                changed.push(Field::new("repositories", before, after)?);
            }
        }
        let is_relinked = !changed.is_empty();
        if let Some(preview) = preview.filter(|_| is_relinked) {
            preview.relink(self, changed)?;
        }
        Ok(is_relinked)
    }

    fn tally(summary: &mut Summary) -> &mut Tally {
        &mut summary.notes
    }
}

/// The source, followed by the texts that earlier versions may have stored for it.
fn sources(source: &Source) -> Vec<Text256> {
    [source.text()].into_iter().chain(source.earlier()).cloned().collect()
}

/// The accounts with the document of this file: by its source, otherwise by a text that an earlier version stored.
fn owners_before<D: Stored>(found: &[D], sources: &[Text256], title: &Text256, body: &LongText) -> Vec<Id<User>> {
    let Some((source, earlier)) = sources.split_first() else { return Vec::new() };
    let owners = |documents: &mut dyn Iterator<Item = &D>| {
        let mut owners: Vec<_> = documents.map(Stored::user).collect();
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
fn choose<D: Stored>(
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

fn may_match<D: Stored>(document: &D, title: &Text256, body: &LongText) -> bool {
    document.title() == title || document.body() == body
}
