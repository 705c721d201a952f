//! File permissions, tried as a user whom they bind; root is bound by none.

use std::env;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::OnceLock;

use diesel::connection::SimpleConnection as _;
use folio::Session;
use folio::migrations::Migrate as _;
use folio::migrations::Target;
use folio::models::NewUser;
use folio::schema::users;

use super::*;

/// Whether to go on here. As root all of this room is run once more, as nobody, and judged by that.
fn bound() -> bool {
    static AS_NOBODY: OnceLock<Result<(), String>> = OnceLock::new();

    let folder = TempDir::new().unwrap();
    let closed = folder.path().join("closed");
    fs::write(&closed, "").unwrap();
    allow(&closed, 0o000);
    if fs::read(&closed).is_err() {
        return true;
    }
    AS_NOBODY.get_or_init(run_as_nobody).as_ref().unwrap();
    false
}

fn run_as_nobody() -> Result<(), String> {
    // The build's folder may be closed to others.
    let folder = TempDir::new().unwrap();
    allow(folder.path(), 0o755);
    let program = folder.path().join("test");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    let run = Command::new(program).arg("permissions::").current_dir("/").uid(65_534).gid(65_534).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    if run.status.success() && !said.contains(" 0 passed") { Ok(()) } else { Err(said.into_owned()) }
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

const DENIED: &str = "permission denied, to the file or to keep SQLite's -wal and -shm files beside it";
const TO_READ: &str = "copy it, with its -wal or -journal if there is one, to a folder that you may write in";

/// The URL that a refusal names as a way out.
fn way_out(refused: &str) -> String {
    let url = refused.rsplit_once(", open '").unwrap().1;
    url.strip_suffix('\'').unwrap().to_owned()
}

#[test]
fn a_database_in_a_folder_that_cannot_be_written_is_read_and_not_touched() {
    if !bound() {
        return;
    }
    let place = Place::created();
    allow(place.folder.path(), 0o555);
    assert_eq!(place.open(Access::Read).unwrap().schema_state().unwrap(), SchemaState::Current);
    assert_eq!(place.files(), ["folio.db"]);
    assert!(problem(place.open(Access::Write)).ends_with(DENIED));
    assert!(problem(open(&place.folder.path().join("new.db"), Access::Create)).ends_with(": permission denied"));
    allow(place.folder.path(), 0o755);
}

#[test]
fn commits_in_a_log_that_cannot_be_read_are_not_passed_over() {
    if !bound() {
        return;
    }
    let place = Place::new();
    let writing = place.open(Access::Create).unwrap();
    writing.migrate().unwrap();
    writing.connection().unwrap().batch_execute("INSERT INTO users (user_id, username) VALUES (1, 'step')").unwrap();
    let copy = Place::new();
    for file in ["folio.db", "folio.db-wal"] {
        fs::copy(place.folder.path().join(file), copy.folder.path().join(file)).unwrap();
    }
    allow(copy.folder.path(), 0o555);
    let elsewhere = TempDir::new().unwrap();
    let link = elsewhere.path().join("link.db");
    std::os::unix::fs::symlink(&copy.file, &link).unwrap();
    for refused in [problem(copy.open(Access::Read)), problem(open(&link, Access::Read))] {
        assert!(refused.contains(DENIED) && refused.contains(TO_READ), "{refused}");
        // Here it is none: the log has what the file lacks.
        let still_refused = problem(immutable(&way_out(&refused)));
        assert!(still_refused.contains("a log (-wal or -journal) lies beside it"), "{still_refused}");
    }
    allow(copy.folder.path(), 0o755);
    assert_eq!(copy.open(Access::Read).unwrap().schema_state().unwrap(), SchemaState::Current);
}

#[test]
fn a_journal_of_a_killed_writer_that_cannot_be_rolled_back_says_so() {
    if !bound() {
        return;
    }
    let place = Place::created();
    let writing = place.open(Access::Write).unwrap();
    let mut writing = writing.connection().unwrap();
    writing
        .batch_execute(
            "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN IMMEDIATE;
             CREATE TABLE large (text BLOB);
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 100)
             INSERT INTO large SELECT zeroblob(10000) FROM n",
        )
        .unwrap();
    // As the writer leaves it when it is killed now.
    let copy = Place::new();
    for file in ["folio.db", "folio.db-journal"] {
        fs::copy(place.folder.path().join(file), copy.folder.path().join(file)).unwrap();
    }
    allow(copy.folder.path(), 0o555);
    let refused = problem(copy.open(Access::Read));
    assert!(refused.contains("a journal (-journal) lies beside it, so a program was killed"), "{refused}");
    allow(copy.folder.path(), 0o755);
    // A program that may write there rolls it back.
    assert_eq!(copy.open(Access::Read).unwrap().schema_state().unwrap(), SchemaState::Current);
    writing.batch_execute("ROLLBACK").unwrap();
}

#[test]
fn a_file_that_may_not_be_read_or_written_says_so() {
    if !bound() {
        return;
    }
    let place = Place::created();
    allow(&place.file, 0o444);
    let refused = place.open(Access::Write).unwrap().migrate_down(Target::All, |_| ()).unwrap_err();
    let refused = refused.session().unwrap();
    assert!(matches!(refused, Error::ReadOnlyDatabase { place: named, .. } if Path::new(named) == place.file));
    allow(&place.file, 0o000);
    for access in [Access::Read, Access::Write, Access::Create] {
        assert!(problem(place.open(access)).contains(DENIED));
    }
    allow(place.folder.path(), 0o000);
    for access in [Access::Read, Access::Write, Access::Create] {
        assert!(problem(place.open(access)).ends_with(": permission denied"));
    }
    allow(place.folder.path(), 0o755);
}

