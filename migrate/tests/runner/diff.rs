//! Drift: never where there is none, told where there is, and mended by its own statements.

use diesel_migrate::schema::Schema;
use diesel_migrate::{Change, Difference, Object, Proof};

use super::*;
use crate::everything;
use crate::spoils::spoils;

const EVERYTHING: &str = "2026-01-01-000001_everything";

/// A database with something of everything, just migrated.
fn migrated() -> (Empty, tempfile::TempDir, Engine) {
    let empty = empty();
    let engine = empty.db.connection().unwrap().engine();
    let folder = folder(&[(EVERYTHING, everything::up(engine), everything::down(engine))]);
    empty.db.migrate(&shop(&folder)).unwrap();
    (empty, folder, engine)
}

#[track_caller]
fn execute(db: &Database, script: &str) {
    db.connection().unwrap().batch_execute(script).unwrap();
}

fn lines(differences: &[Difference]) -> Vec<String> {
    differences.iter().map(ToString::to_string).collect()
}

/// Executes the statements of the differences, as an operator would.
fn mend(db: &Database, differences: &[Difference]) {
    let mut connection = db.connection().unwrap();
    for statement in differences.iter().flat_map(|difference| &difference.sql) {
        connection.batch_execute(statement).unwrap_or_else(|error| panic!("{error}\n{statement}\n{differences:#?}"));
    }
}

#[test]
fn a_database_just_migrated_has_no_drift() {
    let (empty, folder, _) = migrated();
    assert_eq!(lines(&empty.db.drift(&shop(&folder)).unwrap()), [""; 0]);
}

#[test]
fn a_database_made_from_the_same_scripts_by_hand_or_by_diesels_runner_has_no_drift() {
    let (empty, other) = (empty(), self::empty());
    let engine = empty.db.connection().unwrap().engine();
    let folder = folder(&[(EVERYTHING, everything::up(engine), everything::down(engine)), LABELS]);
    let files = FileBasedMigrations::from_path(folder.path()).unwrap();
    empty.db.connection().unwrap().run_pending_migrations(files).unwrap();
    assert_eq!(lines(&empty.db.drift(&shop(&folder)).unwrap()), [""; 0]);

    let db = &other.db;
    if engine == Engine::Mysql {
        execute(db, "SET NAMES latin1");
    }
    execute(db, everything::up(engine));
    execute(db, LABELS.1);
    execute(
        db,
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
                 run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
    );
    execute(db, "INSERT INTO __diesel_schema_migrations (version) VALUES ('20260101000001'), ('20260103000001')");
    assert_eq!(lines(&db.drift(&shop(&folder)).unwrap()), [""; 0]);
}

#[test]
fn what_the_order_of_columns_and_the_names_of_constraints_are_is_no_drift() {
    let empty = empty();
    let folder = folder(&[
        ("2026-01-01-000001_one", "CREATE TABLE one (id BIGINT PRIMARY KEY, a INT NOT NULL UNIQUE, b INT)", ""),
        ("2026-01-02-000001_two", "CREATE TABLE two (a INT REFERENCES one (a), CHECK (a > 0))", ""),
    ]);
    empty.db.migrate(&shop(&folder)).unwrap();
    execute(
        &empty.db,
        "DROP TABLE two; DROP TABLE one; \
         CREATE TABLE one (b INT, a INT NOT NULL, id BIGINT NOT NULL, CONSTRAINT a_once UNIQUE (a), \
             CONSTRAINT the_key PRIMARY KEY (id)); \
         CREATE TABLE two (a INT, CONSTRAINT positive CHECK (a > 0))",
    );
    let drift = empty.db.drift(&shop(&folder)).unwrap();
    let engine = empty.db.connection().unwrap().engine();
    let references = match engine {
        // MySQL ignores an inline REFERENCES up to version 8, and MariaDB and MySQL 9 do not.
        Engine::Mysql => drift.len() <= 3,
        // SQLite's primary key may be NULL unless it says otherwise.
        Engine::Sqlite => drift.len() == 2,
        Engine::Postgres => drift.len() == 1,
    };
    assert!(references, "{:?}", lines(&drift));
    mend(&empty.db, &drift);
    assert_eq!(lines(&empty.db.drift(&shop(&folder)).unwrap()), [""; 0]);
}

