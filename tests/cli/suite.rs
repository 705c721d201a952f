//! What the program does with records and their database, whatever the engine; the module that takes this in bears the
//! engine's name.

mod commands;
mod documents;
mod importing;
mod meeting;
mod migrating;
mod printing;
mod refusing;
