//! Names that repositories lost to others: `hello (formerly, number 7)`.
//!
//! A repository that was deleted and created again leaves two numbers with the same owner and name, and the table
//! accepts only one. The other keeps its row under a name derived from its number, so that the order of the records
//! does not matter. It gets its old name back when that is free again: from its own record, or when the repository that
//! has the name is renamed or moved.

use std::collections::{HashMap, HashSet};

use super::Summary;
use crate::error::Result;
use crate::models::Repository;
use crate::session::{Handle, Session};
use crate::types::{Id, Text256};

/// An owner's number and a repository's name, which are unique together.
pub(super) type Path = (i64, Text256);

/// The longest name of a repository, in characters.
const LONGEST: usize = 256;

/// The new name of a row that lost `name`: with its number, or its id if it has none, and truncated if too long.
pub(super) fn name(name: &str, number: Option<i64>, id: Id<Repository>) -> Result<Text256> {
    let suffix = match number {
        Some(number) => suffix(number),
        None => format!(" (formerly, id {id})"),
    };
    let kept: String = name.chars().take(LONGEST - suffix.len()).collect();
    Ok(Text256::named("repository name", kept + &suffix)?)
}

fn suffix(number: i64) -> String {
    format!(" (formerly, number {number})")
}

/// The remark about a lost name.
pub(super) fn remark(subject: &str, lost: &str, name: &str, newer: i64) -> String {
    format!("{subject} is called {lost:?}, because number {newer} has the name {name:?} now")
}

/// The newest repository that lost each of these names and has not got it back yet, except those in `updated`.
pub(super) fn displaced(
    session: &mut Session<'_>,
    names: &HashSet<Path>,
    updated: &HashSet<Handle<Repository>>,
) -> Result<HashMap<Path, (i64, Handle<Repository>)>> {
    let mut displaced: HashMap<Path, (i64, Handle<Repository>)> = HashMap::new();
    if names.is_empty() {
        return Ok(displaced);
    }
    let owners: HashSet<i64> = names.iter().map(|path| path.0).collect();
    let owners: Vec<i64> = owners.into_iter().collect();
    for handle in session.query(Repository::called_like(&owners, "% (formerly, number %)")).all()? {
        let row = session.row(handle)?;
        let Some(number) = row.repo_id.filter(|_| !updated.contains(&handle)) else { continue };
        let Some(lost) = row.repo_name.strip_suffix(&suffix(number)) else { continue };
        let path = (row.user_id, Text256::named("repository name", lost)?);
        if names.contains(&path) && displaced.get(&path).is_none_or(|(newest, _)| *newest < number) {
            displaced.insert(path, (number, handle));
        }
    }
    Ok(displaced)
}

/// Gives each of these free names back to the newest repository that lost it.
pub(super) fn restore(session: &mut Session<'_>, free: &HashSet<Path>, summary: &mut Summary) -> Result<()> {
    for ((_, name), (number, handle)) in displaced(session, free, &HashSet::new())? {
        summary.remarks.push(format!("repository number {number} is called {name:?} again"));
        session.edit(handle)?.repo_name = name;
    }
    Ok(session.flush()?)
}
