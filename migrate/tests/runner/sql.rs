//! Migrations written out as a script, played by the engine's own client.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;

const LABELLED: Scripts<'_> = (
    "2026-01-04-000001_label_tags",
    "-- What it's about; a name of two words.\nALTER TABLE tags ADD COLUMN label VARCHAR(40);\n\
     INSERT INTO tags (id, label) VALUES (1, 'it''s; größer'); -- one\nSELECT 1 -- the end",
    "DELETE FROM tags; ALTER TABLE tags DROP COLUMN label",
);
const ALONE: Scripts<'_> = (
    "2026-01-05-000001_alone",
    "-- transaction: none\n-- lock_timeout: 2s\n-- statement_timeout: 1min\nCREATE TABLE alone (id BIGINT PRIMARY KEY);",
    "DROP TABLE alone",
);
const SCRIPTS: [Scripts<'_>; 5] = [TAGS, ITEMS, LABELS, LABELLED, ALONE];

/// A trigger, whose body has semicolons of its own.
fn trigger(engine: Engine) -> Scripts<'static> {
    let (up, down) = match engine {
        Engine::Sqlite => (
            "CREATE TRIGGER t AFTER INSERT ON labels BEGIN INSERT INTO tags (id) VALUES (NEW.id); DELETE FROM items; END;",
            "DROP TRIGGER t",
        ),
        Engine::Postgres => (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO tags (id) VALUES (NEW.id); \
             DELETE FROM items; RETURN NULL; END $$; CREATE TRIGGER t AFTER INSERT ON labels FOR EACH ROW EXECUTE FUNCTION f();",
            "DROP TRIGGER t ON labels; DROP FUNCTION f",
        ),
        Engine::Mysql => (
            "CREATE TRIGGER t AFTER INSERT ON labels FOR EACH ROW BEGIN INSERT INTO tags (id, label) VALUES (NEW.id, '$$'); \
             DELETE FROM items; END;",
            "DROP TRIGGER t",
        ),
    };
    ("2026-01-06-000001_trigger", up, down)
}

/// Plays a script into a database with the engine's client, whose errors it returns. The servers come with theirs;
/// without `sqlite3`, the connection plays the script.
fn play(empty: &Empty, script: &str) -> Result<(), String> {
    let part = |from: &str, to: &str| {
        let rest = empty.url.split_once(from).map_or("", |(_, rest)| rest);
        rest.split_once(to).map_or(rest, |(part, _)| part).to_owned()
    };
    let mut client = match empty.db.connection().unwrap().engine() {
        Engine::Sqlite if Command::new("sqlite3").arg("--version").output().is_err() => {
            let statements: Vec<_> = script.lines().filter(|line| !line.starts_with('.')).collect();
            return empty
                .db
                .connection()
                .unwrap()
                .batch_execute(&statements.join("\n"))
                .map_err(|error| error.to_string());
        }
        Engine::Sqlite => {
            let mut client = Command::new("sqlite3");
            client.arg(&empty.url);
            client
        }
        Engine::Postgres => {
            let mut client = Command::new("psql");
            client.args(["--no-psqlrc", "--quiet", "--dbname", &empty.url]).env("PGTZ", "Asia/Tokyo");
            client
        }
        Engine::Mysql => {
            let mut client = Command::new("mariadb");
            let (host, port) = (part("@", ":"), part("@", "/"));
            let port = port.split_once(':').unwrap().1.to_owned();
            client.args(["--no-defaults", "--user=app", "--password=pw", "--host", &host, "--port", &port]);
            client.arg(empty.url.rsplit_once('/').unwrap().1);
            client
        }
    };
    let mut client = client.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // A client that stops at an error reads no further.
    drop(client.stdin.take().unwrap().write_all(script.as_bytes()));
    let ended = client.wait_with_output().unwrap();
    if ended.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&ended.stderr).into_owned()) }
}

