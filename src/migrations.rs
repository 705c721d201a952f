//! Folio's migrations: the files of `migrations/`, compiled in, and the runner on a [`Database`] for them alone.
//!
//! The runner is the crate [`diesel_migrate`], which is re-exported here.

use diesel_migrate::include_dir::{self, include_dir};
pub use diesel_migrate::{Applied, Direction, Loss, Migration, Migrations, SchemaState, Status, Target, Up};

use crate::database::Database;
use crate::error::Result;

static FOLDER: include_dir::Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// Folio's migrations.
///
/// ```
/// use folio::connection::Engine;
/// use folio::migrations::MIGRATIONS;
///
/// let first = &MIGRATIONS.list(Engine::Sqlite)?[0];
/// assert_eq!(first.version, "20261101000001");
/// assert_eq!(first.name, "2026-11-01-000001_create_users");
/// # Ok::<(), folio::Error>(())
/// ```
pub static MIGRATIONS: Migrations = Migrations::embedded("folio", &FOLDER);

/// Folio's migrations on a database: `database.migrate()`.
///
/// It is [`diesel_migrate::Migrate`] with [`MIGRATIONS`]; what the methods do and which errors they return is there.
///
/// ```
/// use folio::Database;
/// use folio::migrations::{Migrate as _, SchemaState};
///
/// let database = Database::open("sqlite::memory:")?;
/// assert_eq!(database.schema_state()?, SchemaState::Empty);
/// database.migrate()?;
/// assert_eq!(database.schema_state()?, SchemaState::Current);
/// # Ok::<(), folio::Error>(())
/// ```
pub trait Migrate {
    /// Which migrations are applied and which are pending. It writes nothing.
    ///
    /// # Errors
    ///
    /// See [`migration_status`](diesel_migrate::Migrate::migration_status).
    fn status(&self) -> Result<Status>;

    /// Whether the schema is Folio's, and how far it is migrated. It writes nothing.
    ///
    /// # Errors
    ///
    /// As [`status`](Self::status).
    fn schema_state(&self) -> Result<SchemaState>;

    /// Checks that the database has all of this program's migrations and no newer ones.
    ///
    /// # Errors
    ///
    /// See [`require_current`](diesel_migrate::Migrate::require_current).
    fn require_current(&self) -> Result<()>;

    /// Applies every pending migration to a database that is empty or Folio's own, and returns them.
    ///
    /// # Errors
    ///
    /// As [`migrate_up`](Self::migrate_up).
    fn migrate(&self) -> Result<Vec<Migration>>;

    /// Applies pending migrations.
    ///
    /// # Errors
    ///
    /// See [`migrate_up`](diesel_migrate::Migrate::migrate_up).
    fn migrate_up(&self, up: impl Into<Up>, progress: impl FnMut(&Migration)) -> Result<Vec<Migration>>;

    /// Reverts applied migrations.
    ///
    /// # Errors
    ///
    /// See [`migrate_down`](diesel_migrate::Migrate::migrate_down).
    fn migrate_down(&self, target: Target, progress: impl FnMut(&Migration)) -> Result<Vec<Migration>>;

    /// What [`migrate_down`](Self::migrate_down) would remove. It writes nothing.
    ///
    /// # Errors
    ///
    /// See [`migration_losses`](diesel_migrate::Migrate::migration_losses).
    fn migration_losses(&self, target: Target) -> Result<Vec<Loss>>;
}

impl Migrate for Database {
    fn status(&self) -> Result<Status> {
        Ok(diesel_migrate::Migrate::migration_status(self, &MIGRATIONS)?)
    }

    fn schema_state(&self) -> Result<SchemaState> {
        Ok(diesel_migrate::Migrate::schema_state(self, &MIGRATIONS)?)
    }

    fn require_current(&self) -> Result<()> {
        Ok(diesel_migrate::Migrate::require_current(self, &MIGRATIONS)?)
    }

    fn migrate(&self) -> Result<Vec<Migration>> {
        Ok(diesel_migrate::Migrate::migrate(self, &MIGRATIONS)?)
    }

    fn migrate_up(&self, up: impl Into<Up>, progress: impl FnMut(&Migration)) -> Result<Vec<Migration>> {
        Ok(diesel_migrate::Migrate::migrate_up(self, &MIGRATIONS, up, progress)?)
    }

    fn migrate_down(&self, target: Target, progress: impl FnMut(&Migration)) -> Result<Vec<Migration>> {
        Ok(diesel_migrate::Migrate::migrate_down(self, &MIGRATIONS, target, progress)?)
    }

    fn migration_losses(&self, target: Target) -> Result<Vec<Loss>> {
        Ok(diesel_migrate::Migrate::migration_losses(self, &MIGRATIONS, target)?)
    }
}
