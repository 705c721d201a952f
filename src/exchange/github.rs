//! Accounts and repositories as GitHub's REST interface gives them.
//!
//! `gh api users/octocat`, `gh api --paginate user/repos` and their like: one object, a list, lists one after the
//! other, or one object a line. Of each record only what Folio keeps is looked at; other fields may hold anything.

use std::io::Read;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fields::Fields;
use super::place::{Fault, Flaw, Located, Place};
use super::values::{MAX_RECORD, Values};
use crate::error::Result;

/// A record of GitHub's that Folio keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GithubRecord {
    /// A user or an organization, by a record of its own.
    Account(Account),
    /// A repository with its owner.
    Repository(Repository),
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
    ended: bool,
}

impl<R: Read> GithubReader<R> {
    /// The records of `reader`, which errors will call `input`. Reads nothing yet, and buffers by itself.
    pub fn new(input: impl Into<Arc<str>>, reader: R) -> Self {
        Self { input: input.into(), values: Values::new(reader, MAX_RECORD), ended: false }
    }

    fn read(&mut self) -> Result<Option<Located<GithubRecord>>, Fault> {
        let Some(raw) = self.values.next()? else { return Ok(None) };
        let number = Some(raw.number);
        let value = record(Fields::new(raw.text, raw.start)).map_err(|flaw| Fault::Flaw { record: number, flaw })?;
        Ok(Some(Located { place: Place::inside(&self.input, number, raw.start), value }))
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

/// The fields of either kind of record; null counts as absent.
#[derive(Deserialize)]
struct RawRecord<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    login: Option<&'a RawValue>,
    email: Option<&'a RawValue>,
    name: Option<&'a RawValue>,
    full_name: Option<&'a RawValue>,
    owner: Option<&'a RawValue>,
    private: Option<&'a RawValue>,
    visibility: Option<&'a RawValue>,
    message: Option<&'a RawValue>,
}

/// The fields of an account that is mentioned in another record.
#[derive(Deserialize)]
struct RawOwner<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    login: Option<&'a RawValue>,
}

fn record(fields: Fields<'_>) -> Result<GithubRecord, Flaw> {
    let raw: RawRecord<'_> = fields.object()?;
    if raw.name.or(raw.full_name).is_some() && raw.owner.is_some() {
        repository(fields, &raw).map(GithubRecord::Repository)
    } else if raw.login.is_some() {
        account(fields, &raw).map(GithubRecord::Account)
    } else {
        Err(fields.here(match raw.message.and_then(|message| fields.text("message", message).ok()) {
            // What GitHub answers with where it does not answer with what was asked for.
            Some(message) => format!("no record but a message: {message:?}"),
            None => {
                "JSON of a kind that folio does not read: a GitHub account has `id` and `login`, a GitHub repository \
                  `id`, `name` and `owner`; a JSON Resume has `basics` and stands alone in its input"
                    .to_owned()
            }
        }))
    }
}

fn account(fields: Fields<'_>, raw: &RawRecord<'_>) -> Result<Account, Flaw> {
    let email = raw.email.map(|email| fields.text("email", email)).transpose()?;
    Ok(Account {
        number: number(fields, "id", raw.id)?,
        login: required(fields, "login", raw.login)?,
        email: email.filter(|email| !email.is_empty()),
    })
}

fn repository(fields: Fields<'_>, raw: &RawRecord<'_>) -> Result<Repository, Flaw> {
    let owner = raw.owner.ok_or_else(|| fields.missing("owner"))?;
    let owner: RawOwner<'_> = fields.nested("owner", owner)?;
    Ok(Repository {
        number: number(fields, "id", raw.id)?,
        name: name(fields, raw)?,
        owner: Owner {
            number: number(fields, "owner.id", owner.id)?,
            login: required(fields, "owner.login", owner.login)?,
        },
        private: private(fields, raw)?,
    })
}

/// The repository's own name: `name`, or what follows the owner in `full_name`.
fn name(fields: Fields<'_>, raw: &RawRecord<'_>) -> Result<String, Flaw> {
    match (raw.name, raw.full_name) {
        (Some(name), _) => fields.text("name", name),
        (None, Some(full)) => match fields.text("full_name", full)?.split_once('/') {
            Some((_, name)) => Ok(name.to_owned()),
            None => Err(fields.flaw(full, "`full_name` must be an owner and a name with '/' between them")),
        },
        (None, None) => Err(fields.missing("name")),
    }
}

/// See [`Repository::private`].
fn private(fields: Fields<'_>, raw: &RawRecord<'_>) -> Result<bool, Flaw> {
    let flag = raw.private.map(|flag| fields.boolean("private", flag)).transpose()?;
    let Some(visibility) = raw.visibility else { return Ok(flag.unwrap_or(true)) };
    match fields.text("visibility", visibility)?.as_str() {
        "public" => Ok(flag == Some(true)),
        "private" | "internal" => Ok(true),
        _ => Err(fields.expected("visibility", visibility, "\"public\", \"private\" or \"internal\"")),
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
