//! Reusable column types.

pub mod sql_types;