/// Gives every user this name, in one transaction.
fn rename(database: &Database, name: &str) {
    database.connection().unwrap().batch_execute(&format!("UPDATE users SET username = '{name}'")).unwrap();
}

fn with_users(place: &Place, users: i64) {
    let added = place.open(Access::Write).unwrap().begin(|session| -> Result<()> {
        for number in 0..users {
            session.add(NewUser::new(number, "before")?);
        }
        Ok(())
    });
    added.unwrap();
}

#[test]
fn a_reader_that_may_not_write_in_the_folder_sees_one_moment_whatever_a_writer_does_meanwhile() {
    if !bound() {
        return;
    }
    let place = Place::created();
    with_users(&place, 200);
    allow(place.folder.path(), 0o555);
    let reader = place.open(Access::Read).unwrap();
    let names = |session: &mut Session<'_>, from: i64| -> Result<Vec<String>> {
        session.rows(users::table.filter(users::id.gt(from)).order(users::id).limit(100).select(users::username))
    };
    let seen = reader.read(|session| {
        let first = names(session, 0)?;
        allow(place.folder.path(), 0o755);
        // The last connection to go writes what is in the log into the file.
        rename(&place.open(Access::Write)?, "after");
        Ok::<_, Error>([first, names(session, 100)?].concat())
    });
    assert_eq!(seen.unwrap(), vec!["before"; 200]);
    allow(place.folder.path(), 0o555);
    for _ in 0..2 {
        let seen = reader.read(|session| Ok::<_, Error>([names(session, 0)?, names(session, 100)?].concat()));
        assert_eq!(seen.unwrap(), vec!["after"; 200]);
    }
    let refused = reader.connection().unwrap().batch_execute("DELETE FROM users").unwrap_err();
    assert!(refused.to_string().contains("readonly"), "{refused}");
    assert_eq!(place.files(), ["folio.db"]);
    allow(place.folder.path(), 0o755);
}

#[test]
fn a_reader_that_may_not_write_in_the_folder_shares_the_log_of_a_writer_that_is_there() {
    if !bound() {
        return;
    }
    let place = Place::created();
    with_users(&place, 1);
    let writer = place.open(Access::Write).unwrap();
    rename(&writer, "after");
    allow(place.folder.path(), 0o555);
    for side in ["folio.db-wal", "folio.db-shm"] {
        allow(&place.folder.path().join(side), 0o444);
    }
    let name =
        || text(&mut place.open(Access::Read).unwrap().connection().unwrap(), "SELECT username AS value FROM users");
    assert_eq!(name(), "after");
    rename(&writer, "later");
    assert_eq!(name(), "later");
    allow(place.folder.path(), 0o755);
}

#[test]
fn a_transaction_that_a_crash_left_half_written_is_not_shown_where_it_cannot_be_undone() {
    if !bound() {
        return;
    }
    let place = Place::created();
    with_users(&place, 5_000);
    let half = Place::new();
    {
        let writer = place.open(Access::Write).unwrap();
        let mut writer = writer.connection().unwrap();
        // Without a log, and with little memory, it writes into the file before it commits.
        writer.batch_execute("PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1").unwrap();
        writer.batch_execute("BEGIN; UPDATE users SET username = 'after'").unwrap();
        for file in ["folio.db", "folio.db-journal"] {
            fs::copy(place.folder.path().join(file), half.folder.path().join(file)).unwrap();
        }
    }
    allow(half.folder.path(), 0o555);
    let refused = problem(half.open(Access::Read));
    assert!(refused.contains(DENIED) && refused.contains(TO_READ), "{refused}");
    let still_refused = problem(immutable(&way_out(&refused)));
    assert!(still_refused.contains("a log (-wal or -journal) lies beside it"), "{still_refused}");
    allow(half.folder.path(), 0o755);
    let sql = "SELECT CAST(count(*) AS TEXT) AS value FROM users WHERE username = 'before'";
    let whole = text(&mut half.open(Access::Write).unwrap().connection().unwrap(), sql);
    assert_eq!(whole, "5000");
}

#[test]
fn a_large_file_that_nobody_writes_is_read_on_the_callers_word_and_its_refusal_says_how() {
    if !bound() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let place = Place { file: folder.path().join("it's 100% large?.db"), folder };
    place.open(Access::Create).unwrap().migrate().unwrap();
    with_users(&place, 1);
    // A hole: SQLite goes by the size that the header tells.
    fs::OpenOptions::new().write(true).open(&place.file).unwrap().set_len((256 << 20) + 4096).unwrap();
    allow(place.folder.path(), 0o555);
    let refused = problem(place.open(Access::Read));
    assert!(refused.contains(DENIED) && refused.contains(TO_READ), "{refused}");
    let database = immutable(&way_out(&refused)).unwrap();
    assert_eq!(database.schema_state().unwrap(), SchemaState::Current);
    assert_eq!(text(&mut database.connection().unwrap(), "SELECT username AS value FROM users"), "before");
    let refused = database.connection().unwrap().batch_execute("DELETE FROM users").unwrap_err();
    assert!(refused.to_string().contains("readonly"), "{refused}");
    assert_eq!(place.files().len(), 1);
    allow(place.folder.path(), 0o755);
}
