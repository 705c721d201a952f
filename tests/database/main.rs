//! Opening databases: what is made, what is refused and in which words, and what the pool keeps.

#![cfg(feature = "sqlite")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrate::Error as MigrateError;
use diesel_session::{Error, Result};
use folio::connection::{Access, AnyConnection, Engine};
use folio::database::{Database, Options};
use folio::migrations::{MIGRATIONS, Migrate as _, SchemaState};
use tempfile::TempDir;

struct Place {
    folder: TempDir,
    file: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("folio.db");
        Self { folder, file }
    }

    fn open(&self, access: Access) -> Result<Database> {
        open(&self.file, access)
    }

    fn created() -> Self {
        let place = Self::new();
        place.open(Access::Create).unwrap().migrate().unwrap();
        place
    }

    fn files(&self) -> Vec<String> {
        let mut files: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        files
    }
}

fn open(path: &Path, access: Access) -> Result<Database> {
    Database::open_with(path.to_str().unwrap(), Options::new().access(access).busy_timeout(Duration::ZERO))
}

/// What this URL names, for reading.
fn immutable(url: &str) -> Result<Database> {
    Database::open_with(url, Options::new().access(Access::Read))
}

fn text(connection: &mut AnyConnection, sql: &str) -> String {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        value: String,
    }
    diesel::sql_query(sql).get_result::<Row>(connection).unwrap().value
}

