//! What GitHub's records tell about an account or a repository besides its number, its name and its owner.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::shape::Raw;
use crate::exchange::fields::Fields;
use crate::exchange::place::Flaw;
use crate::types::{AccountKind, RepositoryVisibility, Timestamp};

/// What a record tells about something that may be absent: `None` when it does not mention it, `Some(None)` when it
/// tells that there is none.
pub type Said<T> = Option<Option<T>>;

/// What the record of an account tells besides its number, login and email. The rest of GitHub's fields, such as `bio`,
/// `blog` and the counts of followers, is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountDetails {
    /// The name that people read: `name`.
    pub name: Said<String>,
    /// Whose account it is: `type`, or GraphQL's `__typename`. Other kinds than those count as unknown.
    pub kind: Option<AccountKind>,
    /// The page about it: `html_url`, or the `url` of GraphQL.
    pub url: Option<String>,
    /// Where the person works: `company`.
    pub company: Said<String>,
    /// Where the person lives: `location`.
    pub location: Said<String>,
}

/// What the record of a repository tells besides its number, its name, its owner and whether it is private. The rest of
/// GitHub's fields, such as `homepage`, `license`, `default_branch` and the counts of issues and watchers, is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepositoryDetails {
    /// Who can see it: `visibility`. A record that only tells that a repository is private may mean an internal one.
    pub visibility: Option<RepositoryVisibility>,
    /// What it is: `description`.
    pub description: Said<String>,
    /// The language of most of its code: `language`, or the `primaryLanguage` of `gh` and GraphQL.
    pub language: Said<String>,
    /// Its topics: `topics`, or the `repositoryTopics` of `gh` and GraphQL.
    pub topics: Option<Vec<String>>,
    /// The number of its stars: `stargazers_count`, or `stargazerCount`.
    pub stars: Option<i64>,
    /// The number of its forks: `forks_count`, or `forkCount`.
    pub forks: Option<i64>,
    /// Whether it is archived: `archived`, or `isArchived`.
    pub archived: Option<bool>,
    /// Whether it is a fork: `fork`, or `isFork`.
    pub fork: Option<bool>,
    /// The page about it: `html_url`, or the `url` of `gh` and GraphQL.
    pub url: Option<String>,
    /// When its code last changed: `pushed_at`, or `pushedAt`. Push events have it in seconds since 1970.
    pub pushed_at: Said<Timestamp>,
    /// When it was created: `created_at`, or `createdAt`.
    pub created_at: Option<Timestamp>,
}

/// Maximum number of topics in a record.
const MAX_TOPICS: usize = 1_000;

pub(super) fn of_account(fields: Fields<'_>, raw: &Raw<'_>) -> Result<AccountDetails, Flaw> {
    let kind = raw.kind.map(|kind| fields.text("type", kind));
    let kind = kind.or_else(|| raw.type_name.map(|kind| fields.text("__typename", kind))).transpose()?;
    Ok(AccountDetails {
        name: said(fields, "name", raw.name)?,
        kind: kind.and_then(|kind| kind.parse().ok()),
        url: url(fields, raw)?,
        company: said(fields, "company", raw.company)?,
        location: said(fields, "location", raw.location)?,
    })
}

pub(super) fn of_repository(fields: Fields<'_>, raw: &Raw<'_>, private: bool) -> Result<RepositoryDetails, Flaw> {
    let language = match raw.language {
        Some(_) => said(fields, "language", raw.language)?,
        None => raw.primary_language.map(|language| primary_language(fields, language)).transpose()?,
    };
    let topics = match (raw.topics, raw.repository_topics) {
        (Some(topics), _) => Some(texts(fields, "topics", topics)?),
        (None, Some(topics)) => Some(repository_topics(fields, topics)?),
        (None, None) => None,
    };
    let count = |name, raw: Option<&RawValue>| raw.map(|raw| super::number(fields, name, Some(raw))).transpose();
    let flag = |name, raw: Option<&RawValue>| raw.map(|raw| fields.boolean(name, raw)).transpose();
    Ok(RepositoryDetails {
        visibility: visibility(fields, raw, private)?,
        description: said(fields, "description", raw.description)?,
        language,
        topics,
        stars: count("stargazers_count", raw.stargazers_count)?,
        forks: count("forks_count", raw.forks_count)?,
        archived: flag("archived", raw.archived)?,
        fork: flag("fork", raw.fork)?,
        url: url(fields, raw)?,
        pushed_at: raw
            .pushed_at
            .map(|time| if_any(time).map(|raw| at(fields, "pushed_at", raw)).transpose())
            .transpose()?,
        created_at: raw.created_at.map(|time| at(fields, "created_at", time)).transpose()?,
    })
}

