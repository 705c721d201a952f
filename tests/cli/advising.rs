//! The commands that messages advise: pasted into a shell unchanged, they work on the right database.

use diesel::connection::SimpleConnection as _;
use folio::connection::{SqliteAccess, open_sqlite};

use crate::home::{FOLIO, Home};

/// Names that a shell misinterprets unless they are quoted.
const NAMES: [&str; 7] =
    ["other.db", "a b.db", "it's.db", "x&y=$HOME.db", "~\"`.db", "a\nb.db", "\u{1b}[31m it's \\ 5%.db"];

/// Runs the command at the end of a message, or quoted in it, in a shell.
fn follow(home: &Home, said: &str) {
    assert_eq!(said.lines().count(), 1, "{said}");
    let last = said.rsplit_once(": folio ").map(|(_, rest)| format!("folio {rest}"));
    let quoted = || said.split('\'').find(|part| part.starts_with("folio ")).map(str::to_owned);
    paste(home, &last.or_else(quoted).unwrap_or_else(|| panic!("{said}")));
}

/// The message of a command that fails with this code.
fn fails(home: &Home, code: i32, arguments: &[&str]) -> String {
    let ran = home.run(arguments);
    assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{ran:?}");
    ran.err
}

fn paste(home: &Home, command: &str) {
    let mut shell = std::process::Command::new("sh");
    shell.current_dir(home.path()).env_clear().env("HOME", "/nowhere").env("FOLIO", FOLIO);
    let output = shell.args(["-c", &command.replacen("folio", "\"$FOLIO\"", 1)]).output().unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
}

#[test]
fn a_database_that_is_missing_behind_or_somebody_else_s_is_named_in_the_advice_where_the_option_names_it() {
    for name in NAMES {
        let home = Home::new(module_path!());
        let option = ["--database-url", name];
        let list = [&["user", "list"][..], &option].concat();
        follow(&home, &fails(&home, 1, &list));
        home.done(&list);
        home.done(&[&["migrate", "down", "--yes"][..], &option].concat());
        for verb in [&["user", "list"][..], &["user", "add", "x"], &["import", "-"], &["db", "create"]] {
            let ran = crate::home::run(home.folio(&[verb, &option].concat()).write_stdin("# x"));
            assert!(ran.code == Some(3) && ran.err.contains(": folio migrate up --database-url "), "{ran:?}");
        }
        let status = home.run(&[&["migrate", "status"][..], &option].concat());
        assert_eq!(status.code, Some(3), "{status:?}");
        follow(&home, &status.err);
        home.done(&list);
        std::fs::remove_file(home.path().join(name)).unwrap();
        let mut foreign = open_sqlite(Some(&home.path().join(name)), SqliteAccess::Create, 0).unwrap();
        foreign.batch_execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)").unwrap();
        drop(foreign);
        follow(&home, &fails(&home, 1, &list));
        home.done(&list);
        assert!(!home.files().contains(&"folio.db".to_owned()));
    }
}

#[test]
fn a_copy_names_the_one_of_its_two_databases_that_the_advice_is_about() {
    for name in NAMES {
        let home = Home::with_users(module_path!());
        home.done(&["db", "create", "--database-url", name]);
        home.done(&["migrate", "down", "--yes", "--database-url", name]);
        follow(&home, &fails(&home, 3, &["db", "copy", name, "there.db"]));
        home.done(&["migrate", "down", "--yes", "--database-url", name]);
        follow(&home, &fails(&home, 3, &["db", "copy", "folio.db", name]));
        home.done(&["db", "copy", "folio.db", name]);
        let mut foreign = open_sqlite(Some(&home.path().join("foreign.db")), SqliteAccess::Create, 0).unwrap();
        foreign.batch_execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)").unwrap();
        let said = fails(&home, 1, &["db", "copy", "folio.db", "foreign.db"]);
        assert!(said.ends_with(": folio migrate up --into-existing --database-url foreign.db\n"), "{said}");
    }
}

#[test]
fn a_database_that_the_environment_or_the_file_names_needs_no_naming() {
    let home = Home::new(module_path!());
    let missing = crate::home::run(home.folio(&["user", "list"]).env("FOLIO_DATABASE_URL", "a b.db"));
    assert!(missing.refused(1).ends_with("; 'folio db create' creates one"), "{missing:?}");
    home.file(".env", "DATABASE_URL='a b.db'\n");
    follow(&home, &home.fails(1, &["user", "list"]));
    home.done(&["migrate", "down", "--yes"]);
    let said = home.fails(3, &["user", "list"]);
    assert!(said.ends_with("; run 'folio migrate up'"), "{said}");
}

#[test]
fn what_an_import_suggests_can_be_pasted() {
    for name in NAMES {
        let home = Home::new(module_path!());
        let mut import = home.folio(&["import", "-", "--database-url", name]);
        let ran = crate::home::run(import.write_stdin(r#"{"login": "octocat", "id": 583231}"#));
        let (_, suggested) = ran.err.split_once("try next:\n").unwrap();
        assert_eq!(suggested.lines().count(), 2, "{suggested}");
        suggested.lines().for_each(|line| paste(&home, line.trim()));
    }
}

#[test]
fn what_is_advised_for_a_file_that_can_only_be_read_makes_it_and_brings_it_up_to_date() {
    let home = Home::new(module_path!());
    let list = ["user", "list", "--database-url", "sqlite://a%20b.db?immutable=1"];
    follow(&home, &fails(&home, 1, &list));
    home.done(&list);
    home.done(&["migrate", "down", "--yes", "--database-url", "a b.db"]);
    follow(&home, &fails(&home, 3, &list));
    home.done(&list);
    let refused = home.fails(1, &["user", "add", "x", "--database-url", "sqlite://a%20b.db?immutable=1"]);
    assert!(refused.ends_with("leave that out to write"), "{refused}");
}
