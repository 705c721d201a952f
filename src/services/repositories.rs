//! Code repositories: adding, finding, listing, editing and removing them.

use diesel::QueryDsl as _;

use super::users::{self, UserSelector};
use super::{Limit, Sort, links, pages, sorted};
use crate::error::{Error, Result};
use crate::models::{Criteria, NewRepository, Repository, RepositoryFilter, RepositorySort, User};
use crate::session::Session;
use crate::types::{Id, RepositoryStatus, Text256, Topics};

/// A repository to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// The owner's number where the account comes from.
    pub owner: i64,
    /// The repository's number where it comes from.
    pub number: Option<i64>,
    /// Its name, without the owner's.
    pub name: Text256,
    /// Who can see it.
    pub status: RepositoryStatus,
}

impl Project {
    /// A public repository without a number.
    ///
    /// # Errors
    ///
    /// When the name does not fit: it is empty or longer than 256 characters.
    pub fn new(owner: i64, name: impl Into<String>) -> Result<Self> {
        let name = Text256::named("repository name", name)?;
        Ok(Self { owner, number: None, name, status: RepositoryStatus::Public })
    }
}

/// How a repository is selected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RepositorySelector {
    /// By Folio's own number.
    Id(Id<Repository>),
    /// By its owner's login and its name.
    Path {
        /// The owner's login.
        owner: String,
        /// The repository's name.
        name: String,
    },
}

impl std::fmt::Display for RepositorySelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "repository with id {id}"),
            Self::Path { owner, name } => write!(f, "repository {owner}/{name}"),
        }
    }
}

/// `7` or `owner/name`.
impl std::str::FromStr for RepositorySelector {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        match text.split_once('/') {
            Some((owner, name)) if !owner.is_empty() && !name.is_empty() => {
                Ok(Self::Path { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => Err(Error::value("repository", "neither an id nor owner/name")),
        }
    }
}

/// The repositories that a listing includes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Those of the account with this number where it comes from.
    pub owner: Option<i64>,
    /// Those with this name.
    pub name: Option<String>,
    /// Those with this status.
    pub status: Option<RepositoryStatus>,
    /// Those with most of their code in this language, in any letter case.
    pub language: Option<String>,
    /// Those with all of these topics.
    pub topics: Topics,
    /// What every listing knows; `like` looks at name and description.
    pub criteria: Criteria,
    /// Their order; `None` for that of their ids.
    pub sort: Option<Sort<RepositorySort>>,
}

impl Filter {
    fn restricted(&self) -> RepositoryFilter<'_> {
        let Self { owner, name, status, language, topics, criteria, .. } = self;
        let (name, language) = (name.as_deref(), language.as_deref());
        RepositoryFilter { owner: *owner, name, status: *status, language, topics, criteria }
    }
}

/// Changes to a repository; `None` leaves a field unchanged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edit {
    /// The new name.
    pub name: Option<Text256>,
    /// The new status.
    pub status: Option<RepositoryStatus>,
    /// The number of the new owner's account.
    pub owner: Option<i64>,
    /// The repository's own number where it comes from.
    pub number: Option<i64>,
}

/// A repository and its owner.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Owned {
    /// The repository.
    pub repository: Repository,
    /// Its owner.
    pub owner: User,
}

/// Adds a repository to an account.
///
/// # Errors
///
/// [`Error::NotFound`] when no account has that number; [`Error::Exists`] when the owner has a repository of that name,
/// or the repository's number is taken.
pub fn add(session: &mut Session<'_>, project: Project) -> Result<Repository> {
    let owner = users::get(session, &UserSelector::Number(project.owner))?;
    refuse_taken(session, None, &owner, &project.name, project.number)?;
    let new =
        NewRepository { repo_id: project.number, ..NewRepository::new(project.owner, project.name, project.status)? };
    let handle = session.add(new);
    Ok(session.detach(handle)?)
}

/// Refuses a name that another repository of the owner has, and a number that another repository has.
fn refuse_taken(
    session: &mut Session<'_>,
    own: Option<Id<Repository>>,
    owner: &User,
    name: &Text256,
    number: Option<i64>,
) -> Result<()> {
    let other = |found: Vec<Repository>| found.into_iter().find(|found| Some(found.id) != own);
    let same_name = Repository::called(std::slice::from_ref(&owner.user_id), std::slice::from_ref(name));
    if let Some(present) = other(session.rows(same_name)?) {
        let what = format!("a repository {}/{name}", owner.username);
        return Err(Error::Exists { what, existing: format!("id {}", present.id) });
    }
    if let Some(number) = number
        && let Some(present) = other(session.rows(Repository::numbered(&[number]))?)
    {
        let what = format!("a repository with number {number}");
        return Err(Error::Exists { what, existing: format!("id {}: {}", present.id, present.repo_name) });
    }
    Ok(())
}

