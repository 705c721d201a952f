//! The session on Folio's own tables: opening a database and echoing it, and what a `Database` adds to its sessions.

#[cfg(feature = "sqlite")]
mod a_engine;
#[path = "../support/mod.rs"]
mod support;
#[allow(clippy::duplicate_mod, reason = "each engine takes the suite in under its own name")]
mod units;
