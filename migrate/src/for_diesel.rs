//! An application's migrations as a source for Diesel's own harness.

use std::sync::Arc;

use diesel::backend::Backend;
use diesel::connection::BoxableConnection;
use diesel::migration::{self, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion};
use diesel_session::connection::Engine;

use crate::error::Result;
use crate::migration::Direction;
use crate::scripts::Step;
use crate::source::Migrations;

/// The migrations of one engine, from [`Migrations::for_diesel`].
#[derive(Debug, Clone)]
pub struct ForDiesel(Vec<Arc<Step>>);

impl Migrations {
    /// The migrations for an engine as a source for Diesel's `MigrationHarness`, whatever the connection: those of
    /// [`embedded`](Self::embedded) and [`folder`](Self::folder). A source of Diesel's is one already.
    ///
    /// ```
    /// use diesel::prelude::*;
    /// use diesel_migrate::Migrations;
    /// use diesel_migrations::MigrationHarness as _;
    /// use diesel_session::connection::Engine;
    ///
    /// # std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    /// let migrations = Migrations::folder("my-app", "docs/example");
    /// let mut connection = SqliteConnection::establish(":memory:")?;
    /// let source = migrations.for_diesel(Engine::Sqlite)?;
    /// assert_eq!(connection.run_pending_migrations(source).unwrap().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    pub fn for_diesel(&self, engine: Engine) -> Result<ForDiesel> {
        Ok(ForDiesel(self.steps(engine)?.into_iter().map(Arc::new).collect()))
    }
}

impl<DB: Backend> MigrationSource<DB> for ForDiesel {
    fn migrations(&self) -> migration::Result<Vec<Box<dyn migration::Migration<DB>>>> {
        Ok(self.0.iter().map(|step| Box::new(One(step.clone())) as Box<dyn migration::Migration<DB>>).collect())
    }
}

/// One migration, which is its own name and metadata.
struct One(Arc<Step>);

impl One {
    fn execute<DB: Backend>(
        &self,
        connection: &mut dyn BoxableConnection<DB>,
        direction: Direction,
    ) -> migration::Result<()> {
        let script = self.0.script(direction).ok_or_else(|| format!("{} has no {direction}.sql", self.0.migration))?;
        Ok(connection.batch_execute(script)?)
    }
}

impl<DB: Backend> migration::Migration<DB> for One {
    fn run(&self, connection: &mut dyn BoxableConnection<DB>) -> migration::Result<()> {
        self.execute(connection, Direction::Up)
    }

    fn revert(&self, connection: &mut dyn BoxableConnection<DB>) -> migration::Result<()> {
        self.execute(connection, Direction::Down)
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

impl MigrationMetadata for One {
    fn run_in_transaction(&self) -> bool {
        self.0.transaction
    }
}

impl MigrationName for One {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from(self.0.migration.version.as_str())
    }
}

impl std::fmt::Display for One {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.migration.fmt(f)
    }
}