fn problem(result: Result<Database>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_missing_file_is_named_with_its_absolute_path_and_not_made() {
    for access in [Access::Read, Access::Write] {
        let place = Place::new();
        let refused = place.open(access).unwrap_err();
        assert!(matches!(&refused, Error::NoDatabase { place: named } if Path::new(named) == place.file), "{refused}");
        assert!(place.files().is_empty());
    }
    let refused = problem(Database::open("no/such/folio.db"));
    assert!(refused.contains(std::env::current_dir().unwrap().to_str().unwrap()), "{refused}");
}

#[test]
fn create_makes_a_file_once_and_says_so() {
    let place = Place::new();
    let made = place.open(Access::Create).unwrap();
    assert!(made.created());
    assert_eq!(made.place(), place.file.to_str().unwrap());
    assert_eq!(made.schema_state().unwrap(), SchemaState::Empty);
    assert!(!place.open(Access::Create).unwrap().created());
}

#[test]
fn a_file_that_was_made_keeps_a_write_ahead_log_and_every_connection_its_settings() {
    let place = Place::created();
    let database = place.open(Access::Write).unwrap();
    let mut connections = [database.connection().unwrap(), database.connection().unwrap()];
    for connection in &mut connections {
        let set = text(
            connection,
            "SELECT journal_mode || ' ' || synchronous || ' ' || foreign_keys AS value \
             FROM pragma_journal_mode, pragma_synchronous, pragma_foreign_keys",
        );
        assert_eq!(set, "wal 2 1");
    }
}

#[test]
fn migrating_turns_the_write_ahead_log_on_in_a_file_that_was_there() {
    let place = Place::new();
    fs::write(&place.file, "").unwrap();
    let database = place.open(Access::Write).unwrap();
    database.migrate().unwrap();
    let mode = text(&mut database.connection().unwrap(), "SELECT journal_mode AS value FROM pragma_journal_mode");
    assert_eq!(mode, "wal");
}

#[cfg(unix)]
#[test]
fn a_file_that_was_made_and_its_side_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::new();
    let database = place.open(Access::Create).unwrap();
    database.migrate().unwrap();
    database.schema_state().unwrap();
    assert_eq!(place.files(), ["folio.db", "folio.db-shm", "folio.db-wal"]);
    for file in place.files() {
        let mode = fs::metadata(place.folder.path().join(&file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn what_is_no_database_is_refused_in_clear_words_and_left_as_it_is() {
    let place = Place::new();
    fs::write(&place.file, "This is a text, and long enough to be read as a header of some hundred bytes.".repeat(9))
        .unwrap();
    let before = fs::read(&place.file).unwrap();
    for access in [Access::Read, Access::Write, Access::Create] {
        let refused = problem(place.open(access));
        assert!(refused.ends_with("folio.db: file is not a database"), "{refused}");
        let refused = problem(open(place.folder.path(), access));
        assert!(refused.ends_with("it is a directory"), "{refused}");
    }
    assert_eq!(fs::read(&place.file).unwrap(), before);
    let nowhere = place.folder.path().join("nowhere/folio.db");
    assert!(problem(open(&nowhere, Access::Create)).ends_with("its folder does not exist"));
    assert_eq!(place.files(), ["folio.db"]);
}

#[test]
fn a_database_opened_for_reading_refuses_every_write_with_its_name() {
    let place = Place::created();
    let database = place.open(Access::Read).unwrap();
    assert_eq!(database.schema_state().unwrap(), SchemaState::Current);
    let refused = database.connection().unwrap().batch_execute("DELETE FROM users").unwrap_err();
    assert!(refused.to_string().contains("readonly"), "{refused}");
    let refused = database.migrate_down(folio::migrations::Target::All, |_| ()).unwrap_err();
    assert!(
        refused.to_string().starts_with(&format!("the database {} is read-only", place.file.display())),
        "{refused}"
    );
}

#[test]
fn a_file_that_nobody_is_to_write_is_only_read_and_not_while_a_writer_is_seen() {
    let place = Place::created();
    let url = format!("sqlite://{}?immutable=1", place.file.display());
    assert_eq!(immutable(&url).unwrap().schema_state().unwrap(), SchemaState::Current);
    assert_eq!(place.files(), ["folio.db"]);
    for access in [Access::Write, Access::Create] {
        let refused = Database::open_with(&url, Options::new().access(access)).unwrap_err();
        assert!(matches!(refused, Error::ReadOnlyDatabase { .. }), "{refused}");
        assert!(refused.to_string().ends_with("leave that out to write"), "{refused}");
    }
    let writer = place.open(Access::Write).unwrap();
    writer.connection().unwrap().batch_execute("INSERT INTO users (user_id, username) VALUES (1, 'step')").unwrap();
    let refused = problem(immutable(&url));
    assert!(refused.contains("a log (-wal or -journal) lies beside it"), "{refused}");
    drop(writer);
    assert_eq!(
        text(&mut immutable(&url).unwrap().connection().unwrap(), "SELECT username AS value FROM users"),
        "step"
    );
    let missing = format!("sqlite://{}.none?immutable=1", place.file.display());
    assert!(matches!(immutable(&missing), Err(Error::NoDatabase { .. })));
}

#[test]
fn another_writers_lock_is_named_and_nothing_is_half_written() {
    let place = Place::new();
    let writer = place.open(Access::Create).unwrap();
    let mut writer = writer.connection().unwrap();
    writer.batch_execute("BEGIN IMMEDIATE").unwrap();
    let database = place.open(Access::Write).unwrap();
    assert!(database.migrate().unwrap_err().is_locked());
    assert_eq!(database.schema_state().unwrap(), SchemaState::Empty);
}

#[test]
fn somebody_elses_database_and_a_newer_folios_are_refused_with_their_place() {
    let place = Place::created();
    let database = place.open(Access::Write).unwrap();
    database.require_current().unwrap();
    let later = folio_testing::recorded("20991231000001", "folio");
    database.connection().unwrap().batch_execute(&later).unwrap();
    for refused in [database.migrate().unwrap_err(), database.require_current().unwrap_err()] {
        assert!(
            matches!(&refused, folio::Error::Migrate(MigrateError::Newer { place, .. }) if place == database.place()),
            "{refused}"
        );
    }

    let place = Place::new();
    let database = place.open(Access::Create).unwrap();
    assert!(database.require_current().unwrap_err().is_migrations_pending());
    database.connection().unwrap().batch_execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)").unwrap();
    for refused in [database.migrate().unwrap_err(), database.require_current().unwrap_err()] {
        assert!(
            matches!(&refused, folio::Error::Migrate(MigrateError::Foreign { place, .. }) if place == database.place()),
            "{refused}"
        );
    }
}

#[test]
fn a_database_in_memory_outlives_a_transaction_that_was_left_open() {
    let database = Database::open(":memory:").unwrap();
    database.migrate().unwrap();
    for _ in 0..2 {
        let mut connection = database.connection().unwrap();
        type Transactions = <AnyConnection as Connection>::TransactionManager;
        <Transactions as diesel::connection::TransactionManager<AnyConnection>>::begin_transaction(&mut *connection)
            .unwrap();
        connection.batch_execute("INSERT INTO users (user_id, username) VALUES (1, 'step')").unwrap();
    }
    assert_eq!(database.schema_state().unwrap(), SchemaState::Current);
    let rows = text(&mut database.connection().unwrap(), "SELECT CAST(count(*) AS TEXT) AS value FROM users");
    assert_eq!(rows, "0");
}

#[test]
fn a_pool_with_nothing_left_says_so() {
    let options = Options::new().pool_timeout(Duration::from_millis(500));
    let database = Database::open_with(":memory:", options).unwrap();
    let kept = database.connection().unwrap();
    let refused = database.connection().unwrap_err().to_string();
    assert!(refused.starts_with("no connection to :memory:: all 1 are in use"), "{refused}");
    drop(kept);
    database.connection().unwrap();
}

#[test]
fn many_at_once_make_one_database_and_migrate_it_once() {
    let place = Place::new();
    let make = || {
        let database =
            Database::open_with(place.file.to_str().unwrap(), Options::new().access(Access::Create)).unwrap();
        (usize::from(database.created()), database.migrate().unwrap().len())
    };
    let made = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        makers.into_iter().map(|maker| maker.join().unwrap()).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    });
    assert_eq!(made, (1, MIGRATIONS.list(Engine::Sqlite).unwrap().len()));
    assert_eq!(place.open(Access::Read).unwrap().schema_state().unwrap(), SchemaState::Current);
}

#[test]
fn only_a_connection_with_echo_has_one() {
    let echoing = Options::new().echo(folio::connection::EchoOptions::default());
    assert!(Database::open_with(":memory:", echoing).unwrap().connection().unwrap().echo().is_some());
    assert!(Database::open(":memory:").unwrap().connection().unwrap().echo().is_none());
}

#[test]
fn a_database_is_shared_between_threads() {
    fn shared<T: Clone + Send + Sync>(_: &T) {}
    shared(&Database::open(":memory:").unwrap());
}

#[cfg(unix)]
mod faults;
#[cfg(unix)]
mod permissions;
mod writers;

#[test]
fn a_value_larger_than_sqlite_takes_is_an_error_of_its_own_and_not_worth_another_try() {
    let db = Database::open("sqlite::memory:").unwrap();
    let value = diesel::select(diesel::dsl::sql::<diesel::sql_types::Binary>("zeroblob(1000000001)"));
    let refused = db.read(|session| session.rows::<Vec<u8>, _>(value)).unwrap_err();
    assert!(matches!(refused, Error::StatementTooLarge { .. }) && !refused.is_retryable(), "{refused:?}");
    assert!(refused.to_string().contains("1,000,000,000"), "{refused}");
}
