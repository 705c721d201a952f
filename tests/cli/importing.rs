//! `folio import`: its output, and the state after an input fails.

use std::fs;
use std::path::Path;

use folio::connection::Engine;

use crate::home::{Home, run};
use crate::support::{dialect, engine};

fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name).display().to_string()
}

#[test]
fn the_samples_are_taken_in_and_a_second_time_nothing_changes() {
    let home = Home::new(module_path!());
    let (github, resumes) = (sample("github"), sample("jsonresume"));
    let first = home.run(&["import", &github, &resumes]);
    assert_eq!(first.code, Some(0), "{first:?}");
    let kinds: Vec<_> = first.out.lines().map(|line| line.split("  ").next().unwrap()).collect();
    assert_eq!(kinds, ["users", "repositories", "résumés", "in all"]);
    let said: Vec<_> = first.err.lines().collect();
    assert!(said[0].starts_with("created "), "{said:?}");
    let next = said.iter().position(|line| *line == "try next:").unwrap();
    assert_eq!(said[next + 1..], ["  folio user list", "  folio repo list", "  folio resume list", "  folio --help"]);

    let second = home.run(&["import", &github, &resumes]);
    let total = second.out.lines().last().unwrap();
    assert!(total.starts_with("in all        0 new, 0 changed, ") && !total.ends_with(" 0 unchanged"), "{second:?}");
    // A script that imports again gets no suggestions.
    assert_eq!(second.err, "");
    let echoed = home.run(&["import", &github, "--echo"]);
    assert!(!echoed.err.contains("sql: UPDATE") && !echoed.err.contains("sql: INSERT"), "{}", echoed.err);
}