#[test]
fn each_kind_of_drift_is_told_and_mended_by_its_statements() {
    let (empty, folder, engine) = migrated();
    let (db, migrations) = (&empty.db, shop(&folder));
    // What the migrations make in a scratch database, which is made once here and not for each.
    assert_eq!(lines(&db.drift(&migrations).unwrap()), [""; 0]);
    let expected = Schema::read(&mut db.connection().unwrap()).unwrap();
    let drift_of = |db: &Database| expected.differences(&Schema::read(&mut db.connection().unwrap()).unwrap(), engine);
    execute(db, "INSERT INTO settings (name) VALUES ('a')");
    for (spoil, line) in spoils(engine) {
        execute(db, spoil);
        let drift = drift_of(db);
        assert!(lines(&drift).iter().any(|told| told.starts_with(line)), "{spoil}\n{line}\n{:#?}", lines(&drift));
        mend(db, &drift);
        assert_eq!(lines(&drift_of(db)), [""; 0], "{spoil}\n{drift:#?}");
    }
    let kept = rows(db, "settings");
    assert!(kept.is_some_and(|kept| kept <= 1), "{kept:?}");
}

#[test]
fn every_column_and_constraint_of_sqlite_is_compared_and_rebuilt_with_its_rows() {
    let empty = empty();
    if empty.db.connection().unwrap().engine() != Engine::Sqlite {
        return;
    }
    let tags = "CREATE TABLE tags (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL DEFAULT 'x' COLLATE NOCASE, \
                size INT CHECK (size > 0), half INT AS (size / 2), shop INT REFERENCES shops (id) ON DELETE CASCADE, \
                UNIQUE (name))";
    let folder = folder(&[
        ("2026-01-01-000001_shops", "CREATE TABLE shops (id INTEGER PRIMARY KEY)", "DROP TABLE shops"),
        ("2026-01-01-000002_tags", tags, "DROP TABLE tags"),
        (
            "2026-01-01-000003_more",
            "CREATE INDEX tags_by_size ON tags (size); CREATE VIEW sizes AS SELECT size FROM tags; \
             CREATE TABLE notes (tag INT REFERENCES tags (id))",
            "",
        ),
    ]);
    let (db, migrations) = (&empty.db, shop(&folder));
    db.migrate(&migrations).unwrap();
    execute(db, "INSERT INTO shops VALUES (1)");
    for (from, to, line) in [
        ("size INT", "size BIGINT", "column size: the type is BIGINT and should be INT"),
        ("TEXT NOT NULL", "TEXT", "column name: the nullability is NULL and should be NOT NULL"),
        ("'x'", "'y'", "column name: the default is 'y' and should be 'x'"),
        (" COLLATE NOCASE", "", "column name: the collation is none and should be NOCASE"),
        (" AUTOINCREMENT", "", "column id: the source of its values is the row's number and should be AUTO_INCREMENT"),
        ("size / 2", "size / 3", "column half: the source of its values is GENERATED ALWAYS AS (size / 3) VIRTUAL"),
        ("CHECK (size > 0)", "", "the check size > 0 is missing"),
        ("size > 0", "size > 1", "the check size > 1 is extra"),
        (" REFERENCES shops (id) ON DELETE CASCADE", "", "the foreign key (shop) to shops (id) is missing"),
        (", UNIQUE (name)", "", "the UNIQUE constraint (name) is missing"),
        ("UNIQUE (name)", "UNIQUE (name, size)", "the UNIQUE constraint (name, size) is extra"),
        (", half INT AS (size / 2)", "", "column half is missing"),
    ] {
        execute(db, "DROP VIEW sizes; PRAGMA foreign_keys = OFF; DROP TABLE tags; PRAGMA foreign_keys = ON");
        execute(db, &tags.replace(from, to));
        execute(
            db,
            "INSERT INTO tags (id, name, size, shop) VALUES (5, 'a', 9, 1); CREATE VIEW sizes AS SELECT size FROM tags",
        );
        execute(db, "INSERT INTO notes VALUES (5)");
        let drift = db.drift(&migrations).unwrap();
        assert!(lines(&drift).iter().any(|told| told.contains(line)), "{line}\n{:#?}", lines(&drift));
        mend(db, &drift);
        assert_eq!(lines(&db.drift(&migrations).unwrap()), [""; 0], "{line}");
        assert_eq!((rows(db, "tags WHERE id = 5 AND size = 9"), rows(db, "notes")), (Some(1), rows(db, "notes")));
        let mut connection = db.connection().unwrap();
        assert_eq!(number(&mut connection, "SELECT COUNT(*) FROM pragma_foreign_key_check"), 0);
        assert_eq!(number(&mut connection, "SELECT foreign_keys FROM pragma_foreign_keys"), 1);
    }
}

