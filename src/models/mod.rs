//! Folio's records: one struct a table, and the lookups that are asked of it by name.

mod note;
mod repository;
mod resume;
mod user;

pub use note::{NewNote, Note, NoteFilter, Notes};
pub use repository::{NewRepository, OwnedRepositories, Repositories, Repository, RepositoryFilter};
pub use resume::{NewResume, Resume, Resumes};
pub use user::{NewUser, User, Users};
