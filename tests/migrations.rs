//! The migration runner: what it does to a database, alone, beside another runner and beside Diesel's own.

#![cfg(feature = "sqlite")]

use std::path::Path;
use std::sync::Barrier;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{FileBasedMigrations, MigrationHarness as _};
use folio::connection::{AnyConnection, Backend, SqliteAccess, open_sqlite};
use folio::error::{Error, Result};
use folio::migrations::{self, Embedded, Existing, Script, Standing, Target};
use tempfile::TempDir;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");

fn open(path: &Path) -> AnyConnection {
    AnyConnection::Sqlite(open_sqlite(Some(path), SqliteAccess::Create, 60_000).unwrap())
}

fn memory() -> AnyConnection {
    AnyConnection::Sqlite(open_sqlite(None, SqliteAccess::Create, 0).unwrap())
}

fn up(connection: &mut AnyConnection, target: Target) -> Result<Vec<&'static Script>> {
    migrations::up(connection, target, Existing::Refuse, |_| ())
}

fn down(connection: &mut AnyConnection, target: Target) -> Result<Vec<&'static Script>> {
    migrations::down(connection, target, |_| ())
}

fn standing(connection: &mut AnyConnection) -> Standing {
    migrations::status(connection).unwrap().standing()
}

/// Everything that the catalogue holds, but for the engine's own and the record of migrations.
fn schema(connection: &mut AnyConnection) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        row: String,
    }
    diesel::sql_query(
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS row FROM sqlite_schema \
         WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND tbl_name <> '__diesel_schema_migrations' ORDER BY 1",
    )
    .load::<Row>(connection)
    .unwrap()
    .into_iter()
    .map(|row| row.row)
    .collect()
}

/// Puts a row into the table that a migration makes.
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
        std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    folders.sort();
    let carried: Vec<_> = migrations::all(Backend::Sqlite).iter().map(|script| script.name).collect();
    assert_eq!(carried, folders);
}

#[test]
fn each_migration_can_be_undone_and_redone_with_rows_in_the_tables() {
    let mut connection = memory();
    for script in migrations::all(Backend::Sqlite) {
        let before = schema(&mut connection);
        assert_eq!(up(&mut connection, Target::Steps(1)).unwrap(), [script]);
        let after = schema(&mut connection);
        assert_ne!(before, after);
        fill(&mut connection, script);

        assert_eq!(down(&mut connection, Target::Steps(1)).unwrap(), [script]);
        assert_eq!(schema(&mut connection), before, "{script} down");

        assert_eq!(up(&mut connection, Target::Steps(1)).unwrap(), [script]);
        assert_eq!(schema(&mut connection), after, "{script} up again");
        fill(&mut connection, script);
    }
}

#[test]
fn down_to_nothing_leaves_nothing_even_with_rows_in_every_table() {
    let mut connection = memory();
    for script in up(&mut connection, Target::All).unwrap() {
        fill(&mut connection, script);
    }
    let reverted = down(&mut connection, Target::All).unwrap();
    assert!(reverted.iter().eq(migrations::all(Backend::Sqlite).iter().rev().collect::<Vec<_>>().iter()));
    assert!(schema(&mut connection).is_empty());
    assert_eq!(standing(&mut connection), Standing::Empty);
    assert!(down(&mut connection, Target::All).unwrap().is_empty());
}

#[test]
fn progress_hears_of_each_migration_in_order() {
    let mut connection = memory();
    let mut heard = Vec::new();
    let applied = migrations::up(&mut connection, Target::Steps(2), Existing::Refuse, |script| heard.push(*script));
    assert!(applied.unwrap().into_iter().copied().eq(heard));
    assert_eq!(standing(&mut connection), Standing::Behind(2));
}

#[test]
fn two_runners_at_once_apply_each_migration_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("folio.db");
    let start = Barrier::new(2);
    let run = || {
        let mut connection = open(&path);
        start.wait();
        up(&mut connection, Target::All).unwrap().len()
    };
    let applied = std::thread::scope(|scope| {
        let runners = [scope.spawn(run), scope.spawn(run)];
        runners.map(|runner| runner.join().unwrap()).iter().sum::<usize>()
    });
    assert_eq!(applied, migrations::all(Backend::Sqlite).len());
    assert_eq!(standing(&mut open(&path)), Standing::Current);
}

#[test]
fn diesel_takes_over_what_folio_applied() {
    let mut connection = memory();
    up(&mut connection, Target::Steps(3)).unwrap();
    let folder = FileBasedMigrations::from_path(FOLDER).unwrap();
    let applied = connection.run_pending_migrations(folder.clone()).unwrap();
    assert_eq!(applied.iter().map(ToString::to_string).collect::<Vec<_>>(), ["20261101000004"]);
    assert_eq!(standing(&mut connection), Standing::Current);
    assert_eq!(connection.revert_all_migrations(folder).unwrap().len(), 4);
    assert_eq!(standing(&mut connection), Standing::Empty);
}

#[test]
fn folio_takes_over_what_diesel_applied() {
    let mut connection = memory();
    connection.run_pending_migrations(FileBasedMigrations::from_path(FOLDER).unwrap()).unwrap();
    assert_eq!(standing(&mut connection), Standing::Current);
    assert!(up(&mut connection, Target::All).unwrap().is_empty());
    assert_eq!(down(&mut connection, Target::All).unwrap().len(), 4);
}

