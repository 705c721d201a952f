//! What a record refers to, by what identifies it in every database: the ids of an export are those of one database.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::models::{Note, Repository, Resume, User};
use crate::session::Session;
use crate::types::Id;

/// An account: its number where it comes from, and its login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountReference {
    /// The number; below zero for an account that only Folio has.
    pub account: i64,
    /// The login.
    pub login: String,
}

/// A repository: its owner, its name, and its number where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepositoryReference {
    /// The owner.
    pub owner: AccountReference,
    /// The name, without the owner's.
    pub name: String,
    /// The number, if it is known.
    pub number: Option<i64>,
}

/// What a record refers to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct References {
    /// The account that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<AccountReference>,
    /// The repository that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<RepositoryReference>,
}

/// A record that may refer to others.
pub trait Referring: Sized {
    /// What each of these rows refers to, in the same order. At most one SELECT for each table referred to.
    ///
    /// # Errors
    ///
    /// Any error of the reads.
    fn references(session: &mut Session<'_>, rows: &[Self]) -> Result<Vec<References>>;
}

impl Referring for User {
    fn references(_: &mut Session<'_>, rows: &[Self]) -> Result<Vec<References>> {
        Ok(vec![References::default(); rows.len()])
    }
}

impl Referring for Repository {
    fn references(session: &mut Session<'_>, rows: &[Self]) -> Result<Vec<References>> {
        let mut numbers: Vec<i64> = rows.iter().map(|row| row.user_id).collect();
        distinct(&mut numbers);
        let owners = session.rows(User::numbered(&numbers))?.into_iter();
        let owners: HashMap<i64, AccountReference> = owners.map(|user| (user.user_id, account(&user))).collect();
        Ok(rows.iter().map(|row| References { owner: owners.get(&row.user_id).cloned(), about: None }).collect())
    }
}

impl Referring for Resume {
    fn references(session: &mut Session<'_>, rows: &[Self]) -> Result<Vec<References>> {
        let users = accounts(session, rows.iter().map(|row| row.user_id))?;
        Ok(rows.iter().map(|row| References { owner: users.get(&row.user_id).cloned(), about: None }).collect())
    }
}

impl Referring for Note {
    fn references(session: &mut Session<'_>, rows: &[Self]) -> Result<Vec<References>> {
        let users = accounts(session, rows.iter().map(|row| row.user_id))?;
        let mut ids: Vec<Id<Repository>> = rows.iter().filter_map(|row| row.repository_id).collect();
        distinct(&mut ids);
        let mut repositories = HashMap::new();
        if !ids.is_empty() {
            for (repository, owner) in session.rows::<(Repository, User), _>(Repository::owned_with_ids(&ids))? {
                let Repository { id, repo_name, repo_id, .. } = repository;
                let (owner, name) = (account(&owner), repo_name.into_string());
                repositories.insert(id, RepositoryReference { owner, name, number: repo_id });
            }
        }
        let about = |row: &Note| repositories.get(&row.repository_id?).cloned();
        Ok(rows.iter().map(|row| References { owner: users.get(&row.user_id).cloned(), about: about(row) }).collect())
    }
}

fn account(user: &User) -> AccountReference {
    AccountReference { account: user.user_id, login: user.username.to_string() }
}

fn accounts(
    session: &mut Session<'_>,
    ids: impl Iterator<Item = Id<User>>,
) -> Result<HashMap<Id<User>, AccountReference>> {
    let mut ids: Vec<Id<User>> = ids.collect();
    distinct(&mut ids);
    let users: Vec<User> = session.rows(User::with_ids(&ids))?;
    Ok(users.into_iter().map(|user| (user.id, account(&user))).collect())
}

fn distinct<T: Ord>(values: &mut Vec<T>) {
    values.sort_unstable();
    values.dedup();
}
