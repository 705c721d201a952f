#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

extern crate self as folio;

pub mod connection;
pub mod database;
pub mod error;
pub mod migrations;
pub mod schema;
pub mod types;

pub use error::{Error, Result};
