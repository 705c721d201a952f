//! Opening the database for a command. Looking never makes one; what makes one also brings it up to date.

use super::arguments::Globals;
use super::environment;
use super::exit;
use super::hint;
use super::output::{Format, Listing, Place, Record, stdout};
use super::stderr;
use crate::database::{Access, Database, DatabaseUrl, EchoOptions, Options};
use crate::error::Result;
use crate::migrations::SchemaState;

impl Globals {
    /// For commands that look: read-only, and up to date.
    pub(super) fn open_to_read(&self) -> anyhow::Result<Database> {
        self.open_current(Access::Read)
    }

    /// For commands that change what is there.
    pub(super) fn open_to_change(&self) -> anyhow::Result<Database> {
        self.open_current(Access::Write)
    }

    /// For commands that add: a missing file is made.
    pub(super) fn open_to_add(&self) -> anyhow::Result<Database> {
        self.open_current(Access::Create)
    }

    /// Opens the database, and refuses one that is not up to date or cannot be brought there.
    fn open_current(&self, access: Access) -> anyhow::Result<Database> {
        let database = self.open(access)?;
        bring_up_to_date(&database, access)?;
        Ok(database)
    }

    /// Opens the database as it stands, and says so where that made a file.
    pub(super) fn open(&self, access: Access) -> anyhow::Result<Database> {
        let (text, url) = environment::database_url(self.database_url.as_deref())?;
        if let Some(option) = &self.database_url {
            hint::warn_of_password(option, "--database-url", Some("FOLIO_DATABASE_URL"));
        }
        self.open_at(&text, &url, access)
    }

    /// As [`open`](Self::open), the database at this URL, which is `text` in the form that opens it.
    pub(super) fn open_at(&self, text: &str, url: &DatabaseUrl, access: Access) -> anyhow::Result<Database> {
        let options =
            Options::new().access(access).echo(self.echo.then(EchoOptions::default)).busy_timeout(self.busy_timeout);
        let database = Database::open_with(text, options)?;
        if database.created() && !url.address().is_private() {
            stderr::say(&format!("created {}", database.place()));
        }
        Ok(database)
    }

    /// The format for standard output.
    pub(super) fn format_here(&self) -> Format {
        Place::of_stdout().format(self.format)
    }

    /// A listing onto standard output.
    pub(super) fn listing<R: Record>(&self) -> Listing<R, impl std::io::Write + use<R>> {
        Listing::new(stdout(), self.format_here(), Place::of_stdout())
    }

    /// Says what was done to a record and writes it to standard output, as it is now.
    pub(super) fn report<R: Record>(&self, done: &str, record: &R) -> anyhow::Result<()> {
        stderr::say_to_a_person(done);
        self.print(record).map_err(|error| exit::after(done, error))
    }

    /// Writes one record to standard output, as a row.
    pub(super) fn print<R: Record>(&self, record: &R) -> anyhow::Result<()> {
        let mut listing = self.listing();
        listing.push(record)?;
        Ok(listing.finish()?)
    }
}

/// Refuses a database that is not up to date; one that this made is brought there, and so is an empty one, which another
/// program may be making at the same moment, where `access` says that one may be made.
pub(super) fn bring_up_to_date(database: &Database, access: Access) -> Result<()> {
    if database.created() || (access == Access::Create && database.schema_state()? == SchemaState::Empty) {
        database.migrate()?;
        return Ok(());
    }
    database.require_current()
}
