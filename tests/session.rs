//! The session's behaviours, each under its number: what comes of it, and the SQL that was sent.
//!
//! A behaviour is one test body over the library in `domain`, which alone names a database.

#![allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]

#[cfg(feature = "sqlite")]
#[path = "session/a_engine.rs"]
mod a_engine;
#[cfg(feature = "mysql")]
#[path = "session/suite.rs"]
mod mysql;
#[path = "session/numbers.rs"]
mod numbers;
#[cfg(feature = "sqlite")]
#[path = "session/orders.rs"]
mod orders;
#[cfg(feature = "postgres")]
#[path = "session/suite.rs"]
mod postgres;
#[cfg(feature = "sqlite")]
#[path = "session/properties.rs"]
mod properties;
#[cfg(feature = "sqlite")]
#[path = "session/suite.rs"]
mod sqlite;
mod support;
#[cfg(feature = "sqlite")]
#[path = "session/walk.rs"]
mod walk;

#[cfg(feature = "sqlite")]
use sqlite::domain;
