//! The session's behaviours, each under its number: what comes of it, and the SQL that was sent.
//!
//! Most are the suite of `folio-conformance`, run here over `AnyConnection` on every engine, and in
//! `session_connections.rs` over other connection types. Beside it stand the tests of tables that the suite does not have.

#[cfg(feature = "sqlite")]
#[path = "session/a_engine.rs"]
mod a_engine;
#[path = "session/choices.rs"]
mod choices;
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
#[path = "session/collations.rs"]
mod collations;
#[path = "session/forests.rs"]
mod forests;
#[allow(dead_code, reason = "those of other connection types are for session_connections.rs")]
#[path = "session/harness.rs"]
mod harness;
#[cfg(feature = "sqlite")]
#[path = "session/hidden_options.rs"]
mod hidden_options;
#[path = "session/natural_keys.rs"]
mod natural_keys;
#[path = "session/new_keys.rs"]
mod new_keys;
#[path = "session/numbers.rs"]
mod numbers;
#[path = "session/odd_keys.rs"]
mod odd_keys;
#[cfg(feature = "sqlite")]
#[path = "session/odd_tables.rs"]
mod odd_tables;
#[path = "session/orders.rs"]
mod orders;
#[path = "session/properties.rs"]
mod properties;
#[path = "session/random.rs"]
mod random;
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
#[path = "session/refusals.rs"]
mod refusals;
mod support;
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
#[path = "session/units.rs"]
mod units;
#[path = "session/walk.rs"]
mod walk;

folio_conformance::suite! {
    mod any on folio::connection::AnyConnection {
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
