//! Accounts: adding, finding, listing, editing and removing them.

use super::{Limit, counted, pages};
use crate::error::{Error, Result};
use crate::models::{NewRepository, NewResume, NewUser, Note, Repository, Resume, User};
use crate::session::{Handle, Session};
use crate::types::{Email, Id, LongText, RepositoryStatus, Text256};

/// An account to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// The number where it comes from; `None` for a person who is known from nowhere yet.
    pub number: Option<i64>,
    /// The login.
    pub username: Text256,
    /// The email.
    pub email: Option<Email>,
}

impl Account {
    /// An account of which only the login is known.
    ///
    /// # Errors
    ///
    /// When the login does not fit: it is empty or longer than 256 characters.
    pub fn new(username: impl Into<String>) -> Result<Self> {
        Ok(Self { number: None, username: Text256::named("username", username)?, email: None })
    }
}

/// How an account is named.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserSelector {
    /// By Folio's own number.
    Id(Id<User>),
    /// By its number where it comes from.
    Number(i64),
    /// By its login, if only one account has it.
    Login(String),
    /// By its email, if only one account has it.
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

/// Which accounts a listing gives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Those with this login.
    pub login: Option<String>,
    /// Those with this email.
    pub email: Option<String>,
}

/// What to change of an account; `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edit {
    /// The new login.
    pub username: Option<Text256>,
    /// The new email; `Some(None)` takes it away.
    pub email: Option<Option<Email>>,
    /// The new number; the account's repositories follow.
    pub number: Option<i64>,
}

/// What goes with an account that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Cascade {
    /// Nothing: an account with repositories or résumés is not removed. Its notes go with it.
    #[default]
    Nothing,
    /// Its repositories, résumés and notes.
    Everything,
}

/// What was removed with an account.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Removed {
    /// The account.
    pub user: User,
    /// How many repositories.
    pub repositories: u64,
    /// How many résumés.
    pub resumes: u64,
    /// How many notes.
    pub notes: u64,
}

impl Removed {
    /// How many records beside the account.
    #[must_use]
    pub fn dependents(&self) -> u64 {
        self.repositories + self.resumes + self.notes
    }
}

/// Adds an account. One without a number gets the next free one below zero: each try in a savepoint, because somebody
/// else may be taking the same number at the same moment.
///
/// # Errors
///
/// [`Error::Exists`] when the number is taken.
pub fn add(session: &mut Session<'_>, account: Account) -> Result<User> {
    const TRIES: usize = 50;
    if account.number.is_some() {
        let handle = add_pending(session, account)?;
        return session.detach(handle);
    }
    let mut number = free_number(session)?;
    for _ in 1..TRIES {
        match add_under(session, number, &account) {
            // A transaction that sees one moment only does not see who took it.
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
        session.detach(handle)
    })
}

/// As [`add`], and keeps the row in the session: pending until the next flush.
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

/// The greatest number below zero that no account has, nor had one below it.
fn free_number(session: &mut Session<'_>) -> Result<i64> {
    let least: Vec<User> = session.rows(User::least())?;
    let least = least.first().map_or(0, |user| user.user_id.min(0));
    let taken = || Error::Value { what: "account number", problem: "there is none left below zero".to_owned() };
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
pub fn get(session: &mut Session<'_>, who: &UserSelector) -> Result<User> {
    let mut found = candidates(session, who)?;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Error::NotFound { what: who.to_string() }),
        _ => {
            let candidates: Vec<String> = found.iter().map(describe).collect();
            Err(Error::Ambiguous { what: who.to_string(), candidates: candidates.join("; ") })
        }
    }
}

