//! Accounts that were recorded before their number was known. They get it from the first record that contains it.
//!
//! A résumé without an account, or a repository known only by its owner's login, creates an account with a number
//! assigned by Folio, below zero. GitHub's record is matched to that account where the match is unambiguous: exactly
//! one account has a résumé that names this login, or a résumé that names no login and has this email, or has this
//! login and repositories known by it. Where only the login or the email matches, a new account is added, and a remark
//! explains how to merge the two.

use std::collections::{HashMap, HashSet};

use super::Summary;
use crate::error::Result;
use crate::exchange::read_resume;
use crate::models::{Repository, Resume, User};
use crate::services::users;
use crate::session::{Handle, Session};
use crate::types::Id;

/// Maximum number of accounts of a batch that are reported one by one when they get their number.
const MAX_REPORTS: usize = 20;

/// An account with a number that no row has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Missing<'a> {
    pub number: i64,
    pub login: &'a str,
    pub email: Option<&'a str>,
}

impl Missing<'_> {
    fn has_login(&self, login: &str) -> bool {
        self.login.eq_ignore_ascii_case(login)
    }

    fn has_email(&self, email: &str) -> bool {
        self.email.is_some_and(|own| own.eq_ignore_ascii_case(email))
    }

    fn is_like(&self, user: &User) -> bool {
        self.has_login(&user.username) || user.email.as_ref().is_some_and(|email| self.has_email(email))
    }
}

/// Gives accounts with a number assigned by Folio the numbers of the missing accounts that they certainly are. Their
/// other columns are left to the account's own record. Remarks report each match, and each account that may be the
/// same.
///
/// One SELECT, and two more if an account with an assigned number resembles a missing one.
pub(super) fn join(
    session: &mut Session<'_>,
    missing: &[Missing<'_>],
    summary: &mut Summary,
) -> Result<HashMap<i64, Handle<User>>> {
    let mut joined = HashMap::new();
    if missing.is_empty() {
        return Ok(joined);
    }
    let logins: Vec<String> = missing.iter().map(|account| account.login.to_ascii_lowercase()).collect();
    let emails: Vec<String> = missing.iter().filter_map(|account| account.email).map(str::to_ascii_lowercase).collect();
    let handles = session.query(User::without_number(&logins, &emails)).all()?;
    if handles.is_empty() {
        return Ok(joined);
    }
    let users = handles.iter().map(|handle| session.row(*handle).cloned()).collect::<Result<Vec<User>, _>>()?;
    let evidence = Evidence::load(session, &users)?;
    let (mut reports, mut possible) = (Vec::new(), Vec::new());
    for account in missing {
        let candidates = handles.iter().zip(&users).filter(|(_, user)| account.is_like(user));
        let candidates: Vec<_> = candidates.map(|(handle, user)| (*handle, user, evidence.of(account, user))).collect();
        let certain: Vec<_> =
            candidates.iter().filter_map(|(handle, user, why)| Some((*handle, *user, (*why)?))).collect();
        match certain.as_slice() {
            [(handle, user, why)] if !joined.values().any(|taken| taken == handle) => {
                let (number, login) = (account.number, account.login);
                let known = users::describe(user);
                reports.push(format!("{known} gets the number {number} of {login:?}: {why}"));
                session.edit(*handle)?.user_id = number;
                joined.insert(number, *handle);
            }
            _ => possible.extend(candidates.into_iter().map(|(handle, user, _)| (account, handle, user))),
        }
    }
    if let Some(more @ 1..) = reports.len().checked_sub(MAX_REPORTS) {
        reports.truncate(MAX_REPORTS);
        reports.push(format!("{more} more accounts get their numbers likewise"));
    }
    summary.remarks.extend(reports);
    possible.retain(|(_, handle, _)| !joined.values().any(|taken| taken == handle));
    summary.remarks.extend(possible.into_iter().map(|(account, _, user)| possible_match(account, user)));
    Ok(joined)
}

fn possible_match(account: &Missing<'_>, user: &User) -> String {
    let Missing { number, login, .. } = account;
    format!(
        "{} may be the new account with number {number}, {login:?}; if it is, make them one: 'folio user remove --account \
         {number} --with-everything', then 'folio user edit {} --number {number}', then import again",
        users::describe(user),
        user.id,
    )
}

/// Stored records that identify accounts.
struct Evidence {
    /// The GitHub logins and the email of each résumé.
    resumes: Vec<(Id<User>, Vec<String>, Option<String>)>,
    /// The accounts with a repository known only by its owner and name.
    owners: HashSet<i64>,
}

impl Evidence {
    fn load(session: &mut Session<'_>, users: &[User]) -> Result<Self> {
        let ids: Vec<Id<User>> = users.iter().map(|user| user.id).collect();
        let stored: Vec<Resume> = session.rows(Resume::of_any(&ids))?;
        let resumes = stored.into_iter().filter_map(|stored| {
            // A body written by hand may be in any format.
            let resume = read_resume("", stored.body.as_bytes()).ok()?.value;
            let logins = resume.github_logins().map(str::to_owned).collect();
            Some((stored.user_id, logins, resume.email))
        });
        let resumes = resumes.collect();
        let numbers: Vec<i64> = users.iter().map(|user| user.user_id).collect();
        let named: Vec<Repository> = session.rows(Repository::without_number(&numbers))?;
        Ok(Self { resumes, owners: named.into_iter().map(|repository| repository.user_id).collect() })
    }

    /// The reason why the account is certainly this one, if it is.
    fn of(&self, account: &Missing<'_>, user: &User) -> Option<&'static str> {
        let mut resumes = self.resumes.iter().filter(|(owner, ..)| *owner == user.id);
        let names_it = |(_, logins, email): &(Id<User>, Vec<String>, Option<String>)| {
            if logins.is_empty() {
                return email.as_ref().filter(|email| account.has_email(email)).map(|_| "its résumé has that email");
            }
            logins.iter().any(|login| account.has_login(login)).then_some("its résumé names that login")
        };
        resumes.find_map(names_it).or_else(|| {
            let is_known_by_it = account.has_login(&user.username) && self.owners.contains(&user.user_id);
            is_known_by_it.then_some("its repositories are known by that login")
        })
    }
}
