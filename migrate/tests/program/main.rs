//! The program `diesel-migrate` as a person runs it: what it prints, its exit codes, where its database and its folder
//! come from. On SQLite; what the verbs do on every engine is tested in the library.

#![cfg(feature = "sqlite")]

mod from_entities;
mod wrong;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::Args as _;
use diesel::connection::SimpleConnection as _;
use diesel_migrate::command;
use tempfile::TempDir;

/// A project with a manifest and one migration.
struct Project(TempDir);

/// What a run printed, and its exit code.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Project {
    fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.write("Cargo.toml", "[package]\nname = \"my-app\"\n");
        project.migration(
            "2026-01-01-000001_create_tags",
            "CREATE TABLE tags (id INTEGER PRIMARY KEY)",
            "DROP TABLE tags",
        );
        project
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, file: &str, text: &str) {
        let file = self.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn migration(&self, name: &str, up: &str, down: &str) {
        self.write(&format!("migrations/{name}/up.sql"), up);
        self.write(&format!("migrations/{name}/down.sql"), down);
    }

    /// Runs the program with the database `app.db`.
    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_in(&[("DATABASE_URL", "app.db")], arguments)
    }

    fn run_in(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Ran {
        let mut program = Command::new(env!("CARGO_BIN_EXE_diesel-migrate"));
        program.env_clear().envs(environment.iter().copied()).current_dir(self.path()).stdin(Stdio::null());
        let ran = program.args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: ran.status.code(), out: text(ran.stdout), err: text(ran.stderr) }
    }

    fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran.out
    }

    /// The message of a run that fails with this exit code.
    fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        ran.err
    }

    /// The states of the migrations.
    fn states(&self) -> Vec<String> {
        let listed = self.run(&["status"]).out;
        listed.lines().map(|line| line.split('\t').nth(2).unwrap().to_owned()).collect()
    }
}

#[test]
fn a_database_goes_up_and_down_and_the_exit_codes_tell_how_it_is() {
    let project = Project::new();
    assert!(project.fails(1, &["status"]).contains("there is no database at"));
    for verb in [&["plan"][..], &["prove"], &["diagram", "--from-migrations"]] {
        assert!(project.done(verb).contains("tags"), "{verb:?}");
        assert!(!project.path().join("app.db").exists());
    }
    assert!(project.fails(1, &["plan", "--down"]).contains("there is no database at"));
    assert_eq!(project.run(&["up"]).err, "applied 2026-01-01-000001_create_tags\n");
    assert!(project.done(&["check"]).ends_with("app.db is up to date: 1 migration\n"));

    project.migration(
        "2026-01-02-000001_create_items",
        "CREATE TABLE items (id INTEGER PRIMARY KEY)",
        "DROP TABLE items",
    );
    assert!(project.fails(3, &["check"]).contains("is 1 migration behind"));
    assert_eq!(project.run(&["status"]).code, Some(3));
    assert_eq!(project.states(), ["applied", "pending"]);
    assert_eq!(
        project.done(&["plan"]),
        "-- up 2026-01-02-000001_create_items: 1 statement, in one transaction\n\
         CREATE TABLE items (id INTEGER PRIMARY KEY);\n\n"
    );
    project.done(&["up", "-n", "1"]);
    assert!(project.done(&["plan", "--down"]).contains("-- removes items (0 rows)\nDROP TABLE items;\n"));
    let asked = project.fails(2, &["down"]);
    assert!(
        asked.starts_with("error: this would remove items (0 rows) from ") && asked.contains("add --yes"),
        "{asked}"
    );
    assert_eq!(project.run(&["redo", "--yes"]).err.lines().count(), 2);
    project.done(&["down", "--all", "--yes"]);
    assert_eq!(project.states(), ["pending", "pending"]);
}

