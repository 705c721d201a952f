//! Tables, rows and JSON, and readers that exit early.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use diesel::connection::SimpleConnection as _;
use insta::{Settings, assert_snapshot};

use crate::home::{Home, migrations, run};

fn home() -> Home {
    let home = Home::with_users(module_path!());
    home.done(&["user", "add", "a\tb\\c\u{1b}[2J", "--number", "-77"]);
    home.done(&["repo", "add", "hello-world", "--login", "octocat", "--number", "1296269"]);
    home.done(&["repo", "add", "engine", "--login", "ada", "--status", "private"]);
    home.done(&["resume", "add", "Analyst", "--login", "ada", "--body", "# Ada\n"]);
    home.done(&["note", "add", "To do", "--login", "ada", "--repo", "ada/engine", "--body", "call\nback"]);
    // The same fixed time for all.
    let moment = "created_at = '2026-01-31 23:59:59.123456', updated_at = '2026-01-31 23:59:59.5'";
    for table in ["users", "repositories", "resumes", "notes"] {
        home.connect().batch_execute(&format!("UPDATE {table} SET {moment}")).unwrap();
    }
    home
}

/// The output that is the same on every engine.
fn same(name: &str, printed: &str) {
    let mut settings = Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| assert_snapshot!(name, printed));
}

#[cfg(unix)]
#[test]
fn on_a_terminal_of_80_columns_each_record_takes_one_line() {
    use crate::terminal::run_on_a_terminal;

    let home = Home::with_users(module_path!());
    let long = "a name that is longer than any column has room for, and goes on";
    home.done(&[
        "user",
        "add",
        long,
        "--number",
        "1234567890123",
        "--email",
        "somebody.with.a.long.address@example.org",
    ]);
    home.done(&["repo", "add", long, "--login", long, "--number", "1234567890"]);
    home.done(&["resume", "add", long, "--login", long]);
    home.done(&["note", "add", long, "--login", long, "--repo", &format!("{long}/{long}")]);
    for (noun, records) in [("user", 3), ("repo", 1), ("resume", 1), ("note", 1)] {
        for columns in [80, 40, 20] {
            let ran = run_on_a_terminal(&home, columns, &[noun, "list"], "");
            assert_eq!((ran.code, ran.out.lines().count()), (Some(0), records + 2), "{}", ran.out);
            let wide = |line: &str| line.chars().count() > usize::from(columns);
            assert!(!ran.out.lines().any(wide), "{}", ran.out);
        }
        // At full width, nothing is left out.
        let ran = run_on_a_terminal(&home, 400, &[noun, "list"], "");
        assert!(ran.out.contains(long) && ran.out.lines().next().unwrap().ends_with("updated"), "{}", ran.out);
    }
    let ran = run_on_a_terminal(&home, 80, &["migrate", "status"], "");
    assert_eq!(ran.out.lines().count(), migrations().len() + 2, "{}", ran.out);
}

#[cfg(unix)]
#[test]
fn a_terminal_shows_ages_and_colours_and_a_pipe_neither() {
    use crate::terminal::{Terminal, run_in_colours};

    let home = home();
    let shown = run_in_colours(&home, 200, &["repo", "list"]).out;
    for coloured in ["\u{1b}[1mstatus\u{1b}[0m", "\u{1b}[32mPublic\u{1b}[0m", "\u{1b}[33mPrivate\u{1b}[0m"] {
        assert!(shown.contains(coloured), "{coloured:?}: {shown:?}");
    }
    let ages =
        |shown: &str| shown.contains(" months ago") || shown.contains(" year ago") || shown.contains(" years ago");
    assert!(ages(&shown) && !shown.contains("2026-01-31"), "{shown}");
    let shown = run_in_colours(&home, 200, &["user", "get", "2"]).out;
    assert!(shown.contains("2026-01-31T23:59:59.123456Z (") && ages(&shown), "{shown}");

    // The variables that other programs know, and the option that decides over both.
    let on_a_terminal = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = home.command(&[&["migrate", "status"], arguments].concat());
        command.envs(variables.iter().copied());
        Terminal::running(command, 80).end().out
    };
    assert!(on_a_terminal(&[], &[]).contains("\u{1b}[32mapplied\u{1b}[0m"));
    assert!(!on_a_terminal(&[("NO_COLOR", "1")], &[]).contains('\u{1b}'));
    assert!(!on_a_terminal(&[("CLICOLOR_FORCE", "1")], &["--color", "never"]).contains('\u{1b}'));
    assert!(on_a_terminal(&[("NO_COLOR", "1")], &["--color=always"]).contains("\u{1b}[32m"));
    let table = ["repo", "list", "--format", "table"];
    let in_a_pipe =
        |variable: &str, arguments: &[&str]| run(home.folio(&[&table, arguments].concat()).env(variable, "1")).out;
    let plain = home.done(&table);
    assert!(plain.contains("2026-01-31 23:59") && !plain.contains('\u{1b}'), "{plain}");
    for coloured in [in_a_pipe("CLICOLOR_FORCE", &[]), in_a_pipe("NO_COLOR", &["--color", "always"])] {
        assert!(coloured.contains("\u{1b}[32mPublic") && coloured.contains("2026-01-31 23:59"), "{coloured}");
    }
    // What is not a table has none, whatever is asked for.
    assert!(!home.done(&["repo", "list", "--color", "always"]).contains('\u{1b}'));
    // Messages and the help as well.
    for arguments in [&["user", "get", "99"][..], &["user", "lst"], &["--help"]] {
        let shown = run_in_colours(&home, 80, arguments).out;
        assert!(shown.contains('\u{1b}'), "{arguments:?}: {shown}");
        let shown = run_in_colours(&home, 80, &[&["--color", "never"], arguments].concat()).out;
        assert!(!shown.contains('\u{1b}'), "{arguments:?}: {shown}");
    }
}

