//! The behaviours of a session over every connection of one type, which the including module names.
//!
//! A test is a `pub fn` whose name begins with the number of the promise. `build.rs` lists them, and `suite!` makes a
//! test function from each for every harness.

pub mod b_isolation;
pub mod b_transactions;
pub mod c_states;
pub mod d_identity;
pub mod domain;
pub mod e_query;
pub mod f_bulk;
pub mod f_natural;
pub mod f_order;
pub mod f_refusals;
pub mod f_turns;
pub mod f_values;
pub mod g_delete;
pub mod graphs;
pub mod h_statements;
pub mod i_expire;
pub mod j_rollback;
pub mod k_savepoints;
pub mod l_relations;
pub mod n_cycles;
pub mod n_foreign_keys;
pub mod n_links;
pub mod n_set_parent;
pub mod offices;
pub mod q_filters;
pub mod q_soft_delete;
pub mod subject;
pub mod trees;
