//! `folio completions`: a script for a shell.

use std::io::Write as _;

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use super::arguments::Arguments;
use super::output::{OutputError, stdout};

const AFTER: &str = "\
Examples:
  folio completions bash > ~/.local/share/bash-completion/completions/folio
  folio completions zsh > ~/.zfunc/_folio
  folio completions fish > ~/.config/fish/completions/folio.fish

Prints the script.";

#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

pub(super) fn run(arguments: &Completions) -> anyhow::Result<()> {
    // The generator cannot say that a pipe was closed, so it writes to memory.
    let mut script = Vec::new();
    generate(arguments.shell, &mut Arguments::command(), "folio", &mut script);
    let mut out = stdout();
    Ok(out.write_all(&script).and_then(|()| out.flush()).map_err(OutputError::from)?)
}
