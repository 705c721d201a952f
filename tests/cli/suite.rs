//! The program's work with records and their database, on any engine; the including module is named after the engine.

mod commands;
mod documents;
mod exporting;
mod importing;
mod listing;
mod meeting;
mod migrating;
mod printing;
mod querying;
mod refusing;
mod searching;
mod tagging;
mod undoing;
mod upkeep;