/// The repository and its owner.
///
/// # Errors
///
/// [`Error::NotFound`], and [`Error::Ambiguous`] when several accounts have the owner's login.
pub fn get(session: &mut Session<'_>, selector: &RepositorySelector) -> Result<Owned> {
    let mut found: Vec<(Repository, User)> = session.rows(match selector {
        RepositorySelector::Id(id) => Repository::owned_with_id(*id),
        RepositorySelector::Path { owner, name } => Repository::owned_at(owner, name),
    })?;
    match found.len() {
        1 => {
            let (repository, owner) = found.remove(0);
            Ok(Owned { repository, owner })
        }
        0 => Err(Error::NotFound { what: selector.to_string() }),
        _ => {
            let line = |(repository, owner): &(Repository, User)| {
                format!("id {}: {} of {}", repository.id, repository.repo_name, users::describe(owner))
            };
            let candidates: Vec<String> = found.iter().map(line).collect();
            Err(Error::Ambiguous { what: selector.to_string(), candidates: candidates.join("; ") })
        }
    }
}

fn owned(rows: Vec<(Repository, User)>) -> Vec<Owned> {
    rows.into_iter().map(|(repository, owner)| Owned { repository, owner }).collect()
}

/// Passes the repositories, with their owners, to `each` in the order of the filter, reading a thousand at a time.
///
/// # Errors
///
/// Any error of `each` or of the read.
pub fn list<E: From<Error>>(
    session: &mut Session<'_>,
    filter: &Filter,
    limit: Limit,
    mut each: impl FnMut(Owned) -> Result<(), E>,
) -> Result<(), E> {
    let restricted = filter.restricted();
    if filter.sort.is_none() && limit.offset == 0 {
        let page = |last, rows| Ok(owned(session.rows(Repository::page(restricted, last, rows))?));
        return pages(limit, page, |owned: &Owned| owned.repository.id, each);
    }
    let Sort { key, descending } = filter.sort.unwrap_or(Sort { key: RepositorySort::Id, descending: false });
    let (rows, offset) = limit.of_statement();
    let ids: Vec<Id<Repository>> = session
        .rows(Repository::sorted(restricted, key, descending).limit(rows).offset(offset))
        .map_err(Error::from)?;
    let mut page = |ids: &[Id<Repository>]| Ok(owned(session.rows(Repository::owned_with_ids(ids))?));
    sorted(&ids, &mut page, |owned: &Owned| owned.repository.id, &mut each)
}

/// The number of the repositories that the filter leaves. One SELECT.
///
/// # Errors
///
/// Any error of the read.
pub fn count(session: &mut Session<'_>, filter: &Filter) -> Result<u64> {
    let counted: Vec<i64> = session.rows(Repository::count_in(filter.restricted()))?;
    Ok(counted.first().and_then(|count| u64::try_from(*count).ok()).unwrap_or(0))
}

/// Changes a repository and returns it as changed, with its owner.
///
/// # Errors
///
/// [`Error::NotFound`] for the repository or its new owner; [`Error::Exists`] when the owner has another of the new
/// name, or the new number is taken.
pub fn edit(session: &mut Session<'_>, selector: &RepositorySelector, edit: Edit) -> Result<Owned> {
    let Owned { repository, owner } = get(session, selector)?;
    let owner = match edit.owner {
        Some(number) => users::get(session, &UserSelector::Number(number))?,
        None => owner,
    };
    let name = edit.name.unwrap_or_else(|| repository.repo_name.clone());
    refuse_taken(session, Some(repository.id), &owner, &name, edit.number)?;
    let handle = session.get_one::<Repository>(repository.id)?;
    let row = session.edit(handle)?;
    row.repo_name = name;
    row.user_id = owner.user_id;
    if let Some(status) = edit.status {
        row.set_status(status);
    }
    row.repo_id = edit.number.or(row.repo_id);
    Ok(Owned { repository: session.detach(handle)?, owner })
}

/// Removes a repository and returns it as it was. Notes about it stay, without a repository.
///
/// # Errors
///
/// [`Error::NotFound`]; [`Error::Ambiguous`].
pub fn remove(session: &mut Session<'_>, selector: &RepositorySelector) -> Result<Owned> {
    let owned = get(session, selector)?;
    links::leave(session, &[owned.repository.id])?;
    session.delete(&owned.repository)?;
    session.flush()?;
    Ok(owned)
}
