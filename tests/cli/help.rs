//! The help pages, and the messages for mistakes on the command line.

use insta::assert_snapshot;

use crate::home::Home;

/// Every command, split into words.
fn commands(home: &Home) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut next = 0;
    while let Some(command) = found.get(next).cloned() {
        next += 1;
        let help = help(home, &command);
        let Some((_, listed)) = help.split_once("\nCommands:\n") else { continue };
        for line in listed.lines().take_while(|line| !line.is_empty()) {
            if let Some(verb) = line.split_whitespace().next().filter(|verb| *verb != "help") {
                found.push(format!("{command} {verb}").trim().to_owned());
            }
        }
    }
    found
}

fn help(home: &Home, command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
    home.done(&words)
}

#[test]
fn every_page_is_as_it_was_read_last() {
    let home = Home::new(module_path!());
    for command in commands(&home) {
        let name = format!("help {command}").trim().replace(' ', "-");
        assert_snapshot!(name, help(&home, &command));
    }
}

#[cfg(all(unix, feature = "sqlite"))]
#[test]
fn the_examples_of_the_first_page_work_one_after_the_other() {
    let home = Home::new("");
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    std::os::unix::fs::symlink(samples, home.path().join("samples")).unwrap();
    let page = help(&home, "");
    let (_, examples) = page.split_once("\nExamples:\n").unwrap();
    let examples: Vec<&str> = examples.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!(examples.len(), 5, "{examples:?}");
    for example in examples {
        // The text after several spaces is a comment.
        let (command, _) = example.trim().split_once("   ").unwrap_or((example.trim(), ""));
        let mut shell = std::process::Command::new("sh");
        shell.current_dir(home.path()).env_clear().env("FOLIO", crate::home::FOLIO);
        let output = shell.args(["-c", &command.replacen("folio", "\"$FOLIO\"", 1)]).output().unwrap();
        assert!(output.status.success() && !output.stdout.is_empty(), "{command}: {output:?}");
    }
    // The commands in the README after its first run.
    for verb in [
        &["user", "list", "--login", "octocat"][..],
        &["repo", "list", "--status", "private", "--format", "json"],
        &["repo", "list", "--topic", "octocat", "--sort", "stars:desc", "--columns", "owner,name,stars"],
        &["sql", "SELECT kind, count(*) AS accounts FROM users GROUP BY kind"],
        &["open", "jquery/jquery"],
        &["note", "add", "To do", "--account", "583231", "--body", "Read the README"],
    ] {
        assert_ne!(home.done(verb), "", "{verb:?}");
    }
    assert!(home.fails(1, &["user", "remove", "--account", "583231"]).contains("--with-everything"));
}

#[test]
fn every_page_has_examples_and_every_verb_says_what_it_prints() {
    let home = Home::new(module_path!());
    let commands = commands(&home);
    assert_eq!(commands.len(), 1 + 6 + 4 * 5 + 16 + 2 + 4, "{commands:?}");
    for command in commands {
        let page = help(&home, &command);
        assert!(page.contains("\nExamples:\n  "), "{command}: {page}");
        assert!(page.contains("Print") || page.contains("print") || command == "db", "{command}: {page}");
        assert!(page.lines().all(|line| line.chars().count() <= 100 || line.starts_with("Usage")), "{command}: {page}");
    }
}

#[cfg(feature = "sqlite")]
#[test]
fn help_names_the_columns_in_their_order() {
    let home = Home::with_users(module_path!());
    for noun in ["user", "repo", "resume", "note"] {
        let header = home.done(&[noun, "list", "--format", "table"]);
        let columns: Vec<&str> = header.lines().next().unwrap().split_whitespace().collect();
        for verb in ["add", "get", "list", "edit"] {
            let page = help(&home, &format!("{noun} {verb}")).replace(" (the user's id)", "").replace(" (its id)", "");
            assert!(page.contains(&format!("Columns: {}.", columns.join(", "))), "{noun} {verb}: {page}");
        }
    }
}

#[test]
fn every_command_takes_the_options_of_every_command() {
    let home = Home::new(module_path!());
    for command in commands(&home) {
        let page = help(&home, &command);
        for option in ["--database-url <URL>", "--format <FORMAT>", "--echo", "--busy-timeout <SECONDS>"] {
            assert!(page.contains(option), "{command} lacks {option}");
        }
    }
}

#[test]
fn a_slip_is_exit_code_2_and_makes_nothing() {
    let home = Home::new(module_path!());
    for slip in [
        &[][..],
        &["user"],
        &["user", "ad"],
        &["user", "add"],
        &["user", "add", "x", "--nope"],
        &["user", "get"],
        &["user", "get", "1", "--login", "x"],
        &["user", "edit", "1", "--email", "a@b", "--no-email"],
        &["repo", "add", "x"],
        &["repo", "add", "x", "--user", "1", "--login", "y"],
        &["note", "add", "x", "--user", "1", "--body", "a", "--body-file", "b"],
        &["import"],
        &["--format", "xml", "user", "list"],
        &["completions", "tcl"],
    ] {
        let ran = home.run(slip);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{slip:?}");
        assert!(!ran.err.is_empty());
    }
    for (slip, said) in [
        (&["user", "get", "three"][..], r#"id: "three" is not a 64-bit integer; for a name write --login three"#),
        (
            &["user", "get", "--account", "9223372036854775808"],
            r#"number: "9223372036854775808" is not a 64-bit integer"#,
        ),
        (&["user", "list", "--limit", "-1"], ""),
        (&["user", "list", "--limit", "all"], r#"limit: "all" is not a number of records"#),
        (&["user", "list", "--busy-timeout", "soon"], r#"busy timeout: "soon" is not a number of seconds"#),
        (
            &["repo", "get", "hello"],
            "repository: neither an id nor owner/name; to look it up by name: folio repo list --name hello",
        ),
        (&["import", "x", "--as", "yaml"], "format: 'yaml' is not one of github, jsonresume, markdown"),
    ] {
        if said.is_empty() {
            assert_eq!(home.run(slip).code, Some(2), "{slip:?}");
        } else {
            assert_eq!(home.fails(2, slip), said);
        }
    }
    assert!(home.files().is_empty());
}

#[test]
fn completions_know_the_commands() {
    let home = Home::new(module_path!());
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.done(&["completions", shell]);
        assert!(script.contains("with-everything") && script.contains("database-url"), "{shell}");
    }
}
