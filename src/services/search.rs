//! Finds records by the words in them, with the full-text index that each engine keeps of every table.

mod snippet;
mod statement;
mod words;

use std::fmt;
use std::str::FromStr;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double, Text};
use serde::Serialize;

pub use words::Words;

use crate::error::{Error, Result};
use crate::models::{Note, Repository, Resume, User};
use crate::session::{AnyBackend, Everywhere, Handle, IntoKey, Session};
use crate::types::Id;
use snippet::snippet;
use statement::{Indexed, statement};

/// What is searched for, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The words.
    pub words: Words,
    /// The kinds of records; none for all.
    pub kinds: Vec<Kind>,
    /// The person whose records are searched.
    pub user: Option<Id<User>>,
    /// Maximum number of records.
    pub limit: u32,
}

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An account: its login, name, email, company and location.
    User,
    /// A repository: its name, description, language and topics.
    #[serde(rename = "repo")]
    Repository,
    /// A résumé: its vacancy and text.
    Resume,
    /// A note: its name and text.
    Note,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::User, Self::Repository, Self::Resume, Self::Note];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Repository => "repo",
            Self::Resume => "resume",
            Self::Note => "note",
        })
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let kind = Self::ALL.into_iter().find(|kind| kind.to_string() == text);
        kind.ok_or_else(|| Error::value("kind", format!("{text:?} is not one of user, repo, resume, note")))
    }
}

/// A record that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// Its kind.
    pub kind: Kind,
    /// Its id among those of its kind.
    pub id: i64,
    /// The login of the person that it belongs to.
    pub login: String,
    /// Its name.
    pub name: String,
    /// The part of its text with the words, on one line; empty if they are in its name alone.
    pub snippet: String,
    #[serde(skip)]
    score: f64,
}

/// Finds the records with all of the words, the best first: the more often a word is in a record and the fewer records
/// have it, the better, and best of all in its name. The rank is the engine's own, and so are its rules for letters:
/// every engine ignores their case, and SQLite, MySQL and MariaDB ignore accents as well.
///
/// One SELECT in the index of each kind, one for the records found of it, and one for the people that they belong to.
///
/// ```
/// use folio::services::search::{self, Kind, Search};
/// use folio::services::{notes, users};
/// # use folio::{Database, Result, migrations::Migrate as _};
/// # let db = Database::open("sqlite::memory:")?;
/// # db.migrate()?;
/// let found = db.begin(|session| -> Result<_> {
///     let ada = users::add(session, users::Account::new("ada")?)?;
///     let note = notes::Text { body: "call back on Monday".parse()?, ..notes::Text::new("To do")? };
///     notes::add(session, &users::UserSelector::Id(ada.id), note)?;
///     session.flush()?;
///     search::search(session, &Search { words: "call mon*".parse()?, kinds: vec![], user: None, limit: 20 })
/// })?;
/// assert_eq!((found[0].kind, &*found[0].snippet), (Kind::Note, "call back on Monday"));
/// # Ok::<(), folio::Error>(())
/// ```
///
/// # Errors
///
/// Any error of the reads.
pub fn search(session: &mut Session<'_>, asked: &Search) -> Result<Vec<Found>> {
    let user = match asked.user {
        Some(id) => {
            let user = session.get_one::<User>(id)?;
            Some(session.detach(user)?)
        }
        None => None,
    };
    let mut found = Vec::new();
    for kind in Kind::ALL {
        if asked.kinds.is_empty() || asked.kinds.contains(&kind) {
            match kind {
                Kind::User => in_users(session, asked, user.as_ref(), &mut found)?,
                Kind::Repository => in_repositories(session, asked, user.as_ref(), &mut found)?,
                Kind::Resume => in_resumes(session, asked, user.as_ref(), &mut found)?,
                Kind::Note => in_notes(session, asked, user.as_ref(), &mut found)?,
            }
        }
    }
    found.sort_by(|one: &Found, other| other.score.total_cmp(&one.score));
    found.truncate(usize::try_from(asked.limit).unwrap_or(usize::MAX));
    Ok(found)
}

fn in_users(session: &mut Session<'_>, asked: &Search, user: Option<&User>, found: &mut Vec<Found>) -> Result<()> {
    const INDEXED: Indexed = Indexed {
        table: "users",
        user: "id",
        name: "username || ' ' || coalesce(name, '')",
        others: "coalesce(email, '') || ' ' || coalesce(company, '') || ' ' || coalesce(location, '')",
    };
    for (user, score) in rows::<User>(session, asked, &INDEXED, user.map(|user| user.id.get()))? {
        let user = session.row(user)?;
        let texts = [user.name.as_deref(), user.email.as_deref(), user.company.as_deref(), user.location.as_deref()];
        let text = texts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let snippet = snippet(&text, &asked.words);
        let (login, name) = (user.username.to_string(), user.username.to_string());
        found.push(Found { kind: Kind::User, id: user.id.get(), login, name, snippet, score });
    }
    Ok(())
}

