//! What a command works with: a program's migrations, its database and its console.

use std::fmt;
use std::io;

use diesel_session::connection::{Access, Engine};
use diesel_session::database::DatabaseUrl;
use diesel_session::{Database, Error as SessionError};

use super::console::{Console, Row, Table};
use super::failure::Failure;
use crate::error::Error;
use crate::source::Migrations;

/// What a program gives to a [`Command`](super::Command): its migrations, the way to its database, and where to print.
pub struct Context<'p> {
    pub(super) migrations: &'p Migrations,
    /// The database's engine, where it is known without opening it.
    pub(super) engine: Option<Engine>,
    open: &'p dyn Fn(Access) -> Result<Database, Failure>,
    console: &'p mut dyn Console,
}

impl<'p> Context<'p> {
    /// `open` opens the database for looking, for changing, or making it where it is missing.
    pub fn new(
        migrations: &'p Migrations,
        open: &'p dyn Fn(Access) -> Result<Database, Failure>,
        console: &'p mut dyn Console,
    ) -> Self {
        Self { migrations, engine: None, open, console }
    }

    /// The engine of the database, for verbs that look at the scripts alone.
    #[must_use]
    pub fn for_engine(self, engine: Engine) -> Self {
        Self { engine: Some(engine), ..self }
    }

    pub(super) fn open(&self, access: Access) -> Result<Database, Failure> {
        (self.open)(access)
    }

    /// Opens the database for looking. An SQLite file that does not exist yet is taken for an empty one, which is what
    /// `up` would make of it; what a server lacks cannot be replaced so, because its scripts are others.
    pub(super) fn open_or_empty(&mut self) -> Result<Database, Failure> {
        match self.open(Access::Read) {
            Err(Failure::Migrate(Error::Session(SessionError::NoDatabase { place })))
                if self.engine_at(&place).is_none_or(|engine| engine == Engine::Sqlite) =>
            {
                self.say(&format!("there is no database at {place} yet; an empty one is taken instead"));
                Ok(Database::open("sqlite::memory:")?)
            }
            opened => opened,
        }
    }

    /// The engine of the database, whose address this is.
    pub(super) fn engine_at(&self, place: &str) -> Option<Engine> {
        self.engine.or_else(|| DatabaseUrl::parse(place).ok().map(|url| url.address().engine()))
    }

    pub(super) fn say(&mut self, line: &str) {
        self.console.say(line);
    }

    pub(super) fn warn(&mut self, problem: &str) {
        self.console.warn(problem);
    }

    pub(super) fn table<R: Row>(&mut self, rows: &[R]) -> Result<(), Failure> {
        let written = Table::of(rows).and_then(|table| self.console.table(&table));
        Ok(written?)
    }

    pub(super) fn text(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.console.text(text)?)
    }

    /// Rows if they were asked for, otherwise a text for people.
    pub(super) fn text_or_table<R: Row>(&mut self, text: impl FnOnce() -> String, rows: &[R]) -> Result<(), Failure> {
        if self.console.wants_rows() { self.table(rows) } else { self.text(&text()) }
    }

    /// Succeeds if the person agrees with `doing`, such as "remove 3 tables", or has agreed in advance.
    pub(super) fn confirm(&mut self, doing: &str, agreed: bool) -> Result<(), Failure> {
        if agreed {
            return Ok(());
        }
        let unread = |error| Failure::Output(io::Error::other(format!("no answer could be read: {error}")));
        match self.console.confirm(doing).map_err(unread)? {
            Some(true) => Ok(()),
            Some(false) => Err(Failure::Declined),
            None => {
                let way_out = "add --yes to do so without being asked";
                Err(Failure::Usage(format!("this would {doing}; {way_out}")))
            }
        }
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("migrations", self.migrations).finish_non_exhaustive()
    }
}
