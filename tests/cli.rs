//! The program as a person and a script meet it: the real binary, in a folder of its own for each test.

#![cfg(feature = "sqlite")]

#[path = "cli/home.rs"]
mod home;

#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/copying.rs"]
mod copying;
#[path = "cli/documents.rs"]
mod documents;
#[path = "cli/editing.rs"]
mod editing;
#[path = "cli/environment.rs"]
mod environment;
#[path = "cli/help.rs"]
mod help;
#[path = "cli/importing.rs"]
mod importing;
#[path = "cli/looking.rs"]
mod looking;
#[path = "cli/migrating.rs"]
mod migrating;
#[path = "cli/printing.rs"]
mod printing;
#[path = "cli/refusing.rs"]
mod refusing;
