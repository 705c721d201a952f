//! A database of a test's own, and one whose work is rolled back.

use std::fmt;
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Deref;
use std::path::PathBuf;

use crate::connection::{Access, Address, AnyConnection, DatabaseConnection, EchoOptions, Engine};
use crate::database::{Database, DatabaseUrl, Options};
use crate::error::Result;

/// What the name of every test's database begins with, so that rights can be granted on them.
const PREFIX: &str = "diesel_session_test_";

/// A new, empty database for one test, which is dropped with this.
///
/// It derefs to its [`Database`], which has an echo, so that [`recorded`](super::recorded) sees its statements.
///
/// ```
/// use diesel_session::testing::TestDatabase;
///
/// let db = TestDatabase::new("sqlite://app.db")?;
/// assert!(db.created());
/// let place = db.place().to_owned();
/// assert!(std::path::Path::new(&place).exists());
/// drop(db);
/// assert!(!std::path::Path::new(&place).exists());
/// # Ok::<(), diesel_session::Error>(())
/// ```
pub struct TestDatabase<C: DatabaseConnection = AnyConnection> {
    /// Its connections are closed before it is dropped.
    database: Database<C>,
    address: Address,
    options: Options,
    _remains: Remains,
}

/// What is left of a database when its connections are closed, and goes when this is dropped.
enum Remains {
    /// In memory.
    Nothing,
    File(PathBuf),
    /// A database of that name beside another one.
    OfServer(Box<Database>, String),
}

impl TestDatabase {
    /// Makes a database beside the one at `url`: on a server one with a name of its own, which needs the right to create
    /// databases; for an SQLite file one in the system's folder for temporary files; for `sqlite::memory:` one in memory,
    /// with a single connection. The database at `url` itself is not changed, and a file need not exist.
    ///
    /// # Errors
    ///
    /// [`Error::Url`](crate::Error::Url), [`Error::EngineMissing`](crate::Error::EngineMissing),
    /// [`Error::Open`](crate::Error::Open), also where this user may not create a database.
    pub fn new(url: &str) -> Result<Self> {
        Self::with(url, Options::new().echo(EchoOptions::default()))
    }
}

impl<C: DatabaseConnection> TestDatabase<C> {
    /// Like [`new`](TestDatabase::new), with options, and with the connection type of one engine:
    /// `TestDatabase::<PgConnection>::with(url, options)`. Without [`Options::echo`] no statements are recorded; the
    /// access is always [`Access::Create`].
    ///
    /// # Errors
    ///
    /// Those of [`new`](TestDatabase::new), and [`Error::OtherEngine`](crate::Error::OtherEngine).
    pub fn with(url: &str, options: Options) -> Result<Self> {
        let name = format!("{PREFIX}{:016x}", RandomState::new().hash_one(url));
        let beside = DatabaseUrl::parse(url)?.address().clone();
        let address = beside.for_test(&name);
        let options = options.access(Access::Create);
        let remains = match address.file() {
            Some(path) => Remains::File(path.to_owned()),
            None if address.is_remote() => {
                let one = options.clone().access(Access::Write).echo(None).pool_size(1);
                Remains::OfServer(Box::new(Database::at(beside, one)?), name)
            }
            None => Remains::Nothing,
        };
        let database = Database::at(address.clone(), options.clone())?;
        Ok(Self { database, address, options, _remains: remains })
    }

    /// Opens it once more: with other options, or as another connection type. Not possible for one in memory, of which
    /// each opening is another.
    ///
    /// ```
    /// use diesel_session::database::{Access, Database, Options};
    /// use diesel_session::testing::TestDatabase;
    ///
    /// let db = TestDatabase::new("sqlite://app.db")?;
    /// let reader: Database = db.open(Options::new().access(Access::Read))?;
    /// assert!(reader.is_same(&db)?);
    /// # Ok::<(), diesel_session::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Database::open`].
    pub fn open<D: DatabaseConnection>(&self, options: Options) -> Result<Database<D>> {
        Database::at(self.address.clone(), options)
    }
}

impl<C: DatabaseConnection> Deref for TestDatabase<C> {
    type Target = Database<C>;

    fn deref(&self) -> &Database<C> {
        &self.database
    }
}

impl<C: DatabaseConnection> fmt::Debug for TestDatabase<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (place, options) = (self.database.place(), &self.options);
        f.debug_struct("TestDatabase").field("place", &place).field("options", options).finish_non_exhaustive()
    }
}

impl Drop for Remains {
    fn drop(&mut self) {
        match self {
            Self::Nothing => {}
            Self::File(path) => {
                for suffix in ["", "-wal", "-shm", "-journal"] {
                    let mut file = path.clone().into_os_string();
                    file.push(suffix);
                    // Those that are not there cannot be removed.
                    let _ = fs::remove_file(file);
                }
            }
            Self::OfServer(beside, name) => {
                let dropped = beside.connection().map_err(|error| error.to_string()).and_then(|mut connection| {
                    use crate::connection::SessionConnection as _;
                    use diesel::connection::SimpleConnection as _;
                    // One of its connections may live on, in a thread that the test left behind.
                    let force = if connection.engine() == Engine::Postgres { " WITH (FORCE)" } else { "" };
                    let drop = format!("DROP DATABASE IF EXISTS {name}{force}");
                    connection.batch_execute(&drop).map_err(|error| error.to_string())
                });
                if let Err(failed) = dropped {
                    tracing::warn!(target: "diesel_session::testing", %failed, name, "a test's database remains");
                }
            }
        }
    }
}

/// Opens `database` once more, with one connection on which a transaction is open: every unit of work is a savepoint in
/// it. When the returned value and its clones are dropped, it is rolled back.
///
/// What a savepoint does not do is not done: constraints that are checked at COMMIT are not checked, and an isolation
/// level is an error. A statement that ends the transaction, as every CREATE TABLE does on MySQL, and an error that rolls
/// it back, such as a deadlock, leave a value on which every later unit of work is an error.
///
/// ```
/// use diesel::connection::SimpleConnection as _;
/// use diesel_session::testing::{TestDatabase, rolled_back};
///
/// let shared = TestDatabase::new("sqlite://app.db")?;
/// let db = rolled_back(&shared)?;
/// db.connection()?.batch_execute("CREATE TABLE tags (name TEXT)").unwrap();
/// drop(db);
/// assert!(shared.connection()?.batch_execute("SELECT * FROM tags").is_err());
/// # Ok::<(), diesel_session::Error>(())
/// ```
///
/// # Errors
///
/// Those of [`Database::open`]; [`Error::Open`](crate::Error::Open) for a database in memory, which has one connection
/// alone; [`Error::Locked`](crate::Error::Locked) on SQLite while another connection writes.
pub fn rolled_back<C: DatabaseConnection>(database: &Database<C>) -> Result<Database<C>> {
    database.rolled_back()
}
