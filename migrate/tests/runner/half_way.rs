//! Migrations that a transaction cannot undo: on MySQL all of them, elsewhere those without a transaction.

use super::*;

const LISTS: &str = "2026-01-02-000001_create_lists";
const UP: &str = "CREATE TABLE lists (id BIGINT PRIMARY KEY); INSERT INTO lists VALUES (1); \
                  CREATE TABLE entries (id BIGINT PRIMARY KEY); INSERT INTO entries VALUES (1)";
const DOWN: &str = "DROP TABLE entries; DROP TABLE lists";

/// A database with the first migration, and a second one that runs statement by statement.
struct HalfWay {
    empty: Empty,
    folder: tempfile::TempDir,
}

impl HalfWay {
    fn new(up: &str) -> Self {
        let (empty, folder) = (empty(), folder(&[TAGS]));
        empty.db.migrate(&shop(&folder)).unwrap();
        let half_way = Self { empty, folder };
        half_way.write(up, DOWN);
        without_transaction(half_way.folder.path(), LISTS);
        half_way
    }

    fn write(&self, up: &str, down: &str) {
        write(self.folder.path(), (LISTS, up, down));
    }

    fn db(&self) -> &Database {
        &self.empty.db
    }

    fn up(&self) -> diesel_migrate::Result<Vec<diesel_migrate::Migration>> {
        self.db().migrate(&shop(&self.folder))
    }

    fn down(&self) -> diesel_migrate::Result<Vec<diesel_migrate::Migration>> {
        self.db().migrate_down(&shop(&self.folder), Target::Steps(1), |_| ())
    }

    fn state(&self) -> SchemaState {
        self.db().schema_state(&shop(&self.folder)).unwrap()
    }

    fn execute(&self, sql: &str) {
        self.db().connection().unwrap().batch_execute(sql).unwrap();
    }

    /// What the journal says of the second migration.
    fn progress(&self) -> Option<(Direction, usize, bool)> {
        let status = self.db().migration_status(&shop(&self.folder)).unwrap();
        status.unfinished.first().map(|unfinished| (unfinished.direction, unfinished.done, unfinished.running))
    }

    /// The state after a runner was killed: the journal as it was before the answer to a statement was seen.
    fn killed(&self, direction: Direction, done: usize) {
        self.execute(&format!(
            "DELETE FROM __diesel_migrate WHERE version = '20260102000001'; \
             INSERT INTO __diesel_migrate (version, application, unfinished, statements, running) \
             VALUES ('20260102000001', 'shop', '{direction}', {done}, 1)"
        ));
    }

    fn unrecord(&self) {
        self.execute("DELETE FROM __diesel_schema_migrations WHERE version = '20260102000001'");
    }

    fn is_whole(&self) {
        assert_eq!(self.state(), SchemaState::Current);
        assert_eq!((rows(self.db(), "lists"), rows(self.db(), "entries")), (Some(1), Some(1)));
        assert_eq!(self.progress(), None);
    }

    fn is_gone(&self) {
        assert_eq!(self.state(), SchemaState::Behind(1));
        assert_eq!((rows(self.db(), "lists"), rows(self.db(), "entries")), (None, None));
        assert_eq!(self.progress(), None);
    }
}

#[test]
fn a_failure_says_what_stands_and_going_up_again_continues_after_it() {
    let half_way = HalfWay::new(&UP.replace("CREATE TABLE entries", "\nCREATE WHAT entries"));
    for _ in 0..2 {
        let failed = half_way.up().unwrap_err();
        assert!(matches!(failed, Error::Failed { done: 2, statements: 4, .. }), "{failed:?}");
        let said = failed.to_string();
        assert!(said.starts_with(&format!("migration {LISTS} failed going up: ")), "{said}");
        assert!(said.contains(" (line 2 of up.sql); "), "{said}");
        assert!(said.ends_with("its first 2 statements of 4 stand: going up again continues after them"), "{said}");
        assert_eq!(half_way.progress(), Some((Direction::Up, 2, false)));
        assert_eq!(half_way.state(), SchemaState::Behind(1));
        assert_eq!(rows(half_way.db(), "lists"), Some(1));
    }
    half_way.write(UP, DOWN);
    assert_eq!(names(&half_way.up().unwrap()), [LISTS]);
    half_way.is_whole();
    half_way.down().unwrap();
    half_way.is_gone();
}

#[test]
fn what_is_half_applied_can_be_reverted() {
    let half_way = HalfWay::new(&UP.replace("CREATE TABLE entries", "CREATE WHAT entries"));
    half_way.up().unwrap_err();
    assert_eq!(names(&half_way.down().unwrap()), [LISTS]);
    half_way.is_gone();
}

