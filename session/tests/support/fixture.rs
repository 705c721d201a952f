//! A separate database without tables for each test, on the engine that the test's module is named after.

#![allow(dead_code, reason = "each test binary uses what it needs")]

use std::ops::Deref;

use diesel_session::Database;
use diesel_session::connection::{Access, EchoOptions, Engine};
use diesel_session::database::Options;
use folio_testing::{TestEngine, address, engine};
use tempfile::TempDir;

/// A database for any number of connections at once.
pub struct Fixture {
    db: Database,
    _folder: Option<TempDir>,
}

impl Deref for Fixture {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.db
    }
}

/// A new database with an echo, on the engine that the module is named after.
pub fn fixture(module: &str) -> Fixture {
    let (url, folder) = address(engine(module));
    let options = Options::default().access(Access::Create).echo(EchoOptions::default());
    Fixture { db: Database::open_with(&url, options).unwrap(), _folder: folder }
}

/// The session's engine for what a test runs on.
pub const fn dialect(engine: TestEngine) -> Engine {
    match engine {
        TestEngine::Sqlite => Engine::Sqlite,
        TestEngine::Postgres => Engine::Postgres,
        TestEngine::Mariadb | TestEngine::Mysql => Engine::Mysql,
    }
}
