//! Accounts and repositories in the JSON of GitHub's REST and GraphQL APIs and of `gh … --json`.
//!
//! `gh api users/octocat`, `gh api --paginate user/repos` and the like: one object, a list, concatenated lists, or one
//! object per line; also pages of a search, stars, webhook payloads and GraphQL responses. Only the fields that Folio
//! stores are read; others may contain anything.

mod details;
mod kinds;
mod shape;

use std::collections::VecDeque;
use std::io::{Cursor, Read, Take};
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fields::Fields;
use super::place::{Fault, Flaw, Located, Place, Position};
use super::values::{MAX_RECORD, Values};
use crate::error::Result;
pub use details::{AccountDetails, RepositoryDetails, Said};
use shape::{Raw, Shape, shape};

/// A GitHub record that Folio stores.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GithubRecord {
    /// A user or an organization, from its own record.
    Account(Account),
    /// A repository with its owner.
    Repository(Repository),
    /// A repository identified by its owner's login and its name.
    NamedRepository(NamedRepository),
}

/// An account from its own record, which is the authority on its login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// GitHub's `id`; never negative.
    pub number: i64,
    /// The current login, which may change and be reused by another account.
    pub login: String,
    /// The public email, if there is one; an empty text counts as none.
    pub email: Option<String>,
    /// What else the record tells.
    pub details: AccountDetails,
}

/// An account as mentioned inside another record: enough to create it, too little to update it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// GitHub's `id`; never negative.
    pub number: i64,
    /// The login when the surrounding record was created.
    pub login: String,
}

/// A code repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// GitHub's `id`; never negative.
    pub number: i64,
    /// The name, without its owner's.
    pub name: String,
    /// The owner.
    pub owner: Owner,
    /// Whether it is private: true if `private` is true, or `visibility` is `private` or `internal`, or neither is
    /// given. Real records contradict themselves, and exposing a private repository is the worse mistake.
    pub private: bool,
    /// What else the record tells.
    pub details: RepositoryDetails,
}

/// A repository from a record that lacks some of GitHub's numbers, as printed by `gh repo list --json` and GraphQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRepository {
    /// GitHub's `databaseId`, if it was requested; never negative.
    pub number: Option<i64>,
    /// The name, without its owner's.
    pub name: String,
    /// The login of its owner.
    pub owner: String,
    /// The owner's number, if it was requested; never negative.
    pub owner_number: Option<i64>,
    /// Whether it is private, determined as for [`Repository::private`].
    pub private: bool,
    /// What else the record tells.
    pub details: RepositoryDetails,
}

/// The records of a stream of GitHub's JSON, read on demand, one in memory at a time.
///
/// A record is at most [`MAX_RECORD`] bytes long and [`MAX_DEPTH`](super::MAX_DEPTH) levels deep. An error names the
/// input, the record, the position and the field. The iterator ends after an error.
///
/// ```
/// use folio::exchange::{GithubReader, GithubRecord};
///
/// let input = br#"[{"login": "octocat", "id": 583231}] [{"login": "github", "id": 9919}]"#;
/// let mut logins = Vec::new();
/// for record in GithubReader::new("users.json", &input[..]) {
///     if let GithubRecord::Account(account) = record?.value {
///         logins.push(account.login);
///     }
/// }
/// assert_eq!(logins, ["octocat", "github"]);
/// # Ok::<(), folio::Error>(())
/// ```
#[derive(Debug)]
pub struct GithubReader<R> {
    input: Arc<str>,
    values: Values<R>,
    inner: Option<Inner>,
    ended: bool,
}

/// An object of the stream that contains several records: a page, a GraphQL response.
#[derive(Debug)]
struct Inner {
    /// The number of the object in the stream.
    number: u64,
    start: Position,
    /// The current part, followed by the ranges of the remaining ones.
    part: Values<Take<Cursor<String>>>,
    parts: VecDeque<Range<usize>>,
}

