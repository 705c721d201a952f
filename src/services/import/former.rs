//! Names that repositories lost to others: `hello (formerly, number 7)`.
//!
//! A repository that was deleted and made again leaves two numbers with one owner and name, and the table takes one.
//! The other keeps its row under a name that says what happened, made from its number, so that it is the same whatever
//! the order of the records. When the name is free again, its own record gives it back, or the repository that had it
//! does by leaving.

use std::collections::{HashMap, HashSet};

use super::Summary;
use super::repositories::Path;
use crate::error::Result;
use crate::models::Repository;
use crate::session::{Handle, Session};
use crate::types::{Id, Text256};

/// The longest name of a repository, in characters.
const LONGEST: usize = 256;

/// The name of a row that lost `name`, cut where it is long; by the row's id where it has no number.
pub(super) fn name(name: &str, number: Option<i64>, id: Id<Repository>) -> Result<Text256> {
    let suffix = match number {
        Some(number) => suffix(number),
        None => format!(" (formerly, id {id})"),
    };
    let kept: String = name.chars().take(LONGEST - suffix.len()).collect();
    Text256::named("repository name", kept + &suffix)
}

fn suffix(number: i64) -> String {
    format!(" (formerly, number {number})")
}

/// What a person should know when a name is lost.
pub(super) fn remark(who: &str, lost: &str, name: &str, newer: i64) -> String {
    format!("{who} is called {lost:?}, because number {newer} has the name {name:?} now")
}

/// The newest repository that lost each of these names and has it not back yet, but for those `about` which there are
/// records.
pub(super) fn waiting(
    session: &mut Session<'_>,
    names: &HashSet<Path>,
    about: &HashSet<Handle<Repository>>,
) -> Result<HashMap<Path, (i64, Handle<Repository>)>> {
    let mut waiting: HashMap<Path, (i64, Handle<Repository>)> = HashMap::new();
    if names.is_empty() {
        return Ok(waiting);
    }
    let owners: HashSet<i64> = names.iter().map(|path| path.0).collect();
    let owners: Vec<i64> = owners.into_iter().collect();
    for handle in session.query(Repository::called_like(&owners, "% (formerly, number %)")).all()? {
        let row = session.row(handle)?;
        let Some(number) = row.repo_id.filter(|_| !about.contains(&handle)) else { continue };
        let Some(lost) = row.repo_name.strip_suffix(&suffix(number)) else { continue };
        let path = (row.user_id, Text256::named("repository name", lost)?);
        if names.contains(&path) && waiting.get(&path).is_none_or(|(newest, _)| *newest < number) {
            waiting.insert(path, (number, handle));
        }
    }
    Ok(waiting)
}

/// Gives each of these free names to the newest repository that lost it.
pub(super) fn give_back(session: &mut Session<'_>, free: &HashSet<Path>, summary: &mut Summary) -> Result<()> {
    for ((_, name), (number, handle)) in waiting(session, free, &HashSet::new())? {
        summary.remarks.push(format!("repository number {number} is called {name:?} again"));
        session.edit(handle)?.repo_name = name;
    }
    session.flush()
}
