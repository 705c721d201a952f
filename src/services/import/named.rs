//! Repositories from records that name the owner's login and the repository, but lack some of GitHub's numbers.

use std::collections::{HashMap, HashSet};

use super::accounts::{self, Mention};
use super::details::OfRepository;
use super::{Summary, repositories};
use crate::error::Result;
use crate::exchange::{self, Located, Owner, Place};
use crate::models::{NewRepository, Repository, User};
use crate::services::users::{self, Account};
use crate::session::Session;
use crate::types::{RepositoryStatus, Text256};

type Record = Located<exchange::NamedRepository>;

/// Records that are written together. Within them, each number is unique, and so is each name of an owner's repository.
#[derive(Default)]
pub(super) struct NamedBatch {
    pub records: Vec<Record>,
    names: HashSet<(String, String)>,
    numbers: HashSet<i64>,
}

impl NamedBatch {
    pub fn has_room(&self, record: &exchange::NamedRepository) -> bool {
        self.records.len() < super::BATCH
            && !self.names.contains(&(record.owner.clone(), record.name.clone()))
            && record.number.is_none_or(|number| !self.numbers.contains(&number))
    }

    pub fn add(&mut self, record: Record) {
        self.names.insert((record.value.owner.clone(), record.value.name.clone()));
        self.numbers.extend(record.value.number);
        self.records.push(record);
    }
}

/// A record with a known owner and without a number.
struct Wanted {
    owner: i64,
    name: Text256,
    status: RepositoryStatus,
    details: OfRepository,
}

/// Adds missing repositories and updates those that differ from their record.
///
/// An owner without a number in the record is found by its login. A missing owner is added with a number assigned by
/// Folio, until a record provides its real one.
pub(super) fn write(session: &mut Session<'_>, records: Vec<Record>, summary: &mut Summary) -> Result<()> {
    accounts::write_mentioned(session, records.iter().filter_map(mention), summary)?;
    let mut owners = owners(session, &records)?;
    let (mut numbered, mut named, mut added) = (Vec::new(), Vec::new(), Vec::new());
    for Located { place, value } in records {
        let exchange::NamedRepository { number, name, owner: login, owner_number, private, details } = value;
        let owner = match owner_number {
            Some(owner) => owner,
            None => owner(session, &mut owners, &login, &place, &mut added)?,
        };
        if let Some(number) = number {
            let owner = Owner { number: owner, login };
            numbered.push(Located { place, value: exchange::Repository { number, name, owner, private, details } });
        } else {
            let name = Text256::named("repository name", name).map_err(|error| place.refuse(error))?;
            let status = if private { RepositoryStatus::Private } else { RepositoryStatus::Public };
            let details = OfRepository::read(&details).map_err(|error| place.refuse(error))?;
            named.push(Wanted { owner, name, status, details });
        }
    }
    summary.users.new += added.len() as u64;
    summary.remarks.extend(without_number(&added));
    if !numbered.is_empty() {
        repositories::write(session, &numbered, summary)?;
    }
    if !named.is_empty() {
        write_named(session, named, summary)?;
    }
    Ok(())
}

/// The owner of a record that contains the owner's number.
fn mention(Located { place, value }: &Record) -> Option<Mention<'_>> {
    Some((value.owner_number?, &value.owner, place))
}

fn write_named(session: &mut Session<'_>, wanted: Vec<Wanted>, summary: &mut Summary) -> Result<()> {
    let owners: HashSet<i64> = wanted.iter().map(|wanted| wanted.owner).collect();
    let owners: Vec<i64> = owners.into_iter().collect();
    let names: Vec<Text256> = wanted.iter().map(|wanted| wanted.name.clone()).collect();
    let mut present = HashMap::new();
    for handle in session.query(Repository::called(&owners, &names)).all()? {
        let row = session.row(handle)?;
        present.insert((row.user_id, row.repo_name.clone()), handle);
    }
    for Wanted { owner, name, status, details } in wanted {
        let Some(handle) = present.get(&(owner, name.clone())) else {
            session.add(details.fill(NewRepository::new(owner, name, status)?));
            summary.repositories.new += 1;
            continue;
        };
        let row = session.edit(*handle)?;
        let before = row.clone();
        details.write(row);
        row.set_status(status);
        if *row == before {
            summary.repositories.unchanged += 1;
        } else {
            summary.repositories.changed += 1;
        }
    }
    Ok(session.flush()?)
}

/// The accounts by login, in lower case: logins on GitHub are not case-sensitive.
type Owners = HashMap<String, Vec<User>>;

fn owners(session: &mut Session<'_>, records: &[Record]) -> Result<Owners> {
    let unnumbered = records.iter().filter(|record| record.value.owner_number.is_none());
    let logins: HashSet<String> = unnumbered.map(|record| record.value.owner.to_ascii_lowercase()).collect();
    let logins: Vec<String> = logins.into_iter().collect();
    let mut owners = Owners::new();
    if !logins.is_empty() {
        for user in session.rows(User::with_logins_in_any_case(&logins))? {
            owners.entry(user.username.to_ascii_lowercase()).or_default().push(user);
        }
    }
    Ok(owners)
}

/// The remark about accounts that were added without a number.
fn without_number(logins: &[String]) -> Option<String> {
    let (login, others) = logins.split_first()?;
    let said = match others.len() {
        0 => format!("account {login:?} is known by its login alone"),
        more => format!("account {login:?} and {more} more are known by their logins alone"),
    };
    Some(format!("{said}; a record of its own gives one its number: gh api users/{login} | folio import -"))
}

/// The number of the account with this login: of several, the one with an exact match. A missing account is added.
fn owner(
    session: &mut Session<'_>,
    owners: &mut Owners,
    login: &str,
    place: &Place,
    new: &mut Vec<String>,
) -> Result<i64> {
    let called = owners.entry(login.to_ascii_lowercase()).or_default();
    let mut exact = called.iter().filter(|user| *user.username == *login);
    match (called.as_slice(), exact.next(), exact.next()) {
        ([only], ..) | (_, Some(only), None) => return Ok(only.user_id),
        ([], ..) => {}
        _ => {
            return Err(place.refuse(format!(
                "several accounts have the login {login:?}, and this record does not give its owner's number; import \
                 what 'gh api repos/OWNER/NAME' prints instead"
            )));
        }
    }
    let username = Text256::named("owner's login", login).map_err(|error| place.refuse(error))?;
    // Do not retry with the next number if another import has just taken this one: it may be for the same login.
    let added = users::add_pending(session, Account { number: None, username, email: None })?;
    let added = session.detach(added)?;
    let number = added.user_id;
    new.push(login.to_owned());
    called.push(added);
    Ok(number)
}
