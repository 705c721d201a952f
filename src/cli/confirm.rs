//! Asking before a command removes more than the one record that it names.

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::anyhow;
use clap::Args;

use super::exit::Usage;
use super::stderr;

/// The option that answers the question in advance.
#[derive(Debug, Args)]
pub(super) struct Confirm {
    /// Do not ask for confirmation; required where there is no terminal to ask on
    #[arg(long)]
    pub yes: bool,
}

impl Confirm {
    /// Goes on if `--yes` was given or a person at the terminal says so. `removed` says what would go, as in "3 notes".
    pub(super) fn ask(&self, removed: &str) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        if !(io::stdin().is_terminal() && stderr::listens()) {
            return Err(
                Usage(format!("this would remove {removed}; add --yes to remove it without being asked")).into()
            );
        }
        stderr::say(&format!("This removes {removed}."));
        stderr::ask("Continue? [y/N] ");
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(|error| anyhow!("cannot read the answer: {error}"))?;
        if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            return Ok(());
        }
        Err(anyhow!("nothing was removed"))
    }
}