#[test]
fn only_the_applied_migrations_count() {
    let (empty, folder) = (empty(), folder(&[TAGS, LABELS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    assert_eq!(lines(&db.drift(&migrations).unwrap()), [""; 0]);
    db.migrate_up(&migrations, Target::Steps(1), |_| ()).unwrap();
    assert_eq!(lines(&db.drift(&migrations).unwrap()), [""; 0]);
    execute(db, LABELS.1);
    assert_eq!(lines(&db.drift(&migrations).unwrap()), ["table labels is extra"]);
}

#[test]
fn tables_of_other_applications_are_no_drift_and_extra_columns_of_ones_own_are() {
    let (empty, folder, others) = (empty(), folder(&[TAGS]), folder(&[LABELS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    let forum = Migrations::folder("forum", others.path());
    db.migrate(&migrations).unwrap();
    db.migrate_up(&forum, Up::to(Target::All).into_existing(), |_| ()).unwrap();
    execute(db, "CREATE VIEW label_ids AS SELECT id FROM labels");
    for migrations in [&migrations, &forum] {
        assert_eq!(lines(&db.drift(migrations).unwrap()), [""; 0]);
    }
    execute(db, "ALTER TABLE tags ADD COLUMN stray INT");
    assert_eq!(lines(&db.drift(&migrations).unwrap()), ["table tags, column stray is extra"]);
    assert_eq!(lines(&db.drift(&forum).unwrap()), [""; 0]);
}

#[test]
fn a_table_that_a_later_migration_dropped_is_drift_in_a_shared_database_too() {
    let (empty, others) = (empty(), folder(&[LABELS]));
    let folder = folder(&[TAGS, ("2026-02-01-000001_drop", "DROP TABLE tags", TAGS.1)]);
    let (db, migrations) = (&empty.db, shop(&folder));
    db.migrate(&migrations).unwrap();
    db.migrate_up(&Migrations::folder("forum", others.path()), Up::to(Target::All).into_existing(), |_| ()).unwrap();
    execute(db, TAGS.1);
    let drift = db.drift(&migrations).unwrap();
    assert_eq!(drift[0].object, Object::Table { table: "tags".to_owned() });
    assert_eq!((&drift[0].change, drift.len()), (&Change::Extra, 1));
}

#[test]
fn drift_of_a_database_of_others_or_of_a_newer_version_is_refused() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let (db, migrations) = (&empty.db, shop(&folder));
    execute(db, "CREATE TABLE orders (id BIGINT)");
    assert!(matches!(db.drift(&migrations).unwrap_err(), Error::Foreign { place, .. } if place == db.place()));
    db.migrate_up(&migrations, Up::to(Target::All).into_existing(), |_| ()).unwrap();
    execute(db, &folio_testing::recorded("20991231000000", "shop"));
    assert!(matches!(db.drift(&migrations).unwrap_err(), Error::Newer { .. }));
}

#[test]
fn a_scratch_database_of_the_callers_must_be_empty_and_is_left_empty() {
    let (live, folder, engine) = migrated();
    let (scratch, migrations) = (empty(), shop(&folder));
    let functions = if engine == Engine::Postgres { "DROP FUNCTION reopen()" } else { "SELECT 1" };
    for _ in 0..2 {
        assert_eq!(lines(&live.db.drift_with(&migrations, &scratch.db).unwrap()), [""; 0]);
        execute(&scratch.db, functions);
        let left = Schema::read(&mut scratch.db.connection().unwrap()).unwrap();
        assert_eq!(left, Schema::default());
    }
    execute(&scratch.db, "CREATE TABLE a (id INT)");
    let refused = live.db.drift_with(&migrations, &scratch.db).unwrap_err().to_string();
    assert!(refused.contains("it contains tables (a); a scratch database must be empty"), "{refused}");
}

#[test]
fn no_scratch_table_remains_if_a_migration_fails() {
    let (live, folder, engine) = migrated();
    let (db, scratch, migrations) = (&live.db, empty(), shop(&folder));
    write(folder.path(), (EVERYTHING, "CREATE TABLE here (id INT); SELECT no_such_column", ""));
    for failed in [db.drift(&migrations), db.drift_with(&migrations, &scratch.db)] {
        assert!(matches!(failed, Err(Error::Failed { migration, .. }) if migration == EVERYTHING));
    }
    assert_eq!(rows(&scratch.db, "here"), None);
    if engine == Engine::Mysql {
        // Tests that run beside this one have scratch databases with other tables.
        let left = "SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'here'";
        assert_eq!(number(&mut db.connection().unwrap(), left), 0);
    }
}

/// The same database for a user without the right to create others.
fn limited(empty: &Empty, name: &str) -> Database {
    let db = &empty.db;
    let (_, database) = empty.url.rsplit_once('/').unwrap();
    let url = match db.connection().unwrap().engine() {
        Engine::Sqlite => return Database::open(&empty.url).unwrap(),
        Engine::Postgres => {
            execute(db, &format!("CREATE ROLE {name} LOGIN; GRANT CREATE ON DATABASE {database} TO {name}"));
            execute(db, &format!("GRANT ALL ON SCHEMA public TO {name}"));
            empty.url.replace("//app@", &format!("//{name}@"))
        }
        Engine::Mysql => {
            execute(db, &format!("CREATE USER {name}@'127.0.0.1' IDENTIFIED BY 'pw'"));
            execute(db, &format!("GRANT ALL ON {database}.* TO {name}@'127.0.0.1'"));
            empty.url.replace("//app:", &format!("//{name}:"))
        }
    };
    Database::open(&url).unwrap()
}

#[test]
fn a_user_who_may_not_create_a_database_is_served_or_told_what_helps() {
    let (live, given, folder) = (empty(), empty(), folder(&[TAGS, LABELS]));
    let (db, migrations) = (limited(&live, "drifting"), shop(&folder));
    db.migrate(&migrations).unwrap();
    execute(&db, "ALTER TABLE tags ADD COLUMN stray INT");
    let drift = match db.connection().unwrap().engine() {
        Engine::Sqlite => db.drift(&migrations).unwrap(),
        Engine::Postgres => {
            let schemas = "SELECT COUNT(*) FROM pg_namespace WHERE nspname LIKE 'diesel_migrate_scratch_%'";
            let drift = db.drift(&migrations).unwrap();
            assert!(db.prove_migrations(&migrations).unwrap().iter().all(Proof::is_proven));
            assert_eq!(number(&mut db.connection().unwrap(), schemas), 0);
            without_transaction(folder.path(), TAGS.0);
            let refused = db.drift(&migrations).unwrap_err().to_string();
            assert!(refused.contains("runs without a transaction"), "{refused}");
            drift
        }
        Engine::Mysql => {
            let refused = db.drift(&migrations).unwrap_err();
            assert!(matches!(&refused, Error::Scratch { place, .. } if place == db.place()), "{refused:?}");
            let said = refused.to_string();
            assert!(said.ends_with("ALL on `diesel\\_migrate\\_scratch\\_%`.*, or supply an empty database"), "{said}");
            execute(&live.db, "GRANT ALL ON `diesel\\_migrate\\_scratch\\_%`.* TO drifting@'127.0.0.1'");
            db.drift(&migrations).unwrap()
        }
    };
    assert_eq!(lines(&drift), ["table tags, column stray is extra"]);
    assert_eq!(db.drift_with(&migrations, &given.db).unwrap(), drift);
}

#[test]
fn tables_in_another_schema_or_of_another_collation_have_no_drift() {
    let (live, folder) =
        (empty(), folder(&[LABELS, ("2026-01-04-000001_a", "CREATE TABLE a (b VARCHAR(9) PRIMARY KEY)", "")]));
    let (db, migrations) = (&live.db, shop(&folder));
    let url = match db.connection().unwrap().engine() {
        Engine::Sqlite => return,
        Engine::Postgres => {
            execute(db, "CREATE SCHEMA app");
            format!("{}?options=-csearch_path%3Dapp", live.url)
        }
        Engine::Mysql => {
            let (_, database) = live.url.rsplit_once('/').unwrap();
            execute(db, &format!("ALTER DATABASE {database} CHARACTER SET latin1 COLLATE latin1_bin"));
            live.url.clone()
        }
    };
    let db = Database::open(&url).unwrap();
    db.migrate(&migrations).unwrap();
    assert_eq!(lines(&db.drift(&migrations).unwrap()), [""; 0]);
    let schema = Schema::read(&mut db.connection().unwrap()).unwrap();
    assert_eq!(schema.table("a").unwrap().columns[0].collation, None);
    execute(&db, "DROP TABLE labels");
    assert_eq!(lines(&db.drift(&migrations).unwrap()), ["table labels is missing"]);
}
