//! Accounts.

use diesel::dsl::{AsSelect, IntoBoxed, Select};
use diesel::prelude::*;
use serde::Serialize;

use crate::schema::users;
use crate::session::{AnyBackend, Entity};
use crate::types::{Email, Id, Text256, Timestamp};

diesel::define_sql_function! {
    /// The text in lower case, by the database's rules.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// An account of a developer on one platform.
#[derive(Debug, Clone, PartialEq, Hash, HasQuery, Entity, Serialize)]
#[diesel(table_name = users)]
#[entity(unique(user_id))]
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
}

/// A query of accounts, in the order of their ids.
pub type Users<'q> = IntoBoxed<'q, Select<users::table, AsSelect<User, AnyBackend>>, AnyBackend>;

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

    /// Up to `rows` accounts after `last`, with this login and this email if they are given.
    #[must_use]
    pub fn page<'q>(login: Option<&'q str>, email: Option<&'q str>, last: Id<User>, rows: u32) -> Users<'q> {
        let mut query = Self::all().filter(users::id.gt(last)).limit(rows.into());
        if let Some(login) = login {
            query = query.filter(users::username.eq(login));
        }
        if let Some(email) = email {
            query = query.filter(users::email.eq(email));
        }
        query
    }

    /// The account with the lowest number.
    #[must_use]
    pub fn least<'q>() -> Users<'q> {
        Self::all().order(users::user_id).limit(1)
    }
}
