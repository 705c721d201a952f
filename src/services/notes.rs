//! Notes: adding, finding, listing, editing and removing them, and their tags and repositories.

use diesel::QueryDsl as _;

use super::repositories::RepositorySelector;
use super::users::{self, UserSelector};
use super::{Limit, Linked, Sort, links, pages, repositories, sorted};
use crate::error::{Error, Result};
use crate::models::{Criteria, NewNote, Note, NoteFilter, NoteSort, Repository, User};
use crate::session::Session;
use crate::types::{Id, LongText, Tag, Text256};

/// A note to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// Its name.
    pub name: Text256,
    /// The text.
    pub body: LongText,
    /// The repository that it is about.
    pub repository: Option<RepositorySelector>,
    /// The source of an imported one.
    pub source: Option<Text256>,
    /// Its tags.
    pub tags: Vec<Tag>,
}

impl Text {
    /// A note without text and tags, about no repository.
    ///
    /// # Errors
    ///
    /// When the name does not fit: it is empty or longer than 256 characters.
    pub fn new(name: impl Into<String>) -> Result<Self> {
        let name = Text256::named("note name", name)?;
        Ok(Self { name, body: LongText::default(), repository: None, source: None, tags: Vec::new() })
    }
}

/// The notes that a listing includes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Those of this person.
    pub user: Option<Id<User>>,
    /// Those about this repository, alone or among others.
    pub repository: Option<Id<Repository>>,
    /// Those with all of these tags.
    pub tags: Vec<Tag>,
    /// Those with this name.
    pub name: Option<String>,
    /// What every listing knows; `like` looks at the name.
    pub criteria: Criteria,
    /// Their order; `None` for that of their ids.
    pub sort: Option<Sort<NoteSort>>,
}

impl Filter {
    fn restricted(&self) -> NoteFilter<'_> {
        let Self { user, repository, tags, name, criteria, .. } = self;
        NoteFilter { user: *user, repository: *repository, tags, name: name.as_deref(), criteria }
    }
}

/// Changes to a note; `None` leaves a field unchanged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edit {
    /// Its name.
    pub name: Option<Text256>,
    /// The text.
    pub body: Option<LongText>,
    /// The repository that it is about; `Some(None)` removes it.
    pub repository: Option<Option<RepositorySelector>>,
    /// The source that it is imported from now.
    pub source: Option<Text256>,
}

/// Adds a note to a person.
///
/// # Errors
///
/// [`Error::NotFound`] and [`Error::Ambiguous`] for the person or the repository; [`Error::Exists`] when the person has
/// a note from that source.
pub fn add(session: &mut Session<'_>, selector: &UserSelector, text: Text) -> Result<Note> {
    let user = users::get(session, selector)?;
    if let Some(source) = &text.source
        && let Some(present) = from_source(session, user.id, source)?
    {
        let what = format!("a note of {} from {source}", user.username);
        return Err(Error::Exists { what, existing: format!("id {}: {}", present.id, present.name) });
    }
    let repository_id = about(session, text.repository.as_ref())?;
    let new = NewNote {
        body: text.body,
        source: text.source,
        repository_id: repository_id.into(),
        ..NewNote::new(text.name, user.id)?
    };
    let handle = session.add(new);
    let note = session.detach(handle)?;
    links::add_tags(session, note.id, &text.tags)?;
    Ok(note)
}

fn about(session: &mut Session<'_>, selector: Option<&RepositorySelector>) -> Result<Option<Id<Repository>>> {
    selector.map(|selector| Ok(repositories::get(session, selector)?.repository.id)).transpose()
}

/// The person's note that was imported from `source`.
///
/// # Errors
///
/// Any error of the read.
pub fn from_source(session: &mut Session<'_>, user: Id<User>, source: &Text256) -> Result<Option<Note>> {
    Ok(session.rows(Note::of_from_source(user, source))?.into_iter().next())
}

/// The note.
///
/// # Errors
///
/// [`Error::NotFound`].
pub fn get(session: &mut Session<'_>, id: Id<Note>) -> Result<Note> {
    match session.get::<Note>(id)? {
        Some(handle) => Ok(session.detach(handle)?),
        None => Err(Error::NotFound { what: format!("note with id {id}") }),
    }
}

/// The note with its tags and all repositories that it is about. Two SELECTs.
///
/// # Errors
///
/// Any error of the reads.
pub fn linked(session: &mut Session<'_>, note: Note) -> Result<Linked> {
    let what = format!("note with id {}", note.id);
    links::of(session, vec![note])?.pop().ok_or(Error::NotFound { what })
}

/// Gives the note these tags besides those that it has, and returns it with its links.
///
/// # Errors
///
/// [`Error::NotFound`].
pub fn tag(session: &mut Session<'_>, id: Id<Note>, tags: &[Tag]) -> Result<Linked> {
    let note = get(session, id)?;
    links::add_tags(session, id, tags)?;
    linked(session, note)
}

