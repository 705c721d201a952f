//! Files that are not databases, or are locked, damaged or inaccessible to this user: one line with the reason, the
//! right exit code, nothing half-written.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use diesel::connection::SimpleConnection as _;

use crate::home::{FOLIO, Home, run};

#[test]
fn an_empty_file_is_nobody_s_and_db_create_fills_it() {
    let home = Home::new(module_path!());
    home.file("folio.db", "");
    home.fails(3, &["user", "list"]);
    home.done(&["db", "create"]);
    assert_eq!(home.done(&["user", "list"]), "");
}

#[test]
fn what_is_no_database_is_named_and_left_as_it_is() {
    let home = Home::new(module_path!());
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
    let home = Home::new(module_path!());
    fs::create_dir(home.path().join("folio.db")).unwrap();
    for verb in [&["user", "list"][..], &["user", "add", "x"]] {
        assert!(home.fails(1, verb).ends_with("folio.db: it is a directory"));
    }
    let said = home.fails(1, &["user", "add", "x", "--database-url", "none/folio.db"]);
    assert!(said.ends_with("none/folio.db: its folder does not exist"), "{said}");
}

#[test]
fn a_database_that_is_locked_for_longer_than_the_timeout_is_said_to_be_and_reading_goes_on() {
    let home = Home::with_users(module_path!());
    let mut writer = home.connect();
    writer.batch_execute("BEGIN IMMEDIATE; UPDATE users SET username = 'x' WHERE id = 1").unwrap();
    let started = Instant::now();
    let said = home.fails(1, &["user", "add", "bob", "--busy-timeout", "0.3"]);
    assert!(said.starts_with("timed out waiting for a lock that another writer holds"), "{said}");
    assert!((0.3..5.0).contains(&started.elapsed().as_secs_f64()));
    home.fails(1, &["user", "remove", "2", "--busy-timeout", "0"]);
    home.fails(1, &["migrate", "down", "--yes", "--busy-timeout", "0"]);
    assert_eq!(home.column(2, &["user", "list"]), ["octocat", "ada"]);
    writer.batch_execute("ROLLBACK").unwrap();
    home.done(&["user", "add", "bob"]);
}

#[test]
fn a_locked_database_stops_the_import_of_a_folder_at_its_first_file() {
    let home = Home::with_users(module_path!());
    fs::create_dir(home.path().join("in")).unwrap();
    for name in ["in/1.json", "in/2.json"] {
        home.file(name, r#"{"login": "hubot", "id": 3}"#);
    }
    let mut writer = home.connect();
    writer.batch_execute("BEGIN IMMEDIATE").unwrap();
    let said = home.fails(1, &["import", "in", "--busy-timeout", "0"]);
    assert!(said.starts_with("timed out waiting for a lock that another writer holds"), "{said}");
}

#[test]
fn a_writer_that_ends_in_time_is_waited_for() {
    let home = Home::with_users(module_path!());
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
    // It has read the applied migrations; next it needs the lock.
    let mut said = BufReader::new(waiting.stderr.take().unwrap()).lines();
    assert!(said.by_ref().any(|line| line.unwrap().contains("__diesel_schema_migrations")));
    writer.batch_execute("ROLLBACK").unwrap();
    drop(said.map(Result::unwrap).collect::<Vec<_>>());
    assert!(waiting.wait().unwrap().success());
}

#[test]
fn a_value_that_cannot_be_read_is_named_with_its_row_and_no_backtrace_follows() {
    let home = Home::with_users(module_path!());
    for name in ["one", "two", "three", "four"] {
        home.done(&["repo", "add", name, "--user", "1"]);
    }
    home.done(&["note", "add", "To do", "--user", "1"]);
    home.connect()
        .batch_execute(
            "PRAGMA ignore_check_constraints = ON; UPDATE repositories SET status = 'Secret' WHERE id = 3; \
             UPDATE notes SET created_at = 'yesterday'",
        )
        .unwrap();
    let ran = run(home.folio(&["repo", "list"]).env("RUST_BACKTRACE", "1"));
    assert_eq!(ran.out.lines().count(), 2, "those before it are listed");
    let said = ran.refused(1);
    assert!(said.starts_with("repositories: ") && said.ends_with("(in the first row after id 2)"), "{said}");
    assert!(said.contains("'status'") && said.contains("Secret") && said.contains("Public, Private"), "{said}");
    assert!(home.fails(1, &["note", "list"]).ends_with("(in the first row)"));
    assert_eq!(
        home.fails(1, &["note", "get", "1"]),
        "notes: a stored value cannot be read: id 1, created_at: Invalid datetime yesterday"
    );
}

/// Permissions do not restrict root, so root runs the program as nobody.
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

    /// Runs the program as a user restricted by permissions.
    fn as_nobody(home: &Home, arguments: &[&str]) -> Ran {
        let root = fs::metadata(home.path()).unwrap().uid() == 0;
        let mut command = if root {
            // Other users may have no access to the build's folder.
            let program = home.path().join("folio");
            if !program.exists() {
                // Copied by another process: while this one has an executable open for writing, its children cannot run
                // it.
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
        let home = Home::with_users(module_path!());
        allow(&home.path().join("folio.db"), 0o444);
        allow(home.path(), 0o755);
        assert_eq!(as_nobody(&home, &["user", "list"]).code, Some(0));
        for verb in [&["user", "add", "x"][..], &["user", "remove", "2"], &["migrate", "down", "--yes"]] {
            let said = as_nobody(&home, verb).refused(1);
            assert!(said.contains("read-only") || said.contains("permission denied"), "{said}");
        }
        allow(&home.path().join("folio.db"), 0o600);
        assert_eq!(home.done(&["user", "list"]).lines().count(), 2);
    }

    #[test]
    fn a_file_that_may_not_be_read_says_so() {
        let home = Home::with_users(module_path!());
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
        let home = Home::new(module_path!());
        allow(home.path(), 0o555);
        let said = as_nobody(&home, &["user", "add", "x"]).refused(1);
        assert!(said.ends_with("folio.db: permission denied"), "{said}");
        allow(home.path(), 0o755);
    }

    #[test]
    fn a_file_that_folio_made_is_its_owner_s_alone() {
        let home = Home::with_users(module_path!());
        allow(home.path(), 0o755);
        if fs::metadata(home.path()).unwrap().uid() == 0 {
            let said = as_nobody(&home, &["user", "list"]).refused(1);
            assert!(said.contains("permission denied"), "{said}");
        }
    }
}

#[test]
fn where_the_database_ends_the_transaction_itself_only_its_error_is_said() {
    let home = Home::with_users(module_path!());
    // As with a full disk.
    home.connect()
        .batch_execute("CREATE TRIGGER full BEFORE INSERT ON users BEGIN SELECT RAISE(ROLLBACK, 'no room'); END")
        .unwrap();
    let said = home.fails(1, &["user", "add", "bob"]);
    assert!(said.contains("no room"), "{said}");
    assert_eq!(home.column(2, &["user", "list"]), ["octocat", "ada"]);
}
