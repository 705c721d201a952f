//! The migration runner: its effects on a database, alone, concurrent with another runner, and together with Diesel's
//! own.

mod catalogue;
mod interrupted;

use std::ops::{Deref, DerefMut};
use std::sync::Barrier;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel_migrations::{FileBasedMigrations, MigrationHarness as _};
use folio::Database;
use folio::connection::{Access, AnyConnection, Engine};
use folio::database::{Options, PooledConnection};
use folio::error::{Error, Result};
use folio::migrations::Migrate as _;
use folio::migrations::{self, Embedded, Existing, SchemaState, Script, Target};
use tempfile::TempDir;

use crate::support::{address, engine};
use catalogue::catalogue;

fn dialect() -> Engine {
    crate::support::dialect(engine(module_path!()))
}

fn scripts() -> &'static [Script] {
    migrations::all(dialect())
}

/// The folder from which Diesel's own command line runs the migrations.
fn folder() -> String {
    format!("{}/migrations/{}", env!("CARGO_MANIFEST_DIR"), dialect().feature())
}

fn files() -> FileBasedMigrations {
    FileBasedMigrations::from_path(folder()).unwrap()
}

/// A connection to an empty database of its own.
struct Empty {
    connection: PooledConnection,
    db: Database,
    url: String,
    _folder: Option<TempDir>,
}

impl Empty {
    fn new() -> Self {
        let (url, folder) = address(engine(module_path!()));
        let db = Database::open_with(&url, Options::new().access(Access::Create)).unwrap();
        Self { connection: db.connection().unwrap(), db, url, _folder: folder }
    }
}

impl Deref for Empty {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.connection
    }
}

impl DerefMut for Empty {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}

fn up(connection: &mut AnyConnection, target: Target) -> Result<Vec<&'static Script>> {
    migrations::up(connection, target, Existing::Refuse, |_| ())
}

fn down(connection: &mut AnyConnection, target: Target) -> Result<Vec<&'static Script>> {
    migrations::down(connection, target, |_| ())
}

fn schema_state(connection: &mut AnyConnection) -> SchemaState {
    migrations::status(connection).unwrap().schema_state()
}

/// Inserts a row into the table that a migration creates.
fn fill(connection: &mut AnyConnection, script: &Script) {
    let sql = match script.name.split_once("_create_").unwrap().1 {
        "users" => "INSERT INTO users (id, user_id, username) VALUES (10001, 1, 'step')",
        "repositories" => {
            "INSERT INTO repositories (id, user_id, repo_name, status) VALUES (20001, 1, 'folio', 'Public')"
        }
        "resumes" => "INSERT INTO resumes (user_id, vacancy, body) VALUES (10001, 'Junior Rust developer', '')",
        "notes" => "INSERT INTO notes (user_id, repository_id, name, body) VALUES (10001, 20001, 'idea', '')",
        other => panic!("say here how a row of {other} looks"),
    };
    connection.batch_execute(sql).unwrap();
}

#[test]
fn the_program_carries_exactly_the_migrations_of_the_folder() {
    let mut folders: Vec<_> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    folders.sort();
    let carried: Vec<_> = scripts().iter().map(|script| script.name).collect();
    assert_eq!(carried, folders);
}

#[test]
fn each_migration_can_be_undone_and_redone_with_rows_in_the_tables() {
    let mut connection = Empty::new();
    for script in scripts() {
        let before = catalogue(&mut connection);
        assert_eq!(up(&mut connection, Target::Steps(1)).unwrap(), [script]);
        let after = catalogue(&mut connection);
        assert_ne!(before, after);
        fill(&mut connection, script);

        assert_eq!(down(&mut connection, Target::Steps(1)).unwrap(), [script]);
        assert_eq!(catalogue(&mut connection), before, "{script} down");

        assert_eq!(up(&mut connection, Target::Steps(1)).unwrap(), [script]);
        assert_eq!(catalogue(&mut connection), after, "{script} up again");
        fill(&mut connection, script);
    }
}

#[test]
fn down_to_nothing_leaves_nothing_even_with_rows_in_every_table() {
    let mut connection = Empty::new();
    for script in up(&mut connection, Target::All).unwrap() {
        fill(&mut connection, script);
    }
    let reverted = down(&mut connection, Target::All).unwrap();
    assert!(reverted.iter().eq(scripts().iter().rev().collect::<Vec<_>>().iter()));
    assert!(catalogue(&mut connection).is_empty());
    assert_eq!(schema_state(&mut connection), SchemaState::Empty);
    assert!(down(&mut connection, Target::All).unwrap().is_empty());
}

#[test]
fn progress_hears_of_each_migration_in_order() {
    let mut connection = Empty::new();
    let mut heard = Vec::new();
    let applied = migrations::up(&mut connection, Target::Steps(2), Existing::Refuse, |script| heard.push(*script));
    assert!(applied.unwrap().into_iter().copied().eq(heard));
    assert_eq!(schema_state(&mut connection), SchemaState::Behind(2));
}

