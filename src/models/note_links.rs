//! What notes are linked with: their tags, and the repositories that they are about.

use diesel::dsl::{AsSelect, IntoBoxed, Select};
use diesel::prelude::*;
use serde::Serialize;

use super::note::Note;
use super::repository::Repository;
use super::user::User;
use crate::schema::{note_repositories, note_tags, notes, repositories};
use crate::session::{AnyBackend, Entity};
use crate::types::{Id, Tag, Timestamp};

/// A tag of a note.
#[derive(Debug, Clone, PartialEq, Hash, HasQuery, Entity, Serialize)]
#[diesel(table_name = note_tags)]
#[entity(history(on_request))]
pub struct NoteTag {
    /// The note; deleting it deletes its tags.
    #[entity(key, given, references = notes::id)]
    pub note_id: Id<Note>,
    /// The tag.
    #[entity(key, given)]
    pub tag: Tag,
    /// When the note got the tag.
    #[entity(default = Timestamp::now)]
    pub created_at: Timestamp,
}

/// A repository that a note is about, besides its [`repository_id`](Note::repository_id).
#[derive(Debug, Clone, PartialEq, Hash, HasQuery, Entity, Serialize)]
#[diesel(table_name = note_repositories)]
#[entity(history(on_request))]
pub struct NoteRepository {
    /// The note; deleting it deletes the link.
    #[entity(key, given, references = notes::id)]
    pub note_id: Id<Note>,
    /// The repository; deleting it deletes the link.
    #[entity(key, given, references = repositories::id)]
    pub repository_id: Id<Repository>,
    /// When the two were linked.
    #[entity(default = Timestamp::now)]
    pub created_at: Timestamp,
}

/// A query of tags, those of a note together and in the order of the alphabet.
pub type NoteTags<'q> = IntoBoxed<'q, Select<note_tags::table, AsSelect<NoteTag, AnyBackend>>, AnyBackend>;

/// A query of links with repositories, those of a note together and in the order of the repositories' ids.
pub type NoteRepositories<'q> =
    IntoBoxed<'q, Select<note_repositories::table, AsSelect<NoteRepository, AnyBackend>>, AnyBackend>;

impl NoteTag {
    /// The tags of these notes.
    #[must_use]
    pub fn of(notes: &[Id<Note>]) -> NoteTags<'_> {
        let all = note_tags::table.select(NoteTag::as_select()).into_boxed();
        all.filter(note_tags::note_id.eq_any(notes)).order((note_tags::note_id, note_tags::tag))
    }

    /// The tags of a person's notes.
    #[must_use]
    pub fn of_user<'q>(user: Id<User>) -> NoteTags<'q> {
        let own = notes::table.filter(notes::user_id.eq(user)).select(notes::id);
        note_tags::table.select(NoteTag::as_select()).into_boxed().filter(note_tags::note_id.eq_any(own))
    }
}

impl NoteRepository {
    /// The links of these notes.
    #[must_use]
    pub fn of(notes: &[Id<Note>]) -> NoteRepositories<'_> {
        let all = note_repositories::table.select(NoteRepository::as_select()).into_boxed();
        all.filter(note_repositories::note_id.eq_any(notes))
            .order((note_repositories::note_id, note_repositories::repository_id))
    }

    /// The links of these repositories.
    #[must_use]
    pub fn with_any(repositories: &[Id<Repository>]) -> NoteRepositories<'_> {
        let all = note_repositories::table.select(NoteRepository::as_select()).into_boxed();
        all.filter(note_repositories::repository_id.eq_any(repositories))
    }

    /// The links of a person's notes, and of the repositories of the account with this number.
    #[must_use]
    pub fn of_user<'q>(user: Id<User>, number: i64) -> NoteRepositories<'q> {
        let own = notes::table.filter(notes::user_id.eq(user)).select(notes::id);
        let owned = repositories::table.filter(repositories::user_id.eq(number)).select(repositories::id);
        let linked = note_repositories::note_id.eq_any(own).or(note_repositories::repository_id.eq_any(owned));
        note_repositories::table.select(NoteRepository::as_select()).into_boxed().filter(linked)
    }
}
