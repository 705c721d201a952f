//! Folio's records: one struct per table, with its named queries.

mod note;
mod repository;
mod resume;
mod user;

pub use note::{NewNote, Note, NoteFilter, Notes};
pub use repository::{NewRepository, OwnedRepositories, Repositories, Repository, RepositoryFilter};
pub use resume::{NewResume, Resume, Resumes};
pub use user::{NewUser, User, Users};