impl<R: Read> GithubReader<R> {
    /// The records of `reader`, named `input` in errors. Nothing is read yet; reads are buffered.
    pub fn new(input: impl Into<Arc<str>>, reader: R) -> Self {
        Self::of(input.into(), Values::new(reader, MAX_RECORD))
    }

    pub(super) fn of(input: Arc<str>, values: Values<R>) -> Self {
        Self { input, values, inner: None, ended: false }
    }

    fn read(&mut self) -> Result<Option<Located<GithubRecord>>, Fault> {
        loop {
            if let Some(mut inner) = self.inner.take() {
                if let Some(record) = inner.next(&self.input)? {
                    self.inner = Some(inner);
                    return Ok(Some(record));
                }
                self.inner = inner.next_part();
                continue;
            }
            let Some(raw) = self.values.next()? else { return Ok(None) };
            let (number, start) = (raw.number, raw.start);
            let in_record = |flaw| Fault::Flaw { record: Some(number), flaw };
            let (fields, found) = shape(Fields::new(raw.text, start)).map_err(in_record)?;
            let parts = match found {
                Shape::Several(parts) => parts,
                one => {
                    let value = record(fields, one).map_err(in_record)?;
                    return Ok(Some(Located { place: Place::inside(&self.input, Some(number), start), value }));
                }
            };
            let whole = Fields::new(raw.text, start);
            let range = |part: &RawValue| {
                let offset = whole.offset(part.get());
                offset..offset + part.get().len()
            };
            let parts = parts.into_iter().map(range).collect();
            let text = self.values.take_text();
            self.inner = Inner::new(number, start, text, parts);
        }
    }
}

impl Inner {
    /// Starts with the first of `parts`, if there is one.
    fn new(number: u64, start: Position, text: String, mut parts: VecDeque<Range<usize>>) -> Option<Self> {
        let Range { start: from, end } = parts.pop_front()?;
        let begins = start.after(&text.as_bytes()[..from]);
        let mut cursor = Cursor::new(text);
        cursor.set_position(from as u64);
        let part = Values::inside(cursor.take((end - from) as u64), begins, MAX_RECORD);
        Some(Self { number, start, part, parts })
    }

    fn next_part(self) -> Option<Self> {
        let text = self.part.into_reader().into_inner().into_inner();
        Self::new(self.number, self.start, text, self.parts)
    }

    fn next(&mut self, input: &Arc<str>) -> Result<Option<Located<GithubRecord>>, Fault> {
        let number = Some(self.number);
        let in_record = |flaw| Fault::Flaw { record: number, flaw };
        let raw = match self.part.next() {
            Ok(Some(raw)) => raw,
            Ok(None) => return Ok(None),
            Err(Fault::Flaw { flaw, .. }) => return Err(in_record(flaw)),
            Err(io @ Fault::Io(_)) => return Err(io),
        };
        let (fields, found) = shape(Fields::new(raw.text, raw.start)).map_err(in_record)?;
        let value = record(fields, found).map_err(in_record)?;
        Ok(Some(Located { place: Place::inside(input, number, raw.start), value }))
    }
}

impl<R: Read> Iterator for GithubReader<R> {
    type Item = Result<Located<GithubRecord>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.read().map_err(|fault| fault.in_input(&self.input)).transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

impl<R: Read> std::iter::FusedIterator for GithubReader<R> {}

/// The fields of an account that is mentioned in another record.
#[derive(Deserialize)]
struct RawOwner<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(rename = "databaseId")]
    database_id: Option<&'a RawValue>,
    login: Option<&'a RawValue>,
}

fn record(fields: Fields<'_>, shape: Shape<'_>) -> Result<GithubRecord, Flaw> {
    match shape {
        Shape::Repository(raw) => repository(fields, &raw),
        Shape::Account(raw) => account(fields, &raw).map(GithubRecord::Account),
        Shape::Several(_) => Err(fields.here("a list of records inside a record of another list")),
        Shape::Other(raw) => Err(fields.here(describe_unexpected(fields, &raw))),
    }
}

