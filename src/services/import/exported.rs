//! Records of an export that get new ids: each becomes the record that an import of another format would have, so that
//! it is recognised by the same rules.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, IgnoredAny, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::details::OfAccount;
use super::documents::{self, Document, Stored};
use super::{Rules, Summary, accounts};
use crate::error::{Error, Result};
use crate::exchange::{
    Account, AccountDetails, ExportedRecord, Located, NamedRepository, Owner, Place, Record, Repository,
    RepositoryDetails, Source,
};
use crate::models::{self, NewUser, Note, Resume, User};
use crate::services::references::{AccountReference, References, RepositoryReference};
use crate::services::users::{self, UserSelector};
use crate::session::Session;
use crate::types::{Id, RepositoryStatus, Tag, Text256};

/// A record of an export: its row, and what it refers to.
pub(super) struct Line<R> {
    pub row: R,
    pub references: References,
}

impl<'de, R: Deserialize<'de>> Deserialize<'de> for Line<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<R>(PhantomData<R>);

        impl<'de, R: Deserialize<'de>> Visitor<'de> for Object<R> {
            type Value = Line<R>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a record")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Line<R>, A::Error> {
                let mut references = References::default();
                let fields = FieldsOfRow { map, references: &mut references };
                let row = R::deserialize(MapAccessDeserializer::new(fields))?;
                Ok(Line { row, references })
            }
        }

        deserializer.deserialize_map(Object(PhantomData))
    }
}

