//! The state after an interrupted run on engines that cannot roll back DDL, and that the same command, or any other,
//! continues from it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::*;

/// The table that a migration creates.
fn table(script: &Script) -> &'static str {
    script.name.split_once("_create_").unwrap().1
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

fn rows(connection: &mut AnyConnection, script: &Script) -> i64 {
    let sql = format!("SELECT COUNT(*) AS {} FROM {}", quoted("rows"), table(script));
    diesel::sql_query(sql).get_result::<Count>(connection).unwrap().rows
}

fn quoted(name: &str) -> String {
    if dialect() == Engine::Mysql { format!("`{name}`") } else { format!("\"{name}\"") }
}

fn unrecord(connection: &mut AnyConnection, script: &Script) {
    let sql = format!("DELETE FROM __diesel_schema_migrations WHERE version = '{}'", script.version);
    connection.batch_execute(&sql).unwrap();
}

/// All migrations up to this one, a row in each table, and this one's table created but not recorded.
fn made_and_not_recorded(steps: usize) -> Empty {
    let mut connection = Empty::new();
    for script in up(&mut connection, Target::Steps(steps)).unwrap() {
        fill(&mut connection, script);
    }
    unrecord(&mut connection, &scripts()[steps - 1]);
    connection
}

/// All migrations up to this one, and this one recorded but its table not created.
fn recorded_and_not_made(steps: usize) -> Empty {
    let mut connection = Empty::new();
    up(&mut connection, Target::Steps(steps)).unwrap();
    connection.batch_execute(&format!("DROP TABLE {}", table(&scripts()[steps - 1]))).unwrap();
    connection
}

/// The numbers of the migrations.
fn each() -> std::ops::RangeInclusive<usize> {
    1..=scripts().len()
}

/// Whether the engine rolls back DDL. It then ignores half-applied states, since it never leaves one.
fn rolls_back_ddl(connection: &mut AnyConnection) -> bool {
    let status = migrations::status(connection).unwrap();
    let undoes = dialect().undoes_tables();
    assert_eq!(status.unrecorded.is_empty() && status.unmade.is_empty(), undoes, "{status:?}");
    undoes
}

#[test]
fn a_table_that_was_made_and_not_recorded_is_recorded_with_its_rows_by_the_way_up() {
    for steps in each() {
        let mut connection = made_and_not_recorded(steps);
        if rolls_back_ddl(&mut connection) {
            continue;
        }
        let status = migrations::status(&mut connection).unwrap();
        assert_eq!(status.unrecorded, [&scripts()[steps - 1]]);
        assert!(status.taken.is_empty() && status.refusal("here").unwrap().is_migrations_pending(), "{status:?}");
        let first = steps == 1;
        assert_eq!(status.schema_state(), if first { SchemaState::Empty } else { SchemaState::Behind(5 - steps) });

        assert!(up(&mut connection, Target::All).unwrap().into_iter().eq(&scripts()[steps - 1..]));
        assert_eq!(schema_state(&mut connection), SchemaState::Current);
        assert_eq!(rows(&mut connection, &scripts()[steps - 1]), 1);
        assert_eq!(catalogue(&mut connection), complete());
    }
}

#[test]
fn a_table_that_was_made_and_not_recorded_is_dropped_by_the_way_down() {
    for steps in each() {
        let mut connection = made_and_not_recorded(steps);
        if rolls_back_ddl(&mut connection) {
            continue;
        }
        assert_eq!(down(&mut connection, Target::Steps(1)).unwrap(), [&scripts()[steps - 1]]);
        assert_eq!(down(&mut connection, Target::All).unwrap().len(), steps - 1);
        assert!(catalogue(&mut connection).is_empty());
    }
}

#[test]
fn a_table_that_was_dropped_and_not_struck_off_is_made_again_by_the_way_up() {
    for steps in each() {
        let mut connection = recorded_and_not_made(steps);
        if rolls_back_ddl(&mut connection) {
            continue;
        }
        let status = migrations::status(&mut connection).unwrap();
        assert_eq!(status.unmade, [&scripts()[steps - 1]]);
        assert!(status.refusal("here").unwrap().is_migrations_pending(), "{status:?}");
        assert!(up(&mut connection, Target::All).unwrap().into_iter().eq(&scripts()[steps - 1..]));
        assert_eq!(schema_state(&mut connection), SchemaState::Current);
        assert_eq!(catalogue(&mut connection), complete());
    }
}

