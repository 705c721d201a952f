//! `folio completions`: a script for a shell.

use clap::builder::ValueHint;
use clap::{Args, Command};
use clap_complete::{Shell, generate};

use super::output;

const AFTER: &str = "\
Examples:
  folio completions bash > ~/.local/share/bash-completion/completions/folio
  folio completions zsh > ~/.zfunc/_folio
  folio completions fish > ~/.config/fish/completions/folio.fish

Prints the script.";

/// Corrections to the generated bash script, which offers options where files belong, and files where they do not.
const BASH: &str = r#"
_folio_or_files() {
    _folio "$@"
    if [[ "$2" != -* && ( ${#COMPREPLY[@]} -eq 0 || "${COMPREPLY[0]}" == -* ) ]]; then
        case " ${COMP_WORDS[*]:1:COMP_CWORD-1} " in
            *" import "* | *" db copy "*)
                COMPREPLY=()
                compopt -o bashdefault -o default
                ;;
        esac
    fi
}

if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
    complete -r folio
    complete -F _folio_or_files folio
fi
"#;

/// Additions to the generated fish script, which completes only options.
const FISH: &str = r#"
complete -c folio -f
complete -c folio -n "__fish_folio_using_subcommand import" -F
complete -c folio -n "__fish_folio_using_subcommand db; and __fish_seen_subcommand_from copy" -F
complete -c folio -n "__fish_folio_using_subcommand completions" -a "bash elvish fish powershell zsh"
"#;

#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

/// Writes the script for the command line of `program`.
pub(super) fn run(arguments: &Completions, program: Command) -> anyhow::Result<()> {
    // The generator cannot report a closed pipe, so it writes to memory.
    let mut script = Vec::new();
    generate(arguments.shell, &mut without_files(program), "folio", &mut script);
    let mut script = String::from_utf8(script)?;
    match arguments.shell {
        Shell::Bash => script.push_str(BASH),
        Shell::Fish => script.push_str(FISH),
        // With two colons, zsh would treat everything after the first of several arguments as further ones, even
        // options.
        Shell::Zsh => script = script.replace("'*::", "'*:"),
        _ => {}
    }
    Ok(output::write(&script)?)
}

/// The command with every value of unknown kind marked as not being a file.
fn without_files(command: Command) -> Command {
    let marked = command.mut_args(|argument| {
        let is_known = argument.get_value_hint() != ValueHint::Unknown || !argument.get_possible_values().is_empty();
        if is_known || !argument.get_action().takes_values() { argument } else { argument.value_hint(ValueHint::Other) }
    });
    marked.mut_subcommands(without_files)
}
