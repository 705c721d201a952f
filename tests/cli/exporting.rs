//! Exports: what they write, how they come back, and what is left when they fail.

use std::fs;

use crate::home::{Home, run};

/// A database with records of every kind, and its export.
fn exported() -> (Home, String) {
    let home = Home::with_users(module_path!());
    home.done(&["repo", "add", "hello-world", "--login", "octocat", "--number", "1296269"]);
    home.done(&["repo", "add", "linked", "--login", "ada"]);
    home.done(&["resume", "add", "Diver", "--login", "ada", "--body", "{\"basics\": {}}"]);
    home.done(&[
        "note",
        "add",
        "To do",
        "--login",
        "ada",
        "--repo",
        "octocat/hello-world",
        "--body",
        "call\u{1b}[1m\r\nback",
    ]);
    home.done(&["note", "tag", "1", "rust", "code review"]);
    home.done(&["note", "link", "1", "ada/linked"]);
    let out = home.done(&["export"]);
    (home, out)
}

#[test]
fn an_export_is_a_line_that_says_so_then_a_record_a_line_and_escapes_what_controls_a_terminal() {
    let (home, out) = exported();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 7, "{out}");
    assert_eq!(lines[0], r#"{"folio":"export","version":1,"used":{"note":1,"repo":2,"resume":1,"user":2}}"#);
    assert!(lines[1].starts_with(r#"{"record":"user","id":1,"user_id":583231,"username":"octocat","email":"#), "{out}");
    assert!(lines[3].ends_with(r#","owner":{"account":583231,"login":"octocat"}}"#), "{out}");
    assert!(lines[6].contains(r#""body":"call\u001b[1m\r\nback""#), "{out}");
    let about = r#","owner":{"account":-1,"login":"ada"},"about":{"owner":{"account":583231,"login":"octocat"},"name":"hello-world","number":1296269},"tags":["code review","rust"],"repositories":[{"owner":{"account":-1,"login":"ada"},"name":"linked","number":null}],"repository_ids":[2]}"#;
    assert!(lines[6].ends_with(about), "{out}");
    let notes = home.done(&["export", "notes", "users"]);
    let kept = [r#"{"folio":"export","version":1,"used":{"note":1,"user":2}}"#, lines[1], lines[2], lines[6]];
    assert_eq!(notes, kept.join("\n") + "\n");
}

#[test]
fn an_export_comes_back_as_it_was() {
    let (home, out) = exported();
    let said = home.run(&["export", "--output", "all.ndjson"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""));
    assert_eq!(said.err, "exported to all.ndjson: 2 users, 2 repositories, 1 résumé, 1 note\n");
    assert_eq!(fs::read_to_string(home.path().join("all.ndjson")).unwrap(), out);
    let other = Home::new(module_path!());
    let mut import = other.folio(&["import", "-", "--keep-ids"]);
    assert!(run(import.write_stdin(out.clone())).out.ends_with("in all        6 new, 0 changed, 0 unchanged\n"));
    assert_eq!(other.done(&["export"]), out);
    // It may be in a folder with other files, and is recognised by its content.
    let third = Home::new(module_path!());
    fs::create_dir(third.path().join("in")).unwrap();
    third.file("in/all.json", &out);
    let tally = third.done(&["import", "in"]);
    assert!(tally.ends_with("in all        6 new, 0 changed, 0 unchanged\n"), "{tally}");
    let tally = third.done(&["import", "in"]);
    assert!(tally.ends_with("in all        0 new, 0 changed, 6 unchanged\n"), "{tally}");
}

#[test]
fn what_is_not_an_export_of_this_version_is_refused_and_named() {
    let (home, out) = exported();
    for (text, options, problem) in [
        (out.replacen(":1,", ":7,", 1), &[][..], "in.ndjson (line 1, column 1): this is an export of version 7, and"),
        (out.replacen("username", "usernam", 1), &[], "in.ndjson, record 1 (line 2, column "),
        (out.replacen("username", "usernam", 1), &["--keep-ids"], "unknown field `usernam`, expected one of `id`"),
        (
            out.replacen("\"record\":\"user\"", "\"record\":\"usr\"", 1),
            &[],
            "`record` is \"usr\", which is not one of those",
        ),
        (out.replacen("\"user\":2", "\"user\":1", 1), &[], "`id` is greater than 1, the greatest of a user"),
        (out.replacen("\"username\":\"octocat\"", "\"username\":\"\"", 1), &[], "text: it is empty"),
        ("{\"login\": \"a\", \"id\": 1}".to_owned(), &["--as", "folio"], "this is not an export"),
        ("{\"login\": \"a\", \"id\": 1}".to_owned(), &["--keep-ids"], "leave --keep-ids out"),
    ] {
        home.file("in.ndjson", text);
        let said = home.fails(1, &[&["import", "in.ndjson"], options].concat());
        assert!(said.contains(problem), "{said}");
    }
    assert_eq!(home.done(&["export"]), out);
    let said = home.fails(2, &["export", "--format", "csv"]);
    assert!(said.starts_with("an export has forms of its own"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_file_that_was_there_and_nothing_beside_it() {
    let home = Home::with_users(module_path!());
    home.done(&["note", "add", "long", "--login", "ada", "--body", &"x".repeat(100_000)]);
    let before = home.file("all.ndjson", "before");
    // The limit of the size of a file is in blocks; a write beyond it fails as on a full disk.
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 40; exec \"$0\" export --output all.ndjson", crate::home::FOLIO]);
    let from = home.command(&[]);
    shell.current_dir(home.path()).env_clear();
    shell.envs(from.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("folio: all.ndjson: "), "{said}");
    assert_eq!(fs::read_to_string(before).unwrap(), "before");
    assert!(home.files().iter().all(|name| !name.contains("export-")), "{:?}", home.files());
    if let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") {
        let said = home.run_into(full, &["export"]).refused(1);
        assert!(said.starts_with("cannot write the output: "), "{said}");
    }
    assert_eq!(home.run_into(Home::closed_pipe(), &["export"]).code, Some(0));
    let said = home.fails(1, &["export", "--output", "none/all.ndjson"]);
    assert!(said.starts_with("none/all.ndjson: "), "{said}");
}

#[test]
fn of_two_exports_at_once_the_last_to_end_has_the_name() {
    let (home, out) = exported();
    let mut running: Vec<_> = (0..4)
        .map(|_| {
            home.command(&["export", "--output", "all.ndjson"]).stderr(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    assert!(running.iter_mut().all(|export| export.wait().unwrap().success()));
    assert_eq!(fs::read_to_string(home.path().join("all.ndjson")).unwrap(), out);
    assert!(home.files().iter().all(|name| !name.contains("export-")), "{:?}", home.files());
}

#[test]
fn a_folder_of_files_comes_back_as_it_was_and_takes_what_a_person_changed_in_it() {
    let (home, _) = exported();
    home.done(&["resume", "add", "Cook", "--login", "ada", "--body", "# Cook"]);
    let out = home.done(&["export"]);
    home.fails(2, &["export", "--as", "files"]);
    home.done(&["export", "--as", "files", "--output", "out"]);
    let read = |name: &str| fs::read_to_string(home.path().join("out").join(name)).unwrap();
    let note = read("notes/1-to-do.md");
    assert!(
        note.starts_with("---\ntitle: \"To do\"\ntags: [\"code review\",\"rust\"]\nfolio:\n  export: 1\n")
            && note.ends_with("---\ncall\u{1b}[1m\r\nback"),
        "{note}"
    );
    assert!(read("resumes/1-diver.json").ends_with("},\n\"basics\": {}}"));
    assert!(read("resumes/2-cook.md").ends_with("---\n# Cook"));
    assert_eq!(read("folio.ndjson").lines().count(), 5);
    let said = home.fails(1, &["export", "--as", "files", "--output", "out"]);
    assert!(said.starts_with("out: it is there already"), "{said}");

    let folder = home.path().join("out");
    let folder = folder.to_str().unwrap();
    let other = Home::new(module_path!());
    let tally = other.done(&["import", folder, "--keep-ids"]);
    assert!(tally.ends_with("in all        7 new, 0 changed, 0 unchanged\n"), "{tally}");
    assert_eq!(other.done(&["export"]), out);

    // Where the records are, they are recognised, ids or not.
    for options in [&["--keep-ids"][..], &[]] {
        let tally = home.done(&[&["import", folder], options].concat());
        assert!(tally.ends_with("in all        0 new, 0 changed, 7 unchanged\n"), "{tally}");
    }
    let third = Home::new(module_path!());
    third.done(&["import", folder]);
    home.file("out/notes/1-to-do.md", note.replace("\"To do\"", "Done").replace("back", "answer"));
    let tally = third.done(&["import", folder]);
    assert!(tally.contains("notes         0 new, 1 changed, 0 unchanged\n"), "{tally}");
    let edited = third.done(&["export", "notes"]);
    assert!(edited.contains("\"name\":\"Done\",\"body\":\"call\\u001b[1m\\r\\nanswer\""), "{edited}");
    let said = home.run(&["import", folder, "--keep-ids"]);
    assert!(said.err.contains("there is a note with id 1 and other values"), "{said:?}");
}

#[test]
fn the_tags_and_repositories_of_a_note_come_back_and_their_changes_are_shown_before() {
    let (home, out) = exported();
    let stored = home.row(&["note", "list", "--columns", "tags,repositories"]);
    assert_eq!(stored, ["code review, rust", "1 2"]);
    home.file("all.ndjson", &out);
    home.done(&["note", "untag", "1", "rust"]);
    home.done(&["note", "tag", "1", "cli"]);
    home.done(&["note", "unlink", "1", "ada/linked"]);

    let said = home.fails(1, &["import", "all.ndjson", "--keep-ids"]);
    assert!(said.contains("there is a note with id 1 and other values"), "{said}");
    let preview = home.run(&["import", "all.ndjson", "--dry-run"]);
    assert!(preview.err.ends_with("0 new, 1 changed, 5 unchanged; nothing was changed\n"), "{preview:?}");
    let expected = "changed\tnote\t1\tTo do\ttags: [\"cli\",\"code review\"] -> [\"code review\",\"rust\"], \
                    repositories: [] -> [2]\n";
    assert_eq!(preview.out, expected);

    let tally = home.done(&["import", "all.ndjson"]);
    assert!(tally.ends_with("in all        0 new, 1 changed, 5 unchanged\n"), "{tally}");
    assert_eq!(home.row(&["note", "list", "--columns", "tags,repositories"]), stored);
    home.done(&["undo", "--yes"]);
    assert_eq!(home.row(&["note", "list", "--columns", "tags,repositories"]), ["cli, code review", "1"]);

    // Records that keep their ids are in the history as well.
    let other = Home::new(module_path!());
    other.file("all.ndjson", &out);
    other.done(&["import", "all.ndjson", "--keep-ids"]);
    assert_eq!(other.done(&["export"]), out);
    other.done(&["undo", "--yes"]);
    assert_eq!(other.done(&["note", "list"]) + &other.done(&["user", "list"]), "");
}
