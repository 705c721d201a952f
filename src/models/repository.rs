//! Code repositories.

use diesel::dsl::{AsSelect, Eq, InnerJoinOn, IntoBoxed, Select, count_star};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::criteria::{Criteria, ESCAPE, changed_within, containing, lower, sort_keys};
use super::user::User;
use crate::schema::{repositories, users};
use crate::session::{AnyBackend, Entity};
use crate::types::{Id, LongText, RepositoryStatus, RepositoryVisibility, Text, Text256, Timestamp, Topics};

/// A code repository of an account.
#[derive(Debug, Clone, PartialEq, Hash, HasQuery, Entity, Serialize, Deserialize)]
#[diesel(table_name = repositories)]
#[serde(deny_unknown_fields)]
#[entity(history(on_request), unique(repo_id), unique(user_id, repo_name))]
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
    /// Who can see it, in the words of its origin.
    pub visibility: Option<RepositoryVisibility>,
    /// What it is.
    pub description: Option<LongText>,
    /// The language of most of its code.
    pub language: Option<Text256>,
    /// Its topics.
    pub topics: Option<Topics>,
    /// The number of its stars when it was last imported.
    pub stars: Option<i64>,
    /// The number of its forks when it was last imported.
    pub forks: Option<i64>,
    /// Whether it is archived: readable, and closed for changes.
    pub archived: Option<bool>,
    /// Whether it is a fork of another repository.
    pub fork: Option<bool>,
    /// The page about it, for people.
    pub url: Option<Text<2048>>,
    /// When its code last changed.
    pub pushed_at: Option<Timestamp>,
    /// When it was created where it comes from.
    pub repo_created_at: Option<Timestamp>,
}

/// A query of repositories, in the order of their ids.
pub type Repositories<'q> = IntoBoxed<'q, Select<repositories::table, AsSelect<Repository, AnyBackend>>, AnyBackend>;

/// Repositories joined with their owners.
type WithOwner = InnerJoinOn<repositories::table, users::table, Eq<repositories::user_id, users::user_id>>;

/// A query of repositories with their owners, in the order of the repositories' ids.
pub type OwnedRepositories<'q> =
    IntoBoxed<'q, Select<WithOwner, (AsSelect<Repository, AnyBackend>, AsSelect<User, AnyBackend>)>, AnyBackend>;

/// A query of repositories' ids, by way of their owners.
pub type RepositoryIds<'q> = IntoBoxed<'q, Select<WithOwner, repositories::id>, AnyBackend>;

/// The repositories that a listing includes; a field that is `None` does not restrict it.
#[derive(Debug, Clone, Copy)]
pub struct RepositoryFilter<'q> {
    /// The owner's number where the account comes from.
    pub owner: Option<i64>,
    /// The name.
    pub name: Option<&'q str>,
    /// The status.
    pub status: Option<RepositoryStatus>,
    /// The language of most of its code, in any letter case.
    pub language: Option<&'q str>,
    /// Topics, all of which it has.
    pub topics: &'q Topics,
    /// What every listing knows; `like` looks at name and description.
    pub criteria: &'q Criteria,
}

sort_keys! {
    /// What repositories can be sorted by.
    RepositorySort(RepositoryIds by repositories::id) {
        /// Folio's own number.
        Id "id" => repositories::id,
        /// The owner's login.
        Owner "owner" => users::username,
        /// The name.
        Name "name" => repositories::repo_name,
        /// The status.
        Status "status" => repositories::status,
        /// The repository's number where it comes from.
        Number "number" => repositories::repo_id,
        /// The owner's number where the account comes from.
        Account "account" => repositories::user_id,
        /// When it was recorded.
        Created "created" => repositories::created_at,
        /// When it last changed.
        Updated "updated" => repositories::updated_at,
        /// Who can see it.
        Visibility "visibility" => repositories::visibility,
        /// What it is.
        Description "description" => repositories::description,
        /// The language of most of its code.
        Language "language" => repositories::language,
        /// Its topics.
        Topics "topics" => repositories::topics,
        /// The number of its stars.
        Stars "stars" => repositories::stars,
        /// The number of its forks.
        Forks "forks" => repositories::forks,
        /// Whether it is archived.
        Archived "archived" => repositories::archived,
        /// Whether it is a fork.
        Fork "fork" => repositories::fork,
        /// The page about it.
        Url "url" => repositories::url,
        /// When its code last changed.
        Pushed "pushed" => repositories::pushed_at,
        /// When it was created where it comes from.
        Began "began" => repositories::repo_created_at,
    }
}

