//! Finds records by the words in them, with the full-text index that each engine keeps of every table.

mod snippet;
mod statement;
mod words;

use std::borrow::Cow;
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
            found.append(&mut match kind {
                Kind::User => find::<User>(session, asked, user.as_ref())?,
                Kind::Repository => find::<Repository>(session, asked, user.as_ref())?,
                Kind::Resume => find::<Resume>(session, asked, user.as_ref())?,
                Kind::Note => find::<Note>(session, asked, user.as_ref())?,
            });
        }
    }
    found.sort_by(|one: &Found, other| other.score.total_cmp(&one.score));
    found.truncate(usize::try_from(asked.limit).unwrap_or(usize::MAX));
    Ok(found)
}

/// A record with an index of its words.
trait Searched: Everywhere {
    const KIND: Kind;
    const INDEXED: Indexed;

    fn id(&self) -> i64;

    fn name(&self) -> &str;

    /// What the index has besides the name.
    fn text(&self) -> Cow<'_, str>;

    /// What the record's column of its person has for this one.
    fn of_person(user: &User) -> i64 {
        user.id.get()
    }

    /// The people that records belong to.
    fn people(session: &mut Session<'_>, records: &[Handle<Self>]) -> Result<Vec<Option<Handle<User>>>>;
}

impl Searched for User {
    const KIND: Kind = Kind::User;
    const INDEXED: Indexed = Indexed {
        table: "users",
        user: "id",
        name: "username || ' ' || coalesce(name, '')",
        others: "coalesce(email, '') || ' ' || coalesce(company, '') || ' ' || coalesce(location, '')",
    };

    fn id(&self) -> i64 {
        self.id.get()
    }

    fn name(&self) -> &str {
        &self.username
    }

    fn text(&self) -> Cow<'_, str> {
        joined([self.name.as_deref(), self.email.as_deref(), self.company.as_deref(), self.location.as_deref()])
    }

    fn people(_: &mut Session<'_>, records: &[Handle<Self>]) -> Result<Vec<Option<Handle<User>>>> {
        Ok(records.iter().copied().map(Some).collect())
    }
}

impl Searched for Repository {
    const KIND: Kind = Kind::Repository;
    const INDEXED: Indexed = Indexed {
        table: "repositories",
        user: "user_id",
        name: "repo_name",
        others: "coalesce(description, '') || ' ' || coalesce(language, '') || ' ' || coalesce(topics, '')",
    };

    fn id(&self) -> i64 {
        self.id.get()
    }

    fn name(&self) -> &str {
        &self.repo_name
    }

    fn text(&self) -> Cow<'_, str> {
        let topics = self.topics.as_ref().map(ToString::to_string);
        joined([self.description.as_deref(), self.language.as_deref(), topics.as_deref()])
    }

    fn of_person(user: &User) -> i64 {
        user.user_id
    }

    fn people(session: &mut Session<'_>, records: &[Handle<Self>]) -> Result<Vec<Option<Handle<User>>>> {
        Ok(session.parents(Self::OWNER, records)?)
    }
}

/// A text of a person, found by its name and its body.
macro_rules! searched_documents {
    ($($row:ident: $table:literal, $name:ident;)*) => {
        $(impl Searched for $row {
            const KIND: Kind = Kind::$row;
            const INDEXED: Indexed =
                Indexed { table: $table, user: "user_id", name: stringify!($name), others: "body" };

            fn id(&self) -> i64 {
                self.id.get()
            }

            fn name(&self) -> &str {
                &self.$name
            }

            fn text(&self) -> Cow<'_, str> {
                (&*self.body).into()
            }

            fn people(session: &mut Session<'_>, records: &[Handle<Self>]) -> Result<Vec<Option<Handle<User>>>> {
                Ok(session.parents(Self::AUTHOR, records)?)
            }
        })*
    };
}

searched_documents! {
    Resume: "resumes", vacancy;
    Note: "notes", name;
}

fn joined<const N: usize>(texts: [Option<&str>; N]) -> Cow<'static, str> {
    texts.into_iter().flatten().collect::<Vec<_>>().join(", ").into()
}

/// A row of an index.
#[derive(QueryableByName)]
struct Hit {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Double)]
    score: f64,
}

/// The records of one kind with the words, of one person if `user` says so, the best first.
fn find<E: Searched>(session: &mut Session<'_>, asked: &Search, user: Option<&User>) -> Result<Vec<Found>>
where
    Id<E>: IntoKey<E>,
{
    let (sql, texts) = statement(session.engine(), &E::INDEXED, &asked.words, user.is_some());
    let mut query = diesel::sql_query(sql).into_boxed::<AnyBackend>();
    for text in texts {
        query = query.bind::<Text, _>(text);
    }
    for number in user.map(E::of_person).into_iter().chain([i64::from(asked.limit)]) {
        query = query.bind::<BigInt, _>(number);
    }
    let hits: Vec<Hit> = session.rows(query)?;
    let keys: Vec<Id<E>> = hits.iter().map(|hit| hit.id.into()).collect();
    let rows = session.get_many::<E>(&keys)?.into_iter().zip(hits);
    let (records, scores): (Vec<Handle<E>>, Vec<f64>) = rows.filter_map(|(row, hit)| Some((row?, hit.score))).unzip();
    let people = E::people(session, &records)?;
    let mut found = Vec::new();
    for ((record, score), person) in records.into_iter().zip(scores).zip(people) {
        let login =
            person.map_or(Ok(String::new()), |person| session.row(person).map(|user| user.username.to_string()))?;
        let record = session.row(record)?;
        let (name, snippet) = (record.name().to_owned(), snippet(&record.text(), &asked.words));
        found.push(Found { kind: E::KIND, id: record.id(), login, name, snippet, score });
    }
    Ok(found)
}
