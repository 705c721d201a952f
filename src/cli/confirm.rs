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
        match answer(&format!("This {does} {what}.")).map_err(unread)? {
            Some(true) => Ok(()),
            Some(false) => Err(anyhow!("nothing was {done}")),
            None => Err(unasked(would, what)),
        }
    }

    /// Succeeds if `--yes` was given or the user at the terminal types the name of the database to drop. `what`
    /// describes it, with what it holds.
    pub(super) fn ask_for_name(&self, name: &str, what: &str) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        let question = format!("To go on, type its name, {name}: ");
        match typed(&format!("This drops {what}."), &question).map_err(unread)? {
            Some(typed) if typed == name => Ok(()),
            Some(_) => Err(anyhow!("nothing was dropped")),
            None => Err(unasked("drop", what)),
        }
    }
}

fn unread(error: io::Error) -> anyhow::Error {
    anyhow!("cannot read the answer: {error}")
}

fn unasked(would: &str, what: &str) -> anyhow::Error {
    Usage(format!("this would {would} {what}; add --yes to {would} it without being asked")).into()
}

/// Says what is about to happen, and asks whether to continue; `None` without a terminal to ask on.
pub(super) fn answer(statement: &str) -> io::Result<Option<bool>> {
    let answer = typed(statement, "Continue? [y/N] ")?;
    Ok(answer.map(|answer| matches!(answer.to_lowercase().as_str(), "y" | "yes")))
}

/// Says what is about to happen, and what the user types in answer to a question; `None` without a terminal.
fn typed(statement: &str, question: &str) -> io::Result<Option<String>> {
    if !(io::stdin().is_terminal() && stderr::is_terminal()) {
        return Ok(None);
    }
    stderr::print(statement);
    stderr::ask(question);
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(Some(answer.trim().to_owned()))
}
