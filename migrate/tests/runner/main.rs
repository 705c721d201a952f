//! The migration runner on an application's own tables, on every engine compiled in.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

mod everything;
#[cfg(feature = "entities")]
mod generated;
#[cfg(feature = "entities")]
mod library;
mod lint;
mod many_tables;
#[cfg(feature = "mysql")]
#[path = "suite.rs"]
mod mariadb;
#[cfg(feature = "mysql")]
#[path = "suite.rs"]
mod mysql;
mod new;
mod page;
#[cfg(feature = "postgres")]
#[path = "suite.rs"]
mod postgres;
#[cfg(feature = "cli")]
mod railway;
mod rules;
mod source;
mod spoils;
#[cfg(feature = "sqlite")]
#[path = "suite.rs"]
mod sqlite;
mod support;
