//! The embedded migrations: the files of `migrations/`, compiled in.

use std::fmt;

use diesel::backend::Backend as DieselBackend;
use diesel::connection::BoxableConnection;
use diesel::migration::{self, Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion};

use crate::connection::Engine;

/// One migration: its name and its SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Script {
    /// The recorded version: the date and number in the folder's name, without dashes.
    pub version: &'static str,
    /// The folder's name.
    pub name: &'static str,
    /// The SQL that applies it.
    pub up: &'static str,
    /// The SQL that reverts it.
    pub down: &'static str,
}

/// Reads the two files of a migration at compile time; a missing one is a compile error.
macro_rules! script {
    ($engine:literal, $year:literal - $month:literal - $day:literal - $number:literal, $name:literal) => {
        script!(
            $engine,
            concat!($year, "-", $month, "-", $day, "-", $number, "_", $name),
            concat!($year, $month, $day, $number)
        )
    };
    ($engine:literal, $folder:expr, $version:expr) => {
        Script {
            version: $version,
            name: $folder,
            up: include_str!(concat!("../../migrations/", $engine, "/", $folder, "/up.sql")),
            down: include_str!(concat!("../../migrations/", $engine, "/", $folder, "/down.sql")),
        }
    };
}

/// The migrations of one engine; all engines have the same versions under the same names.
macro_rules! scripts {
    ($engine:literal) => {
        &[
            script!($engine, "2026" - "11" - "01" - "000001", "create_users"),
            script!($engine, "2026" - "11" - "01" - "000002", "create_repositories"),
            script!($engine, "2026" - "11" - "01" - "000003", "create_resumes"),
            script!($engine, "2026" - "11" - "01" - "000004", "create_notes"),
        ]
    };
}

const SQLITE: &[Script] = scripts!("sqlite");
const POSTGRES: &[Script] = scripts!("postgres");
const MYSQL: &[Script] = scripts!("mysql");

/// Folio's migrations for an engine, oldest first.
///
/// ```
/// use folio::connection::Engine;
///
/// let first = &folio::migrations::all(Engine::Sqlite)[0];
/// assert_eq!(first.version, "20261101000001");
/// assert_eq!(first.name, "2026-11-01-000001_create_users");
/// assert!(first.up.contains("CREATE TABLE users"));
/// assert!(first.down.contains("DROP TABLE users"));
/// ```
#[must_use]
pub fn all(engine: Engine) -> &'static [Script] {
    match engine {
        Engine::Sqlite => SQLITE,
        Engine::Postgres => POSTGRES,
        Engine::Mysql => MYSQL,
    }
}

impl Script {
    /// The names of the tables that it creates.
    pub(super) fn tables(&self) -> impl Iterator<Item = &'static str> {
        let made = self.up.split("CREATE TABLE ").skip(1);
        made.filter_map(|rest| rest.split(|c: char| c.is_whitespace() || c == '(').next())
    }

    /// The columns of the table that a one-statement script creates, in order: each on its own line, in lower case.
    pub(super) fn columns(&self) -> impl Iterator<Item = &'static str> {
        let inside = self.up.lines().filter_map(|line| line.strip_prefix("    "));
        inside
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|line| line.split(' ').next())
    }

    /// The comment that such a script gives its table, if the engine's syntax has it in the same statement.
    pub(super) fn comment(&self) -> Option<&'static str> {
        self.up.lines().find_map(|line| line.strip_prefix("COMMENT = '")?.strip_suffix("';"))
    }
}

/// Folio's migrations for an engine as a source for Diesel's own `MigrationHarness`.
#[derive(Debug, Clone, Copy)]
pub struct Embedded(pub Engine);

impl<DB: DieselBackend> MigrationSource<DB> for Embedded {
    fn migrations(&self) -> migration::Result<Vec<Box<dyn Migration<DB>>>> {
        Ok(all(self.0).iter().map(|script| Box::new(*script) as Box<dyn Migration<DB>>).collect())
    }
}

impl<DB: DieselBackend> Migration<DB> for Script {
    fn run(&self, connection: &mut dyn BoxableConnection<DB>) -> migration::Result<()> {
        Ok(connection.batch_execute(self.up)?)
    }

    fn revert(&self, connection: &mut dyn BoxableConnection<DB>) -> migration::Result<()> {
        Ok(connection.batch_execute(self.down)?)
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

/// Diesel's default: each migration in its own transaction.
impl MigrationMetadata for Script {}

impl MigrationName for Script {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from(self.version)
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_knows_the_tables_that_it_makes() {
        for engine in Engine::ALL {
            let tables: Vec<_> = all(*engine).iter().flat_map(Script::tables).collect();
            assert_eq!(tables, ["users", "repositories", "resumes", "notes"]);
        }
    }

    #[test]
    fn a_script_of_one_statement_knows_its_tables_columns_and_comment() {
        let script = &all(Engine::Mysql)[0];
        let columns: Vec<_> = script.columns().collect();
        assert_eq!(columns, ["id", "user_id", "username", "email", "created_at", "updated_at"]);
        assert!(all(Engine::Mysql).iter().all(|script| script.comment().is_some()));
        assert_eq!(script.comment(), Some("Accounts."));
    }
}
