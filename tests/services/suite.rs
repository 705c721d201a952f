//! The services on any engine; the including module is named after the engine.

mod rules;
mod searching;