/// The value, unless it is null.
fn if_any(raw: &RawValue) -> Option<&RawValue> {
    Some(raw).filter(|raw| raw.get() != "null")
}

/// A text field; null and an empty text tell that there is none.
fn said(fields: Fields<'_>, name: &str, raw: Option<&RawValue>) -> Result<Said<String>, Flaw> {
    let Some(raw) = raw else { return Ok(None) };
    let text = if_any(raw).map(|raw| fields.text(name, raw)).transpose()?;
    Ok(Some(text.filter(|text| !text.is_empty())))
}

/// The page for people: `html_url`, or `url` where that does not lead to the API, as it does in REST records.
fn url(fields: Fields<'_>, raw: &Raw<'_>) -> Result<Option<String>, Flaw> {
    let found = match (raw.html_url, raw.url) {
        (Some(url), _) => Some(fields.text("html_url", url)?),
        (None, Some(url)) => Some(fields.text("url", url)?).filter(|url| !leads_to_the_api(url)),
        (None, None) => None,
    };
    Ok(found.filter(|url| !url.is_empty()))
}

/// Whether an address is one of the REST API, on GitHub or on a server of one's own.
fn leads_to_the_api(url: &str) -> bool {
    url.contains("://api.") || url.contains("/api/v3/")
}

/// A public record that another field calls private is private.
fn visibility(fields: Fields<'_>, raw: &Raw<'_>, private: bool) -> Result<Option<RepositoryVisibility>, Flaw> {
    let Some(visibility) = raw.visibility else {
        return Ok(if private { None } else { Some(RepositoryVisibility::Public) });
    };
    Ok(match fields.text("visibility", visibility)?.parse() {
        Ok(RepositoryVisibility::Public) if private => Some(RepositoryVisibility::Private),
        told => told.ok(),
    })
}

fn texts(fields: Fields<'_>, name: &str, raw: &RawValue) -> Result<Vec<String>, Flaw> {
    fields.list(name, raw, MAX_TOPICS)?.into_iter().map(|entry| fields.text(name, entry)).collect()
}

/// `{"name": "Rust"}`, or null.
fn primary_language(fields: Fields<'_>, raw: &RawValue) -> Result<Option<String>, Flaw> {
    #[derive(Deserialize)]
    struct Language<'a> {
        #[serde(borrow)]
        name: Option<&'a RawValue>,
    }
    let Some(raw) = if_any(raw) else { return Ok(None) };
    let language: Language<'_> = fields.nested("primaryLanguage", raw)?;
    language.name.map(|name| fields.text("primaryLanguage.name", name)).transpose()
}

/// `[{"name": "rust"}]` from `gh`, `{"nodes": [{"topic": {"name": "rust"}}]}` from GraphQL; null if there are none.
fn repository_topics(fields: Fields<'_>, raw: &RawValue) -> Result<Vec<String>, Flaw> {
    #[derive(Deserialize)]
    struct Connection<'a> {
        #[serde(borrow)]
        nodes: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Topic<'a> {
        #[serde(borrow)]
        name: Option<&'a RawValue>,
        topic: Option<&'a RawValue>,
    }
    const FIELD: &str = "repositoryTopics";
    let list = match if_any(raw) {
        Some(raw) if raw.get().starts_with('{') => fields.nested::<Connection<'_>>(FIELD, raw)?.nodes,
        other => other,
    };
    let Some(list) = list else { return Ok(Vec::new()) };
    let mut topics = Vec::new();
    for entry in fields.list(FIELD, list, MAX_TOPICS)? {
        let mut topic: Topic<'_> = fields.nested(FIELD, entry)?;
        if let Some(inner) = topic.topic {
            topic = fields.nested(FIELD, inner)?;
        }
        if let Some(name) = topic.name {
            topics.push(fields.text("repositoryTopics.name", name)?);
        }
    }
    Ok(topics)
}

/// A time: a text in RFC 3339, or the seconds since 1970.
fn at(fields: Fields<'_>, name: &str, raw: &RawValue) -> Result<Timestamp, Flaw> {
    let expected = || fields.expected(name, raw, "a time like 2026-01-31T23:59:59Z");
    if raw.get().starts_with('"') {
        return fields.text(name, raw)?.parse().map_err(|_| expected());
    }
    let seconds: i64 = raw.get().parse().map_err(|_| expected())?;
    let moment = chrono::DateTime::from_timestamp(seconds, 0).ok_or_else(expected)?;
    moment.try_into().map_err(|_| expected())
}