#[test]
fn the_embedded_migrations_are_a_source_for_diesels_own_harness() {
    let mut connection = memory();
    connection.run_pending_migrations(Embedded(Backend::Sqlite)).unwrap();
    assert_eq!(standing(&mut connection), Standing::Current);
    connection.revert_last_migration(Embedded(Backend::Sqlite)).unwrap();
    assert_eq!(standing(&mut connection), Standing::Behind(1));
}

#[test]
fn status_tells_what_is_applied_and_pending_and_makes_no_table() {
    let mut connection = memory();
    let status = migrations::status(&mut connection).unwrap();
    assert_eq!((status.applied.len(), status.pending.len()), (0, 4));
    let tables = diesel::sql_query("SELECT 1 FROM sqlite_schema").execute(&mut connection).unwrap();
    assert_eq!(tables, 0);

    up(&mut connection, Target::Steps(1)).unwrap();
    let status = migrations::status(&mut connection).unwrap();
    assert_eq!(status.applied[0].script.name, "2026-11-01-000001_create_users");
    assert_eq!(status.pending.len(), 3);
    assert!(status.refusal("folio.db").unwrap().is_migrations_pending());
}

#[test]
fn a_database_of_another_application_is_left_alone_unless_told() {
    let mut connection = memory();
    connection.batch_execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)").unwrap();
    assert_eq!(standing(&mut connection), Standing::Foreign(vec!["orders".to_owned()]));
    let before = schema(&mut connection);
    assert!(matches!(up(&mut connection, Target::All), Err(Error::NotFolio { tables, .. }) if tables == "orders"));
    assert!(down(&mut connection, Target::All).unwrap().is_empty());
    assert_eq!(schema(&mut connection), before);

    migrations::up(&mut connection, Target::All, Existing::Join, |_| ()).unwrap();
    assert_eq!(standing(&mut connection), Standing::Current);
}

/// Another application's migrations, in the table that it would share with Folio.
fn recorded(versions: &[&str]) -> AnyConnection {
    let mut connection = memory();
    diesel::migration::MigrationConnection::setup(&mut connection).unwrap();
    for version in versions {
        record(&mut connection, version);
    }
    connection
}

fn record(connection: &mut AnyConnection, version: &str) {
    diesel::sql_query("INSERT INTO __diesel_schema_migrations (version) VALUES (?)")
        .bind::<Text, _>(version)
        .execute(connection)
        .unwrap();
}

#[test]
fn versions_of_another_application_alone_make_a_database_foreign() {
    let mut connection = recorded(&["20200101000000"]);
    assert!(matches!(standing(&mut connection), Standing::Foreign(_)));
    assert!(matches!(up(&mut connection, Target::All), Err(Error::NotFolio { .. })));
    migrations::up(&mut connection, Target::All, Existing::Join, |_| ()).unwrap();
    assert_eq!(standing(&mut connection), Standing::Current, "its earlier version is its own affair");
    assert_eq!(down(&mut connection, Target::All).unwrap().len(), 4);
    assert!(matches!(standing(&mut connection), Standing::Foreign(_)));
}

#[test]
fn a_record_that_would_pass_for_a_newer_folios_is_not_joined() {
    let mut connection = recorded(&["20991231000000"]);
    let refused = migrations::up(&mut connection, Target::All, Existing::Join, |_| ()).unwrap_err();
    assert!(refused.to_string().contains("20991231000000"), "{refused}");
    assert!(schema(&mut connection).is_empty());
}

#[test]
fn a_newer_folios_database_is_neither_migrated_nor_reverted() {
    let mut connection = memory();
    up(&mut connection, Target::Steps(3)).unwrap();
    record(&mut connection, "20991231000001");
    assert_eq!(standing(&mut connection), Standing::Newer(vec!["20991231000001".to_owned()]));
    let before = schema(&mut connection);
    for refused in [up(&mut connection, Target::All), down(&mut connection, Target::All)] {
        assert!(matches!(refused, Err(Error::SchemaTooNew { versions, .. }) if versions == "20991231000001"));
    }
    assert_eq!(schema(&mut connection), before);
}

#[test]
fn a_failing_migration_is_undone_whole_and_keeps_those_before_it() {
    let mut connection = memory();
    connection.batch_execute("CREATE TABLE resumes (id INTEGER PRIMARY KEY)").unwrap();
    let failed = migrations::up(&mut connection, Target::All, Existing::Join, |_| ()).unwrap_err();
    assert_eq!(
        failed.to_string(),
        "migration 2026-11-01-000003_create_resumes failed going up: table resumes already exists"
    );
    assert_eq!(standing(&mut connection), Standing::Behind(2));
    connection.batch_execute("BEGIN IMMEDIATE; COMMIT").unwrap();
}

#[test]
fn a_runner_that_meets_another_writer_says_that_the_database_is_locked() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("folio.db");
    let mut writer = open(&path);
    writer.batch_execute("BEGIN IMMEDIATE").unwrap();
    let mut runner = AnyConnection::Sqlite(open_sqlite(Some(&path), SqliteAccess::Write, 0).unwrap());
    assert!(up(&mut runner, Target::All).unwrap_err().is_locked());
}
