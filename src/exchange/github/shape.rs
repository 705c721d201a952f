//! Determines the shape of a GitHub JSON object: an account, a repository, a container of them, or anything else.
//!
//! A kind is recognised by fields that only its records have. A record may be wrapped in an entry of a list of stars
//! (`starred_at`), a webhook payload (`sender`) or a GraphQL edge (`node`); several records may be in a page of a
//! search, in `repositories`, or anywhere in the `data` of a GraphQL response.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::exchange::fields::Fields;
use crate::exchange::place::Flaw;

/// Maximum number of nested wrappers around a record.
const MAX_WRAPPERS: usize = 4;

/// Maximum depth of a list of records in a GraphQL response, and maximum number of lists and objects in one object that
/// are searched.
const MAX_GRAPH: usize = 12;
const MAX_BRANCHES: usize = 1_000;

/// All fields of records that are read. Null counts as absent, except where it tells that there is nothing: those
/// fields are read by [`present`].
#[derive(Deserialize)]
pub(super) struct Raw<'a> {
    #[serde(borrow)]
    pub id: Option<&'a RawValue>,
    #[serde(rename = "databaseId")]
    pub database_id: Option<&'a RawValue>,
    pub login: Option<&'a RawValue>,
    pub email: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub name: Option<&'a RawValue>,
    full_name: Option<&'a RawValue>,
    #[serde(rename = "nameWithOwner")]
    name_with_owner: Option<&'a RawValue>,
    #[serde(rename = "fullName")]
    search_full_name: Option<&'a RawValue>,
    pub owner: Option<&'a RawValue>,
    pub private: Option<&'a RawValue>,
    #[serde(rename = "isPrivate")]
    pub is_private: Option<&'a RawValue>,
    pub visibility: Option<&'a RawValue>,
    package_type: Option<&'a RawValue>,
    inviter: Option<&'a RawValue>,
    pub message: Option<&'a RawValue>,
    pub errors: Option<&'a RawValue>,
    sha: Option<&'a RawValue>,
    node_id: Option<&'a RawValue>,
    starred_at: Option<&'a RawValue>,
    repo: Option<&'a RawValue>,
    user: Option<&'a RawValue>,
    sender: Option<&'a RawValue>,
    repository: Option<&'a RawValue>,
    node: Option<&'a RawValue>,
    total_count: Option<&'a RawValue>,
    items: Option<&'a RawValue>,
    repositories: Option<&'a RawValue>,
    data: Option<&'a RawValue>,
    #[serde(rename = "type")]
    pub kind: Option<&'a RawValue>,
    #[serde(rename = "__typename")]
    pub type_name: Option<&'a RawValue>,
    pub html_url: Option<&'a RawValue>,
    pub url: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub company: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub location: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub description: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub language: Option<&'a RawValue>,
    #[serde(rename = "primaryLanguage", borrow, default, deserialize_with = "present")]
    pub primary_language: Option<&'a RawValue>,
    pub topics: Option<&'a RawValue>,
    #[serde(rename = "repositoryTopics", borrow, default, deserialize_with = "present")]
    pub repository_topics: Option<&'a RawValue>,
    #[serde(alias = "stargazerCount", alias = "stargazersCount")]
    pub stargazers_count: Option<&'a RawValue>,
    #[serde(alias = "forkCount", alias = "forksCount")]
    pub forks_count: Option<&'a RawValue>,
    #[serde(alias = "isArchived")]
    pub archived: Option<&'a RawValue>,
    #[serde(alias = "isFork")]
    pub fork: Option<&'a RawValue>,
    #[serde(alias = "pushedAt", borrow, default, deserialize_with = "present")]
    pub pushed_at: Option<&'a RawValue>,
    #[serde(alias = "createdAt")]
    pub created_at: Option<&'a RawValue>,
}

