//! What the tests share: private servers, a database for each test, a recorder of the SQL that was sent.

// Each test binary takes what it needs.
#![allow(dead_code)]

pub mod clusters;
pub mod fixture;
pub mod recorder;
pub mod servers;
