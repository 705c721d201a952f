//! Tests of imports, on the engine that the module is named after.

mod applying;
mod joining;
mod meeting;
mod named;
mod numbers;
mod sources;