#[test]
fn several_runners_at_once_apply_each_migration_once() {
    let empty = Empty::new();
    let start = Barrier::new(3);
    let run = || {
        let mut connection = empty.db.connection().unwrap();
        start.wait();
        up(&mut connection, Target::All).unwrap().len()
    };
    let applied = std::thread::scope(|scope| {
        let runners = [scope.spawn(run), scope.spawn(run), scope.spawn(run)];
        runners.map(|runner| runner.join().unwrap()).iter().sum::<usize>()
    });
    assert_eq!(applied, scripts().len());
    assert_eq!(empty.db.schema_state().unwrap(), SchemaState::Current);
}

#[test]
fn diesel_takes_over_what_folio_applied() {
    let mut connection = Empty::new();
    up(&mut connection, Target::Steps(3)).unwrap();
    let applied = connection.run_pending_migrations(files()).unwrap();
    assert_eq!(applied.iter().map(ToString::to_string).collect::<Vec<_>>(), ["20261101000004"]);
    assert_eq!(schema_state(&mut connection), SchemaState::Current);
    assert_eq!(connection.revert_all_migrations(files()).unwrap().len(), 4);
    assert_eq!(schema_state(&mut connection), SchemaState::Empty);
}

#[test]
fn folio_takes_over_what_diesel_applied() {
    let mut connection = Empty::new();
    connection.run_pending_migrations(files()).unwrap();
    assert_eq!(schema_state(&mut connection), SchemaState::Current);
    assert!(up(&mut connection, Target::All).unwrap().is_empty());
    assert_eq!(down(&mut connection, Target::All).unwrap().len(), 4);
}

#[test]
fn the_embedded_migrations_are_a_source_for_diesels_own_harness() {
    let mut connection = Empty::new();
    connection.run_pending_migrations(Embedded(dialect())).unwrap();
    assert_eq!(schema_state(&mut connection), SchemaState::Current);
    connection.revert_last_migration(Embedded(dialect())).unwrap();
    assert_eq!(schema_state(&mut connection), SchemaState::Behind(1));
}

#[test]
fn status_tells_what_is_applied_and_pending_and_makes_no_table() {
    let mut connection = Empty::new();
    let status = migrations::status(&mut connection).unwrap();
    assert_eq!((status.applied.len(), status.pending.len()), (0, 4));
    let record = "SELECT version FROM __diesel_schema_migrations";
    assert!(connection.batch_execute(record).is_err(), "there is no such table yet");

    up(&mut connection, Target::Steps(1)).unwrap();
    let status = migrations::status(&mut connection).unwrap();
    assert_eq!(status.applied[0].script.name, "2026-11-01-000001_create_users");
    assert_eq!(status.pending.len(), 3);
    assert!(status.refusal("folio.db").unwrap().is_migrations_pending());
}

#[test]
fn a_database_of_another_application_is_left_alone_unless_told() {
    let mut connection = Empty::new();
    connection.batch_execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)").unwrap();
    assert_eq!(schema_state(&mut connection), SchemaState::Foreign(vec!["orders".to_owned()]));
    let before = catalogue(&mut connection);
    assert!(matches!(up(&mut connection, Target::All), Err(Error::NotFolio { tables, .. }) if tables == "orders"));
    assert!(down(&mut connection, Target::All).unwrap().is_empty());
    assert_eq!(catalogue(&mut connection), before);

    migrations::up(&mut connection, Target::All, Existing::Join, |_| ()).unwrap();
    assert_eq!(schema_state(&mut connection), SchemaState::Current);
}

#[test]
fn tables_that_have_the_names_of_folios_are_named_before_anything_is_done() {
    let mut connection = Empty::new();
    connection.batch_execute("CREATE TABLE notes (id BIGINT); CREATE TABLE orders (id BIGINT)").unwrap();
    let before = catalogue(&mut connection);
    for existing in [Existing::Refuse, Existing::Join] {
        let said = migrations::up(&mut connection, Target::All, existing, |_| ()).unwrap_err().to_string();
        assert!(said.contains("(notes)") && said.contains("a database of its own"), "{said}");
        assert!(!said.contains("--into-existing"), "{said}");
    }
    assert_eq!(catalogue(&mut connection), before);
}

/// Another application's migrations, in the history table that it would share with Folio.
fn recorded(versions: &[&str]) -> Empty {
    let mut connection = Empty::new();
    diesel::migration::MigrationConnection::setup(&mut *connection).unwrap();
    for version in versions {
        record(&mut connection, version);
    }
    connection
}

fn record(connection: &mut AnyConnection, version: &str) {
    let sql = format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')");
    connection.batch_execute(&sql).unwrap();
}

