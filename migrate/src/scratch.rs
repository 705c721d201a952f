//! A scratch database of the same engine, in which migrations are played to see what they make.

use std::hash::{BuildHasher as _, RandomState};
use std::ops::{Deref, DerefMut};

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_session::Database;
use diesel_session::connection::{AnyConnection, Engine, Mode, SessionConnection as _};
use diesel_session::database::Maintenance;

use crate::catalogue;
use crate::error::{Error, Result};
use crate::migration::Direction;
use crate::quoting::quoted;
use crate::schema::Schema;
use crate::scripts::{Body, Problem, Step};
use crate::stepwise;

/// What every scratch database's name begins with, so that rights can be granted on them.
const PREFIX: &str = "diesel_migrate_scratch_";

/// A scratch database, and the connection to it. It is removed when this is dropped.
pub(crate) struct Scratch {
    /// Dropped before the database is.
    connection: Maintenance,
    home: Home,
}

/// Where the scratch tables are, and so how they are removed.
enum Home {
    /// In memory.
    Memory,
    /// In a database of that name beside a live one.
    Sibling(Box<Database>, String),
    /// In a schema that a transaction made, which the end of the connection rolls back.
    Transaction,
    /// In an empty database of the caller's.
    Given,
}

impl Scratch {
    /// A new database beside a live one: on SQLite in memory, on a server under a drawn name. On PostgreSQL, where this
    /// user may not create a database, a schema in a transaction of the live one, which is rolled back.
    pub(crate) fn beside(live: &Database) -> Result<Self> {
        let name = format!("{PREFIX}{:016x}", RandomState::new().hash_one(live.place()));
        let engine = live.connection()?.engine();
        // From here on, so that what is created is dropped if setting it up fails.
        let home = match engine {
            Engine::Sqlite => Home::Memory,
            Engine::Postgres | Engine::Mysql => Home::Sibling(Box::new(live.clone()), name.clone()),
        };
        let refused = |error: diesel_session::Error| Error::Scratch {
            place: live.place().to_owned(),
            problem: error.to_string(),
            way_out: way_out(engine),
        };
        let opened = live.sibling(&name).and_then(|database| database.maintenance());
        match (opened, engine) {
            (Ok(connection), _) => {
                let mut scratch = Self { connection, home };
                scratch.take_after(live)?;
                Ok(scratch)
            }
            (Err(error), Engine::Postgres) => Self::in_transaction(live, &name).map_err(|_| refused(error)),
            (Err(error), _) => Err(refused(error)),
        }
    }

    /// An empty database of the caller's, which is empty again in the end.
    pub(crate) fn given(database: &Database) -> Result<Self> {
        let mut connection = database.maintenance()?;
        let tables = catalogue::tables(&mut connection)?;
        if tables.is_empty() {
            return Ok(Self { connection, home: Home::Given });
        }
        Err(Error::Scratch {
            place: database.place().to_owned(),
            problem: format!("it contains tables ({})", tables.join(", ")),
            way_out: "a scratch database must be empty",
        })
    }

    fn in_transaction(live: &Database, name: &str) -> Result<Self> {
        let mut connection = live.maintenance()?;
        let begun = connection
            .begin(Mode::Write, None)
            .and_then(|()| connection.batch_execute(&format!("CREATE SCHEMA {name}; SET LOCAL search_path = {name}")));
        begun.map_err(|e| connection.explain(e, "", "creating a schema"))?;
        Ok(Self { connection, home: Home::Transaction })
    }

    /// Gives a new database what the live one has before its first table: on PostgreSQL the schema that the tables are
    /// in, on MySQL the character set and collation that they have by default.
    fn take_after(&mut self, live: &Database) -> Result<()> {
        #[derive(QueryableByName)]
        struct Setting {
            #[diesel(sql_type = Text)]
            setting: String,
        }
        let Home::Sibling(_, name) = &self.home else { return Ok(()) };
        let (asked, set): (_, fn(&str, &str) -> String) = match self.engine() {
            Engine::Sqlite => return Ok(()),
            Engine::Postgres => ("SELECT current_schema()::text AS setting", |_, schema| {
                format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(Engine::Postgres, schema))
            }),
            // A collation implies its character set, and a database's defaults are read when it is entered.
            Engine::Mysql => ("SELECT @@collation_database AS setting", |name, collation| {
                format!("ALTER DATABASE {name} COLLATE {collation}; USE {name}")
            }),
        };
        let setting = diesel::sql_query(asked).get_result::<Setting>(&mut *live.connection()?);
        let statements = setting.map(|Setting { setting }| set(name, &setting));
        let done = statements.and_then(|statements| self.batch_execute(&statements));
        done.map_err(|e| self.explain(e, "", "setting up a scratch database").into())
    }

    /// Applies migrations, which are expected to work.
    pub(crate) fn apply<'s>(&mut self, steps: impl IntoIterator<Item = &'s Step>) -> Result<()> {
        for step in steps {
            let played = self.play(step, Direction::Up);
            played.map_err(|problem| step.failed(self, Direction::Up, problem))?;
        }
        Ok(())
    }

    /// Executes a script of a migration, as the runner does, without noting it.
    pub(crate) fn play(&mut self, step: &Step, direction: Direction) -> Result<(), Problem> {
        let undoes = self.engine().undoes_tables();
        if undoes && step.transaction {
            return stepwise::in_transaction(self, |connection| step.execute(connection, direction));
        }
        if matches!(self.home, Home::Transaction) {
            let problem = "it runs without a transaction, and this user may not create the database that it needs to be \
                           tried in";
            return Err(Problem::Other(problem.to_owned()));
        }
        if let Body::Diesel(_) = step.body {
            return step.execute(self, direction);
        }
        if direction == Direction::Down && step.has_no_way_down() {
            return Err(Problem::no_way_down());
        }
        let engine = self.engine();
        for statement in step.statements(direction, engine) {
            self.batch_execute(statement.sql)?;
        }
        Ok(())
    }
}

/// What to do where there is no right to make a scratch database.
fn way_out(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "a database in memory must be possible",
        Engine::Postgres => "grant this user CREATEDB, or supply an empty database",
        Engine::Mysql => "grant this user ALL on `diesel\\_migrate\\_scratch\\_%`.*, or supply an empty database",
    }
}

impl Deref for Scratch {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.connection
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !matches!(self.home, Home::Given) {
            return;
        }
        let engine = self.engine();
        let Ok(found) = Schema::read(self) else { return };
        for difference in Schema::default().differences(&found, engine) {
            for statement in &difference.sql {
                if let Err(failed) = self.batch_execute(statement) {
                    tracing::warn!(target: "diesel_migrate::scratch", %failed, statement, "a scratch table remains");
                }
            }
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let Self::Sibling(live, name) = self else { return };
        let connection = live.connection();
        let dropped = connection.map_err(|error| error.to_string()).and_then(|mut connection| {
            let force = if connection.engine() == Engine::Postgres { " WITH (FORCE)" } else { "" };
            let dropped = connection.batch_execute(&format!("DROP DATABASE IF EXISTS {name}{force}"));
            dropped.map_err(|error| error.to_string())
        });
        if let Err(failed) = dropped {
            tracing::warn!(target: "diesel_migrate::scratch", %failed, name, "a scratch database remains");
        }
    }
}