#[test]
fn what_was_done_is_a_row_a_kind_where_a_format_is_asked_for() {
    let home = Home::new(module_path!());
    home.file("users.json", r#"[{"login": "octocat", "id": 583231}, {"login": "hubot", "id": 3}]"#);
    assert_eq!(home.done(&["import", "users.json", "--format", "tsv"]), "users\t2\t0\t0\nin all\t2\t0\t0\n");
    let json = home.done(&["import", "users.json", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[1], serde_json::json!({"kind": "in all", "new": 0, "changed": 0, "unchanged": 2}));
}

/// Three files, the second of them truncated.
fn with_a_cut_file(home: &Home) {
    fs::create_dir(home.path().join("in")).unwrap();
    home.file("in/1.json", r#"[{"login": "octocat", "id": 583231}]"#);
    home.file("in/2.json", "[{\"login\": \"hubot\", \"id\": 3},\n {\"login\": \"cut");
    home.file("in/3.json", r#"[{"login": "ada", "id": 4}]"#);
}

#[test]
fn a_file_of_a_folder_that_fails_is_named_leaves_nothing_behind_and_does_not_stop_the_others() {
    let home = Home::new(module_path!());
    with_a_cut_file(&home);
    let ran = home.run(&["import", "in"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.out, "users         2 new, 0 changed, 0 unchanged\nin all        2 new, 0 changed, 0 unchanged\n");
    let said: Vec<_> = ran.err.lines().collect();
    let [.., failed, last] = &said[..] else { panic!("{ran:?}") };
    assert!(failed.starts_with("failed: in/2.json, record 2 (line 2, column "), "{failed}");
    assert_eq!(*last, "folio: 1 of 3 inputs could not be imported, and nothing of them was kept");
    assert_eq!(home.column(2, &["user", "list"]), ["octocat", "ada"]);
}

#[test]
fn a_named_file_that_fails_stops_the_import_unless_it_is_to_keep_going() {
    let home = Home::new(module_path!());
    with_a_cut_file(&home);
    let named = ["import", "in/1.json", "in/2.json", "in/3.json"];
    let ran = home.run(&named);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.out, "users         1 new, 0 changed, 0 unchanged\nin all        1 new, 0 changed, 0 unchanged\n");
    let said: Vec<_> = ran.err.lines().collect();
    let [.., stands, failed] = &said[..] else { panic!("{ran:?}") };
    assert_eq!(*stands, "imported 1 of 3 inputs; the next one failed, and nothing of it was kept");
    assert!(failed.starts_with("folio: in/2.json, record 2 (line 2, column "), "{failed}");
    assert_eq!(home.column(2, &["user", "list"]), ["octocat"]);

    let ran = home.run(&[&named[..], &["--keep-going"]].concat());
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.starts_with("failed: in/2.json, record 2 "), "{ran:?}");
    assert_eq!(home.column(2, &["user", "list"]), ["octocat", "ada"]);
}

#[test]
fn where_every_file_of_a_folder_fails_each_is_named() {
    let home = Home::new(module_path!());
    fs::create_dir(home.path().join("in")).unwrap();
    for name in ["in/1.json", "in/2.json"] {
        home.file(name, "[{");
    }
    let ran = home.run(&["import", "in"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert!(ran.err.contains("failed: in/1.json, ") && ran.err.contains("failed: in/2.json, "), "{ran:?}");
    assert!(ran.err.ends_with("folio: 2 of 2 inputs could not be imported, and nothing of them was kept\n"), "{ran:?}");
}

#[test]
fn a_reader_who_goes_away_hides_no_failure() {
    let home = Home::new(module_path!());
    home.done(&["db", "create"]);
    home.file("1.json", r#"[{"login": "octocat", "id": 583231}]"#);
    home.file("2.json", "[{");
    let ran = home.run_into(Home::closed_pipe(), &["import", "1.json", "2.json"]);
    assert!(ran.code == Some(1) && ran.err.contains("\nfolio: 2.json, record 1 "), "{ran:?}");
    assert_eq!(home.run_into(Home::closed_pipe(), &["import", "1.json"]).code, Some(0));
    assert_eq!(home.column(2, &["user", "list"]), ["octocat"]);
}

#[test]
fn bad_input_is_named_with_its_place_and_nothing_of_it_is_kept() {
    let home = Home::new(module_path!());
    home.done(&["db", "create"]);
    for (name, text) in [
        ("cut.json", &b"[{\"login\": \"octocat\", \"id\": 583231}, {\"log"[..]),
        ("types.json", b"[{\"login\": \"octocat\", \"id\": \"583231\"}]"),
        ("wide.json", b"[{\"login\": \"octocat\", \"id\": 9223372036854775808}]"),
        ("bytes.json", b"[{\"login\": \"octo\xffcat\", \"id\": 583231}]"),
        ("nul.json", b"[{\"login\": \"octo\\u0000cat\", \"id\": 583231}]"),
        ("nothing.json", b""),
        ("other.json", b"{\"name\": \"a package\", \"version\": \"1.0\"}"),
        ("binary", b"\x00\x01\x02\x03"),
    ] {
        home.file(name, text);
        let said = home.fails(1, &["import", name]);
        assert!(said.starts_with(name), "{name}: {said}");
        assert_eq!(home.done(&["user", "list"]), "", "{name}");
    }
    home.file("deep.json", format!("[{{\"login\": \"x\", \"id\": 1, \"deep\": {}", "[".repeat(100_000)));
    assert!(home.fails(1, &["import", "deep.json"]).starts_with("deep.json, record 1 (line 1, column "));
}

#[cfg(unix)]
#[test]
fn a_file_whose_name_is_not_unicode_is_imported_and_never_taken_for_another_one() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let home = Home::with_users(module_path!());
    fs::create_dir_all(home.path().join("in")).unwrap();
    for name in [&b"in/x\xff.md"[..], b"in/x\xfe.md", "in/x\u{fffd}.md".as_bytes()] {
        fs::write(home.path().join(OsStr::from_bytes(name)), "- all of it").unwrap();
    }
    assert!(home.done(&["import", "in", "--login", "ada"]).contains("notes         3 new, "));
    assert!(home.done(&["import", "in"]).contains("notes         0 new, 0 changed, 3 unchanged"));
    let sources = home.column(4, &["note", "list"]);
    assert!(sources[0].starts_with('/') && sources[0].ends_with("/in/x\u{fffd}.md"), "{sources:?}");
    assert!(sources[1].starts_with("file:///") && sources[1].ends_with("/in/x%FE.md"), "{sources:?}");
    assert!(sources[2].starts_with("file:///") && sources[2].ends_with("/in/x%FF.md"), "{sources:?}");
}

#[cfg(unix)]
#[test]
fn a_note_is_the_same_one_wherever_the_program_is_run() {
    let home = Home::with_users(module_path!());
    fs::create_dir(home.path().join("n")).unwrap();
    std::os::unix::fs::symlink("n", home.path().join("link")).unwrap();
    home.file("n/c.md", "# C\n");
    for (folder, path) in
        [("n", "c.md"), ("", "n/c.md"), ("n", "../n/c.md"), ("n", "."), ("", "link/c.md"), ("link", "c.md")]
    {
        let mut folio = home.folio(&["import", path, "--login", "ada"]);
        if dialect(engine(module_path!())) == Engine::Sqlite {
            folio.args(["--database-url", &home.place()]);
        }
        let ran = run(folio.current_dir(home.path().join(folder)));
        assert_eq!(ran.code, Some(0), "{folder} {path}: {ran:?}");
    }
    assert_eq!(home.column(2, &["note", "list"]), ["C"]);
    let ran = home.run(&["import", "n/c.md", "./n/c.md", "link/c.md"]);
    assert!(ran.out.ends_with("in all        0 new, 0 changed, 1 unchanged\n"), "{ran:?}");
}

#[test]
fn a_path_that_is_not_there_costs_nothing() {
    let home = Home::new(module_path!());
    home.file("users.json", r#"{"login": "octocat", "id": 583231}"#);
    assert!(home.fails(1, &["import", "users.json", "none.json"]).starts_with("none.json: No such file"));
    fs::create_dir(home.path().join("empty")).unwrap();
    assert_eq!(home.fails(1, &["import", "empty"]), "empty: it contains nothing to import");
    assert_eq!(home.files(), ["empty", "users.json"]);
}

#[test]
fn what_a_folder_holds_besides_is_said() {
    let home = Home::new(module_path!());
    fs::create_dir(home.path().join("in")).unwrap();
    home.file("in/users.json", r#"{"login": "octocat", "id": 583231}"#);
    home.file("in/photo.png", "");
    let ran = home.run(&["import", "in"]);
    assert!(ran.err.contains("skipped in/photo.png: its file name belongs to no known format\n"), "{ran:?}");
    for number in 0..30 {
        home.file(&format!("in/{number}.png"), "");
    }
    let ran = home.run(&["import", "in"]);
    assert_eq!(ran.err.matches("skipped in/").count(), 20, "{ran:?}");
    assert!(ran.err.contains("skipped 11 more; --verbose names them all\n"), "{ran:?}");
    let ran = home.run(&["import", "in", "--verbose"]);
    assert_eq!(ran.err.matches("skipped in/").count(), 31, "{ran:?}");
}

#[test]
fn whose_a_note_is_and_what_an_input_is_can_be_said() {
    let home = Home::with_users(module_path!());
    let import =
        |arguments: &[&str]| run(home.folio(&[&["import", "-"], arguments].concat()).write_stdin("# To do\n\nrest\n"));
    let ran = import(&["--login", "ada", "--as", "markdown"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(home.row(&["note", "list"])[..3], ["1", "2", "To do"]);
    let ran = import(&["--as", "markdown"]);
    assert!(ran.code == Some(1) && ran.err.contains("--user, --account or --login"), "{ran:?}");
    let ran = import(&["--user", "99", "--as", "markdown"]);
    assert_eq!(ran.refused(4), "there is no user with id 99");
    assert_eq!(import(&["--user", "1", "--as", "github"]).code, Some(1));
    assert_eq!(home.column(0, &["note", "list"]), ["1"]);
}

#[test]
fn json_of_another_kind_is_never_taken_for_a_note() {
    let home = Home::new(module_path!());
    for (input, said) in [
        (r#"{"a": 1}"#, "JSON of a kind that folio does not read"),
        (r#"[{"a": 1}]"#, "JSON of a kind that folio does not read"),
        (
            r#"{"message": "Bad credentials", "status": "401"}"#,
            r#"an error message where a record was expected: "Bad credentials""#,
        ),
        ("null", "expected a JSON object or list"),
        ("12", "expected a JSON object or list, found a number"),
        (r#""a text""#, "expected a JSON object or list, found a text"),
        ("[1, 2]", "expected a JSON object, found a number"),
    ] {
        let ran = run(home.folio(&["import", "-"]).write_stdin(input));
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let last = ran.err.lines().last().unwrap_or_default();
        assert!(last.starts_with("folio: standard input") && last.contains(said), "{ran:?}");
    }
}

#[test]
fn what_is_not_a_record_is_said_to_be_what_it_is() {
    let home = Home::with_users(module_path!());
    let utf16: Vec<u8> = "# Plan\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    home.file("plan.md", [&[0xFF, 0xFE], &utf16[..]].concat());
    home.file("unmarked.md", &utf16);
    for name in ["plan.md", "unmarked.md"] {
        let said = home.fails(1, &["import", "--login", "ada", name]);
        assert_eq!(said, format!("{name}: this is UTF-16; save it as UTF-8"));
    }
    for (input, said) in [
        ("<!DOCTYPE html>\n<html><body>Sign in</body></html>", "standard input: this is an HTML page, not JSON; "),
        (
            "HTTP/2.0 200 OK\r\nContent-Type: application/json\r\n\r\n{\"login\": \"a\", \"id\": 1}",
            "standard input: this begins with HTTP headers, as 'gh api -i' prints them; leave out -i",
        ),
        (
            r#"{"sha": "7638417", "node_id": "x", "message": "Fix", "tree": {}, "parents": []}"#,
            "standard input, record 1 (line 1, column 1): a GitHub commit, which folio does not store; ",
        ),
        (
            r#"{"id": 3, "slug": "octoapp", "name": "x", "owner": {"id": 1, "login": "a"}, "permissions": {}, "events": []}"#,
            "standard input, record 1 (line 1, column 1): a GitHub App, which folio does not store; ",
        ),
        (
            r#"{"basics": {}, "basics": {}}"#,
            "standard input (line 1, column 23): duplicate field `basics`; keep one of them",
        ),
    ] {
        let ran = run(home.folio(&["import", "-", "--login", "ada"]).write_stdin(input));
        let last = ran.err.lines().last().unwrap_or_default();
        assert!(ran.code == Some(1) && last.starts_with(&format!("folio: {said}")), "{ran:?}");
    }
    assert_eq!(home.done(&["note", "list"]), "");
}

#[test]
fn a_github_record_of_another_kind_is_skipped_in_a_folder_and_refused_by_name() {
    let home = Home::new(module_path!());
    fs::create_dir(home.path().join("in")).unwrap();
    home.file(
        "in/app.json",
        r#"{"id": 7, "slug": "x", "name": "x", "owner": {"id": 1, "login": "a"}, "permissions": {}, "events": []}"#,
    );
    home.file("in/repo.json", r#"{"id": 7, "full_name": "a/b", "owner": {"id": 1, "login": "a"}, "private": false}"#);
    let ran = home.run(&["import", "in"]);
    assert!(ran.err.contains("skipped in/app.json: a GitHub record of another kind\n"), "{ran:?}");
    assert_eq!(home.column(3, &["repo", "list"]).len(), 1);
    let said = home.fails(1, &["import", "in/app.json"]);
    assert!(said.contains("GitHub App, which folio does not store"), "{said}");
}

#[test]
fn what_gh_prints_is_imported_and_changes_the_repository_that_is_there() {
    let home = Home::new(module_path!());
    home.done(&["db", "create"]);
    let import = |text: &str| run(home.folio(&["import", "-"]).write_stdin(text.to_owned()));
    let gh =
        r#"[{"id": "R_kgDOAAAABw", "name": "b", "owner": {"id": "U_kgDOA", "login": "a"}, "visibility": "PRIVATE"}]"#;
    let ran = import(gh);
    assert!(ran.err.contains("known by its login alone") && ran.out.contains("repositories  1 new"), "{ran:?}");
    let rest = r#"{"id": 7, "full_name": "a/b", "owner": {"id": 1, "login": "a"}, "visibility": "public"}"#;
    let ran = import(rest);
    assert!(
        ran.out.starts_with("users         0 new, 1 changed, 0 unchanged\nrepositories  0 new, 1 changed"),
        "{ran:?}"
    );
    let ran = import(gh);
    assert!(ran.out.starts_with("repositories  0 new, 1 changed, 0 unchanged\n"), "{ran:?}");
    let ran = import(gh);
    assert!(ran.out.starts_with("repositories  0 new, 0 changed, 1 unchanged\n"), "{ran:?}");
}

#[test]
fn a_dry_run_prints_what_would_change_record_by_record_and_changes_nothing() {
    let home = Home::with_users(module_path!());
    let before = home.done(&["export"]);
    home.file("1.json", r#"[{"login": "octocat", "id": 583231, "name": "The Octocat"}, {"login": "hubot", "id": 3}]"#);
    home.file("2.md", "# To do\n");
    let dry =
        |options: &[&str]| home.run(&[&["import", "1.json", "2.md", "--login", "ada", "--dry-run"], options].concat());
    let ran = dry(&[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let mut lines: Vec<&str> = ran.out.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        ["changed\tuser\t1\toctocat\tname: null -> \"The Octocat\"", "new\tnote\t\tTo do\t", "new\tuser\t\thubot\t",]
    );
    assert_eq!(ran.err, "2 new, 1 changed, 0 unchanged; nothing was changed\n");
    let json = dry(&["--format", "ndjson"]).out;
    let change = r#"{"change":"changed","kind":"user","id":1,"name":"octocat","fields":[{"field":"name","before":null,"after":"The Octocat"}]}"#;
    assert!(json.lines().any(|line| line == change), "{json}");
    assert_eq!(home.done(&["export"]).lines().skip(1).collect::<Vec<_>>(), before.lines().skip(1).collect::<Vec<_>>());

    // What fails is told, and the rest goes on; an export that keeps its ids is told of too.
    home.file("3.json", r#"{"login": 5, "id": 3}"#);
    let ran = home.run(&["import", "3.json", "1.json", "--dry-run", "--keep-going"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.starts_with("would fail: 3.json, record 1") && ran.out.lines().count() == 2, "{ran:?}");
    home.file("all.ndjson", before);
    let other = Home::new(module_path!());
    let all = home.path().join("all.ndjson");
    let ran = other.run(&["import", all.to_str().unwrap(), "--keep-ids", "--dry-run"]);
    assert_eq!(ran.out, "new\tuser\t1\toctocat\t\nnew\tuser\t2\tada\t\n", "{ran:?}");
    assert!(!other.files().contains(&"folio.db".to_owned()), "a dry run makes no database");
}

/// A text as `gzip` stores it: in two parts, as of two files one after the other.
fn gzipped(text: &str) -> Vec<u8> {
    use std::io::Write as _;
    let (one, two) = text.split_at(text.len() / 2);
    let part = |text: &str| {
        let mut part = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        part.write_all(text.as_bytes()).unwrap();
        part.finish().unwrap()
    };
    [part(one), part(two)].concat()
}

#[test]
fn what_gzip_has_compressed_is_read_as_if_it_were_not() {
    let home = Home::with_users(module_path!());
    let users = gzipped(r#"[{"login": "hubot", "id": 3}, {"login": "monalisa", "id": 4}]"#);
    std::fs::create_dir(home.path().join("in")).unwrap();
    home.file("in/users.json.gz", &users);
    home.file("in/plan.md.gz", gzipped("text without a heading"));
    home.file("in/other.gz", gzipped("x"));
    let ran = home.run(&["import", "in", "--login", "ada"]);
    assert_eq!(
        ran.out,
        "users         2 new, 0 changed, 0 unchanged\nnotes         1 new, 0 changed, 0 unchanged\nin all        3 new, 0 changed, 0 unchanged\n",
        "{ran:?}"
    );
    assert_eq!(home.column(2, &["note", "list"]), ["plan"]);
    let ran = run(home.folio(&["import", "-"]).write_stdin(users.clone()));
    assert!(ran.out.ends_with("0 new, 0 changed, 2 unchanged\n"), "{ran:?}");
    home.file("cut.json.gz", &users[..users.len() - 12]);
    let said = home.fails(1, &["import", "cut.json.gz"]);
    assert!(said.starts_with("cut.json.gz"), "{said}");
    // An export is piped through gzip.
    home.file("all.ndjson.gz", gzipped(&home.done(&["export"])));
    let out = home.done(&["import", "all.ndjson.gz", "--keep-ids"]);
    assert!(out.ends_with("in all        0 new, 0 changed, 5 unchanged\n"), "{out}");
}

#[test]
fn rows_of_csv_and_tsv_are_records_by_the_names_of_their_columns() {
    let home = Home::with_users(module_path!());
    home.file("users.csv", "account,username,company\n3,hubot,\"GitHub, Inc.\"\n4,monalisa,\n");
    home.file("repos.tsv", "owner\tname\tstatus\tdescription\noctocat\thello\tPublic\ta\\tb\n");
    home.file("notes.csv", "name,body\nTo do,\"call\nback\"\nTo do,'=x\n");
    let import = ["import", "users.csv", "repos.tsv", "notes.csv", "--login", "ada"];
    assert!(home.done(&import).ends_with("in all        5 new, 0 changed, 0 unchanged\n"));
    assert!(home.done(&import).ends_with("in all        0 new, 0 changed, 5 unchanged\n"));
    assert_eq!(home.done(&["user", "list", "--columns", "company", "--like", "hubot"]), "GitHub, Inc.\n");
    assert_eq!(
        home.done(&["repo", "list", "--columns", "owner,name,status,description"]),
        "octocat\thello\tPublic\ta\\tb\n"
    );
    assert_eq!(home.done(&["note", "list", "--columns", "body"]), "call\\nback\n=x\n");
    // What a list writes comes back.
    home.done(&["user", "remove", "--account", "4"]);
    for (noun, file) in [("repo", "repo.csv"), ("note", "note.csv")] {
        home.file(
            file,
            home.done(&[
                noun,
                "list",
                "--format",
                "csv",
                "--header",
                "--columns",
                if noun == "repo" { "owner,name,status,description" } else { "name,body" },
            ]),
        );
        let out = home.done(&["import", file, "--login", "ada"]);
        assert!(out.contains("0 new, 0 changed, "), "{out}");
    }
    home.file("ragged.csv", "account,username\n5,x\n6\n");
    let said = home.fails(1, &["import", "ragged.csv"]);
    assert_eq!(
        said,
        "ragged.csv, record 2 (line 3, column 1): this row has 1 fields, and the header has 2; is one of them not in quotes?"
    );
    home.file("bare.csv", "5,x\n");
    let said = home.fails(1, &["import", "bare.csv"]);
    assert!(said.starts_with("bare.csv (line 1, column 1): the first line does not name the columns"), "{said}");
    let ran = run(home.folio(&["import", "-", "--as", "csv"]).write_stdin("account,username\n5,x\n"));
    assert!(ran.out.starts_with("users         1 new"), "{ran:?}");
}