fn describe_unexpected(fields: Fields<'_>, raw: &Raw<'_>) -> String {
    if raw.is_an_error() {
        let message = raw.message.and_then(|message| fields.text("message", message).ok());
        let message = message.or_else(|| first_message(fields, raw.errors?)).unwrap_or_default();
        return format!(
            "an error message where a record was expected: {message:?}; correct the request that printed it"
        );
    }
    match kinds::kind(fields.raw_text()) {
        Some(kind) => format!(
            "a GitHub {kind}, which folio does not store; it stores accounts, which have `id` and `login`, and \
             repositories, which have `id`, `full_name` and `owner`"
        ),
        None => "JSON of a kind that folio does not read: a GitHub account has `id` and `login`, a GitHub repository \
                 `id`, `full_name` and `owner`; a JSON Resume has `basics` and stands alone in its input"
            .to_owned(),
    }
}

/// The message of the first of several errors.
fn first_message(fields: Fields<'_>, errors: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct ErrorMessage {
        message: String,
    }
    let errors = fields.list("errors", errors, 100).ok()?;
    errors.first().and_then(|error| serde_json::from_str::<ErrorMessage>(error.get()).ok()).map(|error| error.message)
}

fn account(fields: Fields<'_>, raw: &Raw<'_>) -> Result<Account, Flaw> {
    let email = raw.email.map(|email| fields.text("email", email)).transpose()?;
    let number = match (raw.database_id, raw.id) {
        (Some(id), _) => number(fields, "databaseId", Some(id))?,
        (None, Some(id)) if is_node_id(id) => {
            return Err(fields.flaw(id, "`id` is not the account's number; ask GraphQL for `databaseId` as well"));
        }
        (None, id) => number(fields, "id", id)?,
    };
    let (login, email) = (required(fields, "login", raw.login)?, email.filter(|email| !email.is_empty()));
    Ok(Account { number, login, email, details: details::of_account(fields, raw)? })
}

fn repository(fields: Fields<'_>, raw: &Raw<'_>) -> Result<GithubRecord, Flaw> {
    let (named_owner, name) = names(fields, raw)?;
    let private = private(fields, raw)?;
    let details = details::of_repository(fields, raw, private)?;
    let number = match (raw.database_id, raw.id) {
        (Some(id), _) => Some(number(fields, "databaseId", Some(id))?),
        // The `id` of `gh` and GraphQL is a text, and fields that were not requested are absent.
        (None, Some(id)) if !is_node_id(id) => Some(number(fields, "id", Some(id))?),
        (None, _) => None,
    };
    let Some(owner) = raw.owner else {
        let owner = named_owner.ok_or_else(|| fields.missing("owner"))?;
        let named = NamedRepository { number, name, owner, owner_number: None, private, details };
        return Ok(GithubRecord::NamedRepository(named));
    };
    let owner: RawOwner<'_> = fields.nested("owner", owner)?;
    let login = required(fields, "owner.login", owner.login)?;
    let owner_number = match (owner.database_id, owner.id) {
        (Some(id), _) => Some(self::number(fields, "owner.databaseId", Some(id))?),
        (None, Some(id)) if !is_node_id(id) => Some(self::number(fields, "owner.id", Some(id))?),
        (None, _) => None,
    };
    Ok(match (number, owner_number) {
        (Some(number), Some(owner)) => {
            let owner = Owner { number: owner, login };
            GithubRecord::Repository(Repository { number, name, owner, private, details })
        }
        _ => {
            let named = NamedRepository { number, name, owner: login, owner_number, private, details };
            GithubRecord::NamedRepository(named)
        }
    })
}

/// Whether an id is a GraphQL node id, a text. A quoted number is not.
fn is_node_id(id: &RawValue) -> bool {
    let text = id.get().trim_matches('"');
    id.get().starts_with('"') && text.bytes().any(|byte| !byte.is_ascii_digit())
}

