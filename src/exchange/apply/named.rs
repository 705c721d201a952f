//! Repositories that records know by their owner's login and their name: GitHub's numbers are not in them.

use std::collections::{HashMap, HashSet};

use super::{Summary, repositories};
use crate::error::Result;
use crate::exchange::github::{self, Owner};
use crate::exchange::place::{Located, Place};
use crate::models::{NewRepository, Repository, User};
use crate::session::Session;
use crate::types::{RepositoryStatus, Text256};

type Record = Located<github::NamedRepository>;

/// Records that are written together. No number and no name of an owner's stands in it twice.
#[derive(Default)]
pub(super) struct Batch {
    pub records: Vec<Record>,
    names: HashSet<(String, String)>,
    numbers: HashSet<i64>,
}

impl Batch {
    pub fn has_room(&self, record: &github::NamedRepository) -> bool {
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

/// A record whose owner is found and whose number is not known.
struct Wanted {
    owner: i64,
    name: Text256,
    status: RepositoryStatus,
}

/// Adds missing repositories and changes those of which the record says something else.
///
/// An owner must be there already: with a made-up number it would be a second account as soon as its own record comes.
pub(super) fn write(session: &mut Session<'_>, records: Vec<Record>, summary: &mut Summary) -> Result<()> {
    let owners = owners(session, &records)?;
    let (mut numbered, mut named) = (Vec::new(), Vec::new());
    for Located { place, value } in records {
        let github::NamedRepository { number, name, owner: login, private } = value;
        let owner = owner(&owners, &login, &place)?;
        if let Some(number) = number {
            let owner = Owner { number: owner, login };
            numbered.push(Located { place, value: github::Repository { number, name, owner, private } });
        } else {
            let name = Text256::named("repository name", name).map_err(|error| place.refuse(error))?;
            let status = if private { RepositoryStatus::Private } else { RepositoryStatus::Public };
            named.push(Wanted { owner, name, status });
        }
    }
    if !numbered.is_empty() {
        repositories::write(session, &numbered, summary)?;
    }
    if !named.is_empty() {
        write_named(session, named, summary)?;
    }
    Ok(())
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
    for Wanted { owner, name, status } in wanted {
        match present.get(&(owner, name.clone())) {
            None => {
                session.add(NewRepository::new(owner, name, status)?);
                summary.repositories.new += 1;
            }
            Some(handle) if session.row(*handle)?.status == status => summary.repositories.unchanged += 1,
            Some(handle) => {
                session.edit(*handle)?.status = status;
                summary.repositories.changed += 1;
            }
        }
    }
    session.flush()
}

/// The numbers of the accounts that have each login.
fn owners(session: &mut Session<'_>, records: &[Record]) -> Result<HashMap<String, Vec<i64>>> {
    let logins: HashSet<&str> = records.iter().map(|record| record.value.owner.as_str()).collect();
    let logins: Vec<&str> = logins.into_iter().collect();
    let mut numbers: HashMap<String, Vec<i64>> = HashMap::new();
    for user in session.rows(User::with_logins(&logins))? {
        numbers.entry(user.username.into_string()).or_default().push(user.user_id);
    }
    Ok(numbers)
}

fn owner(owners: &HashMap<String, Vec<i64>>, login: &str, place: &Place) -> Result<i64> {
    match owners.get(login).map(Vec::as_slice) {
        Some([number]) => Ok(*number),
        Some([_, _, ..]) => Err(place.refuse(format!(
            "several accounts have the login {login:?}, and this record does not give its owner's number; import what \
             'gh api repos/OWNER/NAME' prints instead"
        ))),
        _ => Err(place.refuse(format!(
            "no account has the login {login:?} yet, and this record does not give its owner's number; import the owner \
             first, with: gh api users/{login} | folio import -"
        ))),
    }
}
