//! What a record refers to, by what identifies it in every database: the ids of an export are those of one database. And
//! what belongs to a record and is stored in other tables: the tags of a note.

use std::collections::{BTreeSet, HashMap};

use diesel_session::Error as SessionError;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::models::{Note, NoteRepository, NoteTag, Repository, Resume, User};
use crate::session::Session;
use crate::types::{Id, Tag, Timestamp};

/// An account: its number where it comes from, and its login.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountReference {
    /// The number; below zero for an account that only Folio has.
    pub account: i64,
    /// The login.
    pub login: String,
}

/// A repository: its owner, its name, and its number where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepositoryReference {
    /// The owner.
    pub owner: AccountReference,
    /// The name, without the owner's.
    pub name: String,
    /// The number, if it is known.
    pub number: Option<i64>,
}

/// What a record refers to, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct References {
    /// The account that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<AccountReference>,
    /// The repository that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<RepositoryReference>,
    /// Its tags, in the order of their bytes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// The other repositories that it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<RepositoryReference>,
    /// The ids of [`repositories`](Self::repositories), in the same order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repository_ids: Vec<Id<Repository>>,
}

impl References {
    /// Whether the same belongs to both records.
    pub(super) fn has_same_belongings(&self, other: &Self) -> bool {
        let ids = |references: &Self| references.repository_ids.iter().copied().collect::<BTreeSet<_>>();
        self.tags == other.tags && ids(self) == ids(other)
    }
}

/// A record that may refer to others.
pub trait Referring: Sized {
    /// What each of these rows refers to, in the same order. At most one SELECT for each table.
    ///
    /// # Errors
    ///
    /// Any error of the reads.
    fn references(session: &mut Session<'_>, rows: &[Self]) -> Result<Vec<References>>;

    /// Inserts what belongs to these new rows, by their references: one INSERT for each table.
    ///
    /// # Errors
    ///
    /// Any error of the writes.
    fn insert_belongings(_: &mut Session<'_>, _: &[Self], _: &[References]) -> Result<(), SessionError> {
        Ok(())
    }
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
        Ok(rows
            .iter()
            .map(|row| References { owner: owners.get(&row.user_id).cloned(), ..References::default() })
            .collect())
    }
}

impl Referring for Resume {
    fn references(session: &mut Session<'_>, rows: &[Self]) -> Result<Vec<References>> {
        let users = accounts(session, rows.iter().map(|row| row.user_id))?;
        Ok(rows
            .iter()
            .map(|row| References { owner: users.get(&row.user_id).cloned(), ..References::default() })
            .collect())
    }
}

impl Referring for Note {
    fn references(session: &mut Session<'_>, rows: &[Self]) -> Result<Vec<References>> {
        let users = accounts(session, rows.iter().map(|row| row.user_id))?;
        let notes: Vec<Id<Note>> = rows.iter().map(|row| row.id).collect();
        let mut tags = HashMap::<_, Vec<Tag>>::new();
        for NoteTag { note_id, tag, .. } in session.rows(NoteTag::of(&notes))? {
            tags.entry(note_id).or_default().push(tag);
        }
        let links: Vec<NoteRepository> = session.rows(NoteRepository::of(&notes))?;
        let about = rows.iter().filter_map(|row| row.repository_id);
        let repositories = repositories(session, about.chain(links.iter().map(|link| link.repository_id)))?;
        let mut linked = HashMap::<_, Vec<(RepositoryReference, Id<Repository>)>>::new();
        for NoteRepository { note_id, repository_id, .. } in links {
            let reference = repositories.get(&repository_id).map(|reference| (reference.clone(), repository_id));
            linked.entry(note_id).or_default().extend(reference);
        }
        let references = rows.iter().map(|row| {
            // By name, because the ids have another order in another database.
            let mut linked = linked.remove(&row.id).unwrap_or_default();
            linked.sort_unstable();
            let (others, repository_ids) = linked.into_iter().unzip();
            References {
                owner: users.get(&row.user_id).cloned(),
                about: row.repository_id.and_then(|about| repositories.get(&about).cloned()),
                tags: tags.remove(&row.id).unwrap_or_default(),
                repositories: others,
                repository_ids,
            }
        });
        Ok(references.collect())
    }

    fn insert_belongings(
        session: &mut Session<'_>,
        rows: &[Self],
        references: &[References],
    ) -> Result<(), SessionError> {
        let (mut tags, mut links) = (Vec::new(), Vec::new());
        let created_at = Timestamp::now();
        for (Note { id: note_id, .. }, references) in rows.iter().zip(references) {
            let note_id = *note_id;
            tags.extend(references.tags.iter().cloned().map(|tag| NoteTag { note_id, tag, created_at }));
            let repositories = references.repository_ids.iter().copied();
            links.extend(repositories.map(|repository_id| NoteRepository { note_id, repository_id, created_at }));
        }
        session.insert_whole(&tags)?;
        session.insert_whole(&links)
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

fn repositories(
    session: &mut Session<'_>,
    ids: impl Iterator<Item = Id<Repository>>,
) -> Result<HashMap<Id<Repository>, RepositoryReference>> {
    let mut ids: Vec<Id<Repository>> = ids.collect();
    distinct(&mut ids);
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let owned: Vec<(Repository, User)> = session.rows(Repository::owned_with_ids(&ids))?;
    let references = owned.into_iter().map(|(Repository { id, repo_name, repo_id, .. }, owner)| {
        let (owner, name) = (account(&owner), repo_name.into_string());
        (id, RepositoryReference { owner, name, number: repo_id })
    });
    Ok(references.collect())
}

fn distinct<T: Ord>(values: &mut Vec<T>) {
    values.sort_unstable();
    values.dedup();
}
