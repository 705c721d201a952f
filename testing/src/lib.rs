//! Private, throw-away databases for the tests and benches of this repository: servers started on free ports, clusters
//! that can be broken, and a relay that breaks a connection on demand.

pub mod clusters;
pub mod engine;
pub mod group;
mod guard;
pub mod mortal;
pub mod relay;
pub mod servers;

pub use engine::TestEngine;

use tempfile::TempDir;

/// The engine that a module is named after: `engine(module_path!())`.
///
/// A suite is one file that a test binary includes once per engine, in a module named after the engine.
///
/// # Panics
///
/// If the module is named after none.
#[must_use]
pub fn engine(module: &str) -> TestEngine {
    TestEngine::of(module).unwrap_or_else(|| panic!("{module} is named after no engine"))
}

/// The URL of a database that does not exist yet, and its folder if it will be a file.
///
/// # Panics
///
/// If the server cannot be started.
#[must_use]
pub fn address(engine: TestEngine) -> (String, Option<TempDir>) {
    match engine {
        TestEngine::Sqlite => {
            let folder = tempfile::tempdir().unwrap();
            (folder.path().join("test.db").display().to_string(), Some(folder))
        }
        server => (servers::unmade(server), None),
    }
}

/// The URL of a database of the engine's server that is always there; for SQLite that of a file, which need not be.
///
/// # Panics
///
/// If the server cannot be started.
#[must_use]
pub fn existing(engine: TestEngine) -> String {
    match engine {
        TestEngine::Sqlite => "sqlite://not-there/app.db".to_owned(),
        TestEngine::Postgres => servers::url(engine, "postgres"),
        TestEngine::Mariadb | TestEngine::Mysql => servers::url(engine, "mysql"),
    }
}

/// SQL that records a migration's version for an application, as the migration runner does, once it has run.
#[must_use]
pub fn recorded(version: &str, application: &str) -> String {
    format!(
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}'); \
         INSERT INTO __diesel_migrate (version, application, statements, running) \
         VALUES ('{version}', '{application}', 0, 0)"
    )
}