/// The names of the migrations that are applied, none of them edited.
fn applied(db: &Database, migrations: &Migrations) -> Vec<String> {
    let status = db.migration_status(migrations).unwrap();
    assert!(status.applied.iter().all(|applied| !applied.edited), "{status:?}");
    status.applied.into_iter().map(|applied| applied.migration.name).collect()
}

#[test]
fn a_script_played_into_an_empty_database_is_what_the_runner_does_there() {
    let (empty, folder) = (empty(), folder(&SCRIPTS));
    let (db, migrations) = (&empty.db, Migrations::folder("it's \\ shop", folder.path()));
    let engine = db.connection().unwrap().engine();
    write(folder.path(), trigger(engine));
    play(&empty, &migrations.sql(engine, Direction::Up, None, &Target::All).unwrap()).unwrap();
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Current);
    assert_eq!(applied(db, &migrations).len(), 6);
    assert_eq!(number(&mut db.connection().unwrap(), "SELECT COUNT(*) FROM tags WHERE label = 'it''s; größer'"), 1);
    db.connection().unwrap().batch_execute("INSERT INTO labels (id) VALUES (9)").unwrap();
    assert_eq!((rows(db, "tags"), rows(db, "items")), (Some(2), Some(0)), "the trigger");
    let now = diesel_session::prelude::Timestamp::now().to_string();
    let run_on = db.migration_status(&migrations).unwrap().applied[0].run_on.to_string();
    assert_eq!(now[..10], run_on[..10], "in UTC");
    assert_eq!(db.migrate_down(&migrations, Target::All, |_| ()).unwrap().len(), 6);
    assert_eq!(db.schema_state(&migrations).unwrap(), SchemaState::Empty);
}

