//! The results of units of work that run exactly once: see [`Database::exactly_once`](crate::Database::exactly_once).
//!
//! Each such unit writes its key and its result into the table `diesel_session_once`, in its own transaction;
//! [`OnceMigrations`] creates the table. The guide is `docs/production.md`.

mod migrations;
mod row;
mod run;

pub use migrations::{OnceMigrations, create_table};
pub use row::{NewOnceRow, OnceRow, diesel_session_once};
pub(crate) use run::{forget_expired, run};
