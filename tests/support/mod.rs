//! What the tests share: private servers, a database for each test, a line that breaks when it is told to.

// Each test binary takes what it needs.
#![allow(dead_code, unused_imports)]

pub mod clusters;
pub mod engine;
pub mod fixture;
pub mod relay;
pub mod servers;