#[test]
fn folios_migrations_are_played_as_they_are() {
    let empty = empty();
    let engine = empty.db.connection().unwrap().engine();
    let migrations = Migrations::folder("folio", concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations"));
    play(&empty, &migrations.sql(engine, Direction::Up, None, &Target::All).unwrap()).unwrap();
    assert_eq!(empty.db.schema_state(&migrations).unwrap(), SchemaState::Current);
    let all = migrations.list(engine).unwrap();
    assert_eq!(applied(&empty.db, &migrations), all.into_iter().map(|migration| migration.name).collect::<Vec<_>>());
    play(&empty, &migrations.sql(engine, Direction::Down, None, &Target::All).unwrap()).unwrap();
    assert_eq!(empty.db.schema_state(&migrations).unwrap(), SchemaState::Empty);
}

#[test]
fn a_script_continues_what_the_runner_began_and_the_runner_what_the_script_did() {
    let (empty, folder) = (empty(), folder(&SCRIPTS));
    let (db, migrations) = (&empty.db, shop(&folder));
    let engine = db.connection().unwrap().engine();
    let to = |scripts: Scripts<'_>| Target::To(scripts.0.to_owned());
    let sql = |direction, from: Scripts<'_>, target| migrations.sql(engine, direction, Some(from.0), &target).unwrap();
    db.migrate_up(&migrations, to(TAGS), |_| ()).unwrap();
    play(&empty, &sql(Direction::Up, TAGS, to(LABELS))).unwrap();
    assert_eq!(applied(db, &migrations), [TAGS.0, ITEMS.0, LABELS.0]);
    assert_eq!(names(&db.migrate(&migrations).unwrap()), [LABELLED.0, ALONE.0]);
    play(&empty, &sql(Direction::Down, ALONE, to(LABELS))).unwrap();
    play(&empty, &sql(Direction::Down, LABELS, Target::Steps(1))).unwrap();
    assert_eq!(applied(db, &migrations), [TAGS.0, ITEMS.0]);
    assert_eq!(db.migrate(&migrations).unwrap().len(), 3);
}

#[test]
fn a_script_stops_at_the_first_error_and_when_it_is_played_again() {
    let broken = ("2026-01-02-000002_broken", "CREATE TABLE half (id BIGINT PRIMARY KEY); DROP TABLE nothing", "");
    let (empty, folder) = (empty(), folder(&[TAGS, broken, LABELS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    let script = migrations.sql(db.connection().unwrap().engine(), Direction::Up, None, &Target::All).unwrap();
    let said = play(&empty, &script).unwrap_err();
    assert!(said.contains("nothing"), "{said}");
    assert_eq!(applied(db, &migrations), [TAGS.0]);
    assert_eq!(rows(db, "half").is_none(), undoes_tables(db));
    let said = play(&empty, &script).unwrap_err();
    assert!(undoes_tables(db) == said.contains("__diesel_schema_migrations"), "{said}");
    assert_eq!(rows(db, "labels"), None);
}

#[test]
fn a_script_has_what_its_client_needs() {
    let empty = empty();
    let engine = empty.db.connection().unwrap().engine();
    let folder = folder(&[TAGS, ALONE]);
    write(folder.path(), trigger(engine));
    let script = shop(&folder).sql(engine, Direction::Up, Some(TAGS.0), &Target::All).unwrap();
    let tables = script.find("CREATE TABLE IF NOT EXISTS __diesel_migrate ").unwrap();
    let (head, alone) = (&script[..tables], script.find("\n-- 2026-01-05-000001_alone\n").unwrap());
    let (alone, trigger) = script[alone..].split_at(script[alone..].find("\n-- 2026-01-06-000001_trigger\n").unwrap());
    let lines = |text: &str, wanted: &str| text.lines().filter(|line| line.starts_with(wanted)).count();
    assert_eq!(lines(alone, "BEGIN"), 0, "{alone}");
    let (stop, limit, reset, begins) = match engine {
        Engine::Sqlite => (".bail on", "", "", "BEGIN IMMEDIATE;"),
        Engine::Postgres => ("\\set ON_ERROR_STOP on", "SET lock_timeout = '2000ms';", "RESET lock_timeout;", "BEGIN;"),
        Engine::Mysql => (
            "SET NAMES utf8mb4;",
            "SET SESSION innodb_lock_wait_timeout = 2;",
            "SET SESSION innodb_lock_wait_timeout = DEFAULT;",
            "DELIMITER $$$",
        ),
    };
    assert_eq!(head.lines().nth(1), Some(stop));
    assert_eq!((lines(alone, limit) > 0, lines(alone, reset) > 0), (true, true), "{alone}");
    assert_eq!(lines(trigger, begins), 1, "{trigger}");
    assert_eq!(lines(trigger, "COMMIT;"), usize::from(undoes_tables(&empty.db)), "{trigger}");
}

#[test]
fn what_cannot_be_written_out_is_refused() {
    let folder = folder(&[TAGS, ("2026-01-02-000001_own", "BEGIN; SELECT 1; COMMIT", "")]);
    std::fs::remove_file(folder.path().join("2026-01-02-000001_own/down.sql")).unwrap();
    let migrations = shop(&folder);
    let empty = empty();
    let engine = empty.db.connection().unwrap().engine();
    let sql =
        |direction, from, target| migrations.sql(engine, direction, from, &target).map_err(|error| error.to_string());
    let said = sql(Direction::Down, None, Target::All).unwrap_err();
    assert_eq!(said, "2026-01-02-000001_own (down): it has no down.sql");
    if undoes_tables(&empty.db) {
        let said = sql(Direction::Up, None, Target::All).unwrap_err();
        assert!(said.starts_with("2026-01-02-000001_own (up): it begins or ends a transaction of its own"), "{said}");
    }
    for refused in
        [sql(Direction::Up, Some("20270101"), Target::All), sql(Direction::Up, None, Target::To("20270101".to_owned()))]
    {
        assert_eq!(refused.unwrap_err(), "shop has no migration 20270101");
    }
    let of_diesel = Migrations::diesel("shop", FileBasedMigrations::from_path(folder.path()).unwrap());
    let said = of_diesel.sql(engine, Direction::Up, None, &Target::Steps(1)).unwrap_err().to_string();
    assert!(said.contains(TAGS.0) && said.contains("source of Diesel's"), "{said}");
}
