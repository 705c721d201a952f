//! A record of any format.

use super::export::ExportedRecord;
use super::github::{Account, GithubRecord, NamedRepository, Repository};
use super::json_resume::Resume;
use super::markdown::Note;

/// A record of any format.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Record {
    /// An account from its own record.
    Account(Account),
    /// A repository with its owner.
    Repository(Repository),
    /// A repository identified by its owner's login and its name.
    NamedRepository(NamedRepository),
    /// A résumé.
    Resume(Resume),
    /// A note.
    Note(Note),
    /// A record of an export.
    Exported(ExportedRecord),
}

impl From<GithubRecord> for Record {
    fn from(record: GithubRecord) -> Self {
        match record {
            GithubRecord::Account(account) => Self::Account(account),
            GithubRecord::Repository(repository) => Self::Repository(repository),
            GithubRecord::NamedRepository(repository) => Self::NamedRepository(repository),
        }
    }
}

impl From<ExportedRecord> for Record {
    fn from(record: ExportedRecord) -> Self {
        Self::Exported(record)
    }
}

impl From<Resume> for Record {
    fn from(resume: Resume) -> Self {
        Self::Resume(resume)
    }
}

impl From<Note> for Record {
    fn from(note: Note) -> Self {
        Self::Note(note)
    }
}
