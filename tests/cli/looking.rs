//! Read commands never write; adding creates a missing database, and reports it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::home::{Home, migrations};

#[test]
fn looking_for_a_database_that_is_not_there_makes_none_and_says_what_does() {
    let home = Home::new(module_path!());
    let path = home.path().join("folio.db").display().to_string();
    let looking: &[&[&str]] = &[
        &["migrate", "status"],
        &["migrate", "down"],
        &["user", "get", "1"],
        &["user", "list"],
        &["user", "edit", "1", "--username", "x"],
        &["user", "remove", "1"],
        &["repo", "get", "a/b"],
        &["repo", "list"],
        &["repo", "edit", "1", "--name", "x"],
        &["repo", "remove", "1"],
        &["resume", "get", "1"],
        &["resume", "list"],
        &["resume", "edit", "1"],
        &["resume", "remove", "1"],
        &["note", "get", "1"],
        &["note", "list"],
        &["note", "edit", "1"],
        &["note", "remove", "1"],
    ];
    for verb in looking {
        assert_eq!(home.fails(1, verb), format!("there is no database at {path}; 'folio db create' creates one"));
        assert!(home.files().is_empty(), "{verb:?}");
    }
}

#[test]
fn adding_makes_a_database_and_says_where() {
    for verb in [&["user", "add", "ada"][..], &["db", "create"], &["migrate", "up"], &["import", "-"]] {
        let home = Home::new(module_path!());
        let ran = crate::home::run(home.folio(verb).write_stdin(r#"{"login": "octocat", "id": 583231}"#));
        let path = home.path().join("folio.db");
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.err.starts_with(&format!("created {}\n", path.display())), "{ran:?}");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(home.column(2, &["migrate", "status"]), vec!["applied"; migrations().len()]);
    }
}

#[test]
fn looking_leaves_the_file_as_it_is() {
    let home = Home::with_users(module_path!());
    let before = fs::read(home.path().join("folio.db")).unwrap();
    for verb in [&["user", "list"][..], &["user", "get", "1"], &["migrate", "status"], &["repo", "list"]] {
        home.done(verb);
    }
    // SQLite shares its state with other readers in side files, which the next writer removes.
    assert!(home.files().iter().all(|file| ["folio.db", "folio.db-shm", "folio.db-wal"].contains(&file.as_str())));
    assert_eq!(fs::read(home.path().join("folio.db")).unwrap(), before);
    home.done(&["user", "add", "bob"]);
    assert_eq!(home.files(), ["folio.db"]);
}

#[test]
fn making_what_is_there_already_is_no_failure() {
    let home = Home::with_users(module_path!());
    let ran = home.run(&["db", "create"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
    assert!(ran.err.ends_with("folio.db is there already, and up to date\n"), "{ran:?}");
    assert_eq!(home.done(&["user", "list"]).lines().count(), 2);
}

#[test]
fn a_database_in_memory_is_made_for_every_command_without_a_word() {
    let home = Home::new(module_path!());
    let ran = home.run(&["user", "add", "ada", "--database-url", "sqlite::memory:"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(ran.out.starts_with("1\t-1\tada\t"), "{ran:?}");
    assert_eq!(home.done(&["user", "list", "--database-url", ":memory:"]), "");
    assert!(home.files().is_empty());
}
