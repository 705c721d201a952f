//! A separate database without tables for each test, on the engine that the test's module is named after.

#![allow(dead_code, reason = "each test binary uses what it needs")]

use diesel_session::connection::Engine;
use diesel_session::testing::TestDatabase;
use folio_testing::{TestEngine, engine, existing};

/// A database for any number of connections at once.
pub type Fixture = TestDatabase;

/// A new database with an echo, on the engine that the module is named after.
pub fn fixture(module: &str) -> Fixture {
    TestDatabase::new(&existing(engine(module))).unwrap()
}

/// The session's engine for what a test runs on.
pub const fn dialect(engine: TestEngine) -> Engine {
    match engine {
        TestEngine::Sqlite => Engine::Sqlite,
        TestEngine::Postgres => Engine::Postgres,
        TestEngine::Mariadb | TestEngine::Mysql => Engine::Mysql,
    }
}
