//! Notes.

use diesel::dsl::{AsSelect, IntoBoxed, Select, count_star};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::criteria::{Criteria, ESCAPE, changed_within, containing, lower, sort_keys};
use super::repository::Repository;
use super::user::User;
use crate::schema::{note_repositories, note_tags, notes, repositories, users};
use crate::session::{AnyBackend, Entity};
use crate::types::{Id, LongText, Tag, Text256, Timestamp};

/// A note of one person, optionally about a repository.
#[derive(Debug, Clone, PartialEq, Hash, HasQuery, Entity, Serialize, Deserialize)]
#[diesel(table_name = notes)]
#[serde(deny_unknown_fields)]
#[entity(history(on_request), unique(user_id, source))]
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

/// A query of notes' ids.
pub type NoteIds<'q> = IntoBoxed<'q, Select<notes::table, notes::id>, AnyBackend>;

/// The notes that a listing includes; a field that is `None` does not restrict it.
#[derive(Debug, Clone, Copy)]
pub struct NoteFilter<'q> {
    /// The user.
    pub user: Option<Id<User>>,
    /// A repository that they are about, alone or among others.
    pub repository: Option<Id<Repository>>,
    /// The tags, all of which they have.
    pub tags: &'q [Tag],
    /// The name.
    pub name: Option<&'q str>,
    /// What every listing knows; `like` looks at the name.
    pub criteria: &'q Criteria,
}

sort_keys! {
    /// What notes can be sorted by.
    NoteSort(NoteIds by notes::id) {
        /// Folio's own number.
        Id "id" => notes::id,
        /// The user's id.
        User "user" => notes::user_id,
        /// The name.
        Name "name" => notes::name,
        /// The id of the repository that it is about.
        Repository "repository" => notes::repository_id,
        /// The source of an imported one.
        Source "source" => notes::source,
        /// The number of its changes.
        Version "version" => notes::version,
        /// When it was recorded.
        Created "created" => notes::created_at,
        /// When it last changed.
        Updated "updated" => notes::updated_at,
    }
}

/// The query, restricted by a [`NoteFilter`].
macro_rules! filtered {
    ($query:expr, $filter:expr) => {{
        let mut query = $query;
        if let Some(user) = $filter.user {
            query = query.filter(notes::user_id.eq(user));
        }
        if let Some(repository) = $filter.repository {
            let linked = note_repositories::table.filter(note_repositories::repository_id.eq(repository));
            let linked = notes::id.eq_any(linked.select(note_repositories::note_id));
            query = query.filter(notes::repository_id.eq(repository).or(linked));
        }
        for tag in $filter.tags {
            let tagged = note_tags::table.filter(note_tags::tag.eq(tag)).select(note_tags::note_id);
            query = query.filter(notes::id.eq_any(tagged));
        }
        if let Some(name) = $filter.name {
            query = query.filter(notes::name.eq(name));
        }
        if let Some(text) = &$filter.criteria.like {
            query = query.filter(lower(notes::name).like(lower(containing(text))).escape(ESCAPE));
        }
        changed_within!(query, notes, $filter.criteria);
        query
    }};
}

impl Note {
    /// The column of its author, for the relations of a session.
    pub const AUTHOR: notes::user_id = notes::user_id;

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

    /// The notes with these ids.
    #[must_use]
    pub fn with_ids<'q>(ids: &'q [Id<Note>]) -> Notes<'q> {
        Self::all().filter(notes::id.eq_any(ids))
    }

    /// Up to `rows` notes after `last`.
    #[must_use]
    pub fn page(filter: NoteFilter<'_>, last: Id<Note>, rows: u32) -> Notes<'_> {
        filtered!(Self::all().filter(notes::id.gt(last)).limit(rows.into()), filter)
    }

    /// The ids of the notes of a listing, in its order.
    #[must_use]
    pub fn sorted(filter: NoteFilter<'_>, sort: NoteSort, descending: bool) -> NoteIds<'_> {
        sort.sort(descending, filtered!(notes::table.select(notes::id).into_boxed(), filter))
    }

    /// The number of the notes of a listing.
    #[must_use]
    pub fn count_in(filter: NoteFilter<'_>) -> IntoBoxed<'_, Select<notes::table, count_star>, AnyBackend> {
        filtered!(notes::table.select(count_star()).into_boxed(), filter)
    }

    /// A person's notes.
    #[must_use]
    pub fn of_user<'q>(user: Id<User>) -> Notes<'q> {
        Self::all().filter(notes::user_id.eq(user))
    }

    /// The notes that have one of these as their repository.
    #[must_use]
    pub fn about_any(repositories: &[Id<Repository>]) -> Notes<'_> {
        Self::all().filter(notes::repository_id.eq_any(repositories))
    }
}