/// The query, restricted by a [`RepositoryFilter`].
macro_rules! filtered {
    ($query:expr, $filter:expr) => {{
        let mut query = $query;
        if let Some(owner) = $filter.owner {
            query = query.filter(repositories::user_id.eq(owner));
        }
        if let Some(name) = $filter.name {
            query = query.filter(repositories::repo_name.eq(name));
        }
        if let Some(status) = $filter.status {
            query = query.filter(repositories::status.eq(status));
        }
        if let Some(language) = $filter.language {
            query = query.filter(lower(repositories::language.assume_not_null()).eq(lower(language)));
        }
        for topic in $filter.topics.iter() {
            // In the text of all topics: alone, first, last, or between two others.
            let within = containing(topic);
            let word = &within[1..within.len() - 1];
            let topics = || lower(repositories::topics.assume_not_null());
            let alone = topics().like(lower(word.to_owned())).escape(ESCAPE);
            let first = topics().like(lower(format!("{word} %"))).escape(ESCAPE);
            let last = topics().like(lower(format!("% {word}"))).escape(ESCAPE);
            let between = topics().like(lower(format!("% {word} %"))).escape(ESCAPE);
            query = query.filter(alone.or(first).or(last).or(between));
        }
        if let Some(text) = &$filter.criteria.like {
            let pattern = containing(text);
            let name = lower(repositories::repo_name).like(lower(pattern.clone())).escape(ESCAPE);
            let description = lower(repositories::description.assume_not_null()).like(lower(pattern)).escape(ESCAPE);
            query = query.filter(name.or(description));
        }
        changed_within!(query, repositories, $filter.criteria);
        query
    }};
}

impl Repository {
    /// The column of its owner, for the relations of a session.
    pub const OWNER: repositories::user_id = repositories::user_id;

    /// Sets the status, and corrects a visibility that contradicts it.
    pub fn set_status(&mut self, status: RepositoryStatus) {
        self.status = status;
        self.visibility = self.visibility.map(|visibility| match (status, visibility) {
            (RepositoryStatus::Public, _) => RepositoryVisibility::Public,
            (RepositoryStatus::Private, RepositoryVisibility::Public) => RepositoryVisibility::Private,
            (RepositoryStatus::Private, other) => other,
        });
    }

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
        Self::all().filter(repositories::user_id.eq_any(owners)).filter(repositories::repo_name.like(lower(pattern)))
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
        filtered!(Self::owned().filter(repositories::id.gt(last)).limit(rows.into()), filter)
    }

    /// The repositories with these ids, and their owners.
    #[must_use]
    pub fn owned_with_ids<'q>(ids: &'q [Id<Repository>]) -> OwnedRepositories<'q> {
        Self::owned().filter(repositories::id.eq_any(ids))
    }

    /// The ids of the repositories of a listing, in its order.
    #[must_use]
    pub fn sorted(filter: RepositoryFilter<'_>, sort: RepositorySort, descending: bool) -> RepositoryIds<'_> {
        let with_owner = repositories::table.inner_join(users::table.on(repositories::user_id.eq(users::user_id)));
        sort.sort(descending, filtered!(with_owner.select(repositories::id).into_boxed(), filter))
    }

    /// The number of the repositories of a listing.
    #[must_use]
    pub fn count_in(
        filter: RepositoryFilter<'_>,
    ) -> IntoBoxed<'_, Select<repositories::table, count_star>, AnyBackend> {
        filtered!(repositories::table.select(count_star()).into_boxed(), filter)
    }

    /// An account's repositories, by the account's number.
    #[must_use]
    pub fn of_owner<'q>(owner: i64) -> Repositories<'q> {
        Self::all().filter(repositories::user_id.eq(owner))
    }
}
