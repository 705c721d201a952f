//! The confirmation before a command removes more than the record that it names, or converts a file.

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
    /// Succeeds if `--yes` was given or the user at the terminal agrees. `removed` describes what would be removed,
    /// such as "3 notes".
    pub(super) fn ask(&self, removed: &str) -> anyhow::Result<()> {
        self.ask_to(["remove", "removes", "removed"], removed)
    }

    /// As [`ask`](Self::ask), for another verb: its infinitive, third person and participle.
    pub(super) fn ask_to(&self, [would, does, done]: [&str; 3], what: &str) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        let answer =
            answer(&format!("This {does} {what}.")).map_err(|error| anyhow!("cannot read the answer: {error}"))?;
        match answer {
            Some(true) => Ok(()),
            Some(false) => Err(anyhow!("nothing was {done}")),
            None => {
                let refusal = format!("this would {would} {what}; add --yes to {would} it without being asked");
                Err(Usage(refusal).into())
            }
        }
    }
}

/// Says what is about to happen, and asks whether to continue; `None` without a terminal to ask on.
pub(super) fn answer(statement: &str) -> io::Result<Option<bool>> {
    if !(io::stdin().is_terminal() && stderr::is_terminal()) {
        return Ok(None);
    }
    stderr::print(statement);
    stderr::ask("Continue? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(Some(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")))
}
