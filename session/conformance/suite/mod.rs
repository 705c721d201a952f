//! The behaviours of a session over every connection of one type, which the including module names.
//!
//! A test is a `pub fn` whose name begins with the number of the promise. `build.rs` lists them, and `suite!` makes a
//! test function from each for every harness.

pub mod b_isolation;
pub mod b_transactions;
pub mod blog;
pub mod c_states;
pub mod d_identity;
pub mod domain;
pub mod e_query;
pub mod exchanges;
pub mod f_bulk;
pub mod f_natural;
pub mod f_order;
pub mod f_refusals;
pub mod f_turns;
pub mod f_values;
pub mod g_delete;
pub mod goods;
pub mod graphs;
pub mod h_statements;
pub mod i_expire;
pub mod j_rollback;
pub mod k_savepoints;
pub mod l_relations;
pub mod ledger;
pub mod m_history;
pub mod m_hooks;
pub mod m_many;
pub mod m_reading;
pub mod m_relations;
pub mod m_several_columns;
pub mod m_undo;
pub mod m_upsert;
pub mod n_cycles;
pub mod n_foreign_keys;
pub mod n_links;
pub mod n_set_parent;
pub mod o_partial;
pub mod o_swaps;
pub mod offices;
pub mod q_filters;
pub mod q_soft_delete;
pub mod subject;
pub mod trees;
