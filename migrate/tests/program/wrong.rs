//! What is said of folders, scripts, numbers and files that are wrong or missing, and what is left as it was.

use super::*;

#[test]
fn a_project_without_migrations_is_up_to_date() {
    let project = Project::new();
    fs::remove_dir_all(project.path().join("migrations")).unwrap();
    fs::create_dir(project.path().join("migrations")).unwrap();
    assert!(project.run(&["up"]).err.starts_with("nothing to do: "));
    assert!(project.done(&["check"]).ends_with("app.db is up to date: 0 migrations\n"));
    assert_eq!(project.done(&["status"]), "");
}

#[test]
fn a_folder_that_is_not_there_is_named_before_a_database_is_made() {
    let project = Project::new();
    let said = project.fails(1, &["up", "--dir", "migrationen", "--application", "my-app"]);
    assert_eq!(said, "error: migrationen: there is no such folder of migrations\n");
    assert!(!project.path().join("app.db").exists());
}

#[test]
fn nothing_to_do_is_said_and_a_number_of_migrations_is_at_least_one() {
    let project = Project::new();
    project.done(&["up"]);
    project.done(&["down", "--yes"]);
    for verb in ["down", "redo"] {
        let said = project.run(&[verb, "--yes"]).err;
        assert!(said.ends_with("app.db has none of my-app's migrations\n"), "{verb}: {said}");
    }
    project.done(&["up"]);
    let said = project.run(&["down", "--to", "20260101000001"]).err;
    assert!(said.ends_with("app.db has none of my-app's migrations after 20260101000001\n"), "{said}");
    for verb in ["up", "down", "redo", "plan"] {
        for number in ["0", "x"] {
            let said = project.fails(2, &[verb, "-n", number]);
            assert!(said.contains("it is a number of migrations, such as 1"), "{said}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_file_of_entities_is_kept_if_it_cannot_be_written() {
    let project = Project::new();
    project.done(&["up"]);
    project.done(&["entities", "--out", "tables.rs"]);
    let mine = fs::read_to_string(project.path().join("tables.rs")).unwrap() + &"// mine\n".repeat(10_000);
    project.write("tables.rs", &mine);
    project.migration(
        "2026-01-02-000001_create_items",
        "CREATE TABLE items (id INTEGER PRIMARY KEY)",
        "DROP TABLE items",
    );
    project.done(&["up"]);
    // No file may be larger than 64 kB, which is enough for those of SQLite.
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 128; exec \"$0\" entities --out tables.rs", env!("CARGO_BIN_EXE_diesel-migrate")]);
    let ran = limited.env("DATABASE_URL", "app.db").current_dir(project.path()).output().unwrap();
    assert!(!ran.status.success(), "{ran:?}");
    assert_eq!(fs::read_to_string(project.path().join("tables.rs")).unwrap(), mine);
    project.done(&["entities", "--out", "tables.rs"]);
    let after = fs::read_to_string(project.path().join("tables.rs")).unwrap();
    assert!(after.contains("pub struct Item ") && after.contains("// mine\n"), "{after}");
}

#[test]
fn what_is_wrong_with_a_folder_is_named() {
    for (file, content, problem) in [
        ("2026-01-02-000001_empty/down.sql", &b""[..], "2026-01-02-000001_empty: there is no up.sql in it"),
        (
            "2026-01-01-000001_twin/up.sql",
            b"",
            "2026-01-01-000001_create_tags and 2026-01-01-000001_twin have the same version",
        ),
        ("2026-01-02-000001_latin/up.sql", b"-- caf\xe9", "up.sql: it is not UTF-8, from byte 7 on"),
        (
            "2026-01-02-000001_set/up.sql",
            b"-- retry: often",
            "up.sql: line 1: retry: often is not a number of attempts",
        ),
    ] {
        let project = Project::new();
        let file = project.path().join("migrations").join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
        let said = project.fails(1, &["up"]);
        assert!(said.contains(problem), "{said}");
        assert!(!project.path().join("app.db-wal").exists());
    }
}

#[test]
fn a_misspelt_setting_is_warned_of_before_the_script_is_run() {
    let project = Project::new();
    let name = "2026-01-02-000001_find_tags";
    project.migration(name, "-- why\n-- lock_timout: 5s\nCREATE INDEX found ON tags (id)", "DROP INDEX found");
    let warning =
        format!("warning: {name}/up.sql:2: lock_timout is not a setting and has no effect; lock_timeout is one\n");
    for verb in ["plan", "up"] {
        let ran = project.run(&[verb]);
        assert!(ran.code == Some(0) && ran.err.contains(&warning), "{verb}: {ran:?}");
    }
    assert!(!project.run(&["up"]).err.contains("warning"), "it is applied");
    let found = project.run(&["lint"]);
    assert!(found.out.contains("up.sql:2: misspelt-setting: lock_timout is not a setting"), "{found:?}");
}

#[test]
fn scripts_for_all_engines_are_looked_at_for_the_one_of_the_database() {
    let project = Project::new();
    project.migration("2026-01-02-000001_find_tags", "CREATE INDEX found ON tags (id)", "DROP INDEX found");
    let ran = project.run(&["lint"]);
    assert_eq!(ran.code, Some(0), "an index locks nobody out on SQLite: {ran:?}");
    assert_eq!(ran.err, "for SQLite, as the database; --engine names another\n");
    let ran = project.run_in(&[], &["lint"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.starts_with("for every engine; --engine names one\n"), "{ran:?}");
    assert!(ran.out.contains("blocking-index") && ran.out.contains("(postgres)"), "{ran:?}");
    assert_eq!(project.run(&["lint", "--engine", "postgres"]).err, "error: 1 finding\n");
}

#[test]
fn a_missing_script_is_not_cited_by_a_line() {
    let project = Project::new();
    project.write("migrations/2026-01-02-000001_more/up.sql", "CREATE TABLE more (id INTEGER PRIMARY KEY)");
    let found = project.run(&["lint"]).out;
    assert!(found.contains("2026-01-02-000001_more: missing-down: There is no down.sql"), "{found}");
    let rows = project.run(&["lint", "--format", "tsv"]).out;
    assert!(rows.contains("\tdown.sql\t\tmissing-down\t"), "{rows}");
}
