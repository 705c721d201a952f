//! The program as a person and a script meet it: the real binary, in a folder of its own for each test; what touches
//! records on every engine compiled in.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[path = "cli/home.rs"]
mod home;
mod support;

#[cfg(feature = "mysql")]
#[path = "cli/suite.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "cli/suite.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "cli/suite.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "cli/suite.rs"]
mod sqlite;

#[cfg(all(unix, feature = "sqlite"))]
#[path = "cli/advising.rs"]
mod advising;
#[cfg(unix)]
#[path = "cli/completing.rs"]
mod completing;
#[cfg(all(unix, feature = "sqlite"))]
#[path = "cli/confirming.rs"]
mod confirming;
#[cfg(feature = "sqlite")]
#[path = "cli/copying.rs"]
mod copying;
#[cfg(feature = "sqlite")]
#[path = "cli/editing.rs"]
mod editing;
#[path = "cli/engines.rs"]
mod engines;
#[cfg(feature = "sqlite")]
#[path = "cli/environment.rs"]
mod environment;
#[cfg(feature = "sqlite")]
#[path = "cli/files.rs"]
mod files;
#[path = "cli/help.rs"]
mod help;
#[cfg(feature = "sqlite")]
#[path = "cli/looking.rs"]
mod looking;
#[cfg(all(unix, feature = "sqlite"))]
#[path = "cli/screens.rs"]
mod screens;
#[cfg(feature = "sqlite")]
#[path = "cli/secrets.rs"]
mod secrets;
#[cfg(unix)]
#[path = "cli/terminal.rs"]
mod terminal;
