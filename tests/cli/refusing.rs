//! Bad input and databases that cannot be used: one line that says why, the right code, nothing half-written.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use diesel::connection::SimpleConnection as _;

use crate::home::{FOLIO, Home, run};

#[test]
fn values_that_do_not_fit_are_refused_before_a_database_is_made() {
    let home = Home::new();
    let long = "x".repeat(257);
    let email = format!("{}@example.org", "x".repeat(10_000));
    for (arguments, said) in [
        (&["user", "add", &long][..], "username: 257 characters where at most 256 fit"),
        (&["user", "add", ""], "username: it is empty"),
        (&["user", "add", "ada", "--email", &email], "email: 10012 characters where at most 320 fit"),
        (&["user", "edit", "1", "--username", &long], "username: 257 characters where at most 256 fit"),
        (&["repo", "add", &long, "--user", "1"], "repository name: 257 characters where at most 256 fit"),
        (
            &["repo", "add", "x", "--user", "1", "--status", "secret"],
            r#"repository status: "secret" is none of Public, Private"#,
        ),
        (&["resume", "add", "", "--user", "1"], "vacancy: it is empty"),
        (&["note", "add", &long, "--user", "1"], "note name: 257 characters where at most 256 fit"),
    ] {
        assert_eq!(home.fails(2, arguments), said);
    }
    assert!(home.files().is_empty());
}

#[test]
fn what_stands_against_a_record_is_named_and_nothing_is_added() {
    let home = Home::with_users();
    home.done(&["repo", "add", "one", "--user", "1", "--number", "9"]);
    let taken = "an account with number 583231 already exists: \
                 id 1: octocat (account number 583231, octocat@example.org)";
    assert_eq!(home.fails(1, &["user", "add", "x", "--number", "583231"]), taken);
    assert_eq!(home.fails(1, &["user", "edit", "2", "--number", "583231"]), taken);
    assert_eq!(home.fails(4, &["repo", "add", "x", "--account", "7"]), "there is no user with account number 7");
    assert_eq!(home.fails(1, &["repo", "add", "one", "--user", "1"]), "a repository octocat/one already exists: id 1");
    assert_eq!(
        home.fails(1, &["repo", "add", "two", "--user", "1", "--number", "9"]),
        "a repository with number 9 already exists: id 1: one"
    );
    assert_eq!(home.column(0, &["user", "list"]), ["1", "2"]);
    assert_eq!(home.column(0, &["repo", "list"]), ["1"]);
}

