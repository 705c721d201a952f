//! Notes.

use diesel::HasQuery;
use serde::Serialize;

use super::repository::Repository;
use super::user::User;
use crate::Entity;
use crate::schema::{notes, repositories, users};
use crate::types::{Id, LongText, Text256, Timestamp};

/// A note: of one person, and perhaps about a repository.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity, Serialize)]
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
    /// Whose it is; it goes with the account.
    #[entity(references = users::id)]
    pub user_id: Id<User>,
    /// What it is about; it outlives the repository.
    #[entity(references = repositories::id)]
    pub repository_id: Option<Id<Repository>>,
    /// Where an imported one came from: its path.
    pub source: Option<Text256>,
    /// When Folio recorded the note.
    #[entity(default = Timestamp::now)]
    pub created_at: Timestamp,
    /// When the record last changed.
    #[entity(update = Timestamp::now)]
    pub updated_at: Timestamp,
    /// Counts the changes, so that two writers find out about each other.
    #[entity(version)]
    pub version: i64,
}
