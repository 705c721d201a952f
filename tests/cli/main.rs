//! The program as a person and a script meet it: the real binary, in a folder of its own for each test; what touches
//! records on every engine compiled in.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

mod home;
#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "mysql")]
#[path = "suite.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "suite.rs"]
mod mysql;
#[cfg(feature = "postgres")]
#[path = "suite.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "suite.rs"]
mod sqlite;

#[cfg(feature = "sqlite")]
mod adopting;
#[cfg(all(unix, feature = "sqlite"))]
mod advising;
#[cfg(all(unix, feature = "sqlite"))]
mod browsing;
#[cfg(unix)]
mod completing;
#[cfg(feature = "sqlite")]
mod configuring;
#[cfg(all(unix, feature = "sqlite"))]
mod confirming;
#[cfg(feature = "sqlite")]
mod copying;
#[cfg(feature = "sqlite")]
mod editing;
mod engines;
#[cfg(feature = "sqlite")]
mod environment;
#[cfg(feature = "sqlite")]
mod files;
mod help;
#[cfg(feature = "sqlite")]
mod looking;
#[cfg(unix)]
mod manuals;
#[cfg(all(unix, feature = "sqlite"))]
mod paging;
#[cfg(all(unix, feature = "sqlite"))]
mod plugins;
#[cfg(all(unix, feature = "sqlite"))]
mod screens;
#[cfg(feature = "sqlite")]
mod secrets;
#[cfg(unix)]
mod terminal;
#[cfg(all(unix, feature = "sqlite"))]
mod tour;
