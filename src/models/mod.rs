//! Folio's records: one struct per table, with its named queries.

mod criteria;
mod note;
mod note_links;
mod repository;
mod resume;
mod user;

pub use criteria::Criteria;
pub use note::{NewNote, Note, NoteFilter, NoteIds, NoteSort, Notes};
pub use note_links::{NewNoteRepository, NewNoteTag, NoteRepositories, NoteRepository, NoteTag, NoteTags};
pub use repository::{
    NewRepository, OwnedRepositories, Repositories, Repository, RepositoryFilter, RepositoryIds, RepositorySort,
};
pub use resume::{NewResume, Resume, ResumeFilter, ResumeIds, ResumeSort, Resumes};
pub use user::{NewUser, User, UserFilter, UserIds, UserSort, Users};
