//! The behaviours that a session has over every connection; the module that takes this in says over which.

mod b_isolation;
mod b_transactions;
mod c_states;
mod d_identity;
pub mod domain;
mod e_query;
mod f_bulk;
mod f_natural;
mod f_order;
mod f_refusals;
mod f_turns;
mod f_values;
mod g_delete;
mod h_statements;
mod i_expire;
mod j_rollback;
mod k_savepoints;
mod l_relations;
pub mod trees;
