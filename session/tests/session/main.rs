//! The session's behaviours, each under its number: what comes of it, and the SQL that was sent.
//!
//! Most are the suite of `diesel-session-conformance`, run here over `AnyConnection` on every engine, and in
//! `session_connections/` over other connection types. Beside it stand the tests of tables that the suite does not have.

mod choices;
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
mod collations;
mod depot;
mod depot_model;
mod depot_reads;
mod depot_steps;
mod depot_walk;
#[path = "../support/fixture.rs"]
mod fixture;
mod forests;
#[allow(dead_code, reason = "those of other connection types are for session_connections/")]
#[path = "../support/harness.rs"]
mod harness;
#[cfg(feature = "sqlite")]
mod hidden_options;
#[cfg(feature = "sqlite")]
mod hooks;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod kept_back;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod lost;
mod natural_keys;
mod new_keys;
mod numbers;
mod odd_keys;
#[cfg(feature = "sqlite")]
mod odd_tables;
mod odd_types;
mod orders;
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
mod outbox;
mod properties;
mod races;
mod random;
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
mod refusals;
mod shared_keys;
mod swaps;
mod unshown;
mod walk;

diesel_session_conformance::suite! {
    mod any on diesel_session::connection::AnyConnection {
        #[cfg(feature = "sqlite")]
        mod sqlite on crate::harness::AnySqlite;
        #[cfg(feature = "postgres")]
        mod postgres on crate::harness::AnyPostgres;
        #[cfg(feature = "mysql")]
        mod mariadb on crate::harness::AnyMariadb;
        #[cfg(feature = "mysql")]
        mod mysql on crate::harness::AnyMysql;
    }
}

use any::suite::domain;
