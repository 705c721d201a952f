//! What the tests share: private servers, and a database for each test.

// Each test binary takes what it needs.
#![allow(dead_code, unused_imports)]

pub mod clusters;
pub mod fixture;
pub mod servers;
