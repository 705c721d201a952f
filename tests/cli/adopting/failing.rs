//! What is not adopted, and that a file is then as it was.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use diesel::connection::SimpleConnection as _;

use super::*;

#[test]
fn rows_that_cannot_be_kept_are_named_and_nothing_changes() {
    let home = home("awkward.db");
    let said = refused(&home, 1, &ADOPT);
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [
            "8 rows cannot be kept:",
            "  users id 30: username: 300 characters, more than the limit of 256",
            "  repositories id 40: repo_name: repository id 2 of the same user already has this name",
            "  repositories id 41: user_id: no kept user has the number 30",
            "  repositories id 42: user_id: no kept user has the number 31",
            "  repositories id 43: repository status: \"internal\" is not one of Public, Private",
            "  resumes id 50: vacancy: it is empty",
            "  notes id 60: user_id: no kept user has the id 31",
            "  notes id 61: created_at: \"yesterday\" is not a time like 2026-01-31 23:59:59.000000",
            &format!(
                "folio: nothing was changed; correct {} first, or add --set-aside to leave 8 rows out",
                place(&home)
            ),
        ]
    );
}

#[test]
fn a_second_time_it_says_already() {
    let home = home("database.db");
    home.done(&ADOPT);
    let before = fs::read(path(&home)).unwrap();
    for arguments in
        [&ADOPT[..], &["migrate", "adopt", "database.db"], &["migrate", "adopt", "database.db", "--dry-run"]]
    {
        let ran = home.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""));
        assert_eq!(ran.err, format!("nothing to do: {} is already Folio's\n", place(&home)));
    }
    assert!(fs::read(path(&home)).unwrap() == before);
    home.done(&["migrate", "down", "--yes", "--database-url", "database.db"]);
    let said = home.fails(3, &ADOPT);
    assert!(
        said.ends_with("is 1 migration behind; to bring it up to date: folio migrate up --database-url database.db"),
        "{said}"
    );
}

#[test]
fn a_file_with_other_tables_or_columns_is_refused_by_their_names() {
    for (sql, problem) in [
        (
            "CREATE TABLE orders (id INTEGER PRIMARY KEY)",
            "the table orders is not one of users, repositories, resumes, notes; move it to another file first",
        ),
        ("CREATE VIEW v AS SELECT 1", "the view v is not one of users, "),
        ("CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END", "the trigger t is not one of users, "),
        (
            "ALTER TABLE notes ADD phone VARCHAR",
            "notes.phone is not one of the columns id, name, user_id, created_at; copy it elsewhere and drop it first",
        ),
        ("ALTER TABLE notes DROP COLUMN name", "notes has no column name"),
        ("DROP TABLE users", "it has no table users"),
        (
            "DROP TABLE resumes; CREATE TABLE resumes (id INTEGER PRIMARY KEY, vacancy VARCHAR, \
             user_id INTEGER REFERENCES users (user_id))",
            "resumes.user_id references users, and the models' only foreign key of resumes is user_id to users.id",
        ),
        (
            "DROP TABLE resumes; CREATE TABLE resumes (id BIGINT PRIMARY KEY, vacancy VARCHAR, user_id INTEGER)",
            "the primary key of resumes is not the column id of type INTEGER",
        ),
    ] {
        let home = changed(sql);
        let said = refused(&home, 1, &[&ADOPT[..], &["--set-aside"]].concat());
        assert!(said.starts_with(&format!("folio: cannot adopt {}: {problem}", place(&home))), "{said}");
        assert!(said.ends_with("; nothing was changed\n"), "{said}");
    }
}

#[test]
fn what_is_not_such_a_file_at_all_is_named() {
    let home = Home::new(module_path!());
    assert_eq!(home.fails(1, &ADOPT), format!("there is no file to adopt at {}", place(&home)));
    assert!(home.files().is_empty());
    home.file("database.db", "");
    assert_eq!(
        home.fails(1, &ADOPT),
        format!(
            "{} contains no tables to adopt; to create Folio's in it: folio db create --database-url database.db",
            place(&home)
        )
    );
    home.file("database.db", "this is a letter, not a database\n".repeat(100));
    assert!(home.fails(1, &ADOPT).contains("not a database"));
    fs::create_dir(home.path().join("folder")).unwrap();
    assert!(home.fails(1, &["migrate", "adopt", "folder", "--yes"]).ends_with("it is a directory"));
    for (arguments, said) in [
        (&["migrate", "adopt", ":memory:"][..], "FILE: only an SQLite file can be adopted"),
        (&["migrate", "adopt", "redis://u:SECRET@h/d"], "FILE: 'redis://u:***@h/d' is not a database URL"),
        (&["migrate", "adopt", "database.db", "--database-url", "x.db"], "leave --database-url out"),
    ] {
        let refused = home.fails(2, arguments);
        assert!(refused.contains(said) && !refused.contains("SECRET"), "{refused}");
    }
    assert_eq!(home.run(&["migrate", "adopt"]).code, Some(2));
}

