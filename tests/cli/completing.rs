//! The completions, run by the shells themselves if they are installed: files where files belong, the values of options
//! with a fixed set, and names of records.

use std::process::Command;

use crate::home::{FOLIO, Home};

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
    // The scripts call the program by its name.
    let folder = std::path::Path::new(FOLIO).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap();
    let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders).unwrap());
    for variable in ["FOLIO_DATABASE_URL", "DATABASE_URL", "FOLIO_CONFIG"] {
        command.env_remove(variable);
    }
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
        compopt() { return 0; }
        source folio.bash
        [[ "$(complete -p folio)" == *"-o default"* ]] && files=yes
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
        let files = ["sample\\ one.json", "sample.md"];
        assert!(files.iter().all(|file| offered.contains(&(*file).to_owned())), "{words:?}: {offered:?}");
        assert!(!offered.iter().any(|word| word.starts_with('-')), "{words:?}: {offered:?}");
    }
    for (words, values) in [
        (&["folio", "repo", "add", "x", "--status", ""][..], &["public", "private"][..]),
        (&["folio", "repo", "list", "--status", "pr"], &["private"]),
        (&["folio", "import", "x", "--as", ""], &["folio", "github", "jsonresume", "markdown", "csv", "tsv"]),
        (&["folio", "user", "list", "--format", ""], &["table", "tsv", "csv", "json", "ndjson", "markdown", "svg"]),
        (&["folio", "config", "se"], &["set"]),
        (&["folio", "completions", "f"], &["fish"]),
        (&["folio", "import", "--lo"], &["--login"]),
        (&["folio", "import", "x", "--lo"], &["--login"]),
        (&["folio", "user", "get", "sam"], &[]),
        (&["folio", "user", "list", "--login", "sam"], &[]),
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
        ("folio repo list --status=pr", &["--status=private"]),
        ("folio import --as ", &["csv", "folio", "github", "jsonresume", "markdown", "tsv"]),
        ("folio import x --as m", &["markdown"]),
        ("folio import x --lo", &["--login"]),
        ("folio user list --format ", &["csv", "json", "markdown", "ndjson", "svg", "table", "tsv"]),
        ("folio completions f", &["fish"]),
        ("folio user get sam", &[]),
        ("folio user list --login sam", &[]),
    ] {
        assert_eq!(zsh(&home, line).unwrap(), values, "{line}");
    }
}

/// The same folder, with records.
#[cfg(feature = "sqlite")]
fn with_records() -> Home {
    let home = home();
    home.done(&["user", "add", "octocat", "--number", "583231"]);
    home.done(&["user", "add", "ada"]);
    home.done(&["user", "add", "two words"]);
    home.done(&["user", "add", "odd\u{1b}[2J"]);
    home.done(&["repo", "add", "engine", "--login", "ada"]);
    home.done(&["repo", "add", "hello-world", "--login", "octocat"]);
    home.done(&["resume", "add", "Analyst", "--login", "ada"]);
    home.done(&["note", "add", "To do", "--login", "ada"]);
    home.done(&["note", "add", "Reading list", "--login", "ada"]);
    home
}

#[cfg(feature = "sqlite")]
#[test]
fn bash_offers_names_of_records_quoted() {
    let home = with_records();
    for (words, values) in [
        (&["folio", "user", "get", "--login", ""][..], &["octocat", "ada", "two\\ words"][..]),
        (&["folio", "note", "add", "x", "--login", "o"], &["octocat"]),
        (&["folio", "import", "x", "--login", "ad"], &["ada"]),
        (&["folio", "repo", "get", ""], &["ada/engine", "octocat/hello-world"]),
        (&["folio", "repo", "edit", "octocat/h"], &["octocat/hello-world"]),
        (&["folio", "note", "list", "--repo", "ada/"], &["ada/engine"]),
        (&["folio", "open", "o"], &["octocat/hello-world", "octocat"]),
        (&["folio", "note", "get", ""], &["2", "1"]),
        (&["folio", "note", "list", "--name", "To"], &["To\\ do"]),
        // The name of a new record is new.
        (&["folio", "note", "edit", "1", "--name", ""], &[]),
        (&["folio", "user", "add", ""], &[]),
        (&["folio", "resume", "list", "--vacancy", "A"], &["Analyst"]),
        (&["folio", "repo", "list", "--name", "h"], &["hello-world"]),
        (&["folio", "note", "list", "--user", ""], &["4", "3", "2", "1"]),
        (&["folio", "--database-url", "none.db", "user", "get", "--login", ""], &[]),
    ] {
        let Some(offered) = bash(&home, words) else { return };
        let offered: Vec<_> = offered.iter().filter(|word| !word.starts_with('-')).collect();
        assert_eq!(offered, values, "{words:?}");
    }
}

#[cfg(feature = "sqlite")]
#[test]
fn fish_and_zsh_offer_names_of_records_with_what_tells_them_apart() {
    let home = with_records();
    let Some(mut offered) = fish(&home, "folio note get ") else { return };
    offered.sort();
    assert_eq!(offered, ["1", "2"]);
    let said =
        shell(&home, "fish", &["--no-config", "-c", "source folio.fish; complete -C 'folio note get '"]).unwrap();
    assert_eq!(said, "2\tReading list\n1\tTo do\n");
    assert_eq!(fish(&home, "folio user get --login two").unwrap(), ["two words"]);
    if let Some(offered) = zsh(&home, "folio repo get ada") {
        assert_eq!(offered, ["ada/engine"]);
    }
}

/// The answer of the program to a shell, without the shell.
#[cfg(feature = "sqlite")]
fn asked(home: &Home, words: &[&str]) -> crate::home::Ran {
    let mut command = home.folio(&[&["--", "folio"], words].concat());
    crate::home::run(command.env("FOLIO_COMPLETE", "fish"))
}

#[cfg(feature = "sqlite")]
#[test]
fn a_database_that_is_not_there_broken_or_behind_has_no_names_and_nothing_is_said() {
    let home = home();
    let login = ["user", "get", "--login", ""];
    let nothing = |home: &Home, what: &str| {
        let ran = asked(home, &login);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "", ""), "{what}");
    };
    let before = home.files();
    nothing(&home, "none");
    assert_eq!(home.files(), before, "none is made");
    home.file("folio.db", "this is no database".repeat(100));
    nothing(&home, "broken");
    home.file(".env", "FOLIO_DATABASE_URL=two words\n");
    nothing(&home, "a broken .env");
    // An address that nobody answers at: the key is not kept waiting.
    home.file(".env", "FOLIO_DATABASE_URL=postgres://u@192.0.2.1/db\n");
    let begun = std::time::Instant::now();
    nothing(&home, "unreachable");
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
    std::fs::remove_file(home.path().join(".env")).unwrap();
    std::fs::remove_file(home.path().join("folio.db")).unwrap();
    home.done(&["user", "add", "ada"]);
    assert_eq!(asked(&home, &login).out, "ada\n");
    home.done(&["migrate", "down", "--all", "--yes"]);
    let state = home.run(&["migrate", "status"]).out;
    nothing(&home, "behind");
    assert_eq!(home.run(&["migrate", "status"]).out, state, "looking migrates nothing");
    // Neither words nor a shell that make no sense are answered with noise.
    for shell in ["tcsh", "fish"] {
        let ran =
            crate::home::run(home.folio(&["--", "folio", "no", "such", "command", ""]).env("FOLIO_COMPLETE", shell));
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{shell}: {ran:?}");
    }
}
