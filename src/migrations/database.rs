//! What a [`Database`] has to do with Folio's migrations.

use super::{Existing, Loss, SchemaState, Script, Status, Target, stable_status};
use crate::database::Database;
use crate::error::{Error, Result};

/// Folio's migrations on a database: `database.migrate()`.
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
    /// Which migrations are applied and which are pending. At most two SELECTs; it writes nothing.
    ///
    /// # Errors
    ///
    /// [`Pool`](diesel_session::Error::Pool), and the database's errors while reading.
    fn status(&self) -> Result<Status>;

    /// Whether the schema is Folio's, and how far it is migrated. At most two SELECTs; it writes nothing.
    ///
    /// # Errors
    ///
    /// As [`status`](Self::status).
    fn schema_state(&self) -> Result<SchemaState>;

    /// Checks that the database has all of this program's migrations and no newer ones. On MySQL, where the tables that
    /// another program is still creating are visible, it waits for that program.
    ///
    /// # Errors
    ///
    /// [`Error::MigrationsPending`], [`Error::SchemaTooNew`] or [`Error::NotFolio`] where it does not; otherwise as
    /// [`status`](Self::status), and [`Locked`](diesel_session::Error::Locked).
    fn require_current(&self) -> Result<()>;

    /// Applies every pending migration to a database that is empty or Folio's own, and returns those migrations.
    ///
    /// # Errors
    ///
    /// As [`migrate_up`](Self::migrate_up).
    fn migrate(&self) -> Result<Vec<&'static Script>>;

    /// Applies pending migrations with [`up`](super::up); on SQLite then turns the write-ahead log on permanently.
    ///
    /// # Errors
    ///
    /// [`Error::NotFolio`] unless `existing` is [`Existing::Join`], [`Error::SchemaTooNew`], [`Error::Migration`],
    /// [`Locked`](diesel_session::Error::Locked), [`ReadOnlyDatabase`](diesel_session::Error::ReadOnlyDatabase), [`Pool`](diesel_session::Error::Pool).
    fn migrate_up(
        &self,
        target: Target,
        existing: Existing,
        progress: impl FnMut(&Script),
    ) -> Result<Vec<&'static Script>>;

    /// Reverts applied migrations with [`down`](super::down).
    ///
    /// # Errors
    ///
    /// [`Error::SchemaTooNew`], [`Error::Migration`], [`Locked`](diesel_session::Error::Locked), [`ReadOnlyDatabase`](diesel_session::Error::ReadOnlyDatabase), [`Pool`](diesel_session::Error::Pool).
    fn migrate_down(&self, target: Target, progress: impl FnMut(&Script)) -> Result<Vec<&'static Script>>;

    /// What [`migrate_down`](Self::migrate_down) would remove, from [`losses`](super::losses). It writes nothing.
    ///
    /// ```
    /// use folio::Database;
    /// use folio::migrations::{Migrate as _, Target};
    ///
    /// let database = Database::open("sqlite::memory:")?;
    /// database.migrate()?;
    /// let losses = database.migration_losses(Target::Steps(1))?;
    /// assert_eq!(losses[0].tables, [("notes", 0)]);
    /// # Ok::<(), folio::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::SchemaTooNew`], [`Pool`](diesel_session::Error::Pool), and the database's errors while reading.
    fn migration_losses(&self, target: Target) -> Result<Vec<Loss>>;
}

impl Migrate for Database {
    fn status(&self) -> Result<Status> {
        super::status(&mut *self.connection()?).map_err(|e| placed(self, e))
    }

    fn schema_state(&self) -> Result<SchemaState> {
        Ok(self.status()?.schema_state())
    }

    fn require_current(&self) -> Result<()> {
        let status = stable_status(&mut *self.connection()?).map_err(|e| placed(self, e))?;
        status.refusal(self.place()).map_or(Ok(()), Err)
    }

    fn migrate(&self) -> Result<Vec<&'static Script>> {
        self.migrate_up(Target::All, Existing::Refuse, |_| ())
    }

    fn migrate_up(
        &self,
        target: Target,
        existing: Existing,
        progress: impl FnMut(&Script),
    ) -> Result<Vec<&'static Script>> {
        let mut connection = self.maintenance()?;
        let migrated = super::up(&mut connection, target, existing, progress).map_err(|e| placed(self, e))?;
        connection.set_persistent().map_err(|e| self.placed(e))?;
        Ok(migrated)
    }

    fn migrate_down(&self, target: Target, progress: impl FnMut(&Script)) -> Result<Vec<&'static Script>> {
        let mut connection = self.maintenance()?;
        super::down(&mut connection, target, progress).map_err(|e| placed(self, e))
    }

    fn migration_losses(&self, target: Target) -> Result<Vec<Loss>> {
        super::losses(&mut *self.connection()?, target).map_err(|e| placed(self, e))
    }
}

/// The error with the database's address filled in, which a connection does not have.
fn placed(database: &Database, error: Error) -> Error {
    let place = database.place().to_owned();
    match error {
        Error::NotFolio { tables, .. } => Error::NotFolio { place, tables },
        Error::SchemaTooNew { versions, .. } => Error::SchemaTooNew { place, versions },
        Error::Session(error) => database.placed(error).into(),
        other => other,
    }
}
