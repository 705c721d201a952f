//! `folio completions`: a script for a shell, and the answers to what the shell asks on a key press.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use clap::{Arg, Args, Command};
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCompleter, complete};
use clap_complete::env::{Bash, CompleteEnv, Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};

use super::candidates::{Named, beginning_with};
use super::output;

const AFTER: &str = "\
Examples:
  echo 'source <(folio completions bash)' >> ~/.bashrc
  echo 'source <(folio completions zsh)' >> ~/.zshrc
  folio completions fish > ~/.config/fish/completions/folio.fish

Prints a script that asks folio on each key press: for commands, options and files, and for logins,
repositories, ids and names of the database that the command line or the environment names. That
database is only read; without one, or one that takes longer than a moment, there are no names.";

/// The variable by which a script asks.
const VARIABLE: &str = "FOLIO_COMPLETE";

/// The variable by which most scripts tell which word is completed.
const INDEX: &str = "_CLAP_COMPLETE_INDEX";

const SHELLS: Shells<'static> = Shells(&[&QuotingBash, &Elvish, &Fish, &Powershell, &Zsh]);

/// Lets zsh's first completion work where the script is a file of its own, which zsh loads at that moment.
const ZSH: &str = r#"
if [[ "$funcstack[1]" == "_folio" ]]; then
    _clap_dynamic_completer_folio "$@"
fi
"#;

#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

/// Writes the script for the shell.
pub(super) fn run(Completions { shell }: &Completions) -> anyhow::Result<()> {
    let mut script = Vec::new();
    if let Some(completer) = SHELLS.completer(&shell.to_string()) {
        // By its name: the script may have been written where the program was built.
        completer.write_registration(VARIABLE, "folio", "folio", "folio", &mut script)?;
    }
    let mut script = String::from_utf8(script)?;
    if *shell == Shell::Zsh {
        script.push_str(ZSH);
    }
    Ok(output::write(&script)?)
}

/// Answers a shell that asks for completions of the command line of `program`; false if none does. What cannot be
/// answered is passed over in silence, since the person is in the middle of a line.
pub(super) fn answer(program: fn() -> Command) -> bool {
    let with_candidates = || {
        let program = with_values(program(), "");
        if is_option_begun() { program } else { without_options(program) }
    };
    let here = env::current_dir().ok();
    let asked = CompleteEnv::with_factory(with_candidates).var(VARIABLE).shells(SHELLS);
    asked.try_complete(env::args_os(), here.as_deref()).unwrap_or(true)
}

/// Whether the word to complete begins as an option does.
fn is_option_begun() -> bool {
    let words: Vec<OsString> = env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let index = env::var(INDEX).ok().and_then(|index| index.parse().ok());
    let word = words.get(index.unwrap_or(words.len().saturating_sub(1)));
    word.is_some_and(|word| word.as_encoded_bytes().starts_with(b"-"))
}

/// The command with its options hidden: they are offered only where nothing else is.
fn without_options(command: Command) -> Command {
    let hidden = command.mut_args(|argument| {
        let is_option = argument.get_long().is_some();
        argument.hide(is_option)
    });
    hidden.disable_help_flag(true).disable_version_flag(true).mut_subcommands(without_options)
}

/// The command, whose words before it are `path`, with the names of records for the arguments that name one.
fn with_values(command: Command, path: &str) -> Command {
    let noun = path.split(' ').next().unwrap_or_default().to_owned();
    let is_list = path.ends_with(" list");
    let command = command.mut_args(|argument| match named(&noun, is_list, &argument) {
        Some(named) => argument.add(ArgValueCompleter::new(move |begun: &OsStr| beginning_with(named, begun))),
        None => argument,
    });
    let path = path.to_owned();
    command.mut_subcommands(move |verb| {
        let path = format!("{path} {}", verb.get_name());
        with_values(verb, path.trim_start())
    })
}

/// What an argument of a command names.
fn named(noun: &str, is_list: bool, argument: &Arg) -> Option<Named> {
    match (noun, argument.get_id().as_str()) {
        (_, "login") => Some(Named::Login),
        (_, "repo") | ("repo", "which") => Some(Named::Repository),
        ("open", "which") => Some(Named::Page),
        (_, "user") | ("user", "id") => Some(Named::UserId),
        ("resume", "id") => Some(Named::ResumeId),
        ("note", "id") => Some(Named::NoteId),
        // Elsewhere, the name is a new one.
        ("repo", "name") if is_list => Some(Named::RepositoryName),
        ("resume", "vacancy") if is_list => Some(Named::Vacancy),
        ("note", "name") if is_list => Some(Named::NoteName),
        _ => None,
    }
}

/// Bash, with its words quoted: it inserts them as they are.
struct QuotingBash;

impl EnvCompleter for QuotingBash {
    fn name(&self) -> &'static str {
        Bash.name()
    }

    fn is(&self, name: &str) -> bool {
        Bash.is(name)
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn io::Write,
    ) -> io::Result<()> {
        Bash.write_registration(var, name, bin, completer, buf)
    }

    fn write_complete(
        &self,
        cmd: &mut Command,
        args: Vec<OsString>,
        current_dir: Option<&Path>,
        buf: &mut dyn io::Write,
    ) -> io::Result<()> {
        let index = env::var(INDEX).ok().and_then(|index| index.parse().ok()).unwrap_or_default();
        let candidates = complete(cmd, args, index, current_dir)?;
        let words: Vec<String> =
            candidates.iter().map(|candidate| quoted(&candidate.get_value().to_string_lossy())).collect();
        write!(buf, "{}", words.join(&env::var("_CLAP_IFS").unwrap_or_else(|_| "\n".to_owned())))
    }
}

/// The word with a backslash before each character that bash takes for something else.
fn quoted(word: &str) -> String {
    let mut quoted = String::with_capacity(word.len());
    for character in word.chars() {
        if " '\"\\$`&;|<>()*?[]{}!#~".contains(character) {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}