fn in_repositories(
    session: &mut Session<'_>,
    asked: &Search,
    user: Option<&User>,
    found: &mut Vec<Found>,
) -> Result<()> {
    const INDEXED: Indexed = Indexed {
        table: "repositories",
        user: "user_id",
        name: "repo_name",
        others: "coalesce(description, '') || ' ' || coalesce(language, '') || ' ' || coalesce(topics, '')",
    };
    let hits = rows::<Repository>(session, asked, &INDEXED, user.map(|user| user.user_id))?;
    let owners = session.parents(Repository::OWNER, &handles(&hits))?;
    for ((repository, score), owner) in hits.into_iter().zip(owners) {
        let login = login(session, owner)?;
        let repository = session.row(repository)?;
        let topics = repository.topics.as_ref().map(ToString::to_string);
        let texts = [repository.description.as_deref(), repository.language.as_deref(), topics.as_deref()];
        let text = texts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let (name, snippet) = (repository.repo_name.to_string(), snippet(&text, &asked.words));
        found.push(Found { kind: Kind::Repository, id: repository.id.get(), login, name, snippet, score });
    }
    Ok(())
}

fn in_resumes(session: &mut Session<'_>, asked: &Search, user: Option<&User>, found: &mut Vec<Found>) -> Result<()> {
    const INDEXED: Indexed = Indexed { table: "resumes", user: "user_id", name: "vacancy", others: "body" };
    let hits = rows::<Resume>(session, asked, &INDEXED, user.map(|user| user.id.get()))?;
    let authors = session.parents(Resume::AUTHOR, &handles(&hits))?;
    for ((resume, score), author) in hits.into_iter().zip(authors) {
        let login = login(session, author)?;
        let resume = session.row(resume)?;
        let (name, snippet) = (resume.vacancy.to_string(), snippet(&resume.body, &asked.words));
        found.push(Found { kind: Kind::Resume, id: resume.id.get(), login, name, snippet, score });
    }
    Ok(())
}

fn in_notes(session: &mut Session<'_>, asked: &Search, user: Option<&User>, found: &mut Vec<Found>) -> Result<()> {
    const INDEXED: Indexed = Indexed { table: "notes", user: "user_id", name: "name", others: "body" };
    let hits = rows::<Note>(session, asked, &INDEXED, user.map(|user| user.id.get()))?;
    let authors = session.parents(Note::AUTHOR, &handles(&hits))?;
    for ((note, score), author) in hits.into_iter().zip(authors) {
        let login = login(session, author)?;
        let note = session.row(note)?;
        let (name, snippet) = (note.name.to_string(), snippet(&note.body, &asked.words));
        found.push(Found { kind: Kind::Note, id: note.id.get(), login, name, snippet, score });
    }
    Ok(())
}

fn handles<E>(hits: &[(Handle<E>, f64)]) -> Vec<Handle<E>> {
    hits.iter().map(|(handle, _)| *handle).collect()
}

/// The login of a person, if the row has one.
fn login(session: &Session<'_>, person: Option<Handle<User>>) -> Result<String> {
    person.map_or(Ok(String::new()), |person| Ok(session.row(person)?.username.to_string()))
}

/// A row of an index.
#[derive(QueryableByName)]
struct Hit {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Double)]
    score: f64,
}

/// The rows of one kind with the words, of one person if `user` says so, the best first.
fn rows<E: Everywhere>(
    session: &mut Session<'_>,
    asked: &Search,
    indexed: &Indexed,
    user: Option<i64>,
) -> Result<Vec<(Handle<E>, f64)>>
where
    Id<E>: IntoKey<E>,
{
    let (sql, texts) = statement(session.engine(), indexed, &asked.words, user.is_some());
    let mut query = diesel::sql_query(sql).into_boxed::<AnyBackend>();
    for text in texts {
        query = query.bind::<Text, _>(text);
    }
    for number in user.into_iter().chain([i64::from(asked.limit)]) {
        query = query.bind::<BigInt, _>(number);
    }
    let hits: Vec<Hit> = session.rows(query)?;
    let keys: Vec<Id<E>> = hits.iter().map(|hit| hit.id.into()).collect();
    let rows = session.get_many::<E>(&keys)?;
    Ok(rows.into_iter().zip(hits).filter_map(|(row, hit)| Some((row?, hit.score))).collect())
}