#[test]
fn what_is_no_database_is_named_and_left_as_it_is() {
    let home = Home::new();
    let text = "this is a letter, not a database\n".repeat(100);
    let path = home.file("folio.db", &text);
    for verb in [&["user", "list"][..], &["user", "add", "x"], &["db", "create"], &["migrate", "up"]] {
        let said = home.fails(1, verb);
        assert!(said.starts_with(&format!("cannot open the database {}: ", path.display())), "{said}");
        assert!(said.contains("not a database"), "{said}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(home.files(), ["folio.db"]);
}

#[test]
fn a_directory_is_no_database() {
    let home = Home::new();
    fs::create_dir(home.path().join("folio.db")).unwrap();
    for verb in [&["user", "list"][..], &["user", "add", "x"]] {
        assert!(home.fails(1, verb).ends_with("folio.db: it is a directory"));
    }
    let said = home.fails(1, &["user", "add", "x", "--database-url", "none/folio.db"]);
    assert!(said.ends_with("none/folio.db: the folder it is to be in does not exist"), "{said}");
}

#[test]
fn another_application_s_database_is_left_alone_unless_told() {
    let home = Home::new();
    home.connect().batch_execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)").unwrap();
    for verb in [&["user", "list"][..], &["user", "add", "x"], &["db", "create"], &["migrate", "up"]] {
        let said = home.fails(1, verb);
        assert!(said.contains("tables that Folio did not make (orders)") && said.contains("--into-existing"), "{said}");
    }
    let status = home.run(&["migrate", "status"]);
    assert!(status.refused(1).contains("orders"));
    assert_eq!(status.out.matches("pending").count(), 4);
    home.done(&["migrate", "up", "--into-existing"]);
    home.done(&["user", "add", "ada"]);
    home.connect().batch_execute("SELECT id FROM orders").unwrap();
}

#[test]
fn a_newer_folio_s_database_is_refused() {
    let home = Home::with_users();
    home.connect().batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000001')").unwrap();
    for verb in [
        &["user", "list"][..],
        &["user", "add", "x"],
        &["user", "remove", "1"],
        &["migrate", "up"],
        &["migrate", "down"],
        &["db", "create"],
    ] {
        let said = home.fails(1, verb);
        assert!(said.contains("newer folio (unknown here: 20990101000001)"), "{said}");
    }
    let status = home.run(&["migrate", "status"]);
    assert!(status.refused(1).contains("20990101000001"));
    assert!(status.out.lines().last().unwrap().starts_with("20990101000001\t\tunknown\t2"), "{status:?}");
}

#[test]
fn a_database_that_is_locked_for_longer_than_the_timeout_is_said_to_be_and_reading_goes_on() {
    let home = Home::with_users();
    let mut writer = home.connect();
    writer.batch_execute("BEGIN IMMEDIATE; UPDATE users SET username = 'x' WHERE id = 1").unwrap();
    let started = Instant::now();
    let said = home.fails(1, &["user", "add", "bob", "--busy-timeout", "0.3"]);
    assert!(said.starts_with("the database is locked by another writer"), "{said}");
    assert!((0.3..5.0).contains(&started.elapsed().as_secs_f64()));
    home.fails(1, &["user", "remove", "2", "--busy-timeout", "0"]);
    home.fails(1, &["migrate", "down", "--busy-timeout", "0"]);
    assert_eq!(home.column(2, &["user", "list"]), ["octocat", "ada"]);
    writer.batch_execute("ROLLBACK").unwrap();
    home.done(&["user", "add", "bob"]);
}

#[test]
fn a_writer_that_ends_in_time_is_waited_for() {
    let home = Home::with_users();
    let mut writer = home.connect();
    writer.batch_execute("BEGIN IMMEDIATE").unwrap();
    let mut waiting = std::process::Command::new(FOLIO)
        .args(["user", "add", "bob", "--busy-timeout", "60", "--echo"])
        .current_dir(home.path())
        .env_clear()
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It has read which migrations there are; what it wants next is the lock.
    let mut said = BufReader::new(waiting.stderr.take().unwrap()).lines();
    assert!(said.by_ref().any(|line| line.unwrap().contains("__diesel_schema_migrations")));
    writer.batch_execute("ROLLBACK").unwrap();
    drop(said.map(Result::unwrap).collect::<Vec<_>>());
    assert!(waiting.wait().unwrap().success());
}

#[test]
fn a_value_that_cannot_be_read_is_named_and_no_backtrace_follows() {
    let home = Home::with_users();
    home.done(&["repo", "add", "one", "--user", "1"]);
    home.connect()
        .batch_execute("PRAGMA ignore_check_constraints = ON; UPDATE repositories SET status = 'Secret'")
        .unwrap();
    let ran = run(home.folio(&["repo", "list"]).env("RUST_BACKTRACE", "1"));
    let said = ran.refused(1);
    assert!(said.contains("Secret") && said.contains("Public, Private"), "{said}");
}

#[test]
fn data_in_a_message_cannot_drive_the_screen() {
    let home = Home::with_users();
    home.done(&["user", "edit", "2", "--username", "a\u{1b}[2J\u{202e}b"]);
    let ran = home.run(&["user", "remove", "2"]);
    assert_eq!(ran.err, "removed user id 2: a\\u{1b}[2J\\u{202e}b (account number -1)\n");
}

/// Permissions bind no root, so the program is run as nobody then.
#[cfg(unix)]
mod permissions {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    use super::*;
    use crate::home::Ran;

    const NOBODY: u32 = 65_534;

    fn allow(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Runs the program as a user whom permissions bind.
    fn as_nobody(home: &Home, arguments: &[&str]) -> Ran {
        let root = fs::metadata(home.path()).unwrap().uid() == 0;
        let mut command = if root {
            // The build's folder may be closed to others.
            let program = home.path().join("folio");
            if !program.exists() {
                // Copied by another process: while this one holds a program open to write, none of its children can run it.
                assert!(Command::new("cp").arg(FOLIO).arg(&program).status().unwrap().success());
                allow(&program, 0o755);
            }
            let mut command = Command::new(program);
            command.uid(NOBODY).gid(NOBODY);
            command
        } else {
            Command::new(FOLIO)
        };
        command.current_dir(home.path()).env_clear().args(arguments);
        run(&mut assert_cmd::Command::from_std(command))
    }

    #[test]
    fn a_file_that_may_only_be_read_is_read_and_refuses_writers() {
        let home = Home::with_users();
        allow(&home.path().join("folio.db"), 0o444);
        allow(home.path(), 0o755);
        assert_eq!(as_nobody(&home, &["user", "list"]).code, Some(0));
        for verb in [&["user", "add", "x"][..], &["user", "remove", "2"], &["migrate", "down"]] {
            let said = as_nobody(&home, verb).refused(1);
            assert!(said.contains("read-only") || said.contains("permission denied"), "{said}");
        }
        allow(&home.path().join("folio.db"), 0o600);
        assert_eq!(home.done(&["user", "list"]).lines().count(), 2);
    }

    #[test]
    fn a_file_that_may_not_be_read_says_so() {
        let home = Home::with_users();
        let file = home.path().join("folio.db");
        allow(&file, 0o000);
        allow(home.path(), 0o755);
        for verb in [&["user", "list"][..], &["user", "add", "x"]] {
            let said = as_nobody(&home, verb).refused(1);
            assert!(
                said.starts_with(&format!("cannot open the database {}: permission denied", file.display())),
                "{said}"
            );
        }
    }

    #[test]
    fn a_folder_that_may_not_be_written_takes_no_database() {
        let home = Home::new();
        allow(home.path(), 0o555);
        let said = as_nobody(&home, &["user", "add", "x"]).refused(1);
        assert!(said.ends_with("folio.db: permission denied"), "{said}");
        allow(home.path(), 0o755);
    }

    #[test]
    fn a_file_that_folio_made_is_its_owner_s_alone() {
        let home = Home::with_users();
        allow(home.path(), 0o755);
        if fs::metadata(home.path()).unwrap().uid() == 0 {
            let said = as_nobody(&home, &["user", "list"]).refused(1);
            assert!(said.contains("permission denied"), "{said}");
        }
    }
}
