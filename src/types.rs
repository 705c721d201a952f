//! The column types of Folio's tables: those of the session, the enums of accounts and repositories, topics and tags.

mod account_kind;
mod repository_status;
mod repository_visibility;
pub mod sql_types;
mod tag;
mod topics;

pub use account_kind::AccountKind;
pub use diesel_session::types::{Email, Id, LongText, Text, Text256, Timestamp};
pub use repository_status::RepositoryStatus;
pub use repository_visibility::RepositoryVisibility;
pub use tag::Tag;
pub use topics::Topics;