#[test]
fn a_failure_after_the_conversion_leaves_the_file_as_it_was() {
    let home = home("awkward.db");
    let arguments = [&ADOPT[..], &["--set-aside"]].concat();
    // The last step before the commit.
    home.file("database.db.set-aside.jsonl", "of someone else's\n");
    let said = refused(&home, 1, &arguments);
    let place = place(&home);
    assert_eq!(
        said.lines().last().unwrap(),
        format!("folio: {place}.set-aside.jsonl: it already exists, with different content; move it away")
    );
    fs::remove_file(home.path().join("database.db.set-aside.jsonl")).unwrap();
    fs::create_dir(home.path().join("database.db.before-adopt")).unwrap();
    assert!(refused(&home, 1, &arguments).contains(&format!("folio: {place}.before-adopt: ")));
    fs::remove_dir(home.path().join("database.db.before-adopt")).unwrap();
    home.done(&arguments);
}

#[test]
fn a_failure_in_the_middle_leaves_the_file_as_it_was() {
    // The name of an index that the second half of a migration creates.
    let home = changed("CREATE INDEX notes_repository_id_idx ON notes (name)");
    assert!(refused(&home, 1, &ADOPT).contains("notes_repository_id_idx"));
}

#[test]
fn a_file_whose_adoption_was_killed_is_as_it_was_and_is_adopted_again() {
    let many = "WITH RECURSIVE counted (n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM counted WHERE n < 10099) \
                INSERT INTO users (user_id, username, created_at) \
                SELECT 1000000 + n, n || hex(zeroblob(100)), '2023-01-01 00:00:00' FROM counted";
    let home = changed(many);
    let before = fs::read(path(&home)).unwrap();
    let mut adopting = home.command(&[&ADOPT[..], &["--echo"]].concat());
    let mut adopting = adopting.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // More rows than SQLite keeps in memory, so some are in the file already.
    let echo = BufReader::new(adopting.stderr.take().unwrap()).lines().map(Result::unwrap);
    let inserts = echo.filter(|line| line.starts_with("sql: INSERT INTO `users`")).take(80);
    assert_eq!(inserts.count(), 80);
    adopting.kill().unwrap();
    adopting.wait().unwrap();
    assert!(home.files().contains(&"database.db-journal".to_owned()));
    assert!(fs::read(path(&home)).unwrap() != before);

    assert_eq!(home.run(&ADOPT[..3]).code, Some(2));
    assert!(fs::read(path(&home)).unwrap() == before);
    assert!(home.done(&ADOPT).starts_with("users         10003 of 10003 kept\n"));
}

#[test]
fn a_backup_of_something_else_is_not_overwritten_and_that_of_an_interrupted_run_serves() {
    let home = home("database.db");
    home.file("database.db.before-adopt", "of last year");
    assert!(
        refused(&home, 1, &ADOPT).contains("before-adopt: it already exists, with different content; move it away")
    );
    fs::copy(path(&home), home.path().join("database.db.before-adopt")).unwrap();
    assert_eq!(home.done(&ADOPT), KEPT);
}

#[test]
fn a_file_that_another_program_writes_is_left_alone() {
    let home = home("database.db");
    let mut other = connect(&path(&home));
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let busy = [&ADOPT[..], &["--busy-timeout", "0"]].concat();
    // To read the file here would end the other connection's lock.
    assert!(home.fails(1, &busy).contains("timed out waiting for a lock"));
    // A reader does not keep it from the conversion, only from the commit.
    other.batch_execute("ROLLBACK; BEGIN; SELECT * FROM users").unwrap();
    assert!(home.fails(1, &busy).contains("timed out waiting for a lock"));
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(home.files(), ["database.db"]);
    assert_eq!(home.done(&ADOPT), KEPT);
}

#[cfg(unix)]
#[test]
fn it_asks_on_a_terminal_and_wants_a_yes_elsewhere() {
    use crate::terminal::run_on_a_terminal;
    let home = home("database.db");
    let what = format!("{} (3 of 3 users, 3 of 3 repositories, 1 of 1 résumés, 3 of 3 notes)", place(&home));
    let said = refused(&home, 2, &ADOPT[..3]);
    assert_eq!(said, format!("folio: this would convert {what}; add --yes to convert it without being asked\n"));
    let ran = run_on_a_terminal(&home, 80, &ADOPT[..3], "n\n");
    let asked = format!("This converts {what}.\nContinue? [y/N] ");
    assert_eq!((ran.code, ran.out), (Some(1), format!("{asked}folio: nothing was converted\n")));
    let ran = run_on_a_terminal(&home, 80, &ADOPT[..3], "y\n");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.starts_with(&format!("{asked}{KEPT}")), "{ran:?}");
    assert!(
        ran.out.ends_with(
            "to use it:\n  export FOLIO_DATABASE_URL=database.db\n  folio user list --database-url database.db\n"
        ),
        "{ran:?}"
    );
}
