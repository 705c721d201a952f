//! Going up and down on one engine: alone, beside other runners, beside other applications, and in turns with Diesel's
//! own runner.

#[path = "advice.rs"]
mod advice;
#[path = "diagram.rs"]
mod diagram;
#[path = "diff.rs"]
mod diff;
#[cfg(feature = "entities")]
#[path = "entities.rs"]
mod entities;
#[cfg(feature = "cli")]
#[path = "every_verb.rs"]
mod every_verb;
#[path = "faults.rs"]
mod faults;
#[cfg(feature = "entities")]
#[path = "from_entities.rs"]
mod from_entities;
#[path = "grants.rs"]
mod grants;
#[path = "half_way.rs"]
mod half_way;
#[path = "large.rs"]
mod large;
#[path = "planning.rs"]
mod planning;
#[path = "prove.rs"]
mod prove;
#[path = "schema.rs"]
mod schema;
#[path = "settings.rs"]
mod settings;
#[path = "sharing.rs"]
mod sharing;
#[path = "sql.rs"]
mod sql;

use std::sync::Barrier;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_migrate::{Direction, Error, Migrate as _, Migrations, SchemaState, Target, Up};
use diesel_migrations::{FileBasedMigrations, MigrationHarness as _};
use diesel_session::Database;
use diesel_session::connection::{AnyConnection, Engine, SessionConnection as _};
use diesel_session::database::Options;
use folio_testing::engine;

use crate::support::{Empty, Scripts, folder, shop, without_transaction, write};

const TAGS: Scripts<'_> =
    ("2026-01-01-000001_create_tags", "CREATE TABLE tags (id BIGINT PRIMARY KEY)", "DROP TABLE tags");
const ITEMS: Scripts<'_> = (
    "2026-01-02-000001_create_items",
    "CREATE TABLE items (id BIGINT PRIMARY KEY, tag_id BIGINT REFERENCES tags (id)); INSERT INTO items (id) VALUES (7)",
    "DROP TABLE items",
);
const LABELS: Scripts<'_> =
    ("2026-01-03-000001_create_labels", "CREATE TABLE labels (id BIGINT PRIMARY KEY)", "DROP TABLE labels");

fn empty() -> Empty {
    Empty::new(engine(module_path!()))
}

