//! Accounts.

use diesel::dsl::{AsSelect, IntoBoxed, Select, count_star};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::criteria::{Criteria, ESCAPE, changed_within, containing, lower, sort_keys};
use crate::schema::users;
use crate::session::{AnyBackend, Entity};
use crate::types::{AccountKind, Email, Id, Text, Text256, Timestamp};

/// An account of a developer on one platform.
#[derive(Debug, Clone, PartialEq, Hash, HasQuery, Entity, Serialize, Deserialize)]
#[diesel(table_name = users)]
#[serde(deny_unknown_fields)]
#[entity(history(on_request), unique(user_id))]
pub struct User {
    /// Folio's own number for the account.
    #[entity(key)]
    pub id: Id<User>,
    /// The account's number where it comes from; negative for a person without an account elsewhere yet.
    pub user_id: i64,
    /// The login. Several accounts may share one.
    pub username: Text256,
    /// The email, if known. Several accounts may share one.
    pub email: Option<Email>,
    /// When Folio recorded the account.
    #[entity(default = Timestamp::now)]
    pub created_at: Timestamp,
    /// When the record last changed.
    #[entity(update = Timestamp::now)]
    pub updated_at: Timestamp,
    /// The name that people read.
    pub name: Option<Text256>,
    /// Whose account it is.
    pub kind: Option<AccountKind>,
    /// The page about it, for people.
    pub url: Option<Text<2048>>,
    /// Where the person works.
    pub company: Option<Text256>,
    /// Where the person lives.
    pub location: Option<Text256>,
}

/// A query of accounts, in the order of their ids.
pub type Users<'q> = IntoBoxed<'q, Select<users::table, AsSelect<User, AnyBackend>>, AnyBackend>;

/// A query of accounts' ids.
pub type UserIds<'q> = IntoBoxed<'q, Select<users::table, users::id>, AnyBackend>;

/// The accounts that a listing includes; a field that is `None` does not restrict it.
#[derive(Debug, Clone, Copy)]
pub struct UserFilter<'q> {
    /// The login.
    pub login: Option<&'q str>,
    /// The email.
    pub email: Option<&'q str>,
    /// Whose account it is.
    pub kind: Option<AccountKind>,
    /// What every listing knows; `like` looks at login, name and email.
    pub criteria: &'q Criteria,
}

sort_keys! {
    /// What accounts can be sorted by.
    UserSort(UserIds by users::id) {
        /// Folio's own number.
        Id "id" => users::id,
        /// The account's number where it comes from.
        Account "account" => users::user_id,
        /// The login.
        Username "username" => users::username,
        /// The email.
        Email "email" => users::email,
        /// When it was recorded.
        Created "created" => users::created_at,
        /// When it last changed.
        Updated "updated" => users::updated_at,
        /// The name that people read.
        Name "name" => users::name,
        /// Whose account it is.
        Kind "kind" => users::kind,
        /// The page about it.
        Url "url" => users::url,
        /// Where the person works.
        Company "company" => users::company,
        /// Where the person lives.
        Location "location" => users::location,
    }
}

/// The query, restricted by a [`UserFilter`].
macro_rules! filtered {
    ($query:expr, $filter:expr) => {{
        let mut query = $query;
        if let Some(login) = $filter.login {
            query = query.filter(users::username.eq(login));
        }
        if let Some(email) = $filter.email {
            query = query.filter(users::email.eq(email));
        }
        if let Some(kind) = $filter.kind {
            query = query.filter(users::kind.eq(kind));
        }
        if let Some(text) = &$filter.criteria.like {
            let pattern = containing(text);
            let login = lower(users::username).like(lower(pattern.clone())).escape(ESCAPE);
            let name = lower(users::name.assume_not_null()).like(lower(pattern.clone())).escape(ESCAPE);
            let email = lower(users::email.assume_not_null()).like(lower(pattern)).escape(ESCAPE);
            query = query.filter(login.or(name).or(email));
        }
        changed_within!(query, users, $filter.criteria);
        query
    }};
}

impl User {
    /// All accounts.
    #[must_use]
    pub fn all<'q>() -> Users<'q> {
        users::table.select(User::as_select()).into_boxed().order(users::id)
    }

    /// The account with this id.
    #[must_use]
    pub fn with_id<'q>(id: Id<User>) -> Users<'q> {
        Self::all().filter(users::id.eq(id))
    }

    /// The accounts with these numbers where they come from.
    #[must_use]
    pub fn numbered<'q>(numbers: &'q [i64]) -> Users<'q> {
        Self::all().filter(users::user_id.eq_any(numbers))
    }

    /// The accounts with this login.
    #[must_use]
    pub fn with_login(login: &str) -> Users<'_> {
        Self::all().filter(users::username.eq(login))
    }

    /// The accounts with these logins in any letter case; the given logins are in lower case.
    #[must_use]
    pub fn with_logins_in_any_case<'q>(logins: &'q [String]) -> Users<'q> {
        Self::all().filter(lower(users::username).eq_any(logins))
    }

    /// The accounts with a number assigned by Folio and one of these logins or emails, given in lower case.
    #[must_use]
    pub fn without_number<'q>(logins: &'q [String], emails: &'q [String]) -> Users<'q> {
        let is_called = lower(users::username).eq_any(logins);
        let is_reached_at = lower(users::email.assume_not_null()).eq_any(emails);
        Self::all().filter(users::user_id.lt(0)).filter(is_called.or(is_reached_at))
    }

    /// The accounts with this login in any letter case. An engine may also fold letters other than ASCII's.
    #[must_use]
    pub fn with_login_in_any_case(login: &str) -> Users<'_> {
        Self::all().filter(lower(users::username).eq(lower(login)))
    }

    /// The accounts with this email in any letter case, compared in the same way.
    #[must_use]
    pub fn with_email_in_any_case(email: &str) -> Users<'_> {
        Self::all().filter(lower(users::email.assume_not_null()).eq(lower(email)))
    }

    /// The accounts with this email.
    #[must_use]
    pub fn with_email(email: &str) -> Users<'_> {
        Self::all().filter(users::email.eq(email))
    }

    /// The accounts with these ids.
    #[must_use]
    pub fn with_ids<'q>(ids: &'q [Id<User>]) -> Users<'q> {
        Self::all().filter(users::id.eq_any(ids))
    }

    /// Up to `rows` accounts after `last`.
    #[must_use]
    pub fn page(filter: UserFilter<'_>, last: Id<User>, rows: u32) -> Users<'_> {
        filtered!(Self::all().filter(users::id.gt(last)).limit(rows.into()), filter)
    }

    /// The ids of the accounts of a listing, in its order.
    #[must_use]
    pub fn sorted(filter: UserFilter<'_>, sort: UserSort, descending: bool) -> UserIds<'_> {
        sort.sort(descending, filtered!(users::table.select(users::id).into_boxed(), filter))
    }

    /// The number of the accounts of a listing.
    #[must_use]
    pub fn count_in(filter: UserFilter<'_>) -> IntoBoxed<'_, Select<users::table, count_star>, AnyBackend> {
        filtered!(users::table.select(count_star()).into_boxed(), filter)
    }

    /// The account with the lowest number.
    #[must_use]
    pub fn least<'q>() -> Users<'q> {
        Self::all().order(users::user_id).limit(1)
    }
}
