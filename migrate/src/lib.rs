#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs, clippy::missing_errors_doc, clippy::missing_panics_doc, clippy::must_use_candidate)]
#![warn(clippy::expect_used, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)]

mod catalogue;
mod choice;
#[cfg(feature = "cli")]
#[cfg_attr(docsrs, doc(cfg(feature = "cli")))]
#[allow(clippy::print_stderr, clippy::print_stdout, reason = "a command prints")]
pub mod command;
mod create;
mod database;
mod diagram;
mod diff;
#[cfg(feature = "entities")]
mod draft;
mod drift;
#[cfg(feature = "entities")]
#[cfg_attr(docsrs, doc(cfg(feature = "entities")))]
pub mod entities;
mod error;
mod export;
mod for_diesel;
mod grants;
mod history;
mod journal;
mod limits;
mod lint;
mod lock;
mod lock_file;
mod loss;
mod migration;
mod plan;
mod prove;
mod quoting;
mod records;
mod run;
pub mod schema;
mod scratch;
mod scripts;
mod settings;
mod source;
mod stamp;
mod statements;
mod status;
mod stepwise;
mod target;
mod tokens;
mod words;

pub use create::{Created, create};
pub use database::Migrate;
pub use diff::{Change, Difference, Object, Property};
#[cfg(feature = "entities")]
#[cfg_attr(docsrs, doc(cfg(feature = "entities")))]
pub use draft::Draft;
pub use error::{Error, Result};
pub use for_diesel::ForDiesel;
pub use history::Recorded;
pub use include_dir;
pub use lint::{Finding, RULES, Rule};
pub use loss::Loss;
pub use migration::{Direction, Migration};
pub use plan::Planned;
pub use prove::{Attempt, Lost, Outcome, Proof, Unfilled};
pub use source::Migrations;
pub use stamp::Stamp;
pub use status::{Applied, SchemaState, Status, Unfinished};
pub use target::{Target, Up};

// This page's examples run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/migrations.md")]
mod migrations {}
#[cfg(doctest)]
#[doc = include_str!("../../docs/lint.md")]
mod lint_page {}