/// The account, or `None`.
///
/// # Errors
///
/// [`Error::Ambiguous`] when several accounts have the login or email.
pub fn find(session: &mut Session<'_>, who: &UserSelector) -> Result<Option<User>> {
    match get(session, who) {
        Ok(user) => Ok(Some(user)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The accounts with this login; where none has it as it is written, those whose login differs in the case of ASCII's
/// letters only. That reads all logins, so it is for single names.
///
/// # Errors
///
/// What reading fails with.
pub fn called(session: &mut Session<'_>, login: &str) -> Result<Vec<User>> {
    let exact: Vec<User> = session.rows(User::with_login(login))?;
    if !exact.is_empty() {
        return Ok(exact);
    }
    let mut found: Vec<User> = session.rows(User::with_login_in_any_case(login))?;
    found.retain(|user| user.username.eq_ignore_ascii_case(login));
    Ok(found)
}

/// The accounts with this email, likewise.
///
/// # Errors
///
/// What reading fails with.
pub fn reached_at(session: &mut Session<'_>, email: &str) -> Result<Vec<User>> {
    let exact: Vec<User> = session.rows(User::with_email(email))?;
    if !exact.is_empty() {
        return Ok(exact);
    }
    let mut found: Vec<User> = session.rows(User::with_email_in_any_case(email))?;
    found.retain(|user| user.email.as_ref().is_some_and(|found| found.eq_ignore_ascii_case(email)));
    Ok(found)
}

fn candidates(session: &mut Session<'_>, who: &UserSelector) -> Result<Vec<User>> {
    match who {
        UserSelector::Id(id) => session.rows(User::with_id(*id)),
        UserSelector::Number(number) => session.rows(User::numbered(&[*number])),
        UserSelector::Login(login) => session.rows(User::with_login(login)),
        UserSelector::Email(email) => session.rows(User::with_email(email)),
    }
}

/// One line that tells an account from the others.
#[must_use]
pub fn describe(user: &User) -> String {
    let email = user.email.as_ref().map(|email| format!(", {email}")).unwrap_or_default();
    format!("id {}: {} (account number {}{email})", user.id, user.username, user.user_id)
}

/// Hands the accounts to `each`, in the order of their ids, a thousand read at a time.
///
/// # Errors
///
/// What `each` returns, and what reading fails with.
pub fn list<E: From<Error>>(
    session: &mut Session<'_>,
    filter: &Filter,
    limit: Limit,
    each: impl FnMut(User) -> Result<(), E>,
) -> Result<(), E> {
    let page = |last, rows| session.rows(User::page(filter.login.as_deref(), filter.email.as_deref(), last, rows));
    pages(limit, page, |user: &User| user.id, each)
}

/// Changes an account and gives it as it is then.
///
/// # Errors
///
/// [`Error::NotFound`]; [`Error::Exists`] when the new number is taken.
pub fn edit(session: &mut Session<'_>, who: &UserSelector, edit: Edit) -> Result<User> {
    let user = get(session, who)?;
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
    session.detach(handle)
}

/// Gives an account another login.
///
/// # Errors
///
/// [`Error::NotFound`]; a login that does not fit.
pub fn rename(session: &mut Session<'_>, who: &UserSelector, username: impl Into<String>) -> Result<User> {
    let username = Some(Text256::named("username", username)?);
    edit(session, who, Edit { username, ..Edit::default() })
}

/// What [`remove`] would take, counted now: four SELECTs. It writes nothing.
///
/// # Errors
///
/// Those of [`remove`].
pub fn removal(session: &mut Session<'_>, who: &UserSelector, with: Cascade) -> Result<Removed> {
    let user = get(session, who)?;
    let notes = count(session.rows(Note::count_of(user.id))?);
    let repositories = count(session.rows(Repository::count_of(user.user_id))?);
    let resumes = count(session.rows(Resume::count_of(user.id))?);
    if with == Cascade::Nothing && repositories + resumes > 0 {
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
    Ok(Removed { user, repositories, resumes, notes })
}

/// Removes an account, and its notes.
///
/// # Errors
///
/// [`Error::NotFound`]; [`Error::InUse`], with counts, when it has repositories or résumés and `with` does not say that
/// they go too.
pub fn remove(session: &mut Session<'_>, who: &UserSelector, with: Cascade) -> Result<Removed> {
    let removed = removal(session, who, with)?;
    let user = &removed.user;
    if removed.repositories + removed.resumes > 0 {
        session.execute(Repository::delete_of(user.user_id))?;
        session.execute(Resume::delete_of(user.id))?;
    }
    session.delete(user)?;
    session.flush()?;
    Ok(removed)
}

/// The number in the only row of a count.
fn count(rows: Vec<i64>) -> u64 {
    rows.first().and_then(|count| u64::try_from(*count).ok()).unwrap_or(0)
}

/// The rows that a person starts with.
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

/// Adds an account with its first repository and résumé: one flush, all of it or nothing. The résumé refers to the
/// account before the account has a key.
///
/// # Errors
///
/// As [`add`]; when a value does not fit. Nothing is added then.
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

/// The account as the database has it now, whatever the session had read before.
///
/// # Errors
///
/// [`Error::RowDeleted`] when it is gone.
pub fn refresh<'s>(session: &'s mut Session<'_>, handle: Handle<User>) -> Result<&'s User> {
    session.refresh(handle)?;
    session.view(handle)
}
