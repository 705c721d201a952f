//! What fails in the middle of a run, and how it goes on: a full disk, a COMMIT that is refused, a server that goes away.

use folio_testing::TestEngine;
use folio_testing::relay::{Break, Relay};

use super::*;

const LISTS: &str = "2026-01-02-000001_create_lists";

/// A script whose second statement finds no room, as on a full disk, and what the database says then.
fn on_a_full_disk() -> (&'static str, &'static str) {
    match engine(module_path!()) {
        TestEngine::Sqlite => (
            "PRAGMA max_page_count = 40;\nCREATE TABLE lists (id BIGINT PRIMARY KEY, text BLOB);\n\
             INSERT INTO lists VALUES (1, zeroblob(1000000));",
            "database or disk is full",
        ),
        // A disk cannot be filled here; the error is that of one that is.
        TestEngine::Postgres => (
            "CREATE TABLE lists (id BIGINT PRIMARY KEY);\n\nDO $$ BEGIN\n    RAISE EXCEPTION USING ERRCODE = '53100', \
             MESSAGE = 'could not extend file: No space left on device';\nEND $$;",
            "No space left on device",
        ),
        TestEngine::Mysql | TestEngine::Mariadb => (
            "CREATE TABLE lists (id BIGINT PRIMARY KEY);\nSET SESSION max_heap_table_size = 16384;\n\
             CREATE TABLE full (text CHAR(200)) ENGINE = MEMORY SELECT REPEAT('x', 200) AS text \
             FROM information_schema.collations",
            "is full",
        ),
    }
}

#[test]
fn a_full_disk_is_told_with_the_migration_and_what_stands_and_going_on_works() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let db = &empty.db;
    db.migrate(&shop(&folder)).unwrap();
    let (up, said) = on_a_full_disk();
    write(folder.path(), (LISTS, up, "DROP TABLE lists"));
    let refused = db.migrate(&shop(&folder)).unwrap_err();
    let text = refused.to_string();
    let done = if undoes_tables(db) { 0 } else { 2 };
    assert!(matches!(&refused, Error::Failed { migration, done: d, .. } if migration == LISTS && *d == done), "{text}");
    // PostgreSQL has no position for an error that is not about the text of a statement.
    let line = if engine(module_path!()) == TestEngine::Postgres { "" } else { "(line 3 of up.sql)" };
    assert!(text.contains(said) && text.contains(line), "{text}");
    assert_eq!(rows(db, "lists"), (!undoes_tables(db)).then_some(0));
    assert_eq!(rows(db, "tags"), Some(0));

    // There is room again.
    let up = if undoes_tables(db) {
        "CREATE TABLE lists (id BIGINT PRIMARY KEY)".to_owned()
    } else {
        up.split_inclusive('\n').take(2).collect::<String>() + "CREATE TABLE full (id BIGINT PRIMARY KEY)"
    };
    write(folder.path(), (LISTS, &up, "DROP TABLE lists"));
    db.migrate(&shop(&folder)).unwrap();
    assert_eq!(db.schema_state(&shop(&folder)).unwrap(), SchemaState::Current);
    assert_eq!(rows(db, "lists"), Some(0));
}

#[test]
fn a_commit_that_is_refused_names_the_migration() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let db = &empty.db;
    if !undoes_tables(db) {
        return; // Each statement of MySQL's is its own commit, and it checks no constraint later.
    }
    db.migrate(&shop(&folder)).unwrap();
    let up = "CREATE TABLE lists (id BIGINT PRIMARY KEY, tag_id BIGINT REFERENCES tags (id) DEFERRABLE INITIALLY \
              DEFERRED); INSERT INTO lists VALUES (1, 9)";
    write(folder.path(), (LISTS, up, "DROP TABLE lists"));
    let refused = db.migrate(&shop(&folder)).unwrap_err();
    let text = refused.to_string();
    assert!(text.starts_with(&format!("migration {LISTS} failed going up: COMMIT: ")), "{text}");
    assert!(text.to_lowercase().contains("foreign key constraint"), "{text}");
    assert_eq!(rows(db, "lists"), None);
}

/// The database through a relay, unless it is a file.
fn behind_a_relay(empty: &Empty) -> Option<(Database, Relay)> {
    let (before, rest) = empty.url.rsplit_once(':')?;
    let (port, name) = rest.split_once('/').filter(|_| before.contains('@'))?;
    let relay = Relay::new("127.0.0.1", port.parse().unwrap()).unwrap();
    let url = format!("{before}:{}/{name}", relay.port());
    Some((Database::open(&url).unwrap(), relay))
}

#[test]
fn a_server_that_goes_away_in_a_script_or_between_two_is_told_and_going_on_works() {
    // Before the first script where a transaction begins there, at its first statement, in its middle, when it is noted,
    // and at the one after it.
    let before = if engine(module_path!()) == TestEngine::Postgres { "before the next migration" } else { LISTS };
    for (sent, when, said) in [
        ("BEGIN", Break::Before, before),
        ("CREATE TABLE lists", Break::Before, LISTS),
        ("CREATE TABLE entries", Break::After, LISTS),
        ("20260102000001", Break::Before, LISTS),
        ("CREATE TABLE labels", Break::Before, LABELS.0),
    ] {
        let (empty, folder) = (empty(), folder(&[TAGS]));
        let Some((db, relay)) = behind_a_relay(&empty) else { return };
        db.migrate(&shop(&folder)).unwrap();
        let lists = "CREATE TABLE lists (id BIGINT PRIMARY KEY);\nCREATE TABLE entries (id BIGINT PRIMARY KEY)";
        write(folder.path(), (LISTS, lists, "DROP TABLE entries; DROP TABLE lists"));
        write(folder.path(), LABELS);
        relay.break_at(sent, when);
        let lost = db.migrate(&shop(&folder)).unwrap_err();
        let text = lost.to_string();
        assert!(matches!(&lost, Error::Disconnected { .. }), "{sent}: {lost:?}");
        assert!(text.starts_with("lost the connection to the database ") && !text.contains("unit of work"), "{text}");
        assert!(text.contains(said), "{sent}: {text}");
        assert!(text.contains("going up again continues"), "{text}");
        assert!(lost.session().is_some_and(|error| error.is_disconnected()), "{lost:?}");

        db.migrate(&shop(&folder)).unwrap_or_else(|error| panic!("{sent}: {error}"));
        assert_eq!(db.schema_state(&shop(&folder)).unwrap(), SchemaState::Current, "{sent}");
        assert_eq!((rows(&db, "lists"), rows(&db, "entries"), rows(&db, "labels")), (Some(0), Some(0), Some(0)));
    }
}
