//! `folio db copy`: from a file into a file, what it refuses, and the state of the target when it fails.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use diesel::connection::SimpleConnection as _;

use crate::home::{FOLIO, Home};

const MANY: &str = "WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 20000) \
                    INSERT INTO users (user_id, username) SELECT 1000000 + n, 'user ' || n FROM counted";

/// With the users of [`Home::with_users`], a repository, a résumé and two notes.
fn home() -> Home {
    let home = Home::with_users(module_path!());
    home.done(&["repo", "add", "hello-world", "--login", "octocat"]);
    home.done(&["resume", "add", "Rust developer", "--login", "ada", "--body", "much"]);
    home.done(&["note", "add", "one", "--login", "ada"]);
    home.done(&["note", "add", "two", "--login", "ada", "--repo", "octocat/hello-world"]);
    home
}

/// All records of a file, as JSON.
fn records(home: &Home, file: &str) -> String {
    ["user", "repo", "resume", "note"]
        .map(|noun| home.done(&[noun, "list", "--format", "json", "--database-url", file]))
        .concat()
}

#[test]
fn says_how_much_of_each_kind_it_copied() {
    let home = home();
    let ran = home.run(&["db", "copy", "folio.db", "there.db"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.err, format!("created {}\n", home.path().join("there.db").display()));
    assert_eq!(
        ran.out,
        "users         2 copied\nrepositories  1 copied\nrésumés       1 copied\nnotes         2 copied\n\
         tags          0 copied\nlinks         0 copied\nchanges       6 copied\nin all        12 copied\n"
    );
    assert_eq!(records(&home, "there.db"), records(&home, "folio.db"));
    let tsv = home.done(&["db", "copy", "folio.db", "sqlite::memory:", "--format", "tsv"]);
    assert_eq!(tsv, "users\t2\nrepositories\t1\nrésumés\t1\nnotes\t2\ntags\t0\nlinks\t0\nchanges\t6\nin all\t12\n");
    let json = home.done(&["db", "copy", "folio.db", "sqlite::memory:", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[7], serde_json::json!({"kind": "in all", "copied": 12}));
}

#[test]
fn a_reader_who_went_away_is_no_failure_of_the_copy() {
    let home = home();
    let ran = home.run_into(Home::closed_pipe(), &["db", "copy", "folio.db", "there.db"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(records(&home, "there.db"), records(&home, "folio.db"));
}

#[test]
fn a_full_disk_for_what_is_said_of_a_copy_is_a_failure_that_says_that_the_copy_is_there() {
    let home = home();
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let ran = home.run_into(full, &["db", "copy", "folio.db", "there.db"]);
    let said = ran.err.lines().last().unwrap();
    assert!(ran.code == Some(1) && said.starts_with("folio: cannot write the output: No space left"), "{ran:?}");
    assert!(said.ends_with("there.db holds the whole copy"), "{said}");
    assert_eq!(records(&home, "there.db"), records(&home, "folio.db"));
}

#[test]
fn a_source_that_cannot_be_copied_is_named_and_no_target_is_made() {
    let home = home();
    let path = |name: &str| home.path().join(name).display().to_string();
    assert_eq!(
        home.fails(1, &["db", "copy", "none.db", "there.db"]),
        format!("there is no database to copy at {}", path("none.db"))
    );
    home.file("letter.db", "this is a letter, not a database\n".repeat(100));
    assert!(home.fails(1, &["db", "copy", "letter.db", "there.db"]).contains("not a database"));
    home.done(&["db", "copy", "folio.db", "behind.db"]);
    home.done(&["migrate", "down", "--yes", "--database-url", "behind.db"]);
    let advice = "to bring it up to date: folio migrate up --database-url behind.db\n";
    let ran = home.run(&["db", "copy", "behind.db", "there.db"]);
    let behind = format!("folio: {} is 1 migration behind; {advice}", path("behind.db"));
    assert_eq!((ran.code, ran.err), (Some(3), behind));
    home.connect().batch_execute(&folio_testing::recorded("20990101000001", "folio")).unwrap();
    assert!(
        home.fails(1, &["db", "copy", "folio.db", "there.db"])
            .contains("newer version of folio (unknown migrations: 2099")
    );
    let made: Vec<_> =
        home.files().into_iter().filter(|name| name.starts_with("none") || name.starts_with("there")).collect();
    assert!(made.is_empty(), "{made:?}");
}

#[test]
fn a_target_that_cannot_take_the_copy_is_named_and_left_as_it_is() {
    let home = home();
    let path = |name: &str| home.path().join(name).display().to_string();
    home.done(&["user", "add", "was here", "--database-url", "used.db"]);
    let before = records(&home, "used.db");
    assert_eq!(
        home.fails(1, &["db", "copy", "folio.db", "used.db"]),
        format!("{} holds 1 user already; copy into a database without records; nothing was changed", path("used.db"))
    );
    assert_eq!(records(&home, "used.db"), before);

    home.done(&["db", "create", "--database-url", "behind.db"]);
    home.done(&["migrate", "down", "--yes", "--database-url", "behind.db"]);
    let ran = home.run(&["db", "copy", "folio.db", "behind.db"]);
    assert!(ran.code == Some(3) && ran.err.ends_with(": folio migrate up --database-url behind.db\n"), "{ran:?}");
    home.done(&["migrate", "up", "--database-url", "behind.db"]);
    assert!(home.done(&["db", "copy", "folio.db", "behind.db"]).ends_with(" 12 copied\n"));

    home.file("empty.db", "");
    assert!(home.done(&["db", "copy", "folio.db", "empty.db"]).ends_with(" 12 copied\n"));
    let said = home.fails(1, &["db", "copy", "folio.db", "none/there.db"]);
    assert!(said.ends_with("none/there.db: its folder does not exist"), "{said}");
    let others = home.path().join("other.db");
    folio::connection::open_sqlite(Some(&others), folio::connection::SqliteAccess::Create, 0)
        .unwrap()
        .batch_execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        .unwrap();
    let ran = home.run(&["db", "copy", "folio.db", "other.db"]);
    assert!(ran.code == Some(1) && ran.err.contains("tables that folio did not create (orders)"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn a_database_is_not_copied_into_itself_however_its_name_is_spelt() {
    let home = home();
    let absolute = home.path().join("folio.db").display().to_string();
    std::os::unix::fs::symlink(&absolute, home.path().join("link.db")).unwrap();
    let before = records(&home, "folio.db");
    for spelt in ["folio.db", "./folio.db", "sqlite:fol%69o.db", "link.db", &absolute] {
        let said = home.fails(1, &["db", "copy", "folio.db", spelt]);
        assert!(said.ends_with("is the database to copy and the one to copy into; name another one"), "{said}");
    }
    // A file with two names can be opened under only one of them.
    fs::hard_link(&absolute, home.path().join("hard.db")).unwrap();
    let said = home.fails(1, &["db", "copy", "folio.db", "hard.db"]);
    assert!(said.contains("hard.db is the database to copy"), "{said}");
    assert_eq!(records(&home, "folio.db"), before);
}

#[test]
fn what_is_wrong_with_the_arguments_is_exit_code_2_and_shows_no_password() {
    let home = home();
    for (arguments, said) in [
        (&["db", "copy", "", "there.db"][..], "FROM_URL: '' is not a database URL"),
        (&["db", "copy", "folio.db", "redis://u:SECRET@h/d"], "TO_URL: 'redis://u:***@h/d' is not a database URL"),
        (&["db", "copy", "folio.db", "there.db", "--database-url", "x.db"], "leave --database-url out"),
    ] {
        let refused = home.fails(2, arguments);
        assert!(refused.contains(said) && !refused.contains("SECRET"), "{refused}");
    }
    assert_eq!(home.run(&["db", "copy", "folio.db"]).code, Some(2));
    assert!(!home.files().contains(&"there.db".to_owned()));
}

#[test]
fn a_record_that_the_target_refuses_is_named_and_leaves_no_other_there() {
    let home = home();
    home.connect()
        .batch_execute("PRAGMA foreign_keys = OFF; INSERT INTO notes (name, body, user_id) VALUES ('stray', '', 99)")
        .unwrap();
    let ran = home.run(&["db", "copy", "folio.db", "there.db"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    let there = home.path().join("there.db").display().to_string();
    assert_eq!(
        ran.err.lines().collect::<Vec<_>>(),
        [
            format!("created {there}"),
            format!("folio: notes: user_id 99: there is no such row in users; nothing was copied into {there}")
        ]
    );
    assert_eq!(home.done(&["user", "list", "--database-url", "there.db"]), "");
    home.connect().batch_execute("DELETE FROM notes WHERE name = 'stray'").unwrap();
    assert!(home.done(&["db", "copy", "folio.db", "there.db"]).ends_with(" 12 copied\n"));
}

#[test]
fn a_value_that_cannot_be_read_is_named_with_its_place() {
    let home = home();
    home.connect()
        .batch_execute(
            "PRAGMA ignore_check_constraints = ON; INSERT INTO users (user_id, username) VALUES (7, 'fine'), (8, '')",
        )
        .unwrap();
    let ran = home.run(&["db", "copy", "folio.db", "there.db"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    let said = ran.err.lines().last().unwrap();
    assert!(said.starts_with("folio: users: a stored value cannot be read: "), "{said}");
    assert!(said.contains("it is empty (in the row after id 3); nothing was copied into "), "{said}");
    assert_eq!(home.done(&["user", "list", "--database-url", "there.db"]), "");
}

/// The program in the middle of a copy: it has inserted rows, and is blocked on a full pipe that nobody reads.
fn copying(home: &Home) -> (Child, impl Iterator<Item = String>) {
    home.connect().batch_execute(MANY).unwrap();
    let mut copying = Command::new(FOLIO)
        .args(["db", "copy", "folio.db", "there.db", "--echo"])
        .current_dir(home.path())
        .env_clear()
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(copying.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.by_ref().any(|line| line.starts_with("sql: INSERT INTO `users`")));
    (copying, said)
}

#[cfg(unix)]
#[test]
fn a_copy_that_is_interrupted_says_that_nothing_was_copied() {
    for signal in ["-INT", "-TERM"] {
        let home = home();
        let (mut copying, said) = copying(&home);
        assert!(Command::new("kill").args([signal, &copying.id().to_string()]).status().unwrap().success());
        let last = said.last().unwrap();
        assert_eq!(copying.wait().unwrap().code(), Some(1));
        let there = home.path().join("there.db").display().to_string();
        assert_eq!(last, format!("folio: interrupted; nothing was copied into {there}"));
        assert_eq!(home.done(&["user", "list", "--database-url", "there.db"]), "");
        assert!(home.done(&["db", "copy", "folio.db", "there.db"]).ends_with(" 20012 copied\n"));
    }
}

#[test]
fn a_copy_that_is_killed_leaves_no_record_and_can_be_started_again() {
    let home = home();
    let (mut copying, _said) = copying(&home);
    copying.kill().unwrap();
    copying.wait().unwrap();
    assert_eq!(home.done(&["user", "list", "--database-url", "there.db"]), "");
    assert!(home.done(&["db", "copy", "folio.db", "there.db"]).ends_with(" 20012 copied\n"));
}
