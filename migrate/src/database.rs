//! What a [`Database`] has to do with migrations.

use diesel_session::Database;

use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::migration::Migration;
use crate::plan::Planned;
use crate::source::Migrations;
use crate::stamp::Stamp;
use crate::status::{SchemaState, Status};
use crate::target::{Target, Up};

/// An application's migrations on a database: `database.migrate(&MIGRATIONS)`. The errors name the database.
///
/// ```
/// use diesel_migrate::{Migrate as _, Migrations, SchemaState};
/// use diesel_session::Database;
///
/// # std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
/// let migrations = Migrations::folder("my-app", "docs/example");
/// let database = Database::open("sqlite::memory:")?;
/// assert_eq!(database.schema_state(&migrations)?, SchemaState::Empty);
/// database.migrate(&migrations)?;
/// assert_eq!(database.schema_state(&migrations)?, SchemaState::Current);
/// # Ok::<(), diesel_migrate::Error>(())
/// ```
pub trait Migrate: sealed::Sealed {
    /// Which migrations are applied and which are pending. At most three SELECTs; it writes nothing.
    ///
    /// # Errors
    ///
    /// [`Pool`](diesel_session::Error::Pool), and those of [`Migrations::status`].
    fn migration_status(&self, migrations: &Migrations) -> Result<Status>;

    /// Whether the schema is the application's, and how far it is migrated, from
    /// [`migration_status`](Self::migration_status).
    ///
    /// # Errors
    ///
    /// As [`migration_status`](Self::migration_status).
    fn schema_state(&self, migrations: &Migrations) -> Result<SchemaState>;

    /// Checks that the database has all migrations and no newer ones. On MySQL, where the tables that another program
    /// is still creating are visible, it waits for that program.
    ///
    /// # Errors
    ///
    /// [`Error::Pending`], [`Error::Newer`] or [`Error::Foreign`] where it does not; otherwise as
    /// [`migration_status`](Self::migration_status), and [`Locked`](diesel_session::Error::Locked).
    fn require_current(&self, migrations: &Migrations) -> Result<()>;

    /// Applies every pending migration to a database that is empty or the application's own, and returns them.
    ///
    /// # Errors
    ///
    /// As [`migrate_up`](Self::migrate_up).
    fn migrate(&self, migrations: &Migrations) -> Result<Vec<Migration>>;

    /// Applies pending migrations with [`Migrations::up`]; on SQLite then turns the write-ahead log on permanently.
    ///
    /// # Errors
    ///
    /// Those of [`Migrations::up`], and [`Pool`](diesel_session::Error::Pool).
    fn migrate_up(
        &self,
        migrations: &Migrations,
        up: impl Into<Up>,
        progress: impl FnMut(&Migration),
    ) -> Result<Vec<Migration>>;

    /// Reverts applied migrations with [`Migrations::down`].
    ///
    /// # Errors
    ///
    /// Those of [`Migrations::down`], and [`Pool`](diesel_session::Error::Pool).
    fn migrate_down(
        &self,
        migrations: &Migrations,
        target: Target,
        progress: impl FnMut(&Migration),
    ) -> Result<Vec<Migration>>;

    /// What [`migrate_down`](Self::migrate_down) would remove, from [`Migrations::losses`]. It writes nothing.
    ///
    /// ```
    /// use diesel_migrate::{Migrate as _, Migrations, Target};
    /// use diesel_session::Database;
    ///
    /// # std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    /// let migrations = Migrations::folder("my-app", "docs/example");
    /// let database = Database::open("sqlite::memory:")?;
    /// database.migrate(&migrations)?;
    /// let losses = database.migration_losses(&migrations, Target::Steps(1))?;
    /// assert_eq!(losses[0].tables, [("tags".to_owned(), 0)]);
    /// # Ok::<(), diesel_migrate::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Migrations::losses`], and [`Pool`](diesel_session::Error::Pool).
    fn migration_losses(&self, migrations: &Migrations, target: Target) -> Result<Vec<Loss>>;

    /// What [`migrate_up`](Self::migrate_up) would do now, from [`Migrations::plan_up`]. It writes nothing.
    ///
    /// ```
    /// use diesel_migrate::{Migrate as _, Migrations, Target};
    /// use diesel_session::Database;
    ///
    /// # std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    /// let migrations = Migrations::folder("my-app", "docs/example");
    /// let plan = Database::open("sqlite::memory:")?.plan_up(&migrations, Target::All)?;
    /// assert!(plan[0].transaction && plan[0].statements[0].starts_with("CREATE TABLE tags"));
    /// # Ok::<(), diesel_migrate::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Migrations::plan_up`], and [`Pool`](diesel_session::Error::Pool).
    fn plan_up(&self, migrations: &Migrations, up: impl Into<Up>) -> Result<Vec<Planned>>;

