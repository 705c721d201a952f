//! Accounts and repositories as GitHub's REST interface, its GraphQL and `gh … --json` give them.
//!
//! `gh api users/octocat`, `gh api --paginate user/repos` and the like: one object, a list, lists one after the other,
//! or one object a line; also pages of a search, stars, webhook payloads and answers of GraphQL. Of each record only
//! what Folio keeps is looked at; other fields may hold anything.

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
use shape::{Raw, Shape, shape};

/// A record of GitHub's that Folio keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GithubRecord {
    /// A user or an organization, by a record of its own.
    Account(Account),
    /// A repository with its owner.
    Repository(Repository),
    /// A repository that is known by its owner's login and its name.
    NamedRepository(NamedRepository),
}

/// An account by a record of its own: it knows best what the account is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// GitHub's `id`; never negative.
    pub number: i64,
    /// The name it goes by, which may change and be taken by another.
    pub login: String,
    /// The public address, if there is one; an empty text counts as none.
    pub email: Option<String>,
}

/// An account as it is mentioned inside another record: enough to create it, too little to change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// GitHub's `id`; never negative.
    pub number: i64,
    /// The name it went by when the record around it was made.
    pub login: String,
}

/// A code repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// GitHub's `id`; never negative.
    pub number: i64,
    /// The name without its owner's.
    pub name: String,
    /// Whose it is.
    pub owner: Owner,
    /// Whether it is to be kept from strangers: true if `private` is true, or `visibility` is `private` or `internal`,
    /// or neither is given. Real records contradict themselves, and showing what was private is the worse mistake.
    pub private: bool,
}

/// A repository by a record without all of GitHub's numbers, as `gh repo list --json` and GraphQL print it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRepository {
    /// GitHub's `databaseId`, where it was asked for; never negative.
    pub number: Option<i64>,
    /// The name without its owner's.
    pub name: String,
    /// The login of its owner.
    pub owner: String,
    /// The owner's number, where it was asked for; never negative.
    pub owner_number: Option<i64>,
    /// Whether it is to be kept from strangers, told as in [`Repository::private`].
    pub private: bool,
}

/// The records of a stream of GitHub's JSON, read as they are asked for; memory holds one at a time.
///
/// A record is at most [`MAX_RECORD`] bytes long and [`MAX_DEPTH`](super::MAX_DEPTH) levels deep. An error names the
/// input, the record, the place and the field; after an error the iterator ends.
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

/// An object of the stream that holds several records: a page, an answer of GraphQL.
#[derive(Debug)]
struct Inner {
    /// The number of the object in the stream.
    number: u64,
    start: Position,
    /// The part that is read, and those that come after it.
    part: Values<Take<Cursor<String>>>,
    parts: VecDeque<Range<usize>>,
}

impl<R: Read> GithubReader<R> {
    /// The records of `reader`, which errors will call `input`. Reads nothing yet, and buffers by itself.
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
    /// Begins with the first of `parts`, if there is one.
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
        Shape::Other(raw) => Err(fields.here(what_it_is_instead(fields, &raw))),
    }
}

fn what_it_is_instead(fields: Fields<'_>, raw: &Raw<'_>) -> String {
    if raw.is_an_error() {
        let said = raw.message.and_then(|message| fields.text("message", message).ok());
        let said = said.or_else(|| first_message(fields, raw.errors?)).unwrap_or_default();
        return format!("an error message where a record was expected: {said:?}; correct the request that printed it");
    }
    match kinds::kind(fields.whole()) {
        Some(kind) => format!(
            "a GitHub {kind}, which folio does not store; it stores accounts, which have `id` and `login`, and \
             repositories, which have `id`, `full_name` and `owner`"
        ),
        None => "JSON of a kind that folio does not read: a GitHub account has `id` and `login`, a GitHub repository \
                 `id`, `full_name` and `owner`; a JSON Resume has `basics` and stands alone in its input"
            .to_owned(),
    }
}

