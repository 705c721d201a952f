//! The program: arguments, commands, output.

pub mod output;
