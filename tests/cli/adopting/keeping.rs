//! What is kept of a file that is adopted, and what is set aside.

use std::fs;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::home::migrations;

#[test]
fn every_row_is_kept_with_its_id_its_references_and_its_time() {
    let home = home("database.db");
    let crate::home::Ran { code, out, err } = home.run(&ADOPT);
    assert_eq!((code, out.as_str()), (Some(0), KEPT), "{err}");
    let place = place(&home);
    assert_eq!(err, format!("adopted {place}; the original is {place}.before-adopt\n"));

    let users = list(&home, "user");
    let updated = users[0]["updated_at"].clone();
    let user = |id: i64, number: i64, username: &str, email: Option<&str>, created: &str| {
        json!({"id": id, "user_id": number, "username": username, "email": email, "created_at": created,
               "updated_at": updated, "name": null, "kind": null, "url": null, "company": null, "location": null})
    };
    assert_eq!(
        json!(users),
        json!([
            user(1, 583231, "octocat", Some("octocat@example.org"), "2023-05-17T08:30:00.123456Z"),
            user(4, 7, "Ада", None, "2023-05-18T08:30:01.123456Z"),
            user(9, 1, "step", None, "2023-05-19T08:30:02.123456Z"),
        ])
    );
    assert_eq!(column(&home, "repo", "id"), json!([1, 2, 3]));
    assert_eq!(column(&home, "repo", "user_id"), json!([583231, 583231, 7]));
    assert_eq!(column(&home, "repo", "repo_name"), json!(["hello-world", "secrets", "hello-world"]));
    assert_eq!(column(&home, "repo", "status"), json!(["Public", "Private", "Public"]));
    assert_eq!(column(&home, "resume", "id"), json!([5]));
    assert_eq!(column(&home, "resume", "user_id"), json!([9]));
    assert_eq!(column(&home, "resume", "vacancy"), json!(["Junior Python Dev."]));
    assert_eq!(column(&home, "note", "id"), json!([1, 2, 20]));
    assert_eq!(column(&home, "note", "user_id"), json!([1, 4, 9]));
    assert_eq!(column(&home, "note", "name"), json!(["To do", "Заметка", "Done"]));
    assert_eq!(column(&home, "note", "created_at")[2], "2023-05-26T08:30:09.123456Z");
}

#[test]
fn the_file_is_then_as_if_folio_had_made_it() {
    let home = home("database.db");
    home.done(&ADOPT);
    home.done(&["db", "create"]);
    // With a write-ahead log, by the versions in the header.
    assert_eq!(fs::read(path(&home)).unwrap()[18..20], [2, 2]);
    assert_eq!(schema(&path(&home)), schema(&home.path().join("folio.db")));
    assert_eq!(
        home.column(2, &["migrate", "status", "--database-url", "database.db"]),
        vec!["applied"; migrations().len()]
    );
    home.done(&["db", "copy", "database.db", "there.db"]);
    home.done(&["note", "edit", "20", "--body", "all of it", "--database-url", "database.db"]);
    home.done(&["user", "remove", "4", "--with-everything", "--yes", "--database-url", "database.db"]);
    assert_eq!(column(&home, "note", "id"), json!([1, 20]));
    home.done(&["migrate", "down", "--all", "--yes", "--database-url", "database.db"]);
}

#[test]
fn the_backup_is_the_file_as_it_was_byte_by_byte() {
    let home = home("database.db");
    let before = fs::read(path(&home)).unwrap();
    home.done(&ADOPT);
    assert_eq!(home.files(), ["database.db", "database.db.before-adopt"]);
    assert!(fs::read(home.path().join("database.db.before-adopt")).unwrap() == before);
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_what_is_written_is_as_private_as_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = home("awkward.db");
    fs::set_permissions(path(&home), fs::Permissions::from_mode(0o640)).unwrap();
    fs::create_dir(home.path().join("links")).unwrap();
    std::os::unix::fs::symlink(path(&home), home.path().join("links/link.db")).unwrap();
    home.done(&["migrate", "adopt", "links/link.db", "--yes", "--set-aside"]);
    for file in ["database.db", "database.db.before-adopt", "database.db.set-aside.jsonl"] {
        assert_eq!(fs::metadata(home.path().join(file)).unwrap().permissions().mode() & 0o777, 0o640, "{file}");
    }
}