#[test]
fn a_table_that_was_dropped_and_not_struck_off_is_struck_off_by_the_way_down() {
    for steps in each() {
        let mut connection = recorded_and_not_made(steps);
        if rolls_back_ddl(&mut connection) {
            continue;
        }
        assert_eq!(down(&mut connection, Target::Steps(1)).unwrap(), [&scripts()[steps - 1]]);
        assert_eq!(down(&mut connection, Target::All).unwrap().len(), steps - 1);
        assert!(migrations::status(&mut connection).unwrap().unmade.is_empty());
        assert_eq!(schema_state(&mut connection), SchemaState::Empty);
    }
}

#[test]
fn a_new_database_that_was_interrupted_after_any_table_has_no_record_and_is_completed() {
    for steps in each() {
        let mut connection = Empty::new();
        up(&mut connection, Target::Steps(steps)).unwrap();
        connection.batch_execute("DELETE FROM __diesel_schema_migrations").unwrap();
        if rolls_back_ddl(&mut connection) {
            continue;
        }
        assert_eq!(schema_state(&mut connection), SchemaState::Empty);
        assert_eq!(up(&mut connection, Target::All).unwrap().len(), scripts().len());
        assert_eq!(catalogue(&mut connection), complete());
    }
}

#[test]
fn a_table_of_somebody_elses_under_a_name_of_folios_is_refused_whatever_is_recorded() {
    for (applied, ddl) in [
        (0, "CREATE TABLE users (id BIGINT)"),
        (
            0,
            "CREATE TABLE users (id BIGINT, user_id BIGINT, username TEXT, email TEXT, created_at TEXT, updated_at TEXT)",
        ),
        (3, "CREATE TABLE notes (id BIGINT)"),
    ] {
        let mut connection = recorded(&[]);
        up(&mut connection, Target::Steps(applied)).unwrap();
        connection.batch_execute(ddl).unwrap();
        let before = catalogue(&mut connection);
        let status = migrations::status(&mut connection).unwrap();
        assert_eq!((status.unrecorded.len(), status.taken.len()), (0, 1), "{ddl}");
        up(&mut connection, Target::All).unwrap_err();
        assert_eq!(down(&mut connection, Target::All).unwrap().len(), applied);
        assert!(applied > 0 || catalogue(&mut connection) == before, "{ddl}");
    }
}

#[test]
fn a_table_of_folios_without_any_record_is_somebody_elses() {
    let mut connection = Empty::new();
    up(&mut connection, Target::All).unwrap();
    connection.batch_execute("DROP TABLE __diesel_schema_migrations").unwrap();
    let said = up(&mut connection, Target::All).unwrap_err().to_string();
    assert!(said.contains("tables that Folio did not create"), "{said}");
}

/// The catalogue of a database that was created without interruption.
fn complete() -> Vec<String> {
    let mut connection = Empty::new();
    up(&mut connection, Target::All).unwrap();
    catalogue(&mut connection)
}

fn folio(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_folio"));
    command.args(arguments).env("FOLIO_DATABASE_URL", url).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Runs the program and kills it after `delay`, unless it exits earlier.
fn killed_after(delay: Duration, url: &str, arguments: &[&str]) {
    let mut child = folio(url, arguments).spawn().unwrap();
    let start = Instant::now();
    while start.elapsed() < delay && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Runs the program until it exits.
fn finished(url: &str, arguments: &[&str]) {
    let ran = folio(url, arguments).output().unwrap();
    assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn a_program_that_is_killed_while_it_makes_or_removes_tables_does_it_when_run_again() {
    let complete = complete();
    let (full, _folder) = address(engine(module_path!()));
    let start = Instant::now();
    finished(&full, &["db", "create"]);
    let whole = start.elapsed();
    for round in 1..=10 {
        let mut fresh = Empty::new();
        let delay = whole * round / 10;
        killed_after(delay, &fresh.url.clone(), &["db", "create"]);
        finished(&fresh.url, &["db", "create"]);
        assert_eq!(schema_state(&mut fresh), SchemaState::Current, "killed after {delay:?}");
        assert_eq!(catalogue(&mut fresh), complete, "killed after {delay:?}");

        killed_after(delay, &fresh.url.clone(), &["migrate", "down", "--all", "--yes"]);
        let again = if round % 2 == 0 { &["migrate", "up"][..] } else { &["migrate", "down", "--all", "--yes"] };
        finished(&fresh.url, again);
        let left = if round % 2 == 0 { SchemaState::Current } else { SchemaState::Empty };
        assert_eq!(schema_state(&mut fresh), left, "killed after {delay:?}");
    }
}
