//! What importing promises, for the engine whose name the module bears.

mod applying;
mod joining;
mod meeting;
mod named;
mod numbers;
mod sources;
