//! What the tests share: private servers, a database for each test, a recorder of the SQL that was sent, a line that
//! breaks when it is told to.

// Each test binary takes what it needs.
#![allow(dead_code)]

pub mod fixture;
pub mod recorder;
pub mod relay;
pub mod servers;
