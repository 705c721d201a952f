//! Names of records, for the shell to complete what a person has begun to type.

use std::ffi::OsStr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap_complete::CompletionCandidate;

use super::environment;
use super::output::printable;
use super::settings::Settings;
use folio::database::{Access, Database, Options};
use folio::models::{Criteria, NoteSort, ResumeSort, UserSort};
use folio::services::{Limit, Linked, Sort, notes, repositories, resumes, users};

/// How long a person waits for a key: a database that takes longer has no candidates.
const PATIENCE: Duration = Duration::from_millis(400);

/// The number of candidates that a person can look through.
const MOST: usize = 100;

/// The number of the newest records among which ids are looked for.
const NEWEST: u64 = 1_000;

/// What an argument names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    UserId,
    Login,
    /// A repository, by owner and name.
    Repository,
    RepositoryName,
    /// A user by login, or a repository by owner and name.
    Page,
    ResumeId,
    Vacancy,
    NoteId,
    NoteName,
}

/// The names that begin so. A database that is not there, is broken, lacks migrations or does not answer in time has
/// none, and nothing is said; it is only read.
pub(super) fn beginning_with(named: Named, begun: &OsStr) -> Vec<CompletionCandidate> {
    let Some(begun) = begun.to_str().map(str::to_owned) else { return Vec::new() };
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // Without a receiver the time was over.
        let _ = sender.send(names(named, &begun));
    });
    let found = receiver.recv_timeout(PATIENCE).ok().and_then(Result::ok).unwrap_or_default();
    let candidate = |Name { name, about }: Name| CompletionCandidate::new(name).help(about.map(Into::into));
    found.into_iter().map(candidate).collect()
}

/// A name, and what tells a person which record it is.
struct Name {
    name: String,
    about: Option<String>,
}

/// The names found so far.
struct Found<'b> {
    begun: &'b str,
    names: Vec<Name>,
}

/// There are names enough.
#[derive(Debug, thiserror::Error)]
#[error("enough")]
struct Enough;

impl Found<'_> {
    /// Takes a name if it begins so, and stops the reading when there are enough.
    fn take(&mut self, name: &str, about: Option<&str>) -> anyhow::Result<()> {
        // A shell has no way to insert a name that would control the terminal.
        if name.starts_with(self.begun) && printable(name) == name && self.names.iter().all(|known| known.name != name)
        {
            let about = about.map(|about| printable(about).into_owned());
            self.names.push(Name { name: name.to_owned(), about });
        }
        if self.names.len() < MOST { Ok(()) } else { Err(Enough.into()) }
    }
}

fn names(named: Named, begun: &str) -> anyhow::Result<Vec<Name>> {
    let url = environment::written("--database-url");
    let (text, _) = environment::database_url(url.as_deref(), &Settings::load()?)?;
    let database = Database::open_with(&text, Options::new().access(Access::Read).busy_timeout(PATIENCE / 4))?;
    let mut found = Found { begun, names: Vec::new() };
    match database.read(|session| -> anyhow::Result<()> {
        let owner = |begun: &str| begun.split_once('/').map_or(begun, |(_, name)| name).to_owned();
        let all = Limit::default();
        let newest = Limit { rows: Some(NEWEST), offset: 0 };
        match named {
            Named::UserId => {
                let sort = Some(Sort { key: UserSort::Id, descending: true });
                let filter = users::Filter { sort, ..users::Filter::default() };
                users::list(session, &filter, newest, |user| found.take(&user.id.to_string(), Some(&user.username)))
            }
            Named::Login | Named::Page => {
                if named == Named::Page {
                    let filter = repositories::Filter { criteria: like(owner(begun)), ..Default::default() };
                    match repositories::list(session, &filter, all, |owned| found.take(&path(&owned), None)) {
                        Err(error) if !error.is::<Enough>() => return Err(error),
                        _ => {}
                    }
                }
                let filter = users::Filter { criteria: like(begun.to_owned()), ..Default::default() };
                users::list(session, &filter, all, |user| found.take(&user.username, user.name.as_deref()))
            }
            Named::Repository | Named::RepositoryName => {
                // Of the owner the list knows nothing; what comes after it is in the name or the description.
                let begun =
                    if named == Named::Repository { begun.split_once('/').map(|(_, name)| name) } else { Some(begun) };
                let criteria = begun.map(|begun| like(begun.to_owned())).unwrap_or_default();
                let filter = repositories::Filter { criteria, ..Default::default() };
                repositories::list(session, &filter, all, |owned| {
                    let name =
                        if named == Named::Repository { path(&owned) } else { owned.repository.repo_name.to_string() };
                    found.take(&name, owned.repository.description.as_deref())
                })
            }
            Named::ResumeId => {
                let sort = Some(Sort { key: ResumeSort::Id, descending: true });
                let filter = resumes::Filter { sort, ..Default::default() };
                resumes::list(session, &filter, newest, |resume| {
                    found.take(&resume.id.to_string(), Some(&resume.vacancy))
                })
            }
            Named::Vacancy => {
                let filter = resumes::Filter { criteria: like(begun.to_owned()), ..Default::default() };
                resumes::list(session, &filter, all, |resume| found.take(&resume.vacancy, None))
            }
            Named::NoteId => {
                let sort = Some(Sort { key: NoteSort::Id, descending: true });
                let filter = notes::Filter { sort, ..Default::default() };
                notes::list(session, &filter, newest, |Linked { note, .. }| {
                    found.take(&note.id.to_string(), Some(&note.name))
                })
            }
            Named::NoteName => {
                let filter = notes::Filter { criteria: like(begun.to_owned()), ..Default::default() };
                notes::list(session, &filter, all, |Linked { note, .. }| found.take(&note.name, None))
            }
        }
    }) {
        Err(error) if !error.is::<Enough>() => Err(error),
        _ => Ok(found.names),
    }
}

/// Records with the text in their names or beside them; those that do not begin with it are passed over.
fn like(text: String) -> Criteria {
    Criteria { like: Some(text).filter(|text| !text.is_empty()), ..Criteria::default() }
}

fn path(owned: &repositories::Owned) -> String {
    format!("{}/{}", owned.owner.username, owned.repository.repo_name)
}
