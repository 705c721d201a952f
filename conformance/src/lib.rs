#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod harness;
mod recorder;
/// Compiled where `suite!` takes it in; named here so that rustfmt finds it.
#[cfg(any())]
#[path = "../suite/mod.rs"]
mod suite;

pub use harness::{Capability, Harness, can};
pub use recorder::{Recorder, Sent};

include!(concat!(env!("OUT_DIR"), "/suite.rs"));
