//! The services on any engine; the including module is named after the engine.

mod history;
mod links;
mod rules;
mod searching;
