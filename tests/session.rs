//! The session's behaviours, each under its number: what comes of it, and the SQL that was sent.
//!
//! A behaviour is one test body over the library in `domain`, which alone names a database.

#![cfg(feature = "sqlite")]

#[path = "session/a_engine.rs"]
mod a_engine;
#[path = "session/b_transactions.rs"]
mod b_transactions;
#[path = "session/c_states.rs"]
mod c_states;
#[path = "session/d_identity.rs"]
mod d_identity;
#[path = "session/domain.rs"]
mod domain;
#[path = "session/e_query.rs"]
mod e_query;
#[path = "session/f_flush.rs"]
mod f_flush;
#[path = "session/g_delete.rs"]
mod g_delete;
#[path = "session/h_statements.rs"]
mod h_statements;
#[path = "session/i_expire.rs"]
mod i_expire;
#[path = "session/j_rollback.rs"]
mod j_rollback;
#[path = "session/k_savepoints.rs"]
mod k_savepoints;
#[path = "session/l_relations.rs"]
mod l_relations;
#[path = "session/numbers.rs"]
mod numbers;
#[path = "session/properties.rs"]
mod properties;
mod support;
#[path = "session/walk.rs"]
mod walk;
