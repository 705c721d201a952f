//! `folio man`: manual pages.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process;

use anyhow::anyhow;
use clap::{Args, Command, ValueHint};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::exit::Usage;
use super::output::{self, Place};
use super::suggest::nearest;
use folio::error::Error;

const AFTER: &str = "\
Examples:
  folio man
  folio man user list
  folio man --output ~/.local/share/man/man1      then also: man folio-user-list

On a terminal it shows the page of a command in man; in a pipe it prints the page's source, in roff.
With --output it writes the pages of all commands into a folder, and prints their names.";

#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Manual {
    /// The command, such as 'user list' [default: folio itself]
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// A folder for the pages of all commands; it is made if it is not there
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "command")]
    output: Option<PathBuf>,
}

/// Shows or writes pages of the command line of `program`.
pub(super) fn run(Manual { command, output }: &Manual, program: Command) -> anyhow::Result<()> {
    let mut program = program.disable_help_subcommand(true);
    program.build();
    if let Some(folder) = output {
        return write_all(&program, folder);
    }
    let mut at = &program;
    for name in command {
        at = at.find_subcommand(name).ok_or_else(|| unknown(at, name))?;
    }
    let page = page(at)?;
    match Place::of_stdout() {
        Place::Pipe => Ok(output::write(&page)?),
        Place::Terminal { .. } => show(&page, at),
    }
}

fn unknown(command: &Command, name: &str) -> Usage {
    let names: Vec<&str> = visible(command).map(Command::get_name).collect();
    let near = nearest(name, names.iter().copied()).map(|near| format!("; did you mean {near}?"));
    let command = command.get_bin_name().unwrap_or_default();
    Usage(format!("there is no command {name:?} of '{command}'{}", near.unwrap_or_default()))
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|command| !command.is_hide_set())
}

/// Writes the page of the command and those of all commands below it.
fn write_all(program: &Command, folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).map_err(|error| Error::io(folder.display(), error))?;
    let mut commands = vec![program];
    let mut names = String::new();
    while let Some(command) = commands.pop() {
        let file = folder.join(Man::new(command.clone()).get_filename());
        fs::write(&file, page(command)?).map_err(|error| Error::io(file.display(), error))?;
        names.push_str(&format!("{}\n", file.display()));
        let below: Vec<&Command> = visible(command).collect();
        commands.extend(below.into_iter().rev());
    }
    Ok(output::write(&names)?)
}

/// Shows the page in the system's own program for them, which has a pager of its own.
fn show(page: &str, command: &Command) -> anyhow::Result<()> {
    let in_temporary = |error| Error::io(std::env::temp_dir().display(), error);
    let mut file = tempfile::Builder::new().prefix("folio-").suffix(".1").tempfile().map_err(in_temporary)?;
    file.write_all(page.as_bytes()).map_err(in_temporary)?;
    let failed = match process::Command::new("man").arg(file.path()).status() {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => format!("man ended with {status}"),
        Err(error) => format!("cannot run man: {error}"),
    };
    Err(anyhow!("{failed}; '{} --help' prints the same", command.get_bin_name().unwrap_or("folio")))
}

/// The page of a command in roff: what its help has, in the sections that manual pages have.
fn page(command: &Command) -> io::Result<String> {
    let source = concat!("folio ", env!("CARGO_PKG_VERSION"));
    // In place of a date, which a build from source does not have: an empty one would not count as an argument.
    let man = Man::new(command.clone()).date(" ").source(source).manual("Folio");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if visible(command).next().is_some() {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(text) = command.get_after_help() {
        after_help(&text.to_string()).to_writer(&mut page)?;
    }
    String::from_utf8(page).map_err(io::Error::other)
}

/// What comes after the options in the help. Its examples and lists keep their lines, and its prose flows.
fn after_help(text: &str) -> Roff {
    let mut roff = Roff::new();
    let mut are_lines_kept = false;
    let mut is_example = false;
    for line in text.lines() {
        let keeps = line.starts_with("  ");
        if are_lines_kept && !keeps {
            roff.control("fi", []);
        }
        if line == "Examples:" {
            roff.control("SH", ["EXAMPLES"]);
            is_example = true;
        } else if line.is_empty() {
            // Whatever follows the examples begins a section of its own.
            if std::mem::take(&mut is_example) {
                roff.control("SH", ["NOTES"])
            } else {
                roff.control("PP", [])
            };
        } else {
            if keeps && !are_lines_kept {
                roff.control("nf", []);
            }
            roff.text([roman(line)]);
        }
        are_lines_kept = keeps;
    }
    if are_lines_kept {
        roff.control("fi", []);
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_keep_their_lines_and_prose_flows() {
        let roff = after_help("Examples:\n  folio x\n  .y 'z'\n\nProse goes\non.\n  a  list\nMore.").to_roff();
        let lines: Vec<&str> = roff.lines().collect();
        assert_eq!(
            lines,
            [
                ".SH EXAMPLES",
                ".nf",
                "  folio x",
                "  .y 'z'",
                ".fi",
                ".SH NOTES",
                "Prose goes",
                "on.",
                ".nf",
                "  a  list",
                ".fi",
                "More."
            ],
            "{roff}"
        );
    }
}