#[test]
fn versions_of_another_application_alone_make_a_database_foreign() {
    let mut connection = recorded(&["20200101000000"]);
    assert!(matches!(schema_state(&mut connection), SchemaState::Foreign(_)));
    assert!(matches!(up(&mut connection, Target::All), Err(Error::NotFolio { .. })));
    migrations::up(&mut connection, Target::All, Existing::Join, |_| ()).unwrap();
    assert_eq!(schema_state(&mut connection), SchemaState::Current, "its earlier version is its own affair");
    assert_eq!(down(&mut connection, Target::All).unwrap().len(), 4);
    assert!(matches!(schema_state(&mut connection), SchemaState::Foreign(_)));
}

#[test]
fn a_record_that_would_pass_for_a_newer_folios_is_not_joined() {
    let mut connection = recorded(&["20991231000000"]);
    let refused = migrations::up(&mut connection, Target::All, Existing::Join, |_| ()).unwrap_err();
    assert!(refused.to_string().contains("20991231000000"), "{refused}");
    assert!(catalogue(&mut connection).is_empty());
}

#[test]
fn a_newer_folios_database_is_neither_migrated_nor_reverted() {
    let mut connection = Empty::new();
    up(&mut connection, Target::Steps(3)).unwrap();
    record(&mut connection, "20991231000001");
    assert_eq!(schema_state(&mut connection), SchemaState::Newer(vec!["20991231000001".to_owned()]));
    let before = catalogue(&mut connection);
    for refused in [up(&mut connection, Target::All), down(&mut connection, Target::All)] {
        assert!(matches!(refused, Err(Error::SchemaTooNew { versions, .. }) if versions == "20991231000001"));
    }
    assert_eq!(catalogue(&mut connection), before);
}

/// Creates an obstacle to the third migration that is not a table, and migrates.
fn fail_at_the_third(connection: &mut AnyConnection, existing: Existing) -> SchemaState {
    connection.batch_execute("CREATE VIEW resumes AS SELECT 1 AS one").unwrap();
    let failed = migrations::up(connection, Target::All, existing, |_| ()).unwrap_err();
    let said = failed.to_string();
    assert!(said.starts_with("migration 2026-11-01-000003_create_resumes failed going up: "), "{said}");
    assert!(said.contains("resumes") && said.contains("already exists"), "{said}");
    let left = schema_state(connection);
    assert!(!catalogue(connection).iter().any(|line| line.contains("resumes_")), "nothing of its own is left");
    connection.batch_execute("DROP VIEW resumes").unwrap();
    left
}

#[test]
fn a_failing_migration_leaves_nothing_of_its_own_and_keeps_those_before_it() {
    let mut connection = Empty::new();
    up(&mut connection, Target::Steps(1)).unwrap();
    assert_eq!(fail_at_the_third(&mut connection, Existing::Refuse), SchemaState::Behind(2));
    assert_eq!(up(&mut connection, Target::All).unwrap().len(), 2);
    assert_eq!(schema_state(&mut connection), SchemaState::Current);
}

#[test]
fn a_migration_that_fails_in_an_empty_database_leaves_no_record_of_those_before_it() {
    let mut connection = Empty::new();
    assert_eq!(fail_at_the_third(&mut connection, Existing::Refuse), SchemaState::Empty);
    let left = catalogue(&mut connection);
    assert_eq!(left.is_empty(), dialect().undoes_tables(), "only MySQL keeps the tables: {left:?}");
    assert_eq!(up(&mut connection, Target::All).unwrap().len(), 4);
    assert_eq!(schema_state(&mut connection), SchemaState::Current);
}

#[test]
fn a_way_down_that_fails_leaves_the_migration_applied() {
    let mut connection = Empty::new();
    up(&mut connection, Target::All).unwrap();
    connection.batch_execute("INSERT INTO users (user_id, username) VALUES (1, 'step')").unwrap();
    connection
        .batch_execute(
            "CREATE TABLE orders (user_id BIGINT NOT NULL, FOREIGN KEY (user_id) REFERENCES users (user_id)); \
             INSERT INTO orders VALUES (1)",
        )
        .unwrap();
    let failed = down(&mut connection, Target::All).unwrap_err();
    assert!(failed.to_string().starts_with("migration 2026-11-01-000001_create_users failed going down: "), "{failed}");
    assert_eq!(schema_state(&mut connection), SchemaState::Behind(3));
    connection.batch_execute("DROP TABLE orders").unwrap();
    assert_eq!(down(&mut connection, Target::All).unwrap().len(), 1);
}

#[test]
fn a_runner_that_meets_another_says_that_the_database_is_locked() {
    let empty = Empty::new();
    let lock = match dialect() {
        Engine::Sqlite => "BEGIN IMMEDIATE",
        Engine::Postgres => "BEGIN; SELECT pg_advisory_xact_lock(439956040047)",
        _ => "DO GET_LOCK(CONCAT('folio-', LEFT(DATABASE(), 58)), 0)",
    };
    let mut other = empty.db.connection().unwrap();
    other.batch_execute(lock).unwrap();
    let impatient = Options::new().busy_timeout(Duration::from_millis(1));
    let runner = Database::open_with(&empty.url, impatient).unwrap();
    assert!(runner.migrate().unwrap_err().is_locked());
}
