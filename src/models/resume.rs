//! Résumés.

use diesel::dsl::{AsSelect, IntoBoxed, Select, count_star};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::criteria::{Criteria, ESCAPE, changed_within, containing, lower, sort_keys};
use super::user::User;
use crate::schema::{resumes, users};
use crate::session::{AnyBackend, Entity};
use crate::types::{Id, LongText, Text256, Timestamp};

/// A résumé: one person's application for one vacancy.
#[derive(Debug, Clone, PartialEq, Hash, HasQuery, Entity, Serialize, Deserialize)]
#[diesel(table_name = resumes)]
#[serde(deny_unknown_fields)]
#[entity(history(on_request), unique(user_id, source))]
pub struct Resume {
    /// Folio's own number for the résumé.
    #[entity(key)]
    pub id: Id<Resume>,
    /// The user that it belongs to.
    #[entity(references = users::id)]
    pub user_id: Id<User>,
    /// The vacancy that it is written for.
    pub vacancy: Text256,
    /// The text, or the JSON Resume document as it was imported.
    #[entity(default = LongText::default)]
    pub body: LongText,
    /// The source of an imported one: the path of its file.
    pub source: Option<Text256>,
    /// When Folio recorded the résumé.
    #[entity(default = Timestamp::now)]
    pub created_at: Timestamp,
    /// When the record last changed.
    #[entity(update = Timestamp::now)]
    pub updated_at: Timestamp,
    /// Counts the changes, so that concurrent writers detect each other.
    #[entity(version)]
    pub version: i64,
}

/// A query of résumés, in the order of their ids.
pub type Resumes<'q> = IntoBoxed<'q, Select<resumes::table, AsSelect<Resume, AnyBackend>>, AnyBackend>;

/// A query of résumés' ids.
pub type ResumeIds<'q> = IntoBoxed<'q, Select<resumes::table, resumes::id>, AnyBackend>;

/// The résumés that a listing includes; a field that is `None` does not restrict it.
#[derive(Debug, Clone, Copy)]
pub struct ResumeFilter<'q> {
    /// The user.
    pub user: Option<Id<User>>,
    /// The vacancy.
    pub vacancy: Option<&'q str>,
    /// What every listing knows; `like` looks at the vacancy.
    pub criteria: &'q Criteria,
}

sort_keys! {
    /// What résumés can be sorted by.
    ResumeSort(ResumeIds by resumes::id) {
        /// Folio's own number.
        Id "id" => resumes::id,
        /// The user's id.
        User "user" => resumes::user_id,
        /// The vacancy.
        Vacancy "vacancy" => resumes::vacancy,
        /// The source of an imported one.
        Source "source" => resumes::source,
        /// The number of its changes.
        Version "version" => resumes::version,
        /// When it was recorded.
        Created "created" => resumes::created_at,
        /// When it last changed.
        Updated "updated" => resumes::updated_at,
    }
}

/// The query, restricted by a [`ResumeFilter`].
macro_rules! filtered {
    ($query:expr, $filter:expr) => {{
        let mut query = $query;
        if let Some(user) = $filter.user {
            query = query.filter(resumes::user_id.eq(user));
        }
        if let Some(vacancy) = $filter.vacancy {
            query = query.filter(resumes::vacancy.eq(vacancy));
        }
        if let Some(text) = &$filter.criteria.like {
            query = query.filter(lower(resumes::vacancy).like(lower(containing(text))).escape(ESCAPE));
        }
        changed_within!(query, resumes, $filter.criteria);
        query
    }};
}

impl Resume {
    /// The column of its author, for the relations of a session.
    pub const AUTHOR: resumes::user_id = resumes::user_id;

    /// All résumés.
    #[must_use]
    pub fn all<'q>() -> Resumes<'q> {
        resumes::table.select(Resume::as_select()).into_boxed().order(resumes::id)
    }

    /// The résumés that were imported from `source`, of any user.
    #[must_use]
    pub fn from_source(source: &Text256) -> Resumes<'_> {
        Self::all().filter(resumes::source.eq(source))
    }

    /// The résumés that were imported from any of `sources`, of any user.
    #[must_use]
    pub fn from_any(sources: &[Text256]) -> Resumes<'_> {
        Self::all().filter(resumes::source.eq_any(sources))
    }

    /// The résumés of these users.
    #[must_use]
    pub fn of_any(users: &[Id<User>]) -> Resumes<'_> {
        Self::all().filter(resumes::user_id.eq_any(users))
    }

    /// The person's résumés with exactly this text.
    #[must_use]
    pub fn of_saying(user: Id<User>, body: &LongText) -> Resumes<'_> {
        Self::all().filter(resumes::user_id.eq(user)).filter(resumes::body.eq(body))
    }

    /// The person's résumé that was imported from `source`.
    #[must_use]
    pub fn of_from_source(user: Id<User>, source: &Text256) -> Resumes<'_> {
        Self::from_source(source).filter(resumes::user_id.eq(user))
    }

    /// The résumés with these ids.
    #[must_use]
    pub fn with_ids<'q>(ids: &'q [Id<Resume>]) -> Resumes<'q> {
        Self::all().filter(resumes::id.eq_any(ids))
    }

    /// Up to `rows` résumés after `last`.
    #[must_use]
    pub fn page(filter: ResumeFilter<'_>, last: Id<Resume>, rows: u32) -> Resumes<'_> {
        filtered!(Self::all().filter(resumes::id.gt(last)).limit(rows.into()), filter)
    }

    /// The ids of the résumés of a listing, in its order.
    #[must_use]
    pub fn sorted(filter: ResumeFilter<'_>, sort: ResumeSort, descending: bool) -> ResumeIds<'_> {
        sort.sort(descending, filtered!(resumes::table.select(resumes::id).into_boxed(), filter))
    }

    /// The number of the résumés of a listing.
    #[must_use]
    pub fn count_in(filter: ResumeFilter<'_>) -> IntoBoxed<'_, Select<resumes::table, count_star>, AnyBackend> {
        filtered!(resumes::table.select(count_star()).into_boxed(), filter)
    }
}
