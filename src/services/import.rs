//! The writing half of an import: records become rows, by rules that do not depend on the order of the files.
//!
//! - An account's own record overwrites the stored row. A mention in another record adds a missing account and never
//!   changes an existing one.
//! - An account that was recorded before its number was known gets the number if it is certainly the same account.
//! - A record without an email keeps the stored one. So it is with everything else that a record does not mention; one
//!   that tells that there is no description, language, company, … any more removes it.
//! - A repository is found by its number, so that a rename is followed. Rows and records without a number are matched
//!   by owner and name. If two numbers have the same owner and name, the greater number has the name.
//! - A résumé or note is found by its owner and its file, whatever the current directory; without a file, by its text.
//!   The owner of a résumé is found by its GitHub login and its email.
//! - A record of an export is recognised as that of another format; or, if its id is to be kept, by the id alone.
//!
//! Records are read into batches, and each batch is a few statements. Memory does not grow with the number of records,
//! and an unchanged record sends no UPDATE.

mod accounts;
mod details;
mod documents;
mod exported;
mod former;
mod joins;
mod kept;
mod named;
mod owners;
mod preview;
mod repositories;

use std::collections::HashSet;

use super::users::UserSelector;
use crate::error::{Error, Result};
use crate::exchange::{Account, Located, Place, Record, Repository, Source};
use crate::session::Session;
use exported::Moved;
use kept::KeptBatch;
pub use kept::advance_sequences;
pub use preview::{Change, Field, Preview};

/// Maximum number of accounts, or of repositories, in a batch.
const BATCH: usize = 1_000;

/// Information that the records themselves do not contain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Rules {
    /// Owner of the résumés and notes.
    pub user: Option<UserSelector>,
    /// The input's source, by which a document is found again. Without one it is found only by its text.
    pub source: Option<Source>,
    /// Whether the records of an export keep their ids, versions and times. Call [`advance_sequences`] first.
    pub keep_ids: bool,
    /// Is told of each change; made of the same session.
    pub preview: Option<Preview>,
}

impl Rules {
    /// Rules for documents of this user from this source; `None` if unknown.
    #[must_use]
    pub fn new(user: Option<UserSelector>, source: Option<Source>) -> Self {
        Self { user, source, keep_ids: false, preview: None }
    }

    /// These rules, and whether the records of an export keep their ids.
    #[must_use]
    pub fn keeping_ids(self, keep_ids: bool) -> Self {
        Self { keep_ids, ..self }
    }

    /// These rules, with each change told to `preview`.
    #[must_use]
    pub fn telling(self, preview: Preview) -> Self {
        Self { preview: Some(preview), ..self }
    }

    /// These rules for another source.
    #[must_use]
    pub fn from_source(self, source: Option<Source>) -> Self {
        Self { source, ..self }
    }
}

/// The outcome of an import for the records of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Tally {
    /// Records that added a row.
    pub new: u64,
    /// Records that changed a row.
    pub changed: u64,
    /// Records equal to their row.
    pub unchanged: u64,
}

impl Tally {
    /// All records.
    #[must_use]
    pub fn total(self) -> u64 {
        self.new + self.changed + self.unchanged
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.new += other.new;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
    }
}

/// `12 new, 3 changed, 985 unchanged`.
impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} new, {} changed, {} unchanged", self.new, self.changed, self.unchanged)
    }
}

/// The outcome of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Summary {
    /// Accounts: from their own records, and missing ones that another record mentions.
    pub users: Tally,
    /// Repositories.
    pub repositories: Tally,
    /// Résumés.
    pub resumes: Tally,
    /// Notes.
    pub notes: Tally,
    /// Remarks for the user, a sentence each.
    pub remarks: Vec<String>,
}

impl Summary {
    /// The records of all kinds together.
    #[must_use]
    pub fn total(&self) -> Tally {
        let mut total = self.users;
        total += self.repositories;
        total += self.resumes;
        total += self.notes;
        total
    }

    /// The outcome for the records of a kind, as an export calls it.
    fn of_kind(&mut self, kind: &str) -> Option<&mut Tally> {
        match kind {
            "user" => Some(&mut self.users),
            "repo" => Some(&mut self.repositories),
            "resume" => Some(&mut self.resumes),
            "note" => Some(&mut self.notes),
            _ => None,
        }
    }

    /// Adds the outcome of another import.
    pub fn add(&mut self, other: Self) {
        self.users += other.users;
        self.repositories += other.repositories;
        self.resumes += other.resumes;
        self.notes += other.notes;
        self.remarks.extend(other.remarks);
    }
}

