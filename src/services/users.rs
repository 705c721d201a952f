//! Accounts: adding, finding, listing, editing and removing them.

use diesel::QueryDsl as _;

use super::{Limit, Sort, counted, links, pages, sorted};
use crate::error::{Error, Result};
use crate::models::{
    Criteria, NewRepository, NewResume, NewUser, Note, NoteRepository, NoteTag, Repository, Resume, User, UserFilter,
    UserSort,
};
use crate::session::{Everywhere, Handle, Session};
use crate::types::{AccountKind, Email, Id, LongText, RepositoryStatus, Text256};

/// An account to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// The number where it comes from; `None` for a person without an account elsewhere yet.
    pub number: Option<i64>,
    /// The login.
    pub username: Text256,
    /// The email.
    pub email: Option<Email>,
}

impl Account {
    /// An account with a known login and nothing else.
    ///
    /// # Errors
    ///
    /// When the login does not fit: it is empty or longer than 256 characters.
    pub fn new(username: impl Into<String>) -> Result<Self> {
        Ok(Self { number: None, username: Text256::named("username", username)?, email: None })
    }
}

/// How an account is selected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserSelector {
    /// By Folio's own number.
    Id(Id<User>),
    /// By its number where it comes from.
    Number(i64),
    /// By its login, if it is unique.
    Login(String),
    /// By its email, if it is unique.
    Email(String),
}

impl std::fmt::Display for UserSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "user with id {id}"),
            Self::Number(number) => write!(f, "user with account number {number}"),
            Self::Login(login) => write!(f, "user with login {login:?}"),
            Self::Email(email) => write!(f, "user with email {email:?}"),
        }
    }
}

/// The accounts that a listing includes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Those with this login.
    pub login: Option<String>,
    /// Those with this email.
    pub email: Option<String>,
    /// Those of this kind.
    pub kind: Option<AccountKind>,
    /// What every listing knows; `like` looks at login, name and email.
    pub criteria: Criteria,
    /// Their order; `None` for that of their ids.
    pub sort: Option<Sort<UserSort>>,
}

impl Filter {
    fn restricted(&self) -> UserFilter<'_> {
        let Self { login, email, kind, criteria, .. } = self;
        UserFilter { login: login.as_deref(), email: email.as_deref(), kind: *kind, criteria }
    }
}

/// Changes to an account; `None` leaves a field unchanged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edit {
    /// The new login.
    pub username: Option<Text256>,
    /// The new email; `Some(None)` removes it.
    pub email: Option<Option<Email>>,
    /// The new number; the foreign keys of the account's repositories follow.
    pub number: Option<i64>,
}

/// The records that are removed with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Cascade {
    /// Only its notes: an account with repositories or résumés is not removed.
    #[default]
    Nothing,
    /// Its repositories, résumés and notes.
    Everything,
}

/// An account that was removed, and the number of records removed with it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Removed {
    /// The account.
    pub user: User,
    /// Number of repositories.
    pub repositories: u64,
    /// Number of résumés.
    pub resumes: u64,
    /// Number of notes.
    pub notes: u64,
    /// Number of tags of the notes.
    pub tags: u64,
    /// Number of links between a note and a repository, of which one is removed.
    pub links: u64,
}

impl Removed {
    /// The number of records other than the account, without tags and links.
    #[must_use]
    pub fn dependents(&self) -> u64 {
        self.repositories + self.resumes + self.notes
    }
}

/// Adds an account. An account without a number gets the next free one below zero. Each attempt runs in a savepoint,
/// because a concurrent transaction may take the same number.
///
/// # Errors
///
/// [`Error::Exists`] when the number is taken.
pub fn add(session: &mut Session<'_>, account: Account) -> Result<User> {
    const TRIES: usize = 50;
    if account.number.is_some() {
        let handle = add_pending(session, account)?;
        return Ok(session.detach(handle)?);
    }
    let mut number = free_number(session)?;
    for _ in 1..TRIES {
        match add_under(session, number, &account) {
            // Under snapshot isolation, this transaction does not see the row that took the number.
            Err(taken) if taken.is_unique() => number = free_number(session)?.min(number.saturating_sub(1)),
            done => return done,
        }
    }
    add_under(session, number, &account)
}

