//! What notes are linked with: reads and writes their tags and the repositories that they are about.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel_session::Error as SessionError;
use serde::Serialize;

use crate::error::Result;
use crate::models::{NewNoteRepository, NewNoteTag, Note, NoteRepository, NoteTag, Repository};
use crate::session::Session;
use crate::types::{Id, Tag};

/// The number of notes whose links are read by one SELECT.
const PAGE: usize = 1_000;

/// A note, with its tags and all repositories that it is about.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Linked {
    /// The note.
    #[serde(flatten)]
    pub note: Note,
    /// Its tags, in the order of their bytes.
    pub tags: Vec<Tag>,
    /// The ids of the repositories that it is about: [`Note::repository_id`] first, then the others.
    pub repositories: Vec<Id<Repository>>,
}

/// The notes with their links. Two SELECTs for every thousand.
pub(super) fn of(session: &mut Session<'_>, notes: Vec<Note>) -> Result<Vec<Linked>, SessionError> {
    let (mut tags, mut repositories) = (HashMap::<_, Vec<Tag>>::new(), HashMap::<_, Vec<Id<Repository>>>::new());
    let ids: Vec<Id<Note>> = notes.iter().map(|note| note.id).collect();
    for ids in ids.chunks(PAGE) {
        for NoteTag { note_id, tag, .. } in session.rows(NoteTag::of(ids))? {
            tags.entry(note_id).or_default().push(tag);
        }
        for NoteRepository { note_id, repository_id, .. } in session.rows(NoteRepository::of(ids))? {
            repositories.entry(note_id).or_default().push(repository_id);
        }
    }
    let linked = notes.into_iter().map(|note| {
        let others = repositories.remove(&note.id).unwrap_or_default();
        let others = others.into_iter().filter(|other| Some(*other) != note.repository_id);
        let repositories = note.repository_id.into_iter().chain(others).collect();
        Linked { tags: tags.remove(&note.id).unwrap_or_default(), repositories, note }
    });
    Ok(linked.collect())
}

/// The tags of the note, in the order of their bytes.
pub(super) fn tags(session: &mut Session<'_>, note: Id<Note>) -> Result<Vec<Tag>> {
    Ok(session.rows(NoteTag::of(&[note]))?.into_iter().map(|row: NoteTag| row.tag).collect())
}

/// The ids of the repositories that the note is linked with, the smallest first.
pub(super) fn repositories(session: &mut Session<'_>, note: Id<Note>) -> Result<Vec<Id<Repository>>> {
    Ok(session.rows(NoteRepository::of(&[note]))?.into_iter().map(|row: NoteRepository| row.repository_id).collect())
}

/// Gives the note these tags besides those that it has.
pub(super) fn add_tags(session: &mut Session<'_>, note: Id<Note>, tags: &[Tag]) -> Result<()> {
    let mut present: HashSet<Tag> = self::tags(session, note)?.into_iter().collect();
    for tag in tags {
        if present.insert(tag.clone()) {
            session.add(NewNoteTag::new(note, tag.clone())?);
        }
    }
    Ok(session.flush()?)
}

/// Takes the tags for which `is_removed` holds from the note.
pub(super) fn remove_tags(session: &mut Session<'_>, note: Id<Note>, is_removed: impl Fn(&Tag) -> bool) -> Result<()> {
    for handle in session.query(NoteTag::of(&[note])).all()? {
        if is_removed(&session.row(handle)?.tag) {
            session.delete(handle)?;
        }
    }
    Ok(session.flush()?)
}

/// Gives the note these tags and no others.
pub(super) fn set_tags(session: &mut Session<'_>, note: Id<Note>, tags: &[Tag]) -> Result<()> {
    remove_tags(session, note, |tag| !tags.contains(tag))?;
    add_tags(session, note, tags)
}

/// Links the note with these repositories, besides those that it is linked with.
pub(super) fn add_repositories(
    session: &mut Session<'_>,
    note: &Note,
    repositories: impl IntoIterator<Item = Id<Repository>>,
) -> Result<()> {
    let linked = self::repositories(session, note.id)?;
    let mut linked: HashSet<_> = linked.into_iter().chain(note.repository_id).collect();
    for repository in repositories {
        if linked.insert(repository) {
            session.add(NewNoteRepository::new(note.id, repository)?);
        }
    }
    Ok(session.flush()?)
}

/// Links the note with these repositories and no others.
pub(super) fn set_repositories(
    session: &mut Session<'_>,
    note: Id<Note>,
    repositories: &[Id<Repository>],
) -> Result<()> {
    let mut missing: BTreeSet<_> = repositories.iter().copied().collect();
    for handle in session.query(NoteRepository::of(&[note])).all()? {
        if !missing.remove(&session.row(handle)?.repository_id) {
            session.delete(handle)?;
        }
    }
    for repository in missing {
        session.add(NewNoteRepository::new(note, repository)?);
    }
    Ok(session.flush()?)
}

/// Removes the note's links with these repositories, as far as there are any.
pub(super) fn remove_repositories(
    session: &mut Session<'_>,
    note: Id<Note>,
    repositories: &[Id<Repository>],
) -> Result<()> {
    for handle in session.query(NoteRepository::of(&[note])).all()? {
        if repositories.contains(&session.row(handle)?.repository_id) {
            session.delete(handle)?;
        }
    }
    Ok(session.flush()?)
}

/// Takes these repositories, which are about to be deleted, from all notes that are about them.
pub(super) fn leave(session: &mut Session<'_>, repositories: &[Id<Repository>]) -> Result<()> {
    for repositories in repositories.chunks(PAGE) {
        for link in session.query(NoteRepository::with_any(repositories)).all()? {
            session.delete(link)?;
        }
        for note in session.query(Note::about_any(repositories)).all()? {
            session.edit(note)?.repository_id = None;
        }
    }
    Ok(session.flush()?)
}

/// Removes what the note is linked with.
pub(super) fn remove_all(session: &mut Session<'_>, note: Id<Note>) -> Result<()> {
    remove_tags(session, note, |_| true)?;
    for link in session.query(NoteRepository::of(&[note])).all()? {
        session.delete(link)?;
    }
    Ok(session.flush()?)
}
