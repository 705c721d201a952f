//! Accounts: from their own records, and from mentions in repositories' records.

use std::collections::{BTreeMap, HashMap};

use super::Summary;
use super::details::OfAccount;
use super::joins::{self, Missing};
use crate::error::Result;
use crate::exchange::{Account, Located, Place};
use crate::models::{NewUser, User};
use crate::session::{Handle, Session};
use crate::types::{Email, Text256};

/// Adds missing accounts and updates those that differ from their record.
pub(super) fn write(session: &mut Session<'_>, accounts: &[Located<Account>], summary: &mut Summary) -> Result<()> {
    let numbers: Vec<i64> = accounts.iter().map(|account| account.value.number).collect();
    let mut present = by_number(session, &numbers)?;
    let missing =
        accounts.iter().map(|account| &account.value).filter(|account| !present.contains_key(&account.number));
    let missing: Vec<Missing<'_>> = missing
        .map(|Account { number, login, email, .. }| Missing { number: *number, login, email: email.as_deref() })
        .collect();
    let joined = joins::join(session, &missing, summary)?;
    present.extend(&joined);
    for Located { place, value: account } in accounts {
        let refuse = |error: diesel_session::Error| place.refuse(error);
        let username = Text256::named("login", &account.login).map_err(refuse)?;
        let email = account.email.as_ref().map(|email| Email::named("email", email)).transpose().map_err(refuse)?;
        let details = OfAccount::read(&account.details).map_err(|error| place.refuse(error))?;
        let Some(handle) = present.get(&account.number) else {
            session.add(details.fill(NewUser { email, ..NewUser::new(account.number, username)? }));
            summary.users.new += 1;
            continue;
        };
        let row = session.edit(*handle)?;
        let before = row.clone();
        row.username = username;
        if email.is_some() {
            row.email = email;
        }
        details.write(row);
        if *row == before && !joined.contains_key(&account.number) {
            summary.users.unchanged += 1;
        } else {
            summary.users.changed += 1;
        }
    }
    Ok(session.flush()?)
}

/// An account that another record mentions: its number, its login and the location of that record.
pub(super) type Mention<'a> = (i64, &'a str, &'a Place);

/// Adds the accounts that are mentioned and missing, with the login of the first mention.
pub(super) fn write_mentioned<'a>(
    session: &mut Session<'_>,
    mentions: impl Iterator<Item = Mention<'a>>,
    summary: &mut Summary,
) -> Result<()> {
    let mut mentioned: BTreeMap<i64, (&str, &Place)> = BTreeMap::new();
    for (number, login, place) in mentions {
        mentioned.entry(number).or_insert((login, place));
    }
    let numbers: Vec<i64> = mentioned.keys().copied().collect();
    let present = by_number(session, &numbers)?;
    mentioned.retain(|number, _| !present.contains_key(number));
    let missing: Vec<Missing<'_>> =
        mentioned.iter().map(|(number, (login, _))| Missing { number: *number, login, email: None }).collect();
    let joined = joins::join(session, &missing, summary)?;
    summary.users.changed += joined.len() as u64;
    for (number, (login, place)) in mentioned.iter().filter(|(number, _)| !joined.contains_key(number)) {
        let username = Text256::named("owner's login", *login).map_err(|error| place.refuse(error))?;
        session.add(NewUser::new(*number, username)?);
        summary.users.new += 1;
    }
    Ok(session.flush()?)
}

fn by_number(session: &mut Session<'_>, numbers: &[i64]) -> Result<HashMap<i64, Handle<User>>> {
    let found = session.query(User::numbered(numbers)).all()?;
    found.into_iter().map(|handle| Ok((session.row(handle)?.user_id, handle))).collect()
}
