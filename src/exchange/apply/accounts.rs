//! Accounts: their own records, and those that repositories mention.

use std::collections::HashMap;

use super::Summary;
use crate::error::{Error, Result};
use crate::exchange::github::{Account, Repository};
use crate::exchange::place::Located;
use crate::models::{NewUser, User};
use crate::session::{Handle, Session};
use crate::types::{Email, Text256};

/// Adds missing accounts and changes those of which the record says something else.
pub(super) fn write(session: &mut Session<'_>, accounts: &[Located<Account>], summary: &mut Summary) -> Result<()> {
    let numbers: Vec<i64> = accounts.iter().map(|account| account.value.number).collect();
    let present = by_number(session, &numbers)?;
    for Located { place, value: account } in accounts {
        let refuse = |error: Error| place.refuse(error);
        let username = Text256::named("login", &account.login).map_err(refuse)?;
        let email = account.email.as_ref().map(|email| Email::named("email", email)).transpose().map_err(refuse)?;
        let Some(handle) = present.get(&account.number) else {
            session.add(NewUser { email, ..NewUser::new(account.number, username)? });
            summary.users.new += 1;
            continue;
        };
        let row = session.edit(*handle)?;
        let same = row.username == username && (email.is_none() || row.email == email);
        row.username = username;
        if email.is_some() {
            row.email = email;
        }
        if same {
            summary.users.unchanged += 1;
        } else {
            summary.users.changed += 1;
        }
    }
    session.flush()
}

/// Adds the owners of repositories that are missing, under the name that the first of them mentions.
pub(super) fn write_owners(
    session: &mut Session<'_>,
    repositories: &[Located<Repository>],
    summary: &mut Summary,
) -> Result<()> {
    let mut owners: HashMap<i64, &Located<Repository>> = HashMap::new();
    for repository in repositories {
        owners.entry(repository.value.owner.number).or_insert(repository);
    }
    let mut numbers: Vec<i64> = owners.keys().copied().collect();
    numbers.sort_unstable();
    let present = by_number(session, &numbers)?;
    for number in numbers.iter().filter(|number| !present.contains_key(number)) {
        let Some(Located { place, value: repository }) = owners.get(number) else { continue };
        let username = Text256::named("owner's login", &repository.owner.login).map_err(|error| place.refuse(error))?;
        session.add(NewUser::new(*number, username)?);
        summary.users.new += 1;
    }
    session.flush()
}

fn by_number(session: &mut Session<'_>, numbers: &[i64]) -> Result<HashMap<i64, Handle<User>>> {
    let found = session.query(User::numbered(numbers)).all()?;
    found.into_iter().map(|handle| Ok((session.row(handle)?.user_id, handle))).collect()
}