/// The owner's login, if it comes from the full name, and the repository's own name: `name`, or the part after the
/// owner.
fn names(fields: Fields<'_>, raw: &Raw<'_>) -> Result<(Option<String>, String), Flaw> {
    let name = raw.own_name().map(|name| fields.text("name", name)).transpose()?;
    let Some((field, full)) = raw.full_name() else {
        return name.map(|name| (None, name)).ok_or_else(|| fields.missing("name"));
    };
    // If both parts have fields of their own, the full name is redundant.
    if let (Some(name), Some(_)) = (&name, raw.owner) {
        return Ok((None, name.clone()));
    }
    match fields.text(field, full)?.split_once('/') {
        Some((owner, last)) => Ok((Some(owner.to_owned()), name.unwrap_or_else(|| last.to_owned()))),
        None => Err(fields.flaw(full, format!("`{field}` must be an owner and a name with '/' between them"))),
    }
}

/// See [`Repository::private`].
fn private(fields: Fields<'_>, raw: &Raw<'_>) -> Result<bool, Flaw> {
    let rest = raw.private.map(|flag| fields.boolean("private", flag)).transpose()?;
    let graph = raw.is_private.map(|flag| fields.boolean("isPrivate", flag)).transpose()?;
    let flag = rest.max(graph);
    let Some(visibility) = raw.visibility else { return Ok(flag.unwrap_or(true)) };
    // GraphQL and `gh` print it in capitals.
    match fields.text("visibility", visibility)?.to_ascii_lowercase().as_str() {
        "public" => Ok(flag == Some(true)),
        "private" | "internal" => Ok(true),
        _ => Err(fields.expected("visibility", visibility, "\"public\", \"private\" or \"internal\"")),
    }
}

/// The class of an object of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Accounts or repositories; or damaged ones, for which the reader will report the position.
    Kept,
    /// A GitHub record of another kind.
    Other,
    /// Not GitHub's.
    Foreign,
}

/// Classifies an object of a stream; a page is classified by its first record.
pub(super) fn classify(text: &str) -> Class {
    let Ok((fields, found)) = shape(Fields::new(text, Position::START)) else { return Class::Kept };
    match found {
        Shape::Several(parts) => parts.first().map_or(Class::Kept, |part| classify_page(part)),
        found => classify_one(fields, &found),
    }
}

fn classify_page(part: &RawValue) -> Class {
    let mut values = Values::new(part.get().as_bytes(), MAX_RECORD);
    match values.next() {
        Ok(Some(raw)) => match shape(Fields::new(raw.text, Position::START)) {
            Ok((fields, found)) => classify_one(fields, &found),
            Err(_) => Class::Kept,
        },
        Ok(None) => Class::Kept,
        Err(_) => Class::Foreign,
    }
}

fn classify_one(fields: Fields<'_>, found: &Shape<'_>) -> Class {
    match found {
        Shape::Account(raw) if raw.id.or(raw.database_id).is_some() => Class::Kept,
        Shape::Repository(_) => Class::Kept,
        _ if kinds::kind(fields.raw_text()).is_some() => Class::Other,
        _ => Class::Foreign,
    }
}

/// A number assigned by GitHub. Folio assigns negative ones, to accounts with an unknown number.
fn number(fields: Fields<'_>, name: &str, raw: Option<&RawValue>) -> Result<i64, Flaw> {
    let raw = raw.ok_or_else(|| fields.missing(name))?;
    match fields.number(name, raw)? {
        number @ 0.. => Ok(number),
        number => Err(fields.flaw(raw, format!("`{name}` must not be negative, and is {number}"))),
    }
}

fn required(fields: Fields<'_>, name: &str, raw: Option<&RawValue>) -> Result<String, Flaw> {
    fields.text(name, raw.ok_or_else(|| fields.missing(name))?)
}

#[cfg(test)]
mod detail_tests;
#[cfg(test)]
mod tests;
