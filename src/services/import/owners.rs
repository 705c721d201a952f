//! Finds the owner of a résumé: the account with the login or email that it names, or a new one. Several candidates are
//! an error that lists them, never a guess.

use super::{Rules, Tally};
use crate::error::{Error, Result};
use crate::exchange::Resume;
use crate::models::User;
use crate::services::users::{self, Account, UserSelector};
use crate::session::Session;
use crate::types::{Email, Id, Text256};

/// The accounts with a résumé from the same file.
#[derive(Default)]
pub(super) struct Before {
    /// All of them.
    pub owners: Vec<Id<User>>,
    /// Those with a résumé from it with the same text.
    pub unchanged: Vec<Id<User>>,
}

/// Finds or adds the account of a résumé.
///
/// - The account that the caller named; otherwise the one with the same text from the same file.
/// - Otherwise the one account with both its GitHub login and its email, or with either if no account has both. Of
///   several, the one with a résumé from the same file.
/// - A résumé without a login and email belongs to the account with a résumé from the same file.
/// - Otherwise a new account.
pub(super) fn owner(
    session: &mut Session<'_>,
    resume: &Resume,
    rules: &Rules,
    Before { owners: before, unchanged }: &Before,
    tally: &mut Tally,
) -> Result<Id<User>> {
    if let Some(selector) = &rules.user {
        return Ok(users::get(session, selector)?.id);
    }
    if let [only] = unchanged.as_slice() {
        return Ok(*only);
    }
    let named = named(session, resume)?;
    match named.as_slice() {
        [only] => return Ok(only.id),
        [] => {}
        several => {
            let mut known = several.iter().filter(|user| before.contains(&user.id));
            return match (known.next(), known.next()) {
                (Some(only), None) => Ok(only.id),
                _ => Err(ambiguous("more than one account has its login or email", several)),
            };
        }
    }
    let names_user = resume.email.is_some() || resume.github_login().is_some();
    match before.as_slice() {
        [] => add(session, resume, tally),
        [only] if !names_user => Ok(*only),
        _ => {
            let mut users = Vec::with_capacity(before.len());
            for id in before {
                users.push(users::get(session, &UserSelector::Id(*id))?);
            }
            let problem = if names_user {
                "no account has its login or email, but one has a résumé from this file"
            } else {
                "more than one account has a résumé from this file"
            };
            Err(ambiguous(problem, &users))
        }
    }
}

/// The accounts that a résumé may refer to: those with both its login and its email, otherwise those with either.
fn named(session: &mut Session<'_>, resume: &Resume) -> Result<Vec<User>> {
    let mut by_login: Vec<User> = Vec::new();
    for login in resume.github_logins() {
        for user in users::called(session, login)? {
            if by_login.iter().all(|other| other.id != user.id) {
                by_login.push(user);
            }
        }
    }
    let by_email = match &resume.email {
        Some(email) => users::reached_at(session, email)?,
        None => Vec::new(),
    };
    let agreed: Vec<User> =
        by_login.iter().filter(|user| by_email.iter().any(|other| other.id == user.id)).cloned().collect();
    if agreed.is_empty() {
        by_login.extend(by_email);
        return Ok(by_login);
    }
    Ok(agreed)
}

fn ambiguous(problem: &str, candidates: &[User]) -> Error {
    let candidates = candidates.iter().map(users::describe).collect::<Vec<_>>().join("; ");
    let problem = format!("{problem}; choose its user with --account N, one of these: {candidates}");
    Error::value("résumé", problem)
}

fn add(session: &mut Session<'_>, resume: &Resume, tally: &mut Tally) -> Result<Id<User>> {
    let Some(name) = resume.github_login().or(resume.name.as_deref()).or(resume.email.as_deref()) else {
        return Err(Error::value(
            "résumé",
            "it names no person (basics.name, basics.email); name its user with --user",
        ));
    };
    let email = resume.email.as_ref().map(|email| Email::named("basics.email", email)).transpose()?;
    let username = Text256::named("basics.name", name)?;
    tally.new += 1;
    Ok(users::add(session, Account { number: None, username, email })?.id)
}
