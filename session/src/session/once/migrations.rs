//! The migration that creates the table of the results of units that run exactly once, for each engine.

use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource, Result};

use crate::connection::Engine;
use crate::session::table_migration::TableMigration;

/// The SQL that creates the table on an engine, for a migration of your own.
///
/// ```
/// use diesel_session::connection::Engine;
/// use diesel_session::session::once::create_table;
///
/// assert!(create_table(Engine::Postgres).starts_with("CREATE TABLE diesel_session_once"));
/// ```
#[must_use]
pub const fn create_table(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => include_str!("create.sqlite.sql"),
        Engine::Postgres => include_str!("create.postgres.sql"),
        Engine::Mysql => include_str!("create.mysql.sql"),
    }
}

/// The migration as a source for Diesel's `MigrationHarness`, and for the runner of the crate `diesel-migrate`, in which
/// it is a separate application beside yours.
///
/// ```
/// use diesel_migrate::{Migrate as _, Migrations};
/// use diesel_session::Database;
/// use diesel_session::session::once::OnceMigrations;
///
/// let database = Database::open("sqlite::memory:")?;
/// let once = Migrations::diesel_by_engine("diesel-session-once", OnceMigrations::on);
/// assert_eq!(database.migrate(&once)?.len(), 1);
/// assert!(database.migrate(&once)?.is_empty());
/// # Ok::<(), diesel_migrate::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct OnceMigrations(Engine);

impl OnceMigrations {
    /// The migrations on this engine.
    #[must_use]
    pub const fn on(engine: Engine) -> Self {
        Self(engine)
    }
}

impl<DB: Backend> MigrationSource<DB> for OnceMigrations {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<DB>>>> {
        Ok(vec![Box::new(TableMigration {
            version: "20261130000001",
            name: "2026-11-30-000001_create_diesel_session_once",
            up: create_table(self.0),
            down: "DROP TABLE diesel_session_once",
        })])
    }
}
