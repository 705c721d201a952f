//! The column types of Folio's tables: those of the session, and the enum of who may see a repository.

mod repository_status;
pub mod sql_types;

pub use diesel_session::types::{Email, Id, LongText, Text, Text256, Timestamp};
pub use repository_status::RepositoryStatus;