/// What the first of several errors says.
fn first_message(fields: Fields<'_>, errors: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Said {
        message: String,
    }
    let errors = fields.list("errors", errors, 100).ok()?;
    errors.first().and_then(|error| serde_json::from_str::<Said>(error.get()).ok()).map(|said| said.message)
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
    Ok(Account { number, login: required(fields, "login", raw.login)?, email: email.filter(|email| !email.is_empty()) })
}

fn repository(fields: Fields<'_>, raw: &Raw<'_>) -> Result<GithubRecord, Flaw> {
    let (named_owner, name) = names(fields, raw)?;
    let private = private(fields, raw)?;
    let number = match (raw.database_id, raw.id) {
        (Some(id), _) => Some(number(fields, "databaseId", Some(id))?),
        // What `gh` and GraphQL call the id is a text, and a field that was not asked for is not there.
        (None, Some(id)) if !is_node_id(id) => Some(number(fields, "id", Some(id))?),
        (None, _) => None,
    };
    let Some(owner) = raw.owner else {
        let owner = named_owner.ok_or_else(|| fields.missing("owner"))?;
        return Ok(GithubRecord::NamedRepository(NamedRepository { number, name, owner, owner_number: None, private }));
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
            GithubRecord::Repository(Repository { number, name, owner: Owner { number: owner, login }, private })
        }
        _ => GithubRecord::NamedRepository(NamedRepository { number, name, owner: login, owner_number, private }),
    })
}

/// Whether an id is one of GraphQL's, a text. A number within quotes is not.
fn is_node_id(id: &RawValue) -> bool {
    let text = id.get().trim_matches('"');
    id.get().starts_with('"') && text.bytes().any(|byte| !byte.is_ascii_digit())
}

/// The owner's login, where the full name says it, and the repository's own name: `name`, or what follows the owner.
fn names(fields: Fields<'_>, raw: &Raw<'_>) -> Result<(Option<String>, String), Flaw> {
    let name = raw.name.map(|name| fields.text("name", name)).transpose()?;
    let Some((field, full)) = raw.full_name() else {
        return name.map(|name| (None, name)).ok_or_else(|| fields.missing("name"));
    };
    // Where each part has a field of its own, the full name says nothing new.
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
    // GraphQL and `gh` write it in capitals.
    match fields.text("visibility", visibility)?.to_ascii_lowercase().as_str() {
        "public" => Ok(flag == Some(true)),
        "private" | "internal" => Ok(true),
        _ => Err(fields.expected("visibility", visibility, "\"public\", \"private\" or \"internal\"")),
    }
}

/// What a text seems to be that holds one object of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// Accounts or repositories, or damaged, so that their reader says where.
    Kept,
    /// Another kind of GitHub's.
    Other,
    /// Nothing of GitHub's.
    Foreign,
}

/// Looks at one object of a stream, and of a page at the first record in it.
pub(super) fn looks(text: &str) -> Looks {
    let Ok((fields, found)) = shape(Fields::new(text, Position::START)) else { return Looks::Kept };
    match found {
        Shape::Several(parts) => parts.first().map_or(Looks::Kept, |part| looks_inside(part)),
        found => looks_alone(fields, &found),
    }
}

fn looks_inside(part: &RawValue) -> Looks {
    let mut values = Values::new(part.get().as_bytes(), MAX_RECORD);
    match values.next() {
        Ok(Some(raw)) => match shape(Fields::new(raw.text, Position::START)) {
            Ok((fields, found)) => looks_alone(fields, &found),
            Err(_) => Looks::Kept,
        },
        Ok(None) => Looks::Kept,
        Err(_) => Looks::Foreign,
    }
}

fn looks_alone(fields: Fields<'_>, found: &Shape<'_>) -> Looks {
    match found {
        Shape::Account(raw) if raw.id.or(raw.database_id).is_some() => Looks::Kept,
        Shape::Repository(_) => Looks::Kept,
        _ if kinds::kind(fields.whole()).is_some() => Looks::Other,
        _ => Looks::Foreign,
    }
}

/// A number that GitHub gave. Negative ones are Folio's own, for accounts whose number is unknown.
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
mod tests;
