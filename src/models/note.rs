//! Notes.

use diesel::dsl::{AsSelect, IntoBoxed, Select, auto_type, count_star};
use diesel::prelude::*;
use serde::Serialize;

use super::repository::Repository;
use super::user::User;
use crate::schema::{notes, repositories, users};
use crate::session::{AnyBackend, Entity};
use crate::types::{Id, LongText, Text256, Timestamp};

/// A note of one person, optionally about a repository.
#[derive(Debug, Clone, PartialEq, Hash, HasQuery, Entity, Serialize)]
#[diesel(table_name = notes)]
#[entity(unique(user_id, source))]
pub struct Note {
    /// Folio's own number for the note.
    #[entity(key)]
    pub id: Id<Note>,
    /// Its name.
    pub name: Text256,
    /// The text.
    #[entity(default = LongText::default)]
    pub body: LongText,
    /// The user that it belongs to; deleting the account deletes it.
    #[entity(references = users::id)]
    pub user_id: Id<User>,
    /// The repository that it is about; deleting the repository sets it to NULL.
    #[entity(references = repositories::id)]
    pub repository_id: Option<Id<Repository>>,
    /// The source of an imported one: the path of its file.
    pub source: Option<Text256>,
    /// When Folio recorded the note.
    #[entity(default = Timestamp::now)]
    pub created_at: Timestamp,
    /// When the record last changed.
    #[entity(update = Timestamp::now)]
    pub updated_at: Timestamp,
    /// Counts the changes, so that concurrent writers detect each other.
    #[entity(version)]
    pub version: i64,
}

/// A query of notes, in the order of their ids.
pub type Notes<'q> = IntoBoxed<'q, Select<notes::table, AsSelect<Note, AnyBackend>>, AnyBackend>;

/// The notes that a listing includes; a field that is `None` does not restrict it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoteFilter<'q> {
    /// The user.
    pub user: Option<Id<User>>,
    /// The repository that they are about.
    pub repository: Option<Id<Repository>>,
    /// The name.
    pub name: Option<&'q str>,
}

impl Note {
    /// All notes.
    #[must_use]
    pub fn all<'q>() -> Notes<'q> {
        notes::table.select(Note::as_select()).into_boxed().order(notes::id)
    }

    /// The notes that were imported from `source`, of any user.
    #[must_use]
    pub fn from_source(source: &Text256) -> Notes<'_> {
        Self::all().filter(notes::source.eq(source))
    }

    /// The notes that were imported from any of `sources`, of any user.
    #[must_use]
    pub fn from_any(sources: &[Text256]) -> Notes<'_> {
        Self::all().filter(notes::source.eq_any(sources))
    }

    /// The person's notes with exactly this text.
    #[must_use]
    pub fn of_saying(user: Id<User>, body: &LongText) -> Notes<'_> {
        Self::all().filter(notes::user_id.eq(user)).filter(notes::body.eq(body))
    }

    /// The person's note that was imported from `source`.
    #[must_use]
    pub fn of_from_source(user: Id<User>, source: &Text256) -> Notes<'_> {
        Self::from_source(source).filter(notes::user_id.eq(user))
    }

    /// Up to `rows` notes after `last`.
    #[must_use]
    pub fn page(filter: NoteFilter<'_>, last: Id<Note>, rows: u32) -> Notes<'_> {
        let mut query = Self::all().filter(notes::id.gt(last)).limit(rows.into());
        if let Some(user) = filter.user {
            query = query.filter(notes::user_id.eq(user));
        }
        if let Some(repository) = filter.repository {
            query = query.filter(notes::repository_id.eq(repository));
        }
        if let Some(name) = filter.name {
            query = query.filter(notes::name.eq(name));
        }
        query
    }

    /// The number of a person's notes.
    #[must_use]
    #[auto_type(no_type_alias)]
    pub fn count_of(user: Id<User>) -> _ {
        notes::table.filter(notes::user_id.eq(user)).select(count_star())
    }
}
