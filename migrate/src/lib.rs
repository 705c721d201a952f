#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs, clippy::missing_errors_doc, clippy::missing_panics_doc, clippy::must_use_candidate)]
#![warn(clippy::expect_used, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)]

mod catalogue;
mod database;
mod diff;
mod drift;
mod error;
mod for_diesel;
mod history;
mod journal;
mod lock;
mod lock_file;
mod loss;
mod migration;
mod prove;
mod run;
pub mod schema;
mod scratch;
mod scripts;
mod source;
mod statements;
mod status;
mod stepwise;
mod tokens;

pub use database::Migrate;
pub use diff::{Change, Difference, Object, Property};
pub use error::{Error, Result};
pub use for_diesel::ForDiesel;
pub use history::Recorded;
pub use include_dir;
pub use loss::Loss;
pub use migration::{Direction, Migration};
pub use prove::{Attempt, Lost, Outcome, Proof, Unfilled};
pub use run::{Existing, Target};
pub use source::Migrations;
pub use status::{Applied, SchemaState, Status, Unfinished};

// This page's examples run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/migrations.md")]
mod migrations {}