#[test]
fn a_dry_run_shows_what_would_be_kept_and_changes_nothing() {
    let whole = home("database.db");
    let before = fs::read(path(&whole)).unwrap();
    assert_eq!(whole.done(&["migrate", "adopt", "database.db", "--dry-run"]), KEPT);
    let tsv = whole.done(&["migrate", "adopt", "database.db", "--dry-run", "--format", "tsv"]);
    assert_eq!(tsv, "users\t3\t3\nrepositories\t3\t3\nrésumés\t1\t1\nnotes\t3\t3\n");
    let json = whole.done(&["migrate", "adopt", "database.db", "--dry-run", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()[3], json!({"kind": "notes", "rows": 3, "kept": 3}));
    assert!(fs::read(path(&whole)).unwrap() == before);
    assert_eq!(whole.files(), ["database.db"]);

    let awkward = home("awkward.db");
    let ran = awkward.run(&["migrate", "adopt", "database.db", "--dry-run"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.starts_with("users         3 of 4 kept\nrepositories  3 of 7 kept\n"), "{ran:?}");
    assert_eq!(awkward.run(&["migrate", "adopt", "database.db", "--dry-run", "--set-aside"]).code, Some(0));
    assert_eq!(awkward.files(), ["database.db"]);
}

#[test]
fn rows_that_are_set_aside_are_in_a_file_with_all_their_values_and_their_ids_do_not_come_back() {
    let home = home("awkward.db");
    let ran = home.run(&[&ADOPT[..], &["--set-aside"]].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        ran.out,
        "users         3 of 4 kept\nrepositories  3 of 7 kept\nrésumés       1 of 2 kept\nnotes         3 of 5 kept\n"
    );
    let aside = fs::read_to_string(home.path().join("database.db.set-aside.jsonl")).unwrap();
    assert!(ran.err.contains(&format!("set 8 rows aside in {}.set-aside.jsonl\n", place(&home))), "{ran:?}");
    let aside: Vec<Value> = aside.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(aside.len(), 8);
    assert_eq!(aside[0]["values"]["username"], "u".repeat(300));
    assert_eq!(
        aside[4],
        json!({
            "table": "repositories", "id": 43, "problem": "repository status: \"internal\" is not one of Public, Private",
            "values": {
                "id": 43, "user_id": 7, "repo_name": "internal", "status": "internal",
                "created_at": "2023-06-01 08:30:15.123456",
            },
        })
    );
    home.done(&["user", "add", "new", "--database-url", "database.db"]);
    home.done(&["note", "add", "new", "--login", "new", "--database-url", "database.db"]);
    assert_eq!(column(&home, "user", "id"), json!([1, 4, 9, 31]));
    assert_eq!(column(&home, "note", "id"), json!([1, 2, 20, 62]));
}

#[test]
fn a_value_of_another_type_than_its_column_is_named_and_kept_aside_as_it_is() {
    let home = changed(
        "INSERT INTO notes (id, user_id, name, created_at) VALUES
             (70, 'one', 'x', '2023-01-01 00:00:00'), (71, 1, X'00ff', '2023-01-01 00:00:00'),
             (72, 1.5, 'x', '2023-01-01 00:00:00'), (73, 1, CAST(X'ff' AS TEXT), '2023-01-01 00:00:00'),
             (74, 1, 'a' || char(0), '2023-01-01 00:00:00'), (75, 1, 'x', 1684312200), (76, 9e999, 'x', ''),
             (77, 1, 'x', '2023-02-30 00:00:00'), (-5, 1, 'kept', '2023-01-01 00:00:00');
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'name VARCHAR NOT NULL', 'name VARCHAR') WHERE name = 'notes';
         PRAGMA writable_schema = RESET;
         INSERT INTO notes (id, user_id, name, created_at) VALUES (78, 1, NULL, '2023-01-01 00:00:00')",
    );
    let ran = home.run(&[&ADOPT[..], &["--set-aside"]].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let aside = fs::read_to_string(home.path().join("database.db.set-aside.jsonl")).unwrap();
    // A number that JSON allows and this reader does not.
    let aside = aside.replace(":9.0e+999,", ":9,");
    let aside: Vec<Value> = aside.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let problem = |row: &Value| (row["id"].as_i64().unwrap(), row["problem"].as_str().unwrap().to_owned());
    let problems: Vec<_> = aside.iter().map(problem).collect();
    let expected = [
        (70, "user_id: \"one\" is not a 64-bit integer"),
        (71, "name: binary data is not text"),
        (72, "user_id: 1.5 is not a 64-bit integer"),
        (73, "contains text that is not UTF-8"),
        (74, "name: contains a NUL character, which databases cannot store"),
        (75, "created_at: 1684312200 is not text"),
        (76, "contains a number that is not finite"),
        (77, "created_at: \"2023-02-30 00:00:00\" is not a time like 2026-01-31 23:59:59.000000"),
        (78, "name: NULL is not text"),
    ];
    assert_eq!(problems, expected.map(|(id, problem)| (id, problem.to_owned())));
    assert_eq!(aside[1]["values"]["name"], json!(["00FF"]));
    assert_eq!(column(&home, "note", "id"), json!([-5, 1, 2, 20]));
}

#[test]
fn models_without_numbers_emails_and_times_get_folios_own() {
    let home = Home::new(module_path!());
    connect(&path(&home))
        .batch_execute(
            "CREATE TABLE users (id INTEGER NOT NULL, username VARCHAR NOT NULL, PRIMARY KEY (id));
             CREATE TABLE resumes (id INTEGER NOT NULL, user_id INTEGER NOT NULL, vacancy VARCHAR NOT NULL,
                 PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES users (id));
             CREATE INDEX ix_users_username ON users (username);
             INSERT INTO users VALUES (3, 'step'), (5, 'std');
             INSERT INTO resumes VALUES (1, 5, 'Junior Python Dev.')",
        )
        .unwrap();
    let out = home.done(&ADOPT);
    assert_eq!(
        out,
        "users         2 of 2 kept\nrepositories  0 of 0 kept\nrésumés       1 of 1 kept\nnotes         0 of 0 kept\n"
    );
    assert_eq!(column(&home, "user", "user_id"), json!([-1, -2]));
    assert_eq!(column(&home, "user", "created_at"), column(&home, "user", "updated_at"));
    assert_eq!(column(&home, "resume", "user_id"), json!([5]));
    home.done(&["user", "add", "new", "--database-url", "database.db"]);
    assert_eq!(column(&home, "user", "user_id"), json!([-1, -2, -3]));
}

#[test]
fn a_number_that_two_users_have_is_kept_for_the_first() {
    let home = Home::new(module_path!());
    connect(&path(&home))
        .batch_execute(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, user_id INTEGER, username VARCHAR);
             INSERT INTO users VALUES (1, 7, 'one'), (2, 7, 'two')",
        )
        .unwrap();
    assert!(refused(&home, 1, &ADOPT).contains("  users id 2: user_id: user id 1 already has the number 7\n"));
    home.done(&[&ADOPT[..], &["--set-aside"]].concat());
    assert_eq!(column(&home, "user", "username"), json!(["one"]));
}

#[test]
fn a_log_beside_the_file_is_part_of_it_and_of_the_backup() {
    let home = home("database.db");
    let mut other = connect(&path(&home));
    other
        .batch_execute(
            "PRAGMA journal_mode = WAL; INSERT INTO users VALUES (2, 'late', NULL, 12, '2023-01-01 00:00:00')",
        )
        .unwrap();
    assert!(home.files().contains(&"database.db-wal".to_owned()));
    assert!(home.done(&ADOPT).starts_with("users         4 of 4 kept\n"));
    drop(other);
    let backup = home.path().join("database.db.before-adopt");
    let count: i64 = diesel::dsl::sql::<diesel::sql_types::BigInt>("SELECT count(*) FROM users")
        .get_result(&mut connect(&backup))
        .unwrap();
    assert_eq!(count, 4);
}

#[test]
fn the_commands_of_the_readme_work_one_after_the_other() {
    let readme = include_str!("../../../README.md");
    let commands: Vec<&str> = readme.lines().filter(|line| line.starts_with("folio migrate adopt ")).collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    let home = home("awkward.db");
    for (command, code) in commands.iter().zip([1, 0]) {
        let words = command.split('#').next().unwrap().split_whitespace().skip(1).chain(["--yes"]);
        assert_eq!(home.run(&words.collect::<Vec<_>>()).code, Some(code), "{command}");
    }
    assert_eq!(column(&home, "user", "id"), json!([1, 4, 9]));
}
