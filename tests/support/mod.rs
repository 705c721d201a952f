//! A separate database for each test, on whichever engine it runs.
//!
//! A suite is one file that a test binary includes once per engine, in a module named after the engine, from which the
//! suite derives what to run on: `fixture(module_path!())`.

#![allow(dead_code, unused_imports, reason = "each test binary uses what it needs")]

use std::ops::Deref;

use folio::Database;
use folio::connection::{Access, EchoOptions, Engine};
use folio::database::Options;
use folio::migrations::Migrate as _;
use tempfile::TempDir;

use folio_testing::TestEngine;
pub use folio_testing::{address, engine};

/// A database with Folio's tables, for any number of connections at once.
pub struct Fixture {
    db: Database,
    url: String,
    folder: Option<TempDir>,
}

impl Fixture {
    /// The URL of the database, to open it again.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Deref for Fixture {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.db
    }
}

/// A new database with Folio's tables and an echo, on the engine that the module is named after.
pub fn fixture(module: &str) -> Fixture {
    fixture_on(engine(module))
}

/// A new database with Folio's tables and an echo, on that engine.
pub fn fixture_on(engine: TestEngine) -> Fixture {
    let (url, folder) = address(engine);
    let options = Options::default().access(Access::Create).echo(EchoOptions::default());
    let db = Database::open_with(&url, options).unwrap();
    db.migrate().unwrap();
    Fixture { db, url, folder }
}

/// The session's engine for what a test runs on.
pub const fn dialect(engine: TestEngine) -> Engine {
    match engine {
        TestEngine::Sqlite => Engine::Sqlite,
        TestEngine::Postgres => Engine::Postgres,
        TestEngine::Mariadb | TestEngine::Mysql => Engine::Mysql,
    }
}
