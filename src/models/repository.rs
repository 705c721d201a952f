//! Code repositories.

use diesel::dsl::{AsSelect, Eq, Filter, InnerJoinOn, IntoBoxed, Select, auto_type, count_star, delete};
use diesel::prelude::*;
use serde::Serialize;

use super::user::User;
use crate::schema::{repositories, users};
use crate::session::{AnyBackend, Entity};
use crate::types::{Id, RepositoryStatus, Text256, Timestamp};

/// A code repository of an account.
#[derive(Debug, Clone, PartialEq, Hash, HasQuery, Entity, Serialize)]
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
    /// Who can see it.
    pub status: RepositoryStatus,
    /// When Folio recorded the repository.
    #[entity(default = Timestamp::now)]
    pub created_at: Timestamp,
    /// When the record last changed.
    #[entity(update = Timestamp::now)]
    pub updated_at: Timestamp,
}

/// A query of repositories, in the order of their ids.
pub type Repositories<'q> = IntoBoxed<'q, Select<repositories::table, AsSelect<Repository, AnyBackend>>, AnyBackend>;

/// A query of repositories with their owners, in the order of the repositories' ids.
pub type OwnedRepositories<'q> = IntoBoxed<
    'q,
    Select<
        InnerJoinOn<repositories::table, users::table, Eq<repositories::user_id, users::user_id>>,
        (AsSelect<Repository, AnyBackend>, AsSelect<User, AnyBackend>),
    >,
    AnyBackend,
>;

/// The repositories that a listing includes; a field that is `None` does not restrict it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RepositoryFilter<'q> {
    /// The owner's number where the account comes from.
    pub owner: Option<i64>,
    /// The name.
    pub name: Option<&'q str>,
    /// The status.
    pub status: Option<RepositoryStatus>,
}

impl Repository {
    /// All repositories.
    #[must_use]
    pub fn all<'q>() -> Repositories<'q> {
        repositories::table.select(Repository::as_select()).into_boxed().order(repositories::id)
    }

    /// The repositories with these numbers where they come from.
    #[must_use]
    pub fn numbered<'q>(numbers: &'q [i64]) -> Repositories<'q> {
        Self::all().filter(repositories::repo_id.eq_any(numbers))
    }

    /// The repositories of these owners that have one of these names.
    #[must_use]
    pub fn called<'q>(owners: &'q [i64], names: &'q [Text256]) -> Repositories<'q> {
        Self::all().filter(repositories::user_id.eq_any(owners)).filter(repositories::repo_name.eq_any(names))
    }

    /// The repositories of these owners that have no number where they come from.
    #[must_use]
    pub fn without_number(owners: &[i64]) -> Repositories<'_> {
        Self::all().filter(repositories::user_id.eq_any(owners)).filter(repositories::repo_id.is_null())
    }

    /// The repositories of these owners with names that match `pattern`, by SQL's LIKE.
    #[must_use]
    pub fn called_like<'q>(owners: &'q [i64], pattern: &'q str) -> Repositories<'q> {
        Self::all().filter(repositories::user_id.eq_any(owners)).filter(repositories::repo_name.like(pattern))
    }

    /// All repositories with their owners.
    #[must_use]
    pub fn owned<'q>() -> OwnedRepositories<'q> {
        repositories::table
            .inner_join(users::table.on(repositories::user_id.eq(users::user_id)))
            .select((Repository::as_select(), User::as_select()))
            .into_boxed()
            .order(repositories::id)
    }

    /// The repository with this id, and its owner.
    #[must_use]
    pub fn owned_with_id<'q>(id: Id<Repository>) -> OwnedRepositories<'q> {
        Self::owned().filter(repositories::id.eq(id))
    }

    /// The repositories with this name and an owner with this login, and their owners.
    #[must_use]
    pub fn owned_at<'q>(login: &'q str, name: &'q str) -> OwnedRepositories<'q> {
        Self::owned().filter(users::username.eq(login)).filter(repositories::repo_name.eq(name))
    }

    /// Up to `rows` repositories after `last`, with their owners.
    #[must_use]
    pub fn page(filter: RepositoryFilter<'_>, last: Id<Repository>, rows: u32) -> OwnedRepositories<'_> {
        let mut query = Self::owned().filter(repositories::id.gt(last)).limit(rows.into());
        if let Some(owner) = filter.owner {
            query = query.filter(repositories::user_id.eq(owner));
        }
        if let Some(name) = filter.name {
            query = query.filter(repositories::repo_name.eq(name));
        }
        if let Some(status) = filter.status {
            query = query.filter(repositories::status.eq(status));
        }
        query
    }

    /// The number of an account's repositories, by the account's number.
    #[must_use]
    #[auto_type(no_type_alias)]
    pub fn count_of(owner: i64) -> _ {
        repositories::table.filter(repositories::user_id.eq(owner)).select(count_star())
    }

    /// The statement that removes all repositories of an account, by the account's number.
    pub fn delete_of(owner: i64) -> delete<Filter<repositories::table, Eq<repositories::user_id, i64>>> {
        diesel::delete(repositories::table.filter(repositories::user_id.eq(owner)))
    }
}