    /// What [`migrate_down`](Self::migrate_down) would do now, and what would be lost, from [`Migrations::plan_down`]. It writes
    /// nothing.
    ///
    /// # Errors
    ///
    /// Those of [`Migrations::plan_down`], and [`Pool`](diesel_session::Error::Pool).
    fn plan_down(&self, migrations: &Migrations, target: Target) -> Result<Vec<Planned>>;

    /// Records migrations as applied without running them, with [`Migrations::stamp`].
    ///
    /// ```
    /// use diesel_migrate::{Migrate as _, Migrations, SchemaState, Target};
    /// use diesel_session::Database;
    ///
    /// # std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    /// let migrations = Migrations::folder("my-app", "docs/example");
    /// let database = Database::open("sqlite::memory:")?;
    /// let stamp = database.stamp(&migrations, &Target::All)?;
    /// assert_eq!(stamp.recorded[0].version, "20260131120000");
    /// assert_eq!(database.schema_state(&migrations)?, SchemaState::Current);
    /// # Ok::<(), diesel_migrate::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Migrations::stamp`], and [`Pool`](diesel_session::Error::Pool).
    fn stamp(&self, migrations: &Migrations, target: &Target) -> Result<Stamp>;

    /// What [`stamp`](Self::stamp) would write, from [`Migrations::plan_stamp`]. It writes nothing.
    ///
    /// # Errors
    ///
    /// As [`stamp`](Self::stamp).
    fn plan_stamp(&self, migrations: &Migrations, target: &Target) -> Result<Stamp>;
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for diesel_session::Database {}
}

impl Migrate for Database {
    fn migration_status(&self, migrations: &Migrations) -> Result<Status> {
        migrations.status(&mut *self.connection()?).map_err(|e| placed(self, e))
    }

    fn schema_state(&self, migrations: &Migrations) -> Result<SchemaState> {
        Ok(self.migration_status(migrations)?.schema_state())
    }

    fn require_current(&self, migrations: &Migrations) -> Result<()> {
        let status = migrations.settled_status(&mut *self.connection()?).map_err(|e| placed(self, e))?;
        status.refusal(self.place()).map_or(Ok(()), Err)
    }

    fn migrate(&self, migrations: &Migrations) -> Result<Vec<Migration>> {
        self.migrate_up(migrations, Target::All, |_| ())
    }

    fn migrate_up(
        &self,
        migrations: &Migrations,
        up: impl Into<Up>,
        progress: impl FnMut(&Migration),
    ) -> Result<Vec<Migration>> {
        let mut connection = self.maintenance()?;
        let migrated = migrations.up(&mut connection, up, progress).map_err(|e| placed(self, e))?;
        connection.set_persistent().map_err(|e| self.placed(e))?;
        Ok(migrated)
    }

    fn migrate_down(
        &self,
        migrations: &Migrations,
        target: Target,
        progress: impl FnMut(&Migration),
    ) -> Result<Vec<Migration>> {
        let mut connection = self.maintenance()?;
        migrations.down(&mut connection, target, progress).map_err(|e| placed(self, e))
    }

    fn migration_losses(&self, migrations: &Migrations, target: Target) -> Result<Vec<Loss>> {
        migrations.losses(&mut *self.connection()?, &target).map_err(|e| placed(self, e))
    }

    fn plan_up(&self, migrations: &Migrations, up: impl Into<Up>) -> Result<Vec<Planned>> {
        migrations.plan_up(&mut *self.connection()?, up).map_err(|e| placed(self, e))
    }

    fn plan_down(&self, migrations: &Migrations, target: Target) -> Result<Vec<Planned>> {
        migrations.plan_down(&mut *self.connection()?, target).map_err(|e| placed(self, e))
    }

    fn stamp(&self, migrations: &Migrations, target: &Target) -> Result<Stamp> {
        migrations.stamp(&mut *self.maintenance()?, target).map_err(|e| placed(self, e))
    }

    fn plan_stamp(&self, migrations: &Migrations, target: &Target) -> Result<Stamp> {
        migrations.plan_stamp(&mut *self.connection()?, target).map_err(|e| placed(self, e))
    }
}

/// The error with the database's address filled in, which a connection does not have.
fn placed(database: &Database, error: Error) -> Error {
    match error {
        Error::Session(error) => database.placed(error).into(),
        other => other.placed(database.place()),
    }
}
