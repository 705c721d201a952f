#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs, clippy::missing_errors_doc, clippy::missing_panics_doc, clippy::must_use_candidate)]
#![warn(clippy::expect_used, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)]

pub mod adopt;
pub mod error;
pub mod exchange;
pub mod migrations;
pub mod models;
pub mod schema;
pub mod services;
pub mod types;
pub mod upkeep;

pub use diesel_session;
pub use diesel_session::{Database, Entity, Handle, Session, State, connection, database, session};
pub use error::{Error, Ok, Result};

/// What most programs need: `use folio::prelude::*;`, Diesel's own prelude included.
pub mod prelude {
    pub use crate::connection::{EchoOptions, Isolation};
    pub use crate::database::{Access, Database, OpenDatabase as _, Options};
    pub use crate::migrations::Migrate;
    pub use crate::models::*;
    pub use crate::schema::{note_repositories, note_tags, notes, repositories, resumes, users};
    pub use crate::types::{
        AccountKind, Email, Id, LongText, RepositoryStatus, RepositoryVisibility, Tag, Text256, Timestamp, Topics,
    };
    pub use crate::{Entity, Error, Handle, Result, Session, State};
    pub use diesel::HasQuery;
    pub use diesel::prelude::*;
}

// These pages' examples run as tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/coming-from-sqlalchemy.md")]
mod coming_from_sqlalchemy {}