/// Whether the engine undoes CREATE TABLE.
fn undoes_tables(db: &Database) -> bool {
    db.connection().unwrap().engine().undoes_tables()
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn number(connection: &mut AnyConnection, sql: &str) -> i64 {
    diesel::sql_query(format!("SELECT ({sql}) AS number")).get_result::<Number>(connection).unwrap().number
}

/// How many rows a table has; `None` without the table.
fn rows(db: &Database, table: &str) -> Option<i64> {
    let found = diesel::sql_query(format!("SELECT COUNT(*) AS number FROM {table}"));
    found.get_result::<Number>(&mut *db.connection().unwrap()).ok().map(|row| row.number)
}

fn names(migrations: &[diesel_migrate::Migration]) -> Vec<&str> {
    migrations.iter().map(|migration| migration.name.as_str()).collect()
}

fn names_of(migrations: &[diesel_migrate::Migration]) -> Vec<String> {
    migrations.iter().map(|migration| migration.name.clone()).collect()
}

#[test]
fn up_applies_what_is_pending_in_order_and_down_reverts_it_in_the_other() {
    let (empty, folder) = (empty(), folder(&[TAGS, ITEMS, LABELS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    let mut heard = Vec::new();
    let applied = db.migrate_up(&migrations, Target::Steps(2), |migration| heard.push(migration.clone())).unwrap();
    assert_eq!(names(&applied), [TAGS.0, ITEMS.0]);
    assert_eq!(heard, applied);
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Behind(1));
    assert_eq!((rows(db, "items"), rows(db, "labels")), (Some(1), None));

    assert_eq!(names(&db.migrate(&migrations).unwrap()), [LABELS.0]);
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Current);
    assert!(db.migrate(&migrations).unwrap().is_empty());

    assert_eq!(names(&db.migrate_down(&migrations, Target::Steps(1), |_| ()).unwrap()), [LABELS.0]);
    assert_eq!(names(&db.migrate_down(&migrations, Target::All, |_| ()).unwrap()), [ITEMS.0, TAGS.0]);
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Empty);
    assert_eq!((rows(db, "tags"), rows(db, "items")), (None, None));
    assert!(db.migrate_down(&migrations, Target::All, |_| ()).unwrap().is_empty());
}

#[test]
fn up_and_down_go_to_a_version_or_a_name() {
    let (empty, folder) = (empty(), folder(&[TAGS, ITEMS, LABELS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    let to = |version: &str| Target::To(version.to_owned());
    let up = |target| names_of(&db.migrate_up(&migrations, target, |_| ()).unwrap());
    let down = |target| names_of(&db.migrate_down(&migrations, target, |_| ()).unwrap());
    assert_eq!(up(to("20260102000001")), [TAGS.0, ITEMS.0]);
    assert!(up(to(TAGS.0)).is_empty(), "it is applied");
    assert_eq!(up(to(LABELS.0)), [LABELS.0]);
    let losses = db.migration_losses(&migrations, to("2026-01-01-000001")).unwrap();
    assert_eq!(losses.iter().map(|loss| loss.migration.name.as_str()).collect::<Vec<_>>(), [LABELS.0, ITEMS.0]);
    assert_eq!(down(to("2026-01-01-000001")), [LABELS.0, ITEMS.0]);
    assert!(down(to("2026-01-01-000001")).is_empty());
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Behind(2));
    let other = db.migrate_up(&migrations, to("2026-01-01-000001_create_labels"), |_| ());
    assert!(matches!(other, Err(Error::NoVersion { .. })), "it has the version and another name: {other:?}");
    for refused in [
        db.migrate_up(&migrations, to("20260104"), |_| ()).map(drop),
        db.migrate_down(&migrations, to("20260104"), |_| ()).map(drop),
        db.migration_losses(&migrations, to("20260104")).map(drop),
    ] {
        assert_eq!(refused.unwrap_err().to_string(), "shop has no migration 20260104");
    }
}

#[test]
fn looking_writes_nothing() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    assert_eq!(names(&db.migration_status(&migrations).unwrap().pending), [TAGS.0]);
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Empty);
    assert!(db.require_current(&migrations).unwrap_err().is_pending());
    assert!(db.migration_losses(&migrations, Target::All).unwrap().is_empty());
    assert_eq!(rows(db, "__diesel_schema_migrations"), None);
    assert_eq!(rows(db, "__diesel_migrate"), None);
}

#[test]
fn what_going_down_would_lose_is_counted_also_in_tables_with_odd_names() {
    let quote = if empty().db.connection().unwrap().engine() == Engine::Mysql { '`' } else { '"' };
    let name = format!("{quote}Order lines{quote}");
    let up = format!("CREATE TABLE {name} (id BIGINT); INSERT INTO {name} VALUES (1), (2)");
    let down = format!("DROP TABLE {name}");
    let (empty, folder) = (empty(), folder(&[TAGS, ("2026-01-02-000001_order_lines", &up, &down)]));
    let (db, migrations) = (&empty.db, shop(&folder));
    db.migrate(&migrations).unwrap();
    let losses = db.migration_losses(&migrations, Target::All).unwrap();
    let tables: Vec<_> = losses.iter().flat_map(|loss| loss.tables.clone()).collect();
    assert_eq!(tables, [("Order lines".to_owned(), 2), ("tags".to_owned(), 0)]);
}

#[test]
fn tables_that_got_another_name_are_among_what_going_down_would_lose() {
    let rename = ("2026-01-02-000001_rename", "ALTER TABLE tags RENAME TO labels", "DROP TABLE IF EXISTS labels");
    let (empty, folder) = (empty(), folder(&[TAGS, rename]));
    let (db, migrations) = (&empty.db, shop(&folder));
    db.migrate(&migrations).unwrap();
    db.connection().unwrap().batch_execute("INSERT INTO labels VALUES (1)").unwrap();
    let losses = db.migration_losses(&migrations, Target::Steps(1)).unwrap();
    assert_eq!(losses[0].tables, [("labels".to_owned(), 1)]);

    // Also if the way down gives it its first name back.
    write(folder.path(), (rename.0, rename.1, "ALTER TABLE labels RENAME TO tags"));
    let losses = db.migration_losses(&migrations, Target::All).unwrap();
    assert_eq!((&losses[0].tables[..], &losses[1].tables[..]), (&[][..], &[("labels".to_owned(), 1)][..]));
}

#[test]
fn a_script_with_a_byte_order_mark_or_without_any_statement_is_run() {
    let (empty, folder) = (empty(), folder(&[TAGS, ("2026-01-02-000001_nothing", "-- Nothing yet.\n", "")]));
    let (db, migrations) = (&empty.db, shop(&folder));
    write(folder.path(), (TAGS.0, &format!("\u{feff}{}", TAGS.1), TAGS.2));
    assert_eq!(db.migrate(&migrations).unwrap().len(), 2);
    assert_eq!(db.migration_losses(&migrations, Target::All).unwrap()[1].tables, [("tags".to_owned(), 0)]);
    assert_eq!(db.migrate_down(&migrations, Target::All, |_| ()).unwrap().len(), 2);
}

#[test]
fn a_script_that_would_end_the_runners_own_transaction_is_refused() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    if !undoes_tables(db) {
        return;
    }
    write(folder.path(), ("2026-01-02-000001_commit", "CREATE TABLE labels (id BIGINT); COMMIT; SELECT 1", "SELECT 1"));
    let said = db.migrate(&migrations).unwrap_err().to_string();
    assert!(said.contains("2026-01-02-000001_commit") && said.contains("`-- transaction: none`"), "{said}");
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Empty);
}

