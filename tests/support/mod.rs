//! What the tests share: a recorder of the SQL that was sent.

pub mod recorder;
