//! A separate database for each test, on whichever engine it runs.
//!
//! A suite is one file that a test binary includes once per engine, in a module named after the engine, from which the
//! suite derives what to run on: `fixture(module_path!())`.

use std::ops::Deref;

use folio::Database;
use folio::connection::{Access, EchoOptions};
use folio::database::Options;
use tempfile::TempDir;

use super::engine::TestEngine;
use super::servers;

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

/// The engine that a module is named after.
pub fn engine(module: &str) -> TestEngine {
    TestEngine::of(module).unwrap_or_else(|| panic!("{module} is named after no engine"))
}

/// The address of a database that does not exist yet, and its folder if it will be a file.
pub fn address(engine: TestEngine) -> (String, Option<TempDir>) {
    match engine {
        TestEngine::Sqlite => {
            let folder = tempfile::tempdir().unwrap();
            (folder.path().join("folio.db").display().to_string(), Some(folder))
        }
        server => (servers::unmade(server), None),
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