fn add_under(session: &mut Session<'_>, number: i64, account: &Account) -> Result<User> {
    let Account { username, email, .. } = account.clone();
    session.nested(|session| {
        let handle = session.add(NewUser { email, ..NewUser::new(number, username)? });
        Ok(session.detach(handle)?)
    })
}

/// Like [`add`], but keeps the row in the session: pending until the next flush.
///
/// # Errors
///
/// As [`add`].
pub fn add_pending(session: &mut Session<'_>, account: Account) -> Result<Handle<User>> {
    let number = match account.number {
        None => free_number(session)?,
        Some(number) => {
            refuse_taken(session, number)?;
            number
        }
    };
    Ok(session.add(NewUser { email: account.email, ..NewUser::new(number, account.username)? }))
}

/// One less than the least number in use, or -1 if none is below zero.
pub(super) fn free_number(session: &mut Session<'_>) -> Result<i64> {
    let least: Vec<User> = session.rows(User::least())?;
    let least = least.first().map_or(0, |user| user.user_id.min(0));
    let taken = || Error::value("account number", "there is none left below zero");
    least.checked_sub(1).ok_or_else(taken)
}

fn refuse_taken(session: &mut Session<'_>, number: i64) -> Result<()> {
    match candidates(session, &UserSelector::Number(number))?.first() {
        Some(present) => {
            Err(Error::Exists { what: format!("an account with number {number}"), existing: describe(present) })
        }
        None => Ok(()),
    }
}

/// The account.
///
/// # Errors
///
/// [`Error::NotFound`], and [`Error::Ambiguous`] when several accounts have the login or email.
pub fn get(session: &mut Session<'_>, selector: &UserSelector) -> Result<User> {
    let mut found = candidates(session, selector)?;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Error::NotFound { what: selector.to_string() }),
        _ => {
            let candidates: Vec<String> = found.iter().map(describe).collect();
            Err(Error::Ambiguous { what: selector.to_string(), candidates: candidates.join("; ") })
        }
    }
}

