//! The completions, run by the shells themselves if they are installed: files where files belong, and the values of
//! options with a fixed set.

use std::process::Command;

use crate::home::Home;

/// A folder with two files to complete.
fn home() -> Home {
    let home = Home::new(module_path!());
    home.file("sample one.json", "");
    home.file("sample.md", "");
    home
}

/// The output of a shell script. `None` if the shell is not installed; that is a failure if the servers' tests are
/// compiled in, because their requirements are installed together with the shells.
fn shell(home: &Home, program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.current_dir(home.path()).env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path()).args(arguments);
    let output = match command.output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if cfg!(feature = "postgres") {
                panic!("{program} is not installed; .ci/servers installs it");
            }
            eprintln!("{program} is not installed, so that its completions are not tried");
            return None;
        }
        output => output.unwrap(),
    };
    assert!(output.status.success() && output.stderr.is_empty(), "{program}: {output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Bash's completions for the last of these words: from the function, or from bash's default if that returns none.
fn bash(home: &Home, words: &[&str]) -> Option<Vec<String>> {
    home.file("folio.bash", home.done(&["completions", "bash"]));
    // Outside a completion, this `compopt` only records its arguments.
    let asking = r#"
        compopt() { [[ "$*" == *default* ]] && files=yes; return 0; }
        source folio.bash
        [[ "$(complete -p folio)" == *default* ]] && files=yes
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        "$(complete -p folio | sed 's/.*-F \([^ ]*\).*/\1/')" folio "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        [[ ${#COMPREPLY[@]} -eq 0 && -n "$files" ]] && mapfile -t COMPREPLY < <(compgen -f -- "${@: -1}")
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let said = shell(home, "bash", &[&["--norc", "-c", asking, "bash"], words].concat())?;
    Some(said.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

fn fish(home: &Home, line: &str) -> Option<Vec<String>> {
    home.file("folio.fish", home.done(&["completions", "fish"]));
    let asking = format!("source folio.fish; complete -C '{line}'");
    let said = shell(home, "fish", &["--no-config", "-c", &asking])?;
    Some(said.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect())
}

/// Zsh's completions for a line, sorted. Zsh completes only on a terminal, so one zsh provides a terminal for another,
/// and the inner one records all of its completions.
fn zsh(home: &Home, line: &str) -> Option<Vec<String>> {
    home.file("_folio", home.done(&["completions", "zsh"]));
    home.file(
        "inside.zsh",
        r#"
        PS1= fpath=($PWD $fpath)
        autoload -U compinit
        compinit -u -D
        compadd() {
            local -a found
            if [[ ${@[(I)-[OAD]*]} -eq 0 ]]; then
                builtin compadd -A found "$@"
                print -rl -- $found >> offered
            fi
            builtin compadd "$@"
        }
        note_the_end() { print at its end }
        comppostfuncs=(note_the_end)
        bindkey '^I' complete-word
        print has begun
        "#,
    );
    let asking = r#"
        : > offered
        zmodload zsh/zpty
        zpty inner zsh -f -i
        zpty -w inner 'source ./inside.zsh'
        zpty -r inner said $'*has begun\r\n*'
        zpty -w -n inner "$1"$'\t'
        zpty -r inner said '*at its end*'
        zpty -d inner
        cat offered
    "#;
    let said = shell(home, "zsh", &["-f", "-c", asking, "zsh", line])?;
    let mut offered: Vec<_> = said.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    offered.sort();
    offered.dedup();
    Some(offered)
}

#[test]
fn bash_offers_files_where_files_go_and_values_where_values_are() {
    let home = home();
    for words in [
        &["folio", "import", "sam"][..],
        &["folio", "import", ""],
        &["folio", "import", "--echo", ""],
        &["folio", "import", "sample.md", "sam"],
        &["folio", "db", "copy", "sam"],
        &["folio", "db", "copy", "folio.db", "sam"],
        &["folio", "note", "add", "x", "--body-file", "sam"],
        &["folio", "resume", "edit", "1", "--body-file", "sam"],
        &["folio", "user", "list", "--database-url", "sam"],
    ] {
        let Some(offered) = bash(&home, words) else { return };
        let files = ["sample one.json", "sample.md"];
        assert!(files.iter().all(|file| offered.contains(&(*file).to_owned())), "{words:?}: {offered:?}");
        assert!(!offered.iter().any(|word| word.starts_with('-')), "{words:?}: {offered:?}");
    }
    for (words, values) in [
        (&["folio", "repo", "add", "x", "--status", ""][..], &["public", "private"][..]),
        (&["folio", "repo", "list", "--status", "pr"], &["private"]),
        (&["folio", "import", "x", "--as", ""], &["folio", "github", "jsonresume", "markdown", "csv", "tsv"]),
        (&["folio", "user", "list", "--format", ""], &["table", "tsv", "csv", "json", "ndjson", "markdown"]),
        (&["folio", "completions", "f"], &["fish"]),
        (&["folio", "import", "--lo"], &["--login"]),
        (&["folio", "import", "x", "--lo"], &["--login"]),
        (&["folio", "user", "get", "sam"], &[]),
        (&["folio", "user", "list", "--login", "sam"], &["sam"]),
    ] {
        assert_eq!(bash(&home, words).unwrap(), values, "{words:?}");
    }
}

#[test]
fn fish_offers_files_where_files_go_and_values_where_values_are() {
    let home = home();
    for line in [
        "folio import sam",
        "folio import --echo sam",
        "folio db copy sam",
        "folio db copy folio.db sam",
        "folio note add x --body-file sam",
        "folio user list --database-url sam",
    ] {
        let Some(offered) = fish(&home, line) else { return };
        assert!(offered.contains(&"sample.md".to_owned()), "{line}: {offered:?}");
    }
    for (line, values) in [
        ("folio repo add x --status p", &["private", "public"][..]),
        ("folio import x --as m", &["markdown"]),
        ("folio import x --lo", &["--login"]),
        ("folio user list --format t", &["table", "tsv"]),
        ("folio completions f", &["fish"]),
        ("folio user get sam", &[]),
        ("folio user list --login sam", &[]),
    ] {
        let mut offered = fish(&home, line).unwrap();
        offered.sort();
        assert_eq!(offered, values, "{line}");
    }
}

#[test]
fn zsh_offers_files_where_files_go_and_values_where_values_are() {
    let home = home();
    for line in [
        "folio import sam",
        "folio import --echo sam",
        "folio import sample.md sam",
        "folio db copy sam",
        "folio db copy folio.db sam",
        "folio note add x --body-file sam",
        "folio resume edit 1 --body-file sam",
        "folio user list --database-url sam",
    ] {
        let Some(offered) = zsh(&home, line) else { return };
        assert_eq!(offered, ["sample.md", "sample\\ one.json"], "{line}");
    }
    for (line, values) in [
        ("folio repo add x --status ", &["private", "public"][..]),
        ("folio repo list --status=pr", &["private"]),
        ("folio import --as ", &["csv", "folio", "github", "jsonresume", "markdown", "tsv"]),
        ("folio import x --as m", &["markdown"]),
        ("folio import x --lo", &["--login"]),
        ("folio user list --format ", &["csv", "json", "markdown", "ndjson", "table", "tsv"]),
        ("folio completions f", &["fish"]),
        ("folio user get sam", &[]),
        ("folio user list --login sam", &[]),
    ] {
        assert_eq!(zsh(&home, line).unwrap(), values, "{line}");
    }
}
