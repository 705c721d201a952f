//! Résumés.

use diesel::HasQuery;
use serde::Serialize;

use super::user::User;
use crate::Entity;
use crate::schema::{resumes, users};
use crate::types::{Id, LongText, Text256, Timestamp};

/// A résumé: what one person offers for one vacancy.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity, Serialize)]
#[diesel(table_name = resumes)]
#[entity(unique(user_id, source))]
pub struct Resume {
    /// Folio's own number for the résumé.
    #[entity(key)]
    pub id: Id<Resume>,
    /// Whose it is.
    #[entity(references = users::id)]
    pub user_id: Id<User>,
    /// What it is for.
    pub vacancy: Text256,
    /// The text, or the JSON Resume document as it was imported.
    #[entity(default = LongText::default)]
    pub body: LongText,
    /// Where an imported one came from: its canonical address, or its path.
    pub source: Option<Text256>,
    /// When Folio recorded the résumé.
    #[entity(default = Timestamp::now)]
    pub created_at: Timestamp,
    /// When the record last changed.
    #[entity(update = Timestamp::now)]
    pub updated_at: Timestamp,
    /// Counts the changes, so that two writers find out about each other.
    #[entity(version)]
    pub version: i64,
}