#[test]
fn a_table_with_a_quote_in_its_name_is_listed_before_it_is_removed() {
    let project = Project::new();
    let (up, down) = (r#"CREATE TABLE "a""b" (id INTEGER PRIMARY KEY)"#, r#"DROP TABLE "a""b""#);
    project.migration("2026-01-02-000001_quoted", up, down);
    project.done(&["up"]);
    let said = project.fails(2, &["down"]);
    assert!(said.starts_with("error: this would remove a\"b (0 rows) from "), "{said}");
}

#[test]
fn an_edited_script_is_a_failure_of_the_check() {
    let project = Project::new();
    project.done(&["up"]);
    project.migration("2026-01-01-000001_create_tags", "CREATE TABLE tags (id BIGINT PRIMARY KEY)", "DROP TABLE tags");
    assert_eq!(project.states(), ["edited"]);
    let said = project.fails(1, &["check"]);
    assert!(
        said.contains("the script of 2026-01-01-000001_create_tags has changed") && said.contains("'stamp'"),
        "{said}"
    );
    assert!(project.run(&["up"]).err.starts_with("warning: the script of 2026-01-01-000001_create_tags has changed"));
    assert_eq!(
        project.run(&["stamp", "latest", "--yes"]).err,
        "recorded 2026-01-01-000001_create_tags\n",
        "the way out that the check names"
    );
    project.done(&["check"]);
}

#[test]
fn an_older_migration_needs_the_option_that_the_message_names() {
    let project = Project::new();
    project.done(&["up"]);
    project.migration(
        "2025-01-01-000001_create_items",
        "CREATE TABLE items (id INTEGER PRIMARY KEY)",
        "DROP TABLE items",
    );
    assert!(project.fails(1, &["up"]).ends_with("; see 'up --out-of-order'\n"));
    project.done(&["up", "--out-of-order"]);
    assert_eq!(project.states(), ["applied", "applied"]);
}

#[test]
fn stamping_writes_the_history_alone() {
    let project = Project::new();
    project.migration(
        "2026-01-02-000001_create_items",
        "CREATE TABLE items (id INTEGER PRIMARY KEY)",
        "DROP TABLE items",
    );
    project.done(&["up", "-n", "1"]);
    let asked = project.fails(2, &["stamp", "latest"]);
    assert!(asked.contains("this would record as applied 2026-01-02-000001_create_items in "), "{asked}");
    project.done(&["stamp", "latest", "--yes"]);
    project.done(&["check"]);
    let ran = project.run(&["stamp", "20260101000001", "--yes"]);
    assert_eq!(ran.err, "removed the record of 2026-01-02-000001_create_items\n");
    project.done(&["up"]);
}

#[test]
fn drift_is_shown_with_the_sql_that_mends_it_and_fails_the_check_that_asks() {
    let project = Project::new();
    project.done(&["up"]);
    assert!(project.run(&["diff"]).err.ends_with("app.db is what its migrations make\n"));
    let change = |sql: &str| {
        let database = diesel_session::Database::open(&project.path().join("app.db").display().to_string()).unwrap();
        database.connection().unwrap().batch_execute(sql).unwrap();
    };
    change("CREATE INDEX tags_by_id ON tags (id)");
    let ran = project.run(&["diff"]);
    assert_eq!(ran.out, "table tags: the index tags_by_id on (id) is extra\n    DROP INDEX \"tags_by_id\";\n");
    assert!(ran.code == Some(1) && ran.err.ends_with("app.db: 1 difference\n"), "{ran:?}");
    let json: serde_json::Value = serde_json::from_str(&project.run(&["diff", "--format", "json"]).out).unwrap();
    assert_eq!(json[0]["change"], "Extra");
    project.done(&["check"]);
    assert!(project.fails(1, &["check", "--drift"]).contains("tags_by_id"));
    change("DROP INDEX tags_by_id");
    project.done(&["check", "--drift"]);
}

#[test]
fn a_database_of_another_tool_is_taken_over_once_its_schema_is_the_same() {
    let project = Project::new();
    let url = project.path().join("app.db").display().to_string();
    let options = diesel_session::database::Options::new().access(diesel_session::database::Access::Create);
    let database = diesel_session::Database::open_with(&url, options).unwrap();
    let execute = |sql: &str| database.connection().unwrap().batch_execute(sql).unwrap();
    execute("CREATE TABLE tags (id BIGINT PRIMARY KEY); CREATE TABLE theirs (id INTEGER)");
    let ran = project.run(&["baseline", "--yes"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.starts_with("table tags, column id: the type is BIGINT and should be INTEGER\n"), "{ran:?}");
    execute("DROP TABLE tags; CREATE TABLE tags (id INTEGER PRIMARY KEY)");
    assert!(project.fails(2, &["baseline"]).contains("this would record as applied 2026-01-01-000001_create_tags in "));
    project.done(&["baseline", "--yes"]);
    project.done(&["check"]);
}

#[test]
fn a_way_down_that_does_not_undo_its_way_up_is_not_proven() {
    let project = Project::new();
    assert_eq!(project.run(&["prove"]).out, "2026-01-01-000001_create_tags: proven\n");
    project.migration(
        "2026-01-02-000001_more",
        "CREATE TABLE a (id INTEGER); CREATE TABLE b (id INTEGER)",
        "DROP TABLE b",
    );
    let ran = project.run(&["prove"]);
    assert!(ran.code == Some(1) && ran.out.contains("2026-01-02-000001_more: "), "{ran:?}");
    assert!(ran.err.ends_with("not proven: 1 migration\n"), "{ran:?}");
}

#[test]
fn the_check_waits_for_a_server_as_long_as_it_is_told() {
    let project = Project::new();
    let start = std::time::Instant::now();
    let nobody = [("DATABASE_URL", "postgres://app@127.0.0.1:1/app")];
    if !diesel_session::connection::Engine::Postgres.is_compiled_in() {
        return;
    }
    let ran = project.run_in(&nobody, &["check", "--wait", "700ms"]);
    assert!(ran.code == Some(1) && start.elapsed().as_millis() >= 700, "{ran:?}");
}

#[test]
fn verbs_that_look_at_the_scripts_alone_need_no_database() {
    let project = Project::new();
    let run = |arguments: &[&str]| project.run_in(&[], arguments);
    assert_eq!(run(&["lint"]).code, Some(0), "{:?}", run(&["lint"]));
    assert!(run(&["sql", "--engine", "sqlite"]).out.contains("CREATE TABLE tags"));
    assert_eq!(project.run(&["sql"]).out, run(&["sql", "--engine", "sqlite"]).out);
    assert!(run(&["sql"]).err.contains("--engine"));
    assert!(run(&["sql", "--engine", "sqlite", "--down"]).out.contains("DROP TABLE tags"));
    assert_eq!(run(&["sql", "--engine", "sqlite", "20260101000001"]).code, Some(2));
    let made = run(&["new", "add names"]);
    assert_eq!(made.out.lines().filter(|file| Path::new(&project.path().join(file)).exists()).count(), 2, "{made:?}");
    let found = run(&["lint"]);
    assert!(found.code == Some(1) && found.out.contains("missing-down: "), "{found:?}");
    let version = made.out.split(['/', '_']).nth(1).unwrap();
    assert_eq!(run(&["lint", "--since", version]).code, Some(0));
    assert_eq!(run(&["lint", "--since", "20260101000001"]).code, Some(1));
    assert!(run(&["lint", "--since", "2"]).err.ends_with("error: my-app has no migration 2\n"));
    assert_eq!(run(&["status"]).code, Some(2));
}

#[test]
fn the_database_and_the_folder_come_from_options_the_environment_and_the_file_env() {
    let project = Project::new();
    let path = |file: &str| project.path().join(file).exists();
    project.write(".env", "DATABASE_URL=of-the-file.db\n");
    assert_eq!(project.run_in(&[], &["up"]).code, Some(0));
    assert!(path("of-the-file.db"));
    project.done(&["up"]);
    assert!(path("app.db"));
    project.done(&["up", "--database-url", "of-the-option.db"]);
    assert!(path("of-the-option.db"));

    fs::rename(project.path().join("migrations"), project.path().join("changes")).unwrap();
    assert!(project.fails(1, &["status"]).contains("migrations: "));
    project.done(&["status", "--dir", "changes"]);
    let ran = project.run_in(&[("DATABASE_URL", "app.db"), ("MIGRATION_DIRECTORY", "changes")], &["status"]);
    assert_eq!(ran.code, Some(0));
}

#[test]
fn the_application_is_the_package_beside_the_folder_or_must_be_named() {
    let project = Project::new();
    project.done(&["up"]);
    fs::remove_file(project.path().join("Cargo.toml")).unwrap();
    let refused = project.fails(2, &["status"]);
    assert!(refused.contains("say whose migrations these are with --application"), "{refused}");
    project.done(&["status", "--application", "my-app"]);
    let other = project.fails(1, &["up", "--application", "other"]);
    assert!(other.contains("is recorded for my-app"), "{other}");
}

#[test]
fn rows_come_as_lines_or_as_one_array() {
    let project = Project::new();
    project.done(&["up"]);
    let json: serde_json::Value = serde_json::from_str(&project.done(&["status", "--format", "json"])).unwrap();
    assert_eq!(json[0]["version"], "20260101000001");
    let json: serde_json::Value = serde_json::from_str(&project.done(&["plan", "--down", "--format", "json"])).unwrap();
    assert_eq!(
        (json[0]["losses"][0]["table"].as_str(), json[0]["losses"][0]["rows"].as_u64()),
        (Some("tags"), Some(0))
    );
    assert!(project.done(&["status", "--format", "table"]).starts_with("VERSION"));
}

#[test]
fn a_failing_statement_is_named_and_what_stood_before_it_stays() {
    let project = Project::new();
    let up = "CREATE TABLE a (id INTEGER);\nCREATE TABLE b (id INTEGER);\nCREATE NOTHING c (id INTEGER);";
    project.migration("2026-01-02-000001_third", up, "DROP TABLE a");
    let said = project.fails(1, &["up"]);
    assert!(said.contains("2026-01-02-000001_third failed going up: ") && said.contains("NOTHING"), "{said}");
    assert!(said.ends_with(" (line 3 of up.sql)\n"), "{said}");
    assert_eq!(project.states(), ["pending", "pending"], "the first migrations are one transaction");
}

#[test]
fn every_help_page_has_examples_that_name_the_program() {
    let project = Project::new();
    let page = project.done(&["--help"]);
    let (_, listed) = page.split_once("\nCommands:\n").unwrap();
    let verbs: Vec<&str> = listed.lines().map_while(|line| line.split_whitespace().next()).collect();
    assert!(verbs.len() >= 10, "{verbs:?}");
    for verb in verbs {
        let page = project.done(&[verb, "--help"]);
        assert!(page.contains(&format!("\nExamples:\n  diesel-migrate {verb}")), "{page}");
        assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
    }
}

#[test]
fn the_lines_below_the_options_are_as_long_as_the_help_pages_are_wide() {
    let pages = command::invoked_as(command::Arguments::augment_args(clap::Command::new("migrate")), "diesel-migrate");
    for verb in pages.get_subcommands() {
        let text = verb.get_after_help().unwrap().to_string();
        let wrapped = text.lines().find(|line| line.chars().count() > 100);
        assert_eq!(wrapped, None, "it would be wrapped in {}", verb.get_name());
    }
}