#[test]
fn a_reversal_that_fails_half_way_is_continued_and_what_is_half_reverted_can_be_applied_again() {
    for again in [Direction::Down, Direction::Up] {
        let half_way = HalfWay::new(UP);
        half_way.up().unwrap();
        half_way.write(UP, "DROP TABLE entries; DROP WHAT lists");
        let failed = half_way.down().unwrap_err();
        assert!(
            matches!(failed, Error::Failed { direction: Direction::Down, done: 1, statements: 2, .. }),
            "{failed:?}"
        );
        assert_eq!(half_way.state(), SchemaState::Behind(1), "it is neither applied nor reverted");
        assert!(half_way.db().require_current(&shop(&half_way.folder)).unwrap_err().is_pending());
        half_way.write(UP, DOWN);
        if again == Direction::Down {
            half_way.down().unwrap();
            half_way.is_gone();
        } else {
            half_way.up().unwrap();
            half_way.is_whole();
        }
    }
}

#[test]
fn a_statement_that_was_done_when_the_runner_was_killed_is_not_an_error_the_next_time() {
    for made in [false, true] {
        let half_way = HalfWay::new(UP);
        half_way.execute("CREATE TABLE lists (id BIGINT PRIMARY KEY); INSERT INTO lists VALUES (1)");
        if made {
            half_way.execute("CREATE TABLE entries (id BIGINT PRIMARY KEY)");
        }
        half_way.killed(Direction::Up, 2);
        assert_eq!(names(&half_way.up().unwrap()), [LISTS]);
        half_way.is_whole();
    }
}

#[test]
fn a_removal_that_was_done_when_the_runner_was_killed_is_not_an_error_the_next_time() {
    for removed in [false, true] {
        let half_way = HalfWay::new(UP);
        half_way.up().unwrap();
        if removed {
            half_way.execute("DROP TABLE entries");
        }
        half_way.killed(Direction::Down, 0);
        assert_eq!(names(&half_way.down().unwrap()), [LISTS]);
        half_way.is_gone();
    }
}

#[test]
fn a_runner_that_was_killed_before_it_recorded_the_migration_records_it_the_next_time() {
    let half_way = HalfWay::new(UP);
    half_way.up().unwrap();
    half_way.unrecord();
    half_way.killed(Direction::Up, 4);
    assert_eq!(half_way.state(), SchemaState::Behind(1));
    assert_eq!(names(&half_way.up().unwrap()), [LISTS]);
    half_way.is_whole();
}

#[test]
fn a_table_of_somebody_elses_is_an_error_when_no_runner_was_killed() {
    let half_way = HalfWay::new(UP);
    half_way.execute("CREATE TABLE entries (id BIGINT)");
    half_way.up().unwrap_err();
    // Only a statement that was running may find its work done.
    half_way.execute(
        "INSERT INTO __diesel_migrate (version, application, unfinished, statements, running) \
         VALUES ('20260102000001', 'shop', 'up', 0, 0)",
    );
    for _ in 0..2 {
        let failed = half_way.up().unwrap_err();
        assert!(matches!(failed, Error::Failed { done: 2, .. }), "{failed:?}");
    }
}

#[test]
fn several_runners_at_once_execute_each_statement_once() {
    let inserts = (2..40).map(|id| format!("INSERT INTO lists VALUES ({id});")).collect::<String>();
    let half_way = HalfWay::new(&format!("{UP}; {inserts}"));
    let start = Barrier::new(4);
    let applied = std::thread::scope(|scope| {
        let run = || {
            // Each with connections of its own, as another program has.
            let db = Database::open(&half_way.empty.url).unwrap();
            start.wait();
            db.migrate(&shop(&half_way.folder)).unwrap().len()
        };
        let runners = [scope.spawn(run), scope.spawn(run), scope.spawn(run), scope.spawn(run)];
        runners.map(|runner| runner.join().unwrap()).iter().sum::<usize>()
    });
    assert_eq!(applied, 1);
    assert_eq!((rows(half_way.db(), "lists"), rows(half_way.db(), "entries")), (Some(39), Some(1)));
    assert_eq!(half_way.state(), SchemaState::Current);
}

#[test]
fn a_migration_that_was_left_half_way_and_is_no_longer_there_is_named() {
    let half_way = HalfWay::new(&UP.replace("CREATE TABLE entries", "CREATE WHAT entries"));
    half_way.up().unwrap_err();
    std::fs::remove_dir_all(half_way.folder.path().join(LISTS)).unwrap();
    assert_eq!(half_way.state(), SchemaState::Newer(vec!["20260102000001".to_owned()]));
    assert!(half_way.up().unwrap_err().to_string().contains("20260102000001"));
}

