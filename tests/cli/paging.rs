//! Output that is longer than the screen: by way of the user's pager, and never in a pipe.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use diesel::RunQueryDsl as _;

use crate::home::{Home, Ran, run};
use crate::terminal::Terminal;

/// A database with users enough for several screens of 24 lines, and a pager that keeps what it gets in the file
/// `paged`.
fn home() -> Home {
    let home = Home::new(module_path!());
    let records: String = (1..=100).map(|id| format!("{{\"login\": \"user-{id}\", \"id\": {id}}}\n")).collect();
    assert_eq!(run(home.folio(&["import", "-"]).write_stdin(records)).code, Some(0));
    program(&home, "pager", "printf '%s ' \"$LESS\" \"$@\" > called; cat > paged; echo left the pager");
    home
}

fn program(home: &Home, name: &str, script: &str) {
    let path = home.file(name, format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs the program on a terminal with this pager.
fn on_a_terminal(home: &Home, arguments: &[&str], pager: &str) -> Ran {
    let mut command = home.command(arguments);
    command.env("PAGER", pager).env("NO_COLOR", "1");
    Terminal::running(command, 80).end()
}

fn paged(home: &Home) -> Option<String> {
    fs::read_to_string(home.path().join("paged")).ok()
}

#[test]
fn only_what_is_longer_than_the_screen_goes_to_the_pager() {
    let home = home();
    let ran = on_a_terminal(&home, &["user", "list", "--limit", "21"], "./pager");
    assert_eq!((ran.code, ran.out.lines().count(), paged(&home)), (Some(0), 23, None), "{ran:?}");

    let ran = on_a_terminal(&home, &["user", "list"], "./pager -x 'two words'");
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "left the pager\n"));
    assert_eq!(paged(&home).unwrap().lines().count(), 102);
    assert_eq!(fs::read_to_string(home.path().join("called")).unwrap(), "FRX -x two words ");
    // Other output as well, and lines that are wider than the screen.
    for verb in [
        &["user", "list", "--format", "json"][..],
        &["completions", "bash"],
        &["user", "list", "--limit", "10", "--format", "json"],
        &["sql", "SELECT * FROM users"],
    ] {
        fs::remove_file(home.path().join("paged")).unwrap();
        assert_eq!(on_a_terminal(&home, verb, "./pager").out, "left the pager\n", "{verb:?}");
        assert!(paged(&home).unwrap().lines().count() > 9, "{verb:?}: {:?}", paged(&home));
    }
}

#[test]
fn without_a_pager_and_in_a_pipe_everything_goes_to_the_output_itself() {
    let home = home();
    let list = ["user", "list", "--columns", "username"];
    for (arguments, pager) in
        [(&["--no-pager"][..], "./pager"), (&[], ""), (&[], "cat"), (&[], "./not-there"), (&["--echo"], "./pager")]
    {
        let ran = on_a_terminal(&home, &[&list, arguments].concat(), pager);
        assert!(ran.code == Some(0) && ran.out.contains("user-100") && paged(&home).is_none(), "{pager:?}: {ran:?}");
        assert!(!ran.out.contains("folio:"), "{ran:?}");
    }
    let mut command = home.command(&list);
    command.env("PAGER", "./pager").env("NO_COLOR", "1");
    let ran = Terminal::running_as(command, 80, "dumb").end();
    assert!(ran.out.contains("user-100") && paged(&home).is_none(), "{ran:?}");
    let ran = run(home.folio(&list).env("PAGER", "./pager").env("TERM", "xterm"));
    assert!(ran.out.lines().count() == 100 && paged(&home).is_none(), "{ran:?}");
}

#[test]
fn a_variable_of_its_own_comes_before_the_general_one_and_both_before_the_settings() {
    let home = home();
    home.file("config.toml", "pager = './pager set'\n");
    let called_with = |variables: &[(&str, &str)]| {
        let mut command = home.command(&["user", "list"]);
        command.env("FOLIO_CONFIG", "config.toml").envs(variables.iter().copied());
        assert_eq!(Terminal::running(command, 80).end().out, "left the pager\n");
        fs::read_to_string(home.path().join("called")).unwrap()
    };
    assert_eq!(called_with(&[]), "FRX set ");
    assert_eq!(called_with(&[("PAGER", "./pager general"), ("LESS", "S")]), "S general ");
    assert_eq!(called_with(&[("PAGER", "./pager general"), ("FOLIO_PAGER", "./pager own")]), "FRX own ");
}

#[test]
fn a_pager_that_dies_or_is_left_early_is_no_failure_and_nothing_is_said() {
    let home = home();
    program(&home, "one-line", "head -n 1; exit 3");
    let ran = on_a_terminal(&home, &["user", "list"], "./one-line");
    assert!(ran.code == Some(0) && ran.out.starts_with(" id  account") && ran.out.lines().count() == 1, "{ran:?}");
    program(&home, "killed", "kill -9 $$");
    for pager in ["false", "./killed"] {
        let ran = on_a_terminal(&home, &["user", "list"], pager);
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{pager}");
    }
    // A million rows are not read for a reader who has left.
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let ran = on_a_terminal(&home, &["sql", endless], "./one-line");
    assert_eq!((ran.code, ran.out.lines().count()), (Some(0), 1), "{ran:?}");
}

#[test]
fn a_failure_is_reported_when_the_pager_is_left() {
    let home = home();
    let fails = "SELECT id, CASE WHEN id > 90 THEN abs(-9223372036854775807 - 1) ELSE id END AS x FROM users";
    let ran = on_a_terminal(&home, &["sql", fails, "--format", "tsv"], "./pager");
    assert!(ran.code == Some(1) && ran.out.starts_with("left the pager\nfolio: "), "{ran:?}");
    assert!(paged(&home).unwrap().starts_with("1\t1\n"), "{:?}", paged(&home));
}

#[test]
fn no_transaction_is_open_while_the_user_reads() {
    let home = home();
    assert!(std::process::Command::new("mkfifo").arg(home.path().join("key")).status().unwrap().success());
    program(&home, "waits", "echo reading; read line < key; cat > paged");
    let mut command = home.command(&["user", "list", "--format", "ndjson"]);
    command.env("PAGER", "./waits");
    let mut terminal = Terminal::running(command, 80);
    terminal.wait_for("reading");
    // Emptying the write-ahead log has to wait for every reader of an earlier state.
    home.done(&["user", "add", "ada"]);
    let mut connection = home.connect();
    let is_read = || {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        let checkpoint: Checkpoint = diesel::sql_query(checkpoint).get_result(&mut *connection).unwrap();
        checkpoint.busy != 0
    };
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let busy = std::iter::repeat_with(is_read).find(|busy| !busy || std::time::Instant::now() > deadline);
    assert_eq!(busy, Some(false), "the list's transaction is open still");
    fs::write(home.path().join("key"), "\n").unwrap();
    assert_eq!(terminal.end().code, Some(0));
    assert_eq!(paged(&home).unwrap().lines().count(), 100);
}

#[derive(diesel::QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    busy: i32,
}