/// The account, or `None`.
///
/// # Errors
///
/// [`Error::Ambiguous`] when several accounts have the login or email.
pub fn find(session: &mut Session<'_>, selector: &UserSelector) -> Result<Option<User>> {
    match get(session, selector) {
        Ok(user) => Ok(Some(user)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The accounts with this login; if none has exactly this login, those with one that differs only in the case of ASCII
/// letters. The second lookup scans all logins, so use it for single names.
///
/// # Errors
///
/// Any error of the read.
pub fn called(session: &mut Session<'_>, login: &str) -> Result<Vec<User>> {
    let exact: Vec<User> = session.rows(User::with_login(login))?;
    if !exact.is_empty() {
        return Ok(exact);
    }
    let mut found: Vec<User> = session.rows(User::with_login_in_any_case(login))?;
    found.retain(|user| user.username.eq_ignore_ascii_case(login));
    Ok(found)
}

/// The accounts with this email, compared as [`called`] compares logins.
///
/// # Errors
///
/// Any error of the read.
pub fn reached_at(session: &mut Session<'_>, email: &str) -> Result<Vec<User>> {
    let exact: Vec<User> = session.rows(User::with_email(email))?;
    if !exact.is_empty() {
        return Ok(exact);
    }
    let mut found: Vec<User> = session.rows(User::with_email_in_any_case(email))?;
    found.retain(|user| user.email.as_ref().is_some_and(|found| found.eq_ignore_ascii_case(email)));
    Ok(found)
}

fn candidates(session: &mut Session<'_>, selector: &UserSelector) -> Result<Vec<User>> {
    Ok(match selector {
        UserSelector::Id(id) => session.rows(User::with_id(*id))?,
        UserSelector::Number(number) => session.rows(User::numbered(&[*number]))?,
        UserSelector::Login(login) => session.rows(User::with_login(login))?,
        UserSelector::Email(email) => session.rows(User::with_email(email))?,
    })
}

/// A line that identifies an account.
#[must_use]
pub fn describe(user: &User) -> String {
    let email = user.email.as_ref().map(|email| format!(", {email}")).unwrap_or_default();
    format!("id {}: {} (account number {}{email})", user.id, user.username, user.user_id)
}

/// Passes the accounts to `each` in the order of the filter, reading a thousand at a time.
///
/// # Errors
///
/// Any error of `each` or of the read.
pub fn list<E: From<Error>>(
    session: &mut Session<'_>,
    filter: &Filter,
    limit: Limit,
    mut each: impl FnMut(User) -> Result<(), E>,
) -> Result<(), E> {
    let restricted = filter.restricted();
    if filter.sort.is_none() && limit.offset == 0 {
        let page = |last, rows| session.rows(User::page(restricted, last, rows));
        return pages(limit, page, |user: &User| user.id, each);
    }
    let Sort { key, descending } = filter.sort.unwrap_or(Sort { key: UserSort::Id, descending: false });
    let (rows, offset) = limit.of_statement();
    let ids: Vec<Id<User>> =
        session.rows(User::sorted(restricted, key, descending).limit(rows).offset(offset)).map_err(Error::from)?;
    let mut page = |ids: &[Id<User>]| session.rows(User::with_ids(ids));
    sorted(&ids, &mut page, |user: &User| user.id, &mut each)
}

/// The number of the accounts that the filter leaves. One SELECT.
///
/// # Errors
///
/// Any error of the read.
pub fn count(session: &mut Session<'_>, filter: &Filter) -> Result<u64> {
    Ok(counted_rows(session.rows(User::count_in(filter.restricted()))?))
}

/// Changes an account and returns it as changed.
///
/// # Errors
///
/// [`Error::NotFound`]; [`Error::Exists`] when the new number is taken.
pub fn edit(session: &mut Session<'_>, selector: &UserSelector, edit: Edit) -> Result<User> {
    let user = get(session, selector)?;
    if let Some(number) = edit.number
        && number != user.user_id
    {
        refuse_taken(session, number)?;
    }
    let handle = session.get_one::<User>(user.id)?;
    let row = session.edit(handle)?;
    row.username = edit.username.unwrap_or_else(|| row.username.clone());
    row.email = edit.email.unwrap_or_else(|| row.email.clone());
    row.user_id = edit.number.unwrap_or(row.user_id);
    Ok(session.detach(handle)?)
}

/// Gives an account another login.
///
/// # Errors
///
/// [`Error::NotFound`]; [`Value`](diesel_session::Error::Value) for an invalid login.
pub fn rename(session: &mut Session<'_>, selector: &UserSelector, username: impl Into<String>) -> Result<User> {
    let username = Some(Text256::named("username", username)?);
    edit(session, selector, Edit { username, ..Edit::default() })
}

/// Counts the records that [`remove`] would remove now. Six SELECTs; nothing is written.
///
/// # Errors
///
/// Those of [`remove`].
pub fn removal(session: &mut Session<'_>, selector: &UserSelector, cascade: Cascade) -> Result<Removed> {
    let user = get(session, selector)?;
    let notes = session.query(Note::of_user(user.id)).count()?;
    let repositories = session.query(Repository::of_owner(user.user_id)).count()?;
    let resumes = session.query(Resume::of_any(&[user.id])).count()?;
    let tags = session.query(NoteTag::of_user(user.id)).count()?;
    let links = session.query(NoteRepository::of_user(user.id, user.user_id)).count()?;
    if cascade == Cascade::Nothing && repositories + resumes > 0 {
        let dependents = [
            (repositories, counted(repositories, "repository", "repositories")),
            (resumes, counted(resumes, "résumé", "résumés")),
        ];
        let dependents: Vec<String> =
            dependents.into_iter().filter(|(count, _)| *count > 0).map(|(_, words)| words).collect();
        return Err(Error::InUse {
            what: format!("user {} (id {})", user.username, user.id),
            dependents: dependents.join(" and "),
            hint: "remove them first, or remove the user with everything ('--with-everything')".to_owned(),
        });
    }
    Ok(Removed { user, repositories, resumes, notes, tags, links })
}

/// Removes an account, and its notes. Notes of others stay, without the repositories that are removed.
///
/// # Errors
///
/// [`Error::NotFound`]; [`Error::InUse`], with counts, when it has repositories or résumés and `cascade` does not
/// include them.
pub fn remove(session: &mut Session<'_>, selector: &UserSelector, cascade: Cascade) -> Result<Removed> {
    let removed = removal(session, selector, cascade)?;
    let user = &removed.user;
    let tags = session.query(NoteTag::of_user(user.id)).all()?;
    delete_all(session, tags)?;
    let links = session.query(NoteRepository::of_user(user.id, user.user_id)).all()?;
    delete_all(session, links)?;
    let notes = session.query(Note::of_user(user.id)).all()?;
    delete_all(session, notes)?;
    let resumes = session.query(Resume::of_any(&[user.id])).all()?;
    delete_all(session, resumes)?;
    let owned = session.query(Repository::of_owner(user.user_id)).all()?;
    let ids = owned.iter().map(|handle| Ok(session.row(*handle)?.id)).collect::<Result<Vec<_>>>()?;
    links::leave(session, &ids)?;
    delete_all(session, owned)?;
    session.delete(user)?;
    session.flush()?;
    Ok(removed)
}

/// Marks rows for deletion, one by one: the history has the values of each.
fn delete_all<E: Everywhere>(session: &mut Session<'_>, rows: Vec<Handle<E>>) -> Result<()> {
    rows.into_iter().try_for_each(|row| Ok(session.delete(row)?))
}

/// The number in the single row of a count.
fn counted_rows(rows: Vec<i64>) -> u64 {
    rows.first().and_then(|count| u64::try_from(*count).ok()).unwrap_or(0)
}

/// The first rows of a new user.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Joined {
    /// The account.
    pub user: User,
    /// Their first repository.
    pub repository: Repository,
    /// Their first résumé.
    pub resume: Resume,
}

/// Adds an account with its first repository and résumé, all or nothing, in one flush. The résumé references the
/// account before the account has a key.
///
/// # Errors
///
/// Those of [`add`], and [`Value`](diesel_session::Error::Value) for an invalid value. Nothing is added then.
pub fn join(
    session: &mut Session<'_>,
    account: Account,
    repo_name: Text256,
    status: RepositoryStatus,
    vacancy: Text256,
    body: LongText,
) -> Result<Joined> {
    session.nested(|session| {
        let user = add_pending(session, account)?;
        let repository = session.add(NewRepository::new(user, repo_name, status)?);
        let resume = session.add(NewResume { body, ..NewResume::new(user, vacancy)? });
        session.flush()?;
        Ok(Joined {
            resume: session.detach(resume)?,
            repository: session.detach(repository)?,
            user: session.detach(user)?,
        })
    })
}

/// The account as it is in the database now, whatever the session has read before.
///
/// # Errors
///
/// [`RowDeleted`](diesel_session::Error::RowDeleted) when it no longer exists.
pub fn refresh<'s>(session: &'s mut Session<'_>, handle: Handle<User>) -> Result<&'s User> {
    session.refresh(handle)?;
    Ok(session.view(handle)?)
}
