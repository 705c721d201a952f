#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

extern crate self as folio;

pub mod connection;
pub mod error;
pub mod exchange;

pub use error::{Error, Result};
