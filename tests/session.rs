//! The session's behaviours, each under its number: what comes of it, and the SQL that was sent.
//!
//! Most are the suite of `folio-conformance`, run here on SQLite and on a connection type that Folio does not know, and in
//! `session_servers.rs` on the servers. Beside it stand the tests of tables that the suite does not have, on every engine.

#[cfg(feature = "sqlite")]
#[path = "session/a_engine.rs"]
mod a_engine;
#[cfg(feature = "sqlite")]
#[path = "session/choices.rs"]
mod choices;
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
#[path = "session/collations.rs"]
mod collations;
#[cfg(feature = "sqlite")]
#[path = "session/foreign.rs"]
mod foreign;
#[cfg(feature = "sqlite")]
#[path = "session/forests.rs"]
mod forests;
#[allow(dead_code, reason = "some of the servers' harnesses are for session_servers.rs")]
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
#[cfg(feature = "sqlite")]
#[path = "session/orders.rs"]
mod orders;
#[cfg(feature = "sqlite")]
#[path = "session/properties.rs"]
mod properties;
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
#[path = "session/refusals.rs"]
mod refusals;
mod support;
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
#[path = "session/units.rs"]
mod units;
#[cfg(feature = "sqlite")]
#[path = "session/walk.rs"]
mod walk;

#[cfg(feature = "sqlite")]
folio_conformance::suite!(mod any_sqlite on crate::harness::AnySqlite);
#[cfg(feature = "sqlite")]
folio_conformance::suite!(mod sqlite on crate::harness::Sqlite);
#[cfg(feature = "sqlite")]
folio_conformance::suite!(mod counted on crate::foreign::Counting);

#[cfg(feature = "sqlite")]
use any_sqlite::suite::domain;
