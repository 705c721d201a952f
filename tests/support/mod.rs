//! Shared by the tests: private servers, a database for each test, a connection that breaks on demand.

// Each test binary uses what it needs.
#![allow(dead_code, unused_imports)]

pub mod clusters;
pub mod engine;
pub mod fixture;
pub mod relay;
pub mod servers;