/// The fields of an object that are those of its row; the others are kept aside.
struct FieldsOfRow<'r, A> {
    map: A,
    references: &'r mut References,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for FieldsOfRow<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(name) = self.map.next_key::<String>()? {
            match name.as_str() {
                "record" => drop(self.map.next_value::<IgnoredAny>()?),
                "owner" => self.references.owner = self.map.next_value()?,
                "about" => self.references.about = self.map.next_value()?,
                "tags" => self.references.tags = distinct(self.map.next_value()?),
                "repositories" => self.references.repositories = self.map.next_value()?,
                "repository_ids" => self.references.repository_ids = self.map.next_value()?,
                _ => return seed.deserialize(name.into_deserializer()).map(Some),
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// The tags in the order of their bytes, each once.
fn distinct(mut tags: Vec<Tag>) -> Vec<Tag> {
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// The error for a record of a kind that there is not.
pub(super) fn unknown_kind(record: &Located<ExportedRecord>) -> Error {
    record.place.refuse(format!("`record` is {:?}, which is not one of user, repo, resume, note", record.value.kind))
}

/// The numbers of accounts below zero that had to change, because the database had given them to other accounts.
#[derive(Default)]
pub(super) struct Moved(HashMap<i64, i64>);

/// A record of an export, as far as it can be recognised without the database.
pub(super) enum Known {
    /// It is as one of another format.
    Record(Record),
    /// An account that only Folio has, with a number below zero.
    Unnumbered(User),
    Repository(Line<models::Repository>),
    Resume(Line<Resume>),
    Note(Line<Note>),
}

/// Reads a record.
pub(super) fn read(record: &Located<ExportedRecord>) -> Result<Known> {
    Ok(match record.value.kind.as_str() {
        "user" => match record.parse::<Line<User>>()?.row {
            user if user.user_id < 0 => Known::Unnumbered(user),
            user => Known::Record(Record::Account(account(user))),
        },
        "repo" => Known::Repository(record.parse()?),
        "resume" => Known::Resume(record.parse()?),
        "note" => Known::Note(record.parse()?),
        _ => return Err(unknown_kind(record)),
    })
}

fn account(user: User) -> Account {
    let User { user_id, username, email, .. } = &user;
    let (number, login, email) = (*user_id, username.to_string(), email.as_ref().map(ToString::to_string));
    Account { number, login, email, details: details(&user) }
}

fn details(user: &User) -> AccountDetails {
    let User { name, kind, url, company, location, .. } = user;
    AccountDetails {
        name: Some(name.as_ref().map(ToString::to_string)),
        kind: *kind,
        url: url.as_ref().map(ToString::to_string),
        company: Some(company.as_ref().map(ToString::to_string)),
        location: Some(location.as_ref().map(ToString::to_string)),
    }
}

impl Known {
    /// Whether it is looked up among the stored records.
    pub fn refers(&self) -> bool {
        !matches!(self, Self::Record(_))
    }

    pub fn is_repository(&self) -> bool {
        matches!(self, Self::Repository(_))
    }
}

impl Moved {
    /// Writes a record, or returns it as one of another format, to be written with others.
    pub fn take(
        &mut self,
        session: &mut Session<'_>,
        known: Known,
        place: &Place,
        rules: &Rules,
        summary: &mut Summary,
    ) -> Result<Option<Record>> {
        match known {
            Known::Record(record) => return Ok(Some(record)),
            Known::Repository(line) => return self.repository(session, line).map(Some),
            Known::Unnumbered(user) => self.write_unnumbered(session, &user, summary)?,
            Known::Resume(line) => self.write_resume(session, line, place, rules, summary)?,
            Known::Note(line) => self.write_note(session, line, place, rules, summary)?,
        }
        Ok(None)
    }

    /// Adds or updates an account with a number below zero. It is the stored account with the same number and login. Where
    /// another login has the number, it is one with the same login and email, or a new one with another number below zero.
    fn write_unnumbered(&mut self, session: &mut Session<'_>, user: &User, summary: &mut Summary) -> Result<()> {
        let holder = session.query(User::numbered(&[user.user_id])).all()?.into_iter().next();
        let is_free = holder.is_none();
        let mut same = None;
        if let Some(holder) = holder {
            let named = [holder].into_iter().chain(session.query(User::with_login(&user.username)).all()?);
            for handle in named {
                let row = session.row(handle)?;
                let is_same = row.user_id == user.user_id || (row.user_id < 0 && row.email == user.email);
                if same.is_none() && row.username == user.username && is_same {
                    same = Some(handle);
                }
            }
        }
        let details = OfAccount::read(&details(user))?;
        let number = match same {
            Some(handle) => {
                let row = session.edit(handle)?;
                let before = row.clone();
                row.email = user.email.clone().or(before.email.clone());
                details.write(row);
                let tally = &mut summary.users;
                *if *row == before { &mut tally.unchanged } else { &mut tally.changed } += 1;
                row.user_id
            }
            None => {
                let number = if is_free { user.user_id } else { users::free_number(session)? };
                let new = NewUser { email: user.email.clone(), ..NewUser::new(number, user.username.clone())? };
                session.add(details.fill(new));
                summary.users.new += 1;
                number
            }
        };
        if number != user.user_id {
            self.0.insert(user.user_id, number);
        }
        Ok(session.flush()?)
    }

    /// The number of the account that a record refers to. One below zero must be that of a stored account with the
    /// login; another may be of an account that is missing.
    fn number(&self, session: &mut Session<'_>, owner: &AccountReference) -> Result<i64> {
        let AccountReference { account, login } = owner;
        if *account >= 0 {
            return Ok(*account);
        }
        let number = self.0.get(account).copied().unwrap_or(*account);
        let named: Vec<User> = session.rows(User::with_login(login))?;
        let mut unnumbered = named.iter().map(|user| user.user_id).filter(|number| *number < 0);
        if let Some(found) = unnumbered.clone().find(|found| *found == number) {
            return Ok(found);
        }
        match (unnumbered.next(), unnumbered.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Error::NotFound { what: format!("account with number {account} and login {login:?}") }),
        }
    }

    /// The record of a repository of an export.
    fn repository(&self, session: &mut Session<'_>, line: Line<models::Repository>) -> Result<Record> {
        let models::Repository { repo_id, repo_name, status, .. } = &line.row;
        let owner = required(line.references.owner)?;
        let number = self.number(session, &owner)?;
        let (name, private) = (repo_name.to_string(), *status == RepositoryStatus::Private);
        let details = repository_details(&line.row);
        Ok(match *repo_id {
            Some(repo_id) => {
                let owner = Owner { number, login: owner.login };
                Record::Repository(Repository { number: repo_id, name, owner, private, details })
            }
            None => {
                let (owner, owner_number) = (owner.login, Some(number));
                Record::NamedRepository(NamedRepository { number: None, name, owner, owner_number, private, details })
            }
        })
    }

    /// Adds or updates a résumé of an export.
    fn write_resume(
        &self,
        session: &mut Session<'_>,
        line: Line<Resume>,
        place: &Place,
        rules: &Rules,
        summary: &mut Summary,
    ) -> Result<()> {
        let Line { row, references } = line;
        let user = self.user(session, required(references.owner)?, place, summary)?;
        let document = Document::new(row.vacancy, row.body);
        save::<Resume>(session, user, document, row.source, rules, summary)
    }

    /// Adds or updates a note of an export.
    fn write_note(
        &self,
        session: &mut Session<'_>,
        line: Line<Note>,
        place: &Place,
        rules: &Rules,
        summary: &mut Summary,
    ) -> Result<()> {
        let Line { row, references } = line;
        let user = self.user(session, required(references.owner)?, place, summary)?;
        let mut find = |repository: &RepositoryReference| self.repository_of_note(session, repository);
        let document = Document {
            about: Some(references.about.as_ref().map(&mut find).transpose()?),
            repositories: Some(references.repositories.iter().map(find).collect::<Result<_>>()?),
            tags: Some(references.tags),
            ..Document::new(row.name, row.body)
        };
        save::<Note>(session, user, document, row.source, rules, summary)
    }

    /// The id of the account that a record belongs to. A missing one is added.
    fn user(
        &self,
        session: &mut Session<'_>,
        owner: AccountReference,
        place: &Place,
        summary: &mut Summary,
    ) -> Result<Id<User>> {
        let number = self.number(session, &owner)?;
        accounts::write_mentioned(session, [(number, owner.login.as_str(), place)].into_iter(), summary)?;
        Ok(users::get(session, &UserSelector::Number(number))?.id)
    }

    /// The repository that a note is about: found by its number, otherwise by its owner and name.
    fn repository_of_note(
        &self,
        session: &mut Session<'_>,
        repository: &RepositoryReference,
    ) -> Result<Id<models::Repository>> {
        let RepositoryReference { owner, name, number } = repository;
        let mut found: Vec<models::Repository> = match number {
            Some(number) => session.rows(models::Repository::numbered(&[*number]))?,
            None => Vec::new(),
        };
        if found.is_empty() {
            let owner = self.number(session, owner)?;
            let name = name.as_str().try_into()?;
            found = session.rows(models::Repository::called(&[owner], &[name]))?;
        }
        let found = found.first().ok_or_else(|| Error::NotFound {
            what: format!("repository {}/{name}, which the note is about; import the repositories too", owner.login),
        });
        Ok(found?.id)
    }
}

fn required(owner: Option<AccountReference>) -> Result<AccountReference> {
    owner.ok_or_else(|| Error::value("record", "`owner` is missing; only --keep-ids imports a record without it"))
}

/// Adds or updates a document by its own source. One without a source is recognised by its text, and otherwise by the
/// file that it is in, if it has one of its own.
fn save<D: Stored>(
    session: &mut Session<'_>,
    user: Id<User>,
    document: Document,
    source: Option<Text256>,
    rules: &Rules,
    summary: &mut Summary,
) -> Result<()> {
    let source = match (source, &rules.source) {
        (Some(source), _) => Some(Source::new(source)?),
        (None, Some(file)) => {
            let same = D::of_saying(session, user, &document.body)?;
            let is_same = |same: &D| *same.title() == document.title && same.source().is_none();
            (!same.iter().any(is_same)).then(|| file.clone())
        }
        (None, None) => None,
    };
    let found: Vec<D> = documents::of_source(session, source.as_ref())?;
    documents::save(session, user, document, source.as_ref(), found, rules.preview.as_ref(), summary)
}

fn repository_details(row: &models::Repository) -> RepositoryDetails {
    RepositoryDetails {
        visibility: row.visibility,
        description: Some(row.description.as_ref().map(ToString::to_string)),
        language: Some(row.language.as_ref().map(ToString::to_string)),
        topics: row.topics.as_ref().map(|topics| topics.iter().map(str::to_owned).collect()),
        stars: row.stars,
        forks: row.forks,
        archived: row.archived,
        fork: row.fork,
        url: row.url.as_ref().map(ToString::to_string),
        pushed_at: Some(row.pushed_at),
        created_at: row.repo_created_at,
    }
}
