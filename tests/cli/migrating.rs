//! `folio migrate`, and the exit code for a database with pending migrations.

use std::path::Path;

use diesel::connection::SimpleConnection as _;

use crate::home::{Home, migrations};

#[test]
fn a_database_that_is_behind_is_exit_code_3_for_every_command_but_migrate() {
    let home = Home::with_users(module_path!());
    let down = home.run(&["migrate", "down", "--yes"]);
    assert_eq!((down.code, down.out.as_str()), (Some(0), ""));
    let (names, newest) = (migrations(), migrations().pop().unwrap());
    assert_eq!(down.err, format!("reverted {newest}\n"));
    home.file("users.json", r#"{"login": "hubot", "id": 3}"#);
    for verb in [
        &["user", "list"][..],
        &["user", "get", "1"],
        &["user", "add", "x"],
        &["user", "edit", "1", "--username", "x"],
        &["user", "remove", "2"],
        &["db", "create"],
        &["import", "users.json"],
    ] {
        let said = home.fails(3, verb);
        assert!(
            said.contains(&format!("{} is 1 migration behind", home.place())) && said.contains("'folio migrate up'"),
            "{said}"
        );
    }
    let status = home.run(&["migrate", "status"]);
    assert!(status.refused(3).contains("'folio migrate up'"));
    let states: Vec<_> = status.out.lines().map(|line| line.split('\t').nth(2).unwrap()).collect();
    assert_eq!(states, [vec!["applied"; names.len() - 1], vec!["pending"]].concat());
    assert_eq!(home.run(&["migrate", "up"]).err, format!("applied {newest}\n"));
    assert_eq!(home.column(2, &["user", "list"]), ["octocat", "ada"]);
}

#[test]
fn up_and_down_go_as_far_as_they_are_told() {
    let home = Home::new(module_path!());
    let ran = home.run(&["migrate", "up", "--steps", "1"]);
    assert!(ran.err.ends_with("applied 2026-11-01-000001_create_users\n"), "{ran:?}");
    assert_eq!(home.run(&["migrate", "up"]).err.lines().count(), migrations().len() - 1);
    let ran = home.run(&["migrate", "up"]);
    assert!(ran.code == Some(0) && ran.err.starts_with("nothing to do: "), "{ran:?}");
    assert_eq!(home.run(&["migrate", "down", "--steps", "2", "--yes"]).err.lines().count(), 2);
    assert_eq!(home.run(&["migrate", "down", "--all", "--yes"]).err.lines().count(), migrations().len() - 2);
    let ran = home.run(&["migrate", "down", "--yes"]);
    assert!(ran.code == Some(0) && ran.err.starts_with("nothing to do: "), "{ran:?}");
    assert_eq!(home.run(&["migrate", "status"]).code, Some(3));
    assert_eq!(home.run(&["migrate", "down", "--all", "--steps", "1"]).code, Some(2));
}

#[test]
fn up_and_down_go_to_a_version_or_a_name() {
    let home = Home::new(module_path!());
    assert!(
        home.run(&["migrate", "up", "--to", "2026-11-01-000003_create_resumes"]).err.ends_with("_create_resumes\n")
    );
    let down = home.run(&["migrate", "down", "--to", "20261101000001", "--yes"]);
    assert_eq!(
        (down.code, down.err.as_str()),
        (Some(0), "reverted 2026-11-01-000003_create_resumes\nreverted 2026-11-01-000002_create_repositories\n")
    );
    assert_eq!(home.fails(1, &["migrate", "up", "--to", "2026"]), "folio has no migration 2026");
    assert_eq!(home.run(&["migrate", "up", "--to", "20261101000001", "--steps", "1"]).code, Some(2));
}

#[test]
fn going_down_counts_the_rows_that_it_removes_and_wants_a_yes() {
    let home = Home::with_users(module_path!());
    home.done(&["note", "add", "one", "--user", "1"]);
    let refused = home.fails(2, &["migrate", "down", "--all"]);
    let made = "what 2026-11-29-000002_describe_repositories made, what 2026-11-29-000001_describe_users made";
    let tables = "notes (1 row), resumes (0 rows), repositories (0 rows), users (2 rows)";
    let said = format!("{made}, {tables} from {}; add --yes", home.place());
    assert!(refused.starts_with("this would remove ") && refused.contains(&said), "{refused}");
    assert_eq!(home.column(2, &["user", "list"]), ["octocat", "ada"]);
}

#[test]
fn a_script_that_is_not_the_one_that_was_applied_is_shown_and_warned_of() {
    let home = Home::with_users(module_path!());
    assert_eq!(home.run(&["migrate", "up"]).err, format!("nothing to do: {} is up to date\n", home.place()));
    let edit = "UPDATE __diesel_migrate SET checksum = 'of another script' WHERE version = '20261101000002'";
    home.connect().batch_execute(edit).unwrap();
    let status = home.done(&["migrate", "status"]);
    let states: Vec<_> = status.lines().map(|line| line.split('\t').nth(2).unwrap()).collect();
    let mut expected = vec!["applied"; migrations().len()];
    expected[1] = "edited";
    assert_eq!(states, expected);
    let up = home.run(&["migrate", "up"]);
    let warning = "warning: the script of 2026-11-01-000002_create_repositories has changed since it was applied here";
    assert!(up.code == Some(0) && up.err.contains(warning), "{up:?}");
}

#[test]
fn status_in_json_is_one_array() {
    let home = Home::with_users(module_path!());
    let json: serde_json::Value = serde_json::from_str(&home.done(&["migrate", "status", "--format", "json"])).unwrap();
    assert_eq!(json.as_array().unwrap().len(), migrations().len());
    assert_eq!(json[0]["version"], "20261101000001");
    assert_eq!(json[0]["state"], "applied");
    assert!(json[0]["applied"].is_string());
}

#[test]
fn a_diagram_is_of_the_tables_that_are_named() {
    let home = Home::with_users(module_path!());
    let all = home.run(&["migrate", "diagram"]).out;
    assert!(all.starts_with("erDiagram\n") && all.contains("    notes {\n"), "{all}");
    assert!(all.ends_with("    users ||..o{ resumes : \"user_id\"\n"), "{all}");
    let svg = home.run(&["migrate", "diagram", "--svg", "users", "notes"]).out;
    assert_eq!((svg.matches("class=\"box\"").count(), svg.matches("class=\"relation\"").count()), (2, 1));
    home.done(&["migrate", "down", "--to", "20261101000003", "--yes"]);
    assert_eq!(home.run(&["migrate", "diagram", "--from-migrations"]).out, all);
    assert!(!home.run(&["migrate", "diagram"]).out.contains("notes"));
    assert!(home.fails(2, &["migrate", "diagram", "people"]).contains("there is no table people in the database"));
}

#[test]
fn entities_are_written_and_brought_up_to_date() {
    let home = Home::with_users(module_path!());
    let printed = home.run(&["migrate", "entities", "users"]).out;
    assert!(printed.contains("pub struct User {\n    #[entity(key)]\n    pub id: Id<User>,\n"), "{printed}");
    home.file("tables.rs", printed.replace("pub username: String", "pub username: Text256"));
    let told = home.run(&["migrate", "entities", "--out", "tables.rs"]).err;
    assert_eq!(told.lines().last(), Some("tables.rs has been brought up to date"), "{told}");
    assert_eq!(home.run(&["migrate", "entities", "--out", "tables.rs"]).err, "tables.rs is up to date\n");
    home.file("tables.rs", "fn {");
    assert!(
        home.fails(2, &["migrate", "entities", "--out", "tables.rs"])
            .contains("tables.rs is not Rust: line 1, column 4")
    );
}

#[test]
fn no_migration_is_drafted_where_the_entities_are_as_the_migrations_make_them() {
    let home = Home::with_users(module_path!());
    for engine in ["sqlite", "postgres", "mysql"] {
        for migration in std::fs::read_dir(Path::new("migrations").join(engine)).unwrap() {
            let migration = migration.unwrap().path();
            std::fs::create_dir_all(home.path().join(&migration)).unwrap();
            for script in ["up.sql", "down.sql"] {
                std::fs::copy(migration.join(script), home.path().join(&migration).join(script)).unwrap();
            }
        }
    }
    let ran = home.run(&["migrate", "new", "nothing", "--from-entities"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    // The history's table is the session's.
    let history = "folio: warning: diesel_session_history has no entity; the draft leaves it as it is\n";
    assert_eq!(ran.err, format!("{history}the migrations make what the entities need; nothing is written\n"));
}
