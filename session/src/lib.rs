#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs, clippy::missing_errors_doc, clippy::missing_panics_doc, clippy::must_use_candidate)]
#![warn(clippy::expect_used, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)]

extern crate self as diesel_session;

pub mod connection;
pub mod database;
pub mod error;
pub mod session;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
pub mod types;

pub use database::Database;
pub use error::{Error, Ok, Result};
pub use session::{Entity, Handle, Session, State, relation};

/// What most programs need, beside Diesel's own prelude: `use diesel_session::prelude::*;`. It has no table, so that an
/// application's own `users` and `User` meet no others.
pub mod prelude {
    pub use crate::connection::{EchoOptions, Isolation};
    pub use crate::database::{Access, Database, OpenDatabase as _, Options};
    pub use crate::types::{Id, LongText, Text256, Timestamp};
    pub use crate::{Entity, Error, Handle, Result, Session, State};
    pub use diesel::HasQuery;
}

// These pages' examples run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/conformance.md")]
mod conformance {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/events.md")]
mod events {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/outbox.md")]
mod outbox {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/filters.md")]
mod filters {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/your-own-tables.md")]
mod your_own_tables {}

#[cfg(all(doctest, feature = "testing", feature = "sqlite"))]
#[doc = include_str!("../../docs/testing.md")]
mod testing_page {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/columns.md")]
mod columns {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/relations.md")]
mod relations {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/production.md")]
mod production {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/writing.md")]
mod writing {}
