//! Résumés.

use diesel::dsl::{AsSelect, Eq, Filter, IntoBoxed, Select, auto_type, count_star, delete};
use diesel::prelude::*;
use serde::Serialize;

use super::user::User;
use crate::schema::{resumes, users};
use crate::session::{AnyBackend, Entity};
use crate::types::{Id, LongText, Text256, Timestamp};

/// A résumé: one person's application for one vacancy.
#[derive(Debug, Clone, PartialEq, Hash, HasQuery, Entity, Serialize)]
#[diesel(table_name = resumes)]
#[entity(unique(user_id, source))]
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

impl Resume {
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

    /// Up to `rows` résumés after `last`, of this user and for this vacancy if they are given.
    #[must_use]
    pub fn page(user: Option<Id<User>>, vacancy: Option<&str>, last: Id<Resume>, rows: u32) -> Resumes<'_> {
        let mut query = Self::all().filter(resumes::id.gt(last)).limit(rows.into());
        if let Some(user) = user {
            query = query.filter(resumes::user_id.eq(user));
        }
        if let Some(vacancy) = vacancy {
            query = query.filter(resumes::vacancy.eq(vacancy));
        }
        query
    }

    /// The number of a person's résumés.
    #[must_use]
    #[auto_type(no_type_alias)]
    pub fn count_of(user: Id<User>) -> _ {
        resumes::table.filter(resumes::user_id.eq(user)).select(count_star())
    }

    /// The statement that removes all résumés of a person.
    pub fn delete_of(user: Id<User>) -> delete<Filter<resumes::table, Eq<resumes::user_id, Id<User>>>> {
        diesel::delete(resumes::table.filter(resumes::user_id.eq(user)))
    }
}
