//! The migration that creates the table of the history, for each engine.

use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource, Result};

use crate::connection::Engine;
use crate::session::table_migration::TableMigration;

/// The SQL that creates the table of the history on an engine, for a migration of your own.
///
/// ```
/// use diesel_session::connection::Engine;
/// use diesel_session::session::history::create_table;
///
/// assert!(create_table(Engine::Postgres).starts_with("CREATE TABLE diesel_session_history"));
/// ```
#[must_use]
pub const fn create_table(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => include_str!("create.sqlite.sql"),
        Engine::Postgres => include_str!("create.postgres.sql"),
        Engine::Mysql => include_str!("create.mysql.sql"),
    }
}

/// The migrations of the history as a source for Diesel's `MigrationHarness`, and for the runner of the crate
/// `diesel-migrate`, in which they are a separate application beside yours.
///
/// ```
/// use diesel_migrate::{Migrate as _, Migrations};
/// use diesel_session::Database;
/// use diesel_session::session::history::HistoryMigrations;
///
/// let database = Database::open("sqlite::memory:")?;
/// let history = Migrations::diesel_by_engine("diesel-session", HistoryMigrations::on);
/// assert_eq!(database.migrate(&history)?.len(), 1);
/// assert!(database.migrate(&history)?.is_empty());
/// # Ok::<(), diesel_migrate::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct HistoryMigrations(Engine);

impl HistoryMigrations {
    /// The migrations on this engine.
    #[must_use]
    pub const fn on(engine: Engine) -> Self {
        Self(engine)
    }
}

impl<DB: Backend> MigrationSource<DB> for HistoryMigrations {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<DB>>>> {
        Ok(vec![Box::new(TableMigration {
            version: "20261129000001",
            name: "2026-11-29-000001_create_diesel_session_history",
            up: create_table(self.0),
            down: "DROP TABLE diesel_session_history",
        })])
    }
}
