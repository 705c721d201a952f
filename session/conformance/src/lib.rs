#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs)]

#[doc(hidden)]
#[allow(missing_docs, reason = "for the suite's files alone")]
pub mod blog;
#[doc(hidden)]
#[allow(missing_docs, reason = "for the suite's files alone")]
pub mod exchanges;
#[doc(hidden)]
#[allow(missing_docs, reason = "for the suite's files alone")]
pub mod filtered;
#[doc(hidden)]
#[allow(missing_docs, reason = "for the suite's files alone")]
pub mod goods;
#[doc(hidden)]
#[allow(missing_docs, reason = "for the suite's files alone")]
pub mod graphs;
mod harness;
#[doc(hidden)]
#[allow(missing_docs, reason = "for the suite's files alone")]
pub mod ledger;
#[doc(hidden)]
#[allow(missing_docs, reason = "for the suite's files alone")]
pub mod library;
mod recorder;
/// Compiled where `suite!` includes it; named here so that rustfmt finds it.
#[cfg(any())]
#[path = "../suite/mod.rs"]
mod suite;
#[doc(hidden)]
#[allow(missing_docs, reason = "for the suite's files alone")]
pub mod trees;

pub use harness::{Capability, Harness, can};
pub use recorder::{Recorder, Sent};

include!(concat!(env!("OUT_DIR"), "/suite.rs"));