/// Writes the records in the session's transaction, and calls `progress` after each batch.
///
/// A batch sends one SELECT per table, a few more if accounts are new, and the INSERTs and UPDATEs for new and changed
/// records. The session is cleared between batches, which invalidates earlier handles.
///
/// Records are looked up before they are added. With concurrent imports, run the unit of work with
/// [`retrying`](crate::Database::retrying) with [`also_after_unique`](crate::database::Retry::also_after_unique), at
/// [`Serializable`](crate::connection::Isolation::Serializable): the result is then as if the imports had run one after
/// the other.
///
/// ```
/// use folio::exchange;
/// use folio::services::import::{self, Rules};
/// # use folio::{Database, Result, migrations::Migrate as _};
/// # let db = Database::open("sqlite::memory:")?;
/// # db.migrate()?;
/// let records = br#"[{"login": "octocat", "id": 583231}, {"login": "github", "id": 9919}]"#;
/// let summary = db.begin(|session| -> Result<_> {
///     let records = exchange::read(&records[..], "users.json", None)?;
///     import::apply(session, records, &Rules::default(), |_| {})
/// })?;
/// assert_eq!(summary.users.to_string(), "2 new, 0 changed, 0 unchanged");
/// # Ok::<(), folio::Error>(())
/// ```
///
/// # Errors
///
/// An error for the first record that cannot be read or has an invalid value, with its location; any error of the
/// database. Roll the transaction back then, as `begin` does.
pub fn apply(
    session: &mut Session<'_>,
    records: impl Iterator<Item = Result<Located<Record>>>,
    rules: &Rules,
    mut progress: impl FnMut(&Summary),
) -> Result<Summary> {
    session.flush()?;
    session.clear()?;
    let mut summary = Summary::default();
    let mut batch = Batch::new(rules.preview.clone());
    let mut moved = Moved::default();
    for record in records {
        let Located { place, value } = record?;
        let value = match value {
            kept @ Record::Exported(_) if rules.keep_ids => kept,
            _ if rules.keep_ids => {
                return Err(place.refuse("only the records of an export have ids to keep; leave --keep-ids out"));
            }
            Record::Exported(record) => {
                let known = exported::read(&Located { place: place.clone(), value: record })?;
                // What it refers to is looked up, unless only records of the same kind wait.
                if known.refers() && !(known.is_repository() && batch.accounts.is_empty()) {
                    batch.write(session, &mut summary)?;
                    progress(&summary);
                }
                match moved.take(session, known, &place, rules, &mut summary).map_err(|error| at(&place, error))? {
                    Some(value) => value,
                    None => continue,
                }
            }
            value => value,
        };
        let record = Located { place, value };
        if !batch.has_room(&record.value) {
            batch.write(session, &mut summary)?;
            progress(&summary);
        }
        batch.take(session, record, rules, &mut summary)?;
    }
    batch.write(session, &mut summary)?;
    progress(&summary);
    Ok(summary)
}

/// Adds the record's location to an error that the record caused.
fn at(place: &Place, error: Error) -> Error {
    let from_record = matches!(error, Error::NotFound { .. } | Error::Ambiguous { .. } | Error::Exists { .. });
    if from_record || error.is_value() { place.refuse(error) } else { error }
}

/// Accounts and repositories that are written together. Each number, and each name of an owner's repository, is unique
/// within a batch, so that no record depends on another of the same batch.
#[derive(Default)]
struct Batch {
    accounts: Vec<Located<Account>>,
    repositories: Vec<Located<Repository>>,
    numbers: HashSet<i64>,
    repository_numbers: HashSet<i64>,
    names: HashSet<(i64, String)>,
    /// Written last, so that nothing else is added after it.
    named: named::NamedBatch,
    /// Records that keep their ids; then there are no others.
    kept: KeptBatch,
}

impl Batch {
    fn new(preview: Option<Preview>) -> Self {
        Self { kept: KeptBatch::new(preview), ..Self::default() }
    }

    /// Whether the record can be written with those that are in the batch.
    fn has_room(&self, record: &Record) -> bool {
        match record {
            Record::Account(account) => {
                self.named.records.is_empty() && self.accounts.len() < BATCH && !self.numbers.contains(&account.number)
            }
            Record::Repository(repository) => {
                self.named.records.is_empty()
                    && self.repositories.len() < BATCH
                    && !self.repository_numbers.contains(&repository.number)
                    && !self.names.contains(&(repository.owner.number, repository.name.clone()))
            }
            Record::NamedRepository(repository) => self.named.has_room(repository),
            Record::Exported(record) => self.kept.has_room(record),
            Record::Resume(_) | Record::Note(_) => true,
        }
    }

    /// Adds a record for which there is room. A résumé or note is written at once.
    fn take(
        &mut self,
        session: &mut Session<'_>,
        Located { place, value }: Located<Record>,
        rules: &Rules,
        summary: &mut Summary,
    ) -> Result<()> {
        match value {
            Record::Account(account) => {
                self.numbers.insert(account.number);
                self.accounts.push(Located { place, value: account });
            }
            Record::Repository(repository) => {
                self.repository_numbers.insert(repository.number);
                self.names.insert((repository.owner.number, repository.name.clone()));
                self.repositories.push(Located { place, value: repository });
            }
            Record::NamedRepository(repository) => self.named.add(Located { place, value: repository }),
            Record::Exported(record) => self.kept.add(Located { place, value: record }),
            Record::Resume(resume) => {
                documents::resume(session, &resume, rules, summary).map_err(|error| at(&place, error))?;
            }
            Record::Note(note) => {
                documents::note(session, &note, rules, summary).map_err(|error| at(&place, error))?;
            }
        }
        Ok(())
    }

    /// Writes the batch and empties it: accounts first, because repositories reference them.
    fn write(&mut self, session: &mut Session<'_>, summary: &mut Summary) -> Result<()> {
        let mut batch = std::mem::replace(self, Self::new(self.kept.preview()));
        if !batch.accounts.is_empty() {
            accounts::write(session, &batch.accounts, summary)?;
        }
        if !batch.repositories.is_empty() {
            let owners = batch
                .repositories
                .iter()
                .map(|Located { place, value: Repository { owner, .. } }| (owner.number, owner.login.as_str(), place));
            accounts::write_mentioned(session, owners, summary)?;
            repositories::write(session, &batch.repositories, summary)?;
        }
        if !batch.named.records.is_empty() {
            named::write(session, batch.named.records, summary)?;
        }
        batch.kept.write(session, summary)?;
        session.flush()?;
        Ok(session.clear()?)
    }
}
