//! What records tell besides numbers, names and owners, in the database's types, and how a row takes it: what a record
//! does not mention stays as it is.

use crate::error::Result;
use crate::exchange::{self, Said};
use crate::models::{NewRepository, NewUser, Repository, User};
use crate::types::{AccountKind, LongText, RepositoryVisibility, Text, Text256, Timestamp, Topics};

/// Sets the fields that a record mentions.
macro_rules! set {
    ($row:ident, $($field:ident: $told:expr),* $(,)?) => {
        $(if let Some(told) = $told {
            $row.$field = told;
        })*
    };
}

/// The details of an account.
pub(super) struct OfAccount {
    name: Said<Text256>,
    kind: Option<AccountKind>,
    url: Option<Text<2048>>,
    company: Said<Text256>,
    location: Said<Text256>,
}

impl OfAccount {
    /// Checks the values. An error is one for the record.
    pub fn read(told: &exchange::AccountDetails) -> Result<Self> {
        Ok(Self {
            name: line("name", told.name.as_ref())?,
            kind: told.kind,
            url: told.url.as_ref().map(|url| Text::named("url", url)).transpose()?,
            company: line("company", told.company.as_ref())?,
            location: line("location", told.location.as_ref())?,
        })
    }

    pub fn write(self, row: &mut User) {
        let Self { name, kind, url, company, location } = self;
        set!(row, name: name, kind: kind.map(Some), url: url.map(Some), company: company, location: location);
    }

    pub fn fill(self, mut new: NewUser) -> NewUser {
        let Self { name, kind, url, company, location } = self;
        set!(new, name: name, kind: kind.map(Some), url: url.map(Some), company: company, location: location);
        new
    }
}

/// The details of a repository.
pub(super) struct OfRepository {
    visibility: Option<RepositoryVisibility>,
    description: Said<LongText>,
    language: Said<Text256>,
    topics: Option<Topics>,
    stars: Option<i64>,
    forks: Option<i64>,
    archived: Option<bool>,
    fork: Option<bool>,
    url: Option<Text<2048>>,
    pushed_at: Said<Timestamp>,
    repo_created_at: Option<Timestamp>,
}

/// Sets all details of a repository: rows and new rows have the same fields.
macro_rules! set_repository {
    ($row:ident, $details:ident) => {
        set!(
            $row,
            visibility: $details.visibility.map(Some),
            description: $details.description,
            language: $details.language,
            topics: $details.topics.map(Some),
            stars: $details.stars.map(Some),
            forks: $details.forks.map(Some),
            archived: $details.archived.map(Some),
            fork: $details.fork.map(Some),
            url: $details.url.map(Some),
            pushed_at: $details.pushed_at,
            repo_created_at: $details.repo_created_at.map(Some),
        )
    };
}

impl OfRepository {
    /// Checks the values. An error is one for the record.
    pub fn read(told: &exchange::RepositoryDetails) -> Result<Self> {
        let description = |text: &String| LongText::named("description", text);
        Ok(Self {
            visibility: told.visibility,
            description: told
                .description
                .as_ref()
                .map(|told| told.as_ref().map(description).transpose())
                .transpose()?,
            language: line("language", told.language.as_ref())?,
            topics: told.topics.as_ref().map(Topics::new).transpose()?,
            stars: told.stars,
            forks: told.forks,
            archived: told.archived,
            fork: told.fork,
            url: told.url.as_ref().map(|url| Text::named("url", url)).transpose()?,
            pushed_at: told.pushed_at,
            repo_created_at: told.created_at,
        })
    }

    /// Writes the details into a row. Its status is set afterwards, which corrects the visibility.
    pub fn write(self, row: &mut Repository) {
        set_repository!(row, self);
    }

    pub fn fill(self, mut new: NewRepository) -> NewRepository {
        set_repository!(new, self);
        new
    }
}

fn line(what: &'static str, told: Option<&Option<String>>) -> Result<Said<Text256>> {
    let checked = |text: &String| Text256::named(what, text);
    Ok(told.map(|told| told.as_ref().map(checked).transpose()).transpose()?)
}
