//! The history of entities with `#[entity(history)]`: who changed a row, when, in which unit of work, and its values
//! before.
//!
//! The flush writes it, in its own transaction, by one INSERT for every 100 changes into the table
//! `diesel_session_history`, which [`HistoryMigrations`] creates. The guide is `docs/events.md`.

pub(crate) mod json;
mod migrations;
mod read;
pub(crate) mod record;
pub(crate) mod row;
mod undo;
pub(crate) mod unit;

pub use migrations::{HistoryMigrations, create_table};
pub use read::{Change, KeepsHistory};
pub use record::Operation;
pub use row::{HistoryRow, NewHistoryRow, diesel_session_history};
pub use undo::Entities;
pub use unit::UnitId;
