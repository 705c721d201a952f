#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

extern crate self as folio;

#[cfg(feature = "cli")]
pub mod cli;
pub mod connection;
pub mod database;
pub mod error;
pub mod exchange;
pub mod migrations;
pub mod models;
pub mod schema;
pub mod services;
pub mod session;
pub mod types;

pub use database::Database;
pub use error::{Error, Result};
pub use folio_derive::Entity;
pub use session::{Handle, Session, State};