#[test]
fn several_runners_at_once_apply_each_migration_once() {
    let (empty, folder) = (empty(), folder(&[TAGS, ITEMS, LABELS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    let start = Barrier::new(3);
    let run = || {
        start.wait();
        db.migrate(&migrations).unwrap().len()
    };
    let applied = std::thread::scope(|scope| {
        let runners = [scope.spawn(run), scope.spawn(run), scope.spawn(run)];
        runners.map(|runner| runner.join().unwrap()).iter().sum::<usize>()
    });
    assert_eq!(applied, 3);
    assert_eq!(rows(db, "items"), Some(1));
}

#[test]
fn a_runner_that_waits_too_long_for_another_says_that_the_database_is_locked() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let lock = match empty.db.connection().unwrap().engine() {
        Engine::Sqlite => "BEGIN IMMEDIATE",
        Engine::Postgres => "SELECT pg_advisory_lock(7235425822644661609)",
        Engine::Mysql => "DO GET_LOCK(CONCAT('diesel-migrate-', CRC32(DATABASE())), 0)",
    };
    let other = Database::open(&empty.url).unwrap();
    other.connection().unwrap().batch_execute(lock).unwrap();
    let impatient = Options::new().busy_timeout(Duration::from_millis(1));
    let runner = Database::open_with(&empty.url, impatient).unwrap();
    let refused = runner.migrate(&shop(&folder)).unwrap_err();
    assert!(refused.is_locked(), "{refused:?}");
    let holder = match runner.connection().unwrap().engine() {
        Engine::Sqlite => "timed out waiting for a lock",
        Engine::Postgres => " is being migrated by another program (process ",
        Engine::Mysql => " is being migrated by another program (connection ",
    };
    assert!(refused.to_string().contains(holder), "{refused}");
    drop(other);
    assert_eq!(runner.migrate(&shop(&folder)).unwrap().len(), 1, "the end of the connection has freed it");
}

#[test]
fn diesels_own_runner_and_this_one_continue_each_others_work() {
    let (empty, folder) = (empty(), folder(&[TAGS, ITEMS, LABELS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    let files = || FileBasedMigrations::from_path(folder.path()).unwrap();
    db.migrate_up(&migrations, Target::Steps(1), |_| ()).unwrap();
    let engine = db.connection().unwrap().engine();
    let mut connection = db.connection().unwrap();
    connection.run_next_migration(files()).unwrap();
    connection.run_next_migration(migrations.for_diesel(engine).unwrap()).unwrap();
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Current);
    assert_eq!(names(&db.migrate_down(&migrations, Target::Steps(2), |_| ()).unwrap()), [LABELS.0, ITEMS.0]);
    connection.revert_last_migration(files()).unwrap();
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Empty);
    assert_eq!(db.migrate(&migrations).unwrap().len(), 3, "what the journal still says of them does not count");
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Current);
}

#[test]
fn migrations_from_a_source_of_diesels_are_run_and_reverted() {
    let (empty, folder) = (empty(), folder(&[TAGS, ("2026-01-02-000001_wrong", "CREATE TABLE", "SELECT 1")]));
    let migrations = Migrations::diesel("shop", FileBasedMigrations::from_path(folder.path()).unwrap());
    let db = &empty.db;
    db.migrate_up(&migrations, Target::Steps(1), |_| ()).unwrap();
    let failed = db.migrate(&migrations).unwrap_err().to_string();
    assert!(failed.starts_with("migration 2026-01-02-000001_wrong failed going up: "), "{failed}");
    assert!(!failed.contains("Failed to run"), "{failed}");
    std::fs::remove_file(folder.path().join(TAGS.0).join("down.sql")).unwrap();
    let failed = db.migrate_down(&migrations, Target::All, |_| ()).unwrap_err().to_string();
    // MySQL left the second one half-way, so that it comes first.
    let unreverted = if undoes_tables(db) { TAGS.0 } else { return };
    assert_eq!(failed, format!("migration {unreverted} failed going down: it has no down.sql"));
}

#[test]
fn a_migration_without_a_way_down_is_kept() {
    let (empty, folder) = (empty(), folder(&[TAGS, ITEMS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    db.migrate(&migrations).unwrap();
    std::fs::remove_file(folder.path().join(TAGS.0).join("down.sql")).unwrap();
    let expected = format!("migration {} failed going down: it has no down.sql", TAGS.0);
    let failed = db.migrate_down(&migrations, Target::All, |_| ()).unwrap_err();
    assert_eq!(failed.to_string(), expected);
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Current, "neither is the one after it reverted");
    assert_eq!((rows(db, "tags"), rows(db, "items")), (Some(0), Some(1)));
    assert_eq!(db.plan_down(&migrations, Target::All).unwrap_err().to_string(), expected);
    assert_eq!(db.migration_losses(&migrations, Target::All).unwrap_err().to_string(), expected);
    assert_eq!(names(&db.migrate_down(&migrations, Target::Steps(1), |_| ()).unwrap()), [ITEMS.0]);
    assert_eq!(db.migrate_down(&migrations, Target::Steps(1), |_| ()).unwrap_err().to_string(), expected);
}

#[test]
fn a_script_that_was_changed_after_it_was_applied_is_marked_unless_only_its_layout_changed() {
    let (empty, folder) = (empty(), folder(&[TAGS, ITEMS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    let edited = || -> Vec<String> {
        let applied = db.migration_status(&migrations).unwrap().applied;
        applied.into_iter().filter(|applied| applied.edited).map(|applied| applied.migration.name).collect()
    };
    db.migrate(&migrations).unwrap();
    write(folder.path(), (TAGS.0, "-- Names of things.\nCREATE TABLE tags\n    (id BIGINT PRIMARY KEY)\n", TAGS.2));
    assert!(edited().is_empty());
    write(folder.path(), (TAGS.0, "CREATE TABLE tags (id BIGINT PRIMARY KEY, name TEXT)", TAGS.2));
    assert_eq!(edited(), [TAGS.0]);
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Current);
    assert_eq!(db.migrate_down(&migrations, Target::All, |_| ()).unwrap().len(), 2);
    db.migrate(&migrations).unwrap();
    assert!(edited().is_empty(), "it was applied anew");
}

#[test]
fn a_migration_that_fails_in_its_transaction_leaves_nothing_and_keeps_those_before_it() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    if !undoes_tables(db) {
        return;
    }
    db.migrate(&migrations).unwrap();
    let wrong =
        "CREATE TABLE labels (id BIGINT); INSERT INTO labels VALUES (1); -- é\n\nINSERT INTO nowhere VALUES (1)";
    write(folder.path(), ("2026-01-02-000001_wrong", wrong, "DROP TABLE labels"));
    let failed = db.migrate(&migrations).unwrap_err();
    assert!(
        matches!(&failed, Error::Failed { migration, direction: Direction::Up, done: 0, problem, .. }
            if migration == "2026-01-02-000001_wrong" && problem.contains("nowhere") && problem.ends_with("(line 3 of up.sql)")),
        "{failed:?}"
    );
    assert_eq!((rows(db, "tags"), rows(db, "labels")), (Some(0), None));
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Behind(1));
}

#[test]
fn the_first_migrations_of_a_database_are_recorded_together_or_not_at_all() {
    let (empty, folder) = (empty(), folder(&[TAGS, ("2026-01-02-000001_wrong", "CREATE TABLE", "SELECT 1")]));
    let (db, migrations) = (&empty.db, shop(&folder));
    db.migrate(&migrations).unwrap_err();
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Empty);
    assert_eq!(rows(db, "tags").is_none(), undoes_tables(db), "only MySQL keeps the table");
    write(folder.path(), ("2026-01-02-000001_wrong", "CREATE TABLE labels (id BIGINT)", "DROP TABLE labels"));
    assert_eq!(db.migrate(&migrations).unwrap().len(), 2);
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Current);
}

#[test]
fn a_statement_that_needs_to_be_outside_a_transaction_can_be() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    let outside = match db.connection().unwrap().engine() {
        Engine::Sqlite => "VACUUM; CREATE INDEX tags_odd ON tags (id)",
        Engine::Postgres => "VACUUM tags; CREATE INDEX CONCURRENTLY tags_odd ON tags (id)",
        Engine::Mysql => "CREATE INDEX tags_odd ON tags (id)",
    };
    write(folder.path(), ("2026-01-02-000001_index", outside, "SELECT 1"));
    if undoes_tables(db) {
        let failed = db.migrate(&migrations).unwrap_err().to_string();
        assert!(failed.contains("VACUUM") && failed.contains("transaction"), "{failed}");
    }
    without_transaction(folder.path(), "2026-01-02-000001_index");
    db.migrate(&migrations).unwrap();
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Current);
}

#[test]
fn a_setting_that_a_script_leaves_behind_reaches_no_unit_of_work() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    let (setting, shown) = match db.connection().unwrap().engine() {
        Engine::Sqlite => ("PRAGMA foreign_keys = OFF", "SELECT foreign_keys FROM pragma_foreign_keys"),
        Engine::Postgres => (
            "SET enable_seqscan = off",
            "SELECT CASE setting WHEN 'on' THEN 1::BIGINT ELSE 0 END FROM pg_settings WHERE name = 'enable_seqscan'",
        ),
        Engine::Mysql => ("SET foreign_key_checks = 0", "SELECT @@foreign_key_checks"),
    };
    write(folder.path(), ("2026-01-02-000001_setting", setting, "SELECT 1"));
    without_transaction(folder.path(), "2026-01-02-000001_setting");
    db.migrate(&migrations).unwrap();
    assert_eq!(number(&mut db.connection().unwrap(), shown), 1);
}
