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
    assert_eq!(examples.len(), 7, "{examples:?}");
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
        &["search", "library", "--kind", "repo"],
        &["stats"],
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
    assert!(commands.len() > 60, "only these are found: {commands:?}");
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
fn the_topics_of_the_first_page_have_pages_of_their_own() {
    let home = Home::new(module_path!());
    let (_, topics) =
        help(&home, "").split_once("More: folio help ").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let (topics, _) = topics.split_once('\n').unwrap();
    let topics: Vec<&str> = topics.split(" | ").collect();
    assert_eq!(topics, ["exit-codes", "environment", "formats"]);
    for topic in topics {
        let page = home.done(&["help", topic]);
        assert_snapshot!(format!("topic-{topic}"), page);
        assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
        assert_eq!(home.done(&[topic]), page);
    }
    let formats = home.done(&["help", "formats"]);
    let said = home.run(&["user", "list", "--format", "x"]).err;
    for format in ["table", "tsv", "csv", "json", "ndjson", "markdown"] {
        assert!(formats.contains(&format!("\n  {format} ")) && said.contains(format), "{format}: {said}");
    }
    assert!(home.files().is_empty());
}

#[cfg(feature = "sqlite")]
#[test]
fn the_program_alone_says_where_it_is_and_what_to_do_next() {
    let home = Home::new("");
    let first = home.done(&[]);
    assert!(first.contains("folio.db: no database there yet\n\nNext:\n  folio import FILE…"), "{first}");
    assert!(home.files().is_empty(), "looking makes no file");
    home.done(&["db", "create"]);
    let empty = home.done(&[]);
    assert!(empty.contains("folio.db: 0 users, 0 repositories, 0 résumés, 0 notes\n"), "{empty}");
    assert!(empty.contains("  folio import FILE…"), "{empty}");
    home.done(&["user", "add", "ada"]);
    let filled = home.done(&[]);
    assert!(filled.contains("1 user, 0 repositories") && filled.contains("  folio search WORDS"), "{filled}");
    home.done(&["migrate", "down", "--yes"]);
    let behind = home.done(&[]);
    assert!(behind.contains("  folio migrate up "), "{behind}");
    assert_eq!(home.done(&["--database-url", "sqlite::memory:"]).lines().count(), 7);
}

#[test]
fn verbs_of_other_programs_are_answered_with_folio_s_own() {
    let home = Home::new(module_path!());
    for (written, meant) in [
        (&["user", "show", "1"][..], "'get'"),
        (&["repo", "ls"], "'list'"),
        (&["note", "delete", "1"], "'remove'"),
        (&["resume", "new", "x"], "'add'"),
        (&["find", "x"], "'search'"),
        (&["migrate", "upgrade"], "'up'"),
        (&["migrate", "rollback"], "'down'"),
        (&["users", "list"], "'user'"),
        (&["db", "init"], "'create'"),
        (&["note", "lst"], "'list'"),
    ] {
        let ran = home.run(written);
        let said = ran.err;
        assert_eq!(ran.code, Some(2));
        assert!(said.contains(meant), "{written:?}: {said}");
    }
}

#[test]
fn a_slip_is_exit_code_2_and_makes_nothing() {
    let home = Home::new(module_path!());
    for slip in [
        &["user"][..],
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
        (
            &["import", "x", "--as", "yaml"],
            "format: 'yaml' is not one of folio, github, jsonresume, markdown, csv, tsv",
        ),
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
fn there_are_completions_for_every_shell() {
    let home = Home::new(module_path!());
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.done(&["completions", shell]);
        assert!(script.contains("FOLIO_COMPLETE") && script.contains("folio"), "{shell}: {script}");
    }
}
