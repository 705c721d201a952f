//! What a [`Database`] has to do with migrations.

use diesel_session::Database;

use crate::diff::Difference;
use crate::drift::Against;
use crate::error::{Error, Result};
use crate::loss::Loss;
use crate::migration::Migration;
use crate::plan::Planned;
use crate::prove::Proof;
use crate::schema::Schema;
use crate::scratch::Scratch;
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

    /// What [`migrate_down`](Self::migrate_down) would do now, and what would be lost, from [`Migrations::plan_down`].
    /// It writes nothing.
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

    /// How the database differs from what its applied migrations make; nothing where it has none. The differences are
    /// in the order in which their statements mend the database.
    ///
    /// The applied migrations, and only these, are played in a scratch database: on SQLite in memory; on a server in a
    /// database `diesel_migrate_scratch_…`, which is dropped in the end, on PostgreSQL without the right to make one in
    /// a schema that is rolled back. This database is only read.
    ///
    /// Where other applications have applied migrations to it, their tables, views and enum types are left alone:
    /// what is extra counts then only if one of these migrations once made a table of that name. Otherwise every table
    /// that no migration makes is a difference. Extra columns, indexes and triggers of the application's own tables
    /// always are.
    ///
    /// ```
    /// use diesel::connection::SimpleConnection as _;
    /// use diesel_migrate::{Migrate as _, Migrations};
    /// use diesel_session::Database;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    /// let migrations = Migrations::folder("my-app", "docs/example");
    /// let database = Database::open("sqlite::memory:")?;
    /// database.migrate(&migrations)?;
    /// assert!(database.drift(&migrations)?.is_empty());
    ///
    /// database.connection()?.batch_execute("CREATE INDEX tags_by_name ON tags (name)")?;
    /// let drift = database.drift(&migrations)?;
    /// assert_eq!(drift[0].to_string(), "table tags: the index tags_by_name on (name) is extra");
    /// assert_eq!(drift[0].sql, ["DROP INDEX \"tags_by_name\""]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Foreign`] for another application's database, [`Error::Newer`]; [`Error::Scratch`] if no scratch
    /// database can be made; [`Error::Failed`] if a migration fails in it; otherwise as
    /// [`migration_status`](Self::migration_status).
    fn drift(&self, migrations: &Migrations) -> Result<Vec<Difference>>;

    /// As [`drift`](Self::drift), with an empty database of the caller's as the scratch database: for a user who may
    /// not create one, or whose migrations need what an administrator has to prepare. It is empty again in the end,
    /// except for functions.
    ///
    /// # Errors
    ///
    /// As [`drift`](Self::drift); [`Error::Scratch`] if the scratch database contains tables.
    fn drift_with(&self, migrations: &Migrations, scratch: &Database) -> Result<Vec<Difference>>;

    /// How the database differs from what the migrations up to the target make, whatever its history says: before they
    /// are [`stamp`](Self::stamp)ed on a database that another tool has made. Tables that none of them makes are left
    /// alone. They are played in `scratch`, or else in a scratch database as that of [`drift`](Self::drift).
    ///
    /// # Errors
    ///
    /// [`Error::NoVersion`]; otherwise as [`drift_with`](Self::drift_with), without [`Error::Foreign`].
    fn baseline_drift(
        &self,
        migrations: &Migrations,
        target: &Target,
        scratch: Option<&Database>,
    ) -> Result<Vec<Difference>>;

    /// The schema that the migrations make, whatever this database has: they are played in a scratch database as that
    /// of [`drift`](Self::drift).
    ///
    /// ```
    /// use diesel_migrate::{Migrate as _, Migrations};
    /// use diesel_session::Database;
    ///
    /// # std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    /// let migrations = Migrations::folder("my-app", "docs/example");
    /// let schema = Database::open("sqlite::memory:")?.migrated_schema(&migrations)?;
    /// assert_eq!(schema.tables[0].name, "tags");
    /// # Ok::<(), diesel_migrate::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Source`]; [`Error::Scratch`] if no scratch database can be made; [`Error::Failed`] if a migration fails
    /// in it; those of the connection.
    fn migrated_schema(&self, migrations: &Migrations) -> Result<Schema>;

    /// Plays every migration up, down and up again, each on the schema of those before it, in a scratch database as
    /// that of [`drift`](Self::drift), and compares the schemas: the proof that its way down undoes it. This database
    /// is not touched.
    ///
    /// The tables have a few generated rows, always the same, so that it also shows which rows the way back loses, and
    /// which migrations fail only because there are rows.
    ///
    /// ```
    /// use diesel_migrate::{Migrate as _, Migrations};
    /// use diesel_session::Database;
    ///
    /// # std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    /// let migrations = Migrations::folder("my-app", "docs/example");
    /// let proofs = Database::open("sqlite::memory:")?.prove_migrations(&migrations)?;
    /// assert!(proofs[0].is_proven() && proofs[0].losses.is_empty());
    /// assert_eq!(proofs[0].to_string(), "2026-01-31-120000_create_tags: proven");
    /// # Ok::<(), diesel_migrate::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Source`]; [`Error::Scratch`] if no scratch database can be made; those of the connection. What the
    /// database says to a migration is in its proof.
    fn prove_migrations(&self, migrations: &Migrations) -> Result<Vec<Proof>>;
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

    fn drift(&self, migrations: &Migrations) -> Result<Vec<Difference>> {
        let drift = migrations.drift(self, Against::Applied, || Scratch::beside(self));
        drift.map_err(|e| placed(self, e))
    }

    fn drift_with(&self, migrations: &Migrations, scratch: &Database) -> Result<Vec<Difference>> {
        let drift = migrations.drift(self, Against::Applied, || Scratch::given(scratch));
        drift.map_err(|e| placed(self, e))
    }

    fn baseline_drift(
        &self,
        migrations: &Migrations,
        target: &Target,
        scratch: Option<&Database>,
    ) -> Result<Vec<Difference>> {
        let drift = migrations.drift(self, Against::UpTo(target), || match scratch {
            Some(scratch) => Scratch::given(scratch),
            None => Scratch::beside(self),
        });
        drift.map_err(|e| placed(self, e))
    }

    fn migrated_schema(&self, migrations: &Migrations) -> Result<Schema> {
        migrations.migrated_schema(self).map_err(|e| placed(self, e))
    }

    fn prove_migrations(&self, migrations: &Migrations) -> Result<Vec<Proof>> {
        migrations.prove(self).map_err(|e| placed(self, e))
    }
}

/// The error with the database's address filled in, which a connection does not have.
fn placed(database: &Database, error: Error) -> Error {
    match error {
        Error::Session(error) => database.placed(error).into(),
        other => other.placed(database.place()),
    }
}
