//! Accounts.

use diesel::HasQuery;
use serde::Serialize;

use crate::Entity;
use crate::schema::users;
use crate::types::{Email, Id, Text256, Timestamp};

/// An account: one developer at one place.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity, Serialize)]
#[diesel(table_name = users)]
#[entity(unique(user_id))]
pub struct User {
    /// Folio's own number for the account.
    #[entity(key)]
    pub id: Id<User>,
    /// The account's number where it comes from; negative for a person known from nowhere yet.
    pub user_id: i64,
    /// The login. Several accounts may share one.
    pub username: Text256,
    /// The email, where it is known. Several accounts may share one.
    pub email: Option<Email>,
    /// When Folio recorded the account.
    #[entity(default = Timestamp::now)]
    pub created_at: Timestamp,
    /// When the record last changed.
    #[entity(update = Timestamp::now)]
    pub updated_at: Timestamp,
}
