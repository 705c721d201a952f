//! The settings at the head of a script.

use diesel_session::connection::Mode;

use super::*;

/// A migration that locks the rows or the table `tags`.
fn locking(settings: &str) -> Scripts<'_> {
    let up: &'static str =
        Box::leak(format!("{settings}\nALTER TABLE tags ADD COLUMN name VARCHAR(9)").into_boxed_str());
    ("2026-01-02-000001_name_tags", up, "ALTER TABLE tags DROP COLUMN name")
}

#[test]
fn a_script_says_at_its_head_that_it_runs_without_a_transaction() {
    for script in ["up", "down"] {
        let (empty, folder) = (empty(), folder(&[TAGS, ITEMS]));
        let file = folder.path().join(ITEMS.0).join(format!("{script}.sql"));
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("-- transaction: none\n{text}")).unwrap();
        let plan = empty.db.plan_up(&shop(&folder), Target::All).unwrap();
        assert_eq!(plan.iter().map(|plan| plan.transaction).collect::<Vec<_>>(), [undoes_tables(&empty.db), false]);
        assert_eq!(empty.db.migrate(&shop(&folder)).unwrap().len(), 2);
        assert_eq!(empty.db.migrate_down(&shop(&folder), Target::All, |_| ()).unwrap().len(), 2);
    }
}

#[test]
fn a_wrong_setting_is_named_with_its_file_and_line() {
    let (empty, folder) = (empty(), folder(&[(TAGS.0, "-- why\n-- lock_timeout: soon\nSELECT 1", TAGS.2)]));
    let said = empty.db.migrate(&shop(&folder)).unwrap_err().to_string();
    let file = folder.path().join(TAGS.0).join("up.sql");
    let expected = format!("{}: line 2: lock_timeout: soon is not a time, such as 500ms, 5s or 10min", file.display());
    assert_eq!(said, expected);
}

#[test]
fn a_statement_waits_for_a_lock_as_long_as_its_script_says_and_is_tried_again_as_often() {
    let (empty, folder) = (empty(), folder(&[TAGS]));
    let db = &empty.db;
    if db.connection().unwrap().engine() == Engine::Sqlite {
        return; // It waits for its one lock before the script begins.
    }
    db.migrate(&shop(&folder)).unwrap();
    let mut holder = db.maintenance().unwrap();
    holder.begin(Mode::Write, None).unwrap();
    holder.batch_execute("INSERT INTO tags VALUES (1)").unwrap();

    // A sequence counts the attempts: a rollback does not undo it.
    let postgres = db.connection().unwrap().engine() == Engine::Postgres;
    if postgres {
        db.connection().unwrap().batch_execute("CREATE SEQUENCE attempts").unwrap();
    }
    let count = if postgres { "SELECT nextval('attempts');" } else { "" };
    let limits = Box::leak(format!("-- lock_timeout: 1s\n-- retry: 2\n{count}").into_boxed_str());
    write(folder.path(), locking(limits));
    let patient = Database::open_with(&empty.url, Options::new().busy_timeout(Duration::from_secs(3600))).unwrap();
    let refused = patient.migrate(&shop(&folder)).unwrap_err();
    assert!(refused.is_locked(), "{refused:?}");
    if postgres {
        assert_eq!(number(&mut db.connection().unwrap(), "SELECT last_value FROM attempts"), 3);
    }
    holder.commit().unwrap();
    assert_eq!(patient.migrate(&shop(&folder)).unwrap().len(), 1);
}

#[test]
fn the_limits_of_a_script_end_with_it() {
    let (empty, folder) = (empty(), folder(&[TAGS, ITEMS]));
    let read = match empty.db.connection().unwrap().engine() {
        Engine::Sqlite => return,
        Engine::Postgres => "SELECT CAST(EXTRACT(epoch FROM current_setting('lock_timeout')::interval) AS BIGINT)",
        Engine::Mysql => "SELECT @@SESSION.lock_wait_timeout",
    };
    let mut connection = empty.db.maintenance().unwrap();
    let before = number(&mut connection, read);
    let during = format!("-- lock_timeout: 7s\n{}; INSERT INTO tags VALUES (({read}))", TAGS.1);
    write(folder.path(), (TAGS.0, &during, TAGS.2));
    write(folder.path(), (ITEMS.0, &format!("{}; INSERT INTO items (id) VALUES (({read}) + 1)", ITEMS.1), ITEMS.2));
    shop(&folder).up(&mut connection, Target::All, |_| ()).unwrap();
    assert_eq!(number(&mut connection, "SELECT MAX(id) FROM tags"), 7);
    assert_eq!(number(&mut connection, "SELECT MAX(id) FROM items WHERE id <> 7"), before + 1);
    assert_eq!(number(&mut connection, read), before);
}
