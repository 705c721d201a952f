//! Folio's records: one struct a table, and the lookups that are asked of it by name.

mod note;
mod repository;
mod resume;
mod user;

pub use note::{NewNote, Note};
pub use repository::{NewRepository, Repository};
pub use resume::{NewResume, Resume};
pub use user::{NewUser, User};