/// Takes these tags from the note, as far as it has them, and returns it with its links.
///
/// # Errors
///
/// [`Error::NotFound`].
pub fn untag(session: &mut Session<'_>, id: Id<Note>, tags: &[Tag]) -> Result<Linked> {
    let note = get(session, id)?;
    links::remove_tags(session, id, |tag| tags.contains(tag))?;
    linked(session, note)
}

/// Links the note with these repositories, besides those that it is about already, and returns it with its links.
///
/// # Errors
///
/// [`Error::NotFound`] for the note or a repository; [`Error::Ambiguous`] for a repository.
pub fn link(session: &mut Session<'_>, id: Id<Note>, selectors: &[RepositorySelector]) -> Result<Linked> {
    let note = get(session, id)?;
    let repositories = ids_of(session, selectors)?;
    links::add_repositories(session, &note, repositories)?;
    linked(session, note)
}

/// Removes the note's links with these repositories, as far as it has them, and returns it with the others.
///
/// # Errors
///
/// As [`link`].
pub fn unlink(session: &mut Session<'_>, id: Id<Note>, selectors: &[RepositorySelector]) -> Result<Linked> {
    get(session, id)?;
    let repositories = ids_of(session, selectors)?;
    links::remove_repositories(session, id, &repositories)?;
    let handle = session.get_one::<Note>(id)?;
    if session.row(handle)?.repository_id.is_some_and(|about| repositories.contains(&about)) {
        session.edit(handle)?.repository_id = None;
    }
    let note = session.detach(handle)?;
    linked(session, note)
}

fn ids_of(session: &mut Session<'_>, selectors: &[RepositorySelector]) -> Result<Vec<Id<Repository>>> {
    selectors.iter().map(|selector| Ok(repositories::get(session, selector)?.repository.id)).collect()
}

/// Passes the notes with their links to `each` in the order of the filter, reading a thousand at a time.
///
/// # Errors
///
/// Any error of `each` or of the read.
pub fn list<E: From<Error>>(
    session: &mut Session<'_>,
    filter: &Filter,
    limit: Limit,
    mut each: impl FnMut(Linked) -> Result<(), E>,
) -> Result<(), E> {
    let restricted = filter.restricted();
    if filter.sort.is_none() && limit.offset == 0 {
        let page = |last, rows| {
            let notes = session.rows(Note::page(restricted, last, rows))?;
            links::of(session, notes)
        };
        return pages(limit, page, |linked: &Linked| linked.note.id, each);
    }
    let Sort { key, descending } = filter.sort.unwrap_or(Sort { key: NoteSort::Id, descending: false });
    let (rows, offset) = limit.of_statement();
    let ids: Vec<Id<Note>> =
        session.rows(Note::sorted(restricted, key, descending).limit(rows).offset(offset)).map_err(Error::from)?;
    let mut page = |ids: &[Id<Note>]| {
        let notes = session.rows(Note::with_ids(ids))?;
        links::of(session, notes)
    };
    sorted(&ids, &mut page, |linked: &Linked| linked.note.id, &mut each)
}

/// The number of the notes that the filter leaves. One SELECT.
///
/// # Errors
///
/// Any error of the read.
pub fn count(session: &mut Session<'_>, filter: &Filter) -> Result<u64> {
    let counted: Vec<i64> = session.rows(Note::count_in(filter.restricted()))?;
    Ok(counted.first().and_then(|count| u64::try_from(*count).ok()).unwrap_or(0))
}

/// Changes the note that was read as `read`, and returns it as changed.
///
/// # Errors
///
/// [`StaleRow`](diesel_session::Error::StaleRow) when another transaction has changed or removed it since it was read; nothing is overwritten
/// then. [`Error::NotFound`] for the repository.
pub fn edit(session: &mut Session<'_>, read: Note, edit: Edit) -> Result<Note> {
    let repository_id = match edit.repository {
        Some(selector) => about(session, selector.as_ref())?,
        None => read.repository_id,
    };
    let changed = Note {
        name: edit.name.unwrap_or_else(|| read.name.clone()),
        body: edit.body.unwrap_or_else(|| read.body.clone()),
        source: edit.source.or_else(|| read.source.clone()),
        repository_id,
        ..read
    };
    let handle = session.attach(changed)?;
    Ok(session.detach(handle)?)
}

/// Removes a note and returns it as it was.
///
/// # Errors
///
/// [`Error::NotFound`].
pub fn remove(session: &mut Session<'_>, id: Id<Note>) -> Result<Note> {
    let note = get(session, id)?;
    links::remove_all(session, id)?;
    session.delete(&note)?;
    session.flush()?;
    Ok(note)
}