/// Reads a field that is there as its text, null included.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl<'a> Raw<'a> {
    /// The name, unless it is null.
    pub fn own_name(&self) -> Option<&'a RawValue> {
        self.name.filter(|name| name.get() != "null")
    }

    /// The name with the owner's before it, and the name of its field.
    pub fn full_name(&self) -> Option<(&'static str, &'a RawValue)> {
        let named = |name, value: Option<&'a RawValue>| value.map(|value| (name, value));
        named("full_name", self.full_name)
            .or_else(|| named("nameWithOwner", self.name_with_owner))
            .or_else(|| named("fullName", self.search_full_name))
    }

    /// Only a repository has a full name; a record reduced to a few fields still has a visibility.
    fn is_repository(&self) -> bool {
        let has_visibility =
            self.private.or(self.is_private).or(self.visibility).is_some() && self.package_type.is_none();
        // GraphQL ids of repositories begin with this prefix.
        let has_repository_id = self.id.is_some_and(|id| id.get().starts_with("\"R_"));
        let is_complete = has_visibility || has_repository_id;
        self.full_name().is_some() || (self.owner.is_some() && self.own_name().is_some() && is_complete)
    }

    /// An invitation also has a login, next to an id of its own.
    fn is_account(&self) -> bool {
        self.login.is_some() && self.inviter.is_none()
    }

    /// The record inside this wrapper, if it is one.
    fn wrapped(&self) -> Option<&'a RawValue> {
        let is_object = |value: &&RawValue| value.get().starts_with('{');
        let starred = self.starred_at.and(self.repo.or(self.user));
        let payload = self.sender.and(self.repository);
        let edge = if self.id.is_none() { self.node } else { None };
        starred.or(payload).or(edge).filter(is_object)
    }

    /// The list of records in this object, if it is a page.
    fn list(&self) -> Option<&'a RawValue> {
        let found = if self.total_count.is_some() { self.items } else { None };
        found.or(self.repositories).filter(|list| list.get().starts_with('['))
    }

    /// Whether this is an error response from GitHub. A commit's `message` is not an error.
    pub fn is_an_error(&self) -> bool {
        let is_record = self.sha.or(self.node_id).or(self.id).is_some();
        self.errors.is_some() || (self.message.is_some() && !is_record)
    }
}

/// The shape of an object.
pub(super) enum Shape<'a> {
    Account(Raw<'a>),
    Repository(Raw<'a>),
    /// Parts of the text, each a list of records or a single record.
    Several(Vec<&'a RawValue>),
    Other(Raw<'a>),
}

/// Determines the shape of an object, and returns it with the object itself, unwrapped.
pub(super) fn shape(mut fields: Fields<'_>) -> Result<(Fields<'_>, Shape<'_>), Flaw> {
    let mut raw: Raw<'_> = fields.object()?;
    for _ in 0..MAX_WRAPPERS {
        let Some(inner) = raw.wrapped() else { break };
        fields = fields.inner(inner);
        raw = fields.object()?;
    }
    let shape = if raw.is_repository() {
        Shape::Repository(raw)
    } else if raw.is_account() {
        Shape::Account(raw)
    } else if let Some(list) = raw.list() {
        Shape::Several(vec![list])
    } else {
        let mut parts = Vec::new();
        if let Some(data) = raw.data
            && raw.errors.is_none()
        {
            walk(data, MAX_GRAPH, &mut parts);
        }
        if parts.is_empty() { Shape::Other(raw) } else { Shape::Several(parts) }
    };
    Ok((fields, shape))
}

/// Finds the records and lists of records in a GraphQL response, under any name.
fn walk<'a>(value: &'a RawValue, depth: usize, parts: &mut Vec<&'a RawValue>) {
    if depth == 0 || !value.get().starts_with('{') {
        return;
    }
    let Ok(raw) = serde_json::from_str::<Raw<'_>>(value.get()) else { return };
    if raw.is_repository() {
        parts.push(value);
        return;
    }
    if raw.is_account() && raw.database_id.is_some() {
        parts.push(value);
    }
    let Ok(Branches { lists, objects }) = serde_json::from_str(value.get()) else { return };
    parts.extend(&lists);
    if lists.is_empty() {
        for object in objects {
            walk(object, depth - 1, parts);
        }
    }
}

/// The lists of records directly inside a GraphQL object, and its nested objects.
#[derive(Default)]
struct Branches<'a> {
    lists: Vec<&'a RawValue>,
    objects: Vec<&'a RawValue>,
}

impl<'a> Deserialize<'a> for Branches<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'a> Visitor<'a> for Each {
            type Value = Branches<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut found = Branches::default();
                while let Some(name) = map.next_key::<String>()? {
                    if found.lists.len() + found.objects.len() == MAX_BRANCHES {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    }
                    let value: &'a RawValue = map.next_value()?;
                    match value.get().as_bytes().first() {
                        // The edges of a connection repeat its nodes.
                        Some(b'[') if name == "nodes" => found.lists = vec![value],
                        Some(b'[') if name == "edges" && found.lists.is_empty() => found.lists.push(value),
                        Some(b'{') => found.objects.push(value),
                        _ => {}
                    }
                }
                Ok(found)
            }
        }
        deserializer.deserialize_map(Each)
    }
}