#[test]
fn settings_are_made_again_when_a_script_is_continued() {
    let (setting, column, value) = match empty().db.connection().unwrap().engine() {
        Engine::Sqlite => ("PRAGMA foreign_keys = OFF", "tag_id BIGINT REFERENCES tags (id)", "99"),
        Engine::Postgres => ("SET app.mark = '99'", "mark TEXT", "current_setting('app.mark')"),
        Engine::Mysql => {
            ("SET foreign_key_checks = 0", "tag_id BIGINT, FOREIGN KEY (tag_id) REFERENCES tags (id)", "99")
        }
    };
    let with = |table: &str| {
        format!(
            "{setting}; CREATE TABLE lists (id BIGINT PRIMARY KEY, {column}); CREATE TABLE entries (id BIGINT); \
             INSERT INTO {table} VALUES (1); INSERT INTO lists VALUES (1, {value})"
        )
    };
    let half_way = HalfWay::new(&with("nowhere"));
    let failed = half_way.up().unwrap_err();
    assert!(matches!(failed, Error::Failed { done: 3, statements: 5, .. }), "{failed:?}");
    half_way.write(&with("entries"), DOWN);
    half_way.up().unwrap();
    half_way.is_whole();
}

#[test]
fn a_statement_that_changes_rows_begins_when_the_one_before_it_is_noted_as_done() {
    let seen = "INSERT INTO lists SELECT statements, running FROM __diesel_migrate WHERE version = '20260102000001'";
    let half_way = HalfWay::new(&format!("CREATE TABLE lists (done BIGINT, running BIGINT); {seen}"));
    half_way.up().unwrap();
    let count =
        number(&mut half_way.db().connection().unwrap(), "SELECT COUNT(*) FROM lists WHERE done = 1 AND running = 0");
    assert_eq!(count, 1);
}

#[test]
fn a_transaction_in_the_script_itself_is_begun_again_as_a_whole() {
    let with = |statement: &str| {
        format!(
            "CREATE TABLE lists (id BIGINT PRIMARY KEY); CREATE TABLE entries (id BIGINT PRIMARY KEY); \
             BEGIN; INSERT INTO lists VALUES (1); {statement}; COMMIT"
        )
    };
    let half_way = HalfWay::new(&with("INSERT INTO nowhere VALUES (1)"));
    let failed = half_way.up().unwrap_err();
    assert!(matches!(failed, Error::Failed { done: 2, statements: 6, .. }), "{failed:?}");
    assert_eq!(rows(half_way.db(), "lists"), Some(0));
    half_way.write(&with("INSERT INTO entries VALUES (1)"), DOWN);
    half_way.up().unwrap();
    half_way.is_whole();
}

#[test]
fn a_transaction_in_the_script_whose_commit_fails_is_executed_again() {
    if empty().db.connection().unwrap().engine() == Engine::Mysql {
        return; // It has no constraint that is checked at COMMIT.
    }
    let with = |tag: i64| {
        format!(
            "CREATE TABLE lists (id BIGINT PRIMARY KEY, tag_id BIGINT REFERENCES tags (id) DEFERRABLE INITIALLY DEFERRED); \
             CREATE TABLE entries (id BIGINT PRIMARY KEY); \
             BEGIN; INSERT INTO entries VALUES (1); INSERT INTO tags VALUES (5); INSERT INTO lists VALUES (1, {tag}); COMMIT"
        )
    };
    let half_way = HalfWay::new(&with(9));
    let failed = half_way.up().unwrap_err();
    assert!(matches!(failed, Error::Failed { done: 2, statements: 7, .. }), "{failed:?}");
    assert_eq!(rows(half_way.db(), "entries"), Some(0));
    half_way.write(&with(5), DOWN);
    half_way.up().unwrap();
    half_way.is_whole();
}

#[test]
fn a_commit_of_the_script_that_was_done_when_the_runner_was_killed_is_not_an_error_the_next_time() {
    let tables = "CREATE TABLE lists (id BIGINT PRIMARY KEY); CREATE TABLE entries (id BIGINT PRIMARY KEY)";
    let rows = "INSERT INTO lists VALUES (1); INSERT INTO entries VALUES (1)";
    let half_way = HalfWay::new(&format!("{tables}; BEGIN; {rows}; COMMIT"));
    half_way.execute(&format!("{tables}; {rows}"));
    half_way.killed(Direction::Up, 5);
    half_way.up().unwrap();
    half_way.is_whole();
}
