//! Code repositories.

use diesel::HasQuery;
use serde::Serialize;

use crate::Entity;
use crate::schema::{repositories, users};
use crate::types::{Id, RepositoryStatus, Text256, Timestamp};

/// A code repository of an account.
#[derive(Debug, Clone, PartialEq, HasQuery, Entity, Serialize)]
#[diesel(table_name = repositories)]
#[entity(unique(repo_id), unique(user_id, repo_name))]
pub struct Repository {
    /// Folio's own number for the repository.
    #[entity(key)]
    pub id: Id<Repository>,
    /// The owner's number where the account comes from: `users.user_id`, not `users.id`.
    #[entity(references = users::user_id)]
    pub user_id: i64,
    /// The repository's number where it comes from.
    pub repo_id: Option<i64>,
    /// Its name, without the owner's.
    pub repo_name: Text256,
    /// Who may see it.
    pub status: RepositoryStatus,
    /// When Folio recorded the repository.
    #[entity(default = Timestamp::now)]
    pub created_at: Timestamp,
    /// When the record last changed.
    #[entity(update = Timestamp::now)]
    pub updated_at: Timestamp,
}