#[test]
fn every_noun_as_a_table() {
    let home = home();
    let tables = ["user", "repo", "resume", "note"].map(|noun| home.done(&[noun, "list", "--format", "table"]));
    same("every_noun_as_a_table", &tables.join("\n"));
}

#[test]
fn every_noun_as_rows() {
    let home = home();
    let rows = ["user", "repo", "resume", "note"].map(|noun| home.done(&[noun, "list"]));
    same("every_noun_as_rows", &rows.join("\n"));
}

#[test]
fn every_noun_as_json() {
    let home = home();
    let json = ["user", "repo", "resume", "note"].map(|noun| home.done(&[noun, "list", "--format", "json"]));
    same("every_noun_as_json", &json.join("\n"));
}

#[test]
fn one_record_as_a_person_reads_it() {
    let home = home();
    let shown = ["user", "repo", "resume", "note"].map(|noun| home.done(&[noun, "get", "1", "--format", "table"]));
    same("one_record_as_a_person_reads_it", &shown.join("\n"));
}

#[test]
fn json_of_one_record_and_of_none_is_an_array_too() {
    let home = Home::with_users(module_path!());
    let ids = |arguments: &[&str]| -> Vec<i64> {
        let json: serde_json::Value = serde_json::from_str(&home.done(arguments)).unwrap();
        json.as_array().unwrap().iter().map(|record| record["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(&["user", "list", "--format", "json"]), [1, 2]);
    assert_eq!(ids(&["user", "get", "2", "--format", "json"]), [2]);
    assert_eq!(ids(&["user", "add", "bob", "--format", "json"]), [3]);
    assert_eq!(ids(&["note", "list", "--format", "json"]), [0; 0]);
}

#[test]
fn a_reader_who_goes_away_is_no_failure_and_nothing_is_said() {
    let home = home();
    for verb in [
        &["user", "list"][..],
        &["user", "list", "--format", "table"],
        &["user", "list", "--format", "json"],
        &["note", "get", "1", "--format", "table"],
        &["migrate", "status"],
        &["completions", "bash"],
        &["--help"],
        &["user", "add", "--help"],
        &["--version"],
    ] {
        let ran = home.run_into(Home::closed_pipe(), verb);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{verb:?}");
    }
}

#[test]
fn a_listing_of_many_stops_early_for_a_reader_who_goes_away() {
    let home = Home::new(module_path!());
    let mut records = String::new();
    for number in 1..=20_000 {
        records.push_str(&format!("{{\"login\": \"user-{number}\", \"id\": {number}}}\n"));
    }
    let ran = run(home.folio(&["import", "-"]).write_stdin(records));
    assert_eq!(ran.out.lines().last(), Some("in all        20000 new, 0 changed, 0 unchanged"), "{ran:?}");
    let mut list = home.command(&["user", "list"]);
    let mut list = list.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(list.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = list.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(first.starts_with("1\t1\tuser-1\t") && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_full_disk_is_a_failure() {
    let home = Home::with_users(module_path!());
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    for verb in [&["user", "list"][..], &["user", "get", "1"], &["--help"], &["--version"], &["completions", "bash"]] {
        let said = home.run_into(full.try_clone().unwrap(), verb).refused(1);
        assert!(
            said.starts_with("cannot write the output: No space left") && !said.contains("done"),
            "{verb:?}: {said}"
        );
    }
}

#[test]
fn a_full_disk_undoes_no_work_and_the_failure_says_so() {
    let home = home();
    let note = home.file("note.md", "# Imported\n").display().to_string();
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    for (verb, done) in [
        (&["user", "add", "zz"][..], "added user id 4: zz (account number -78)"),
        (&["user", "edit", "4", "--username", "z"], "changed user id 4: z (account number -78)"),
        (&["repo", "add", "x", "--login", "z"], "added repository z/x (id 3)"),
        (&["repo", "edit", "z/x", "--name", "y"], "changed repository z/y (id 3)"),
        (&["resume", "add", "Cat", "--login", "z", "--format", "json"], "added résumé Cat (id 2)"),
        (&["resume", "edit", "2", "--body", "x"], "changed résumé Cat (id 2)"),
        (&["note", "add", "n", "--login", "z", "--format", "table"], "added note n (id 2)"),
        (&["note", "edit", "2", "--name", "m"], "changed note m (id 2)"),
        (&["import", &note, "--login", "z"], "imported 1 of 1 inputs"),
    ] {
        let said = home.run_into(full.try_clone().unwrap(), verb).refused(1);
        let (why, kept) = said.split_once("; the work itself is done: ").unwrap_or_else(|| panic!("{verb:?}: {said}"));
        assert!(why.starts_with("cannot write the output: No space left") && kept == done, "{verb:?}: {said}");
    }
    assert_eq!(home.row(&["user", "get", "4"])[2], "z");
    assert_eq!(home.row(&["repo", "get", "z/y"])[0], "3");
    assert_eq!(home.row(&["resume", "get", "2", "--format", "tsv"])[2], "Cat");
    assert_eq!(home.column(2, &["note", "list", "--login", "z"]), ["m", "Imported"]);
}
