//! Opens the database for a command. Read commands never create one; a created database is brought up to date.

use super::exit;
use super::globals::Globals;
use super::hint;
use super::output::{Column, Format, Listing, Place, Record, Sheet, stdout, wants_styles};
use super::stderr;
use folio::database::{Access, Database, DatabaseUrl, EchoOptions, Options};
use folio::error::Result;
use folio::migrations::Migrate as _;
use folio::migrations::SchemaState;

impl Globals {
    /// For commands that read: opens read-only, and requires an up-to-date database.
    pub(super) fn open_to_read(&self) -> anyhow::Result<Database> {
        self.open_current(Access::Read)
    }

    /// For commands that change existing records.
    pub(super) fn open_to_change(&self) -> anyhow::Result<Database> {
        self.open_current(Access::Write)
    }

    /// For commands that add records: a missing file is created.
    pub(super) fn open_to_add(&self) -> anyhow::Result<Database> {
        self.open_current(Access::Create)
    }

    /// Opens the database, brings a new one up to date, and refuses any other that is not.
    fn open_current(&self, access: Access) -> anyhow::Result<Database> {
        let database = self.open(access)?;
        bring_up_to_date(&database, access)?;
        Ok(database)
    }

    /// Opens the database in its current state, and reports if that created a file.
    pub(super) fn open(&self, access: Access) -> anyhow::Result<Database> {
        let (text, url) = self.url()?;
        if let Some(option) = &self.database_url {
            hint::warn_of_password(option, "--database-url", Some("FOLIO_DATABASE_URL"));
        }
        self.open_at(&text, &url, access)
    }

    /// Like [`open`](Self::open), for the database at this URL; `text` is the form to open it with.
    pub(super) fn open_at(&self, text: &str, url: &DatabaseUrl, access: Access) -> anyhow::Result<Database> {
        let options =
            Options::new().access(access).echo(self.echo.then(EchoOptions::default)).busy_timeout(self.busy_timeout);
        let database = Database::open_with(text, options)?;
        if database.created() && !url.address().is_private() {
            stderr::print(&format!("created {}", database.place()));
        }
        Ok(database)
    }

    /// The format for standard output.
    pub(super) fn format_here(&self) -> Format {
        let place = Place::of_stdout();
        // A setting of the user's does not change what scripts read.
        let set = self.settings.format.filter(|_| place != Place::Pipe);
        place.format(self.format.or(set))
    }

    /// A listing on standard output.
    pub(super) fn listing<R: Record>(&self) -> Listing<R, impl std::io::Write + use<R>> {
        Listing::new(stdout(), self.format_here(), Place::of_stdout()).on(|sheet| sheet.with_styles(wants_styles()))
    }

    /// A listing of the usual columns and this one on standard output.
    pub(super) fn listing_with<R: Record>(&self, name: &str) -> Listing<R, impl std::io::Write + use<R>> {
        let shown =
            R::COLUMNS.iter().enumerate().filter(|(_, column)| !column.is_on_request() || column.name() == name);
        let listing = listing_of(Some(shown.map(|(place, _)| place).collect()), self.format_here());
        listing.with_all_fields()
    }

    /// Rows under these columns on standard output.
    pub(super) fn sheet(&self, columns: Vec<Column>) -> Sheet<impl std::io::Write + use<>> {
        Sheet::new(stdout(), columns, self.format_here(), Place::of_stdout()).with_styles(wants_styles())
    }

    /// Reports the change to a record and writes its new state to standard output.
    pub(super) fn report<R: Record>(&self, done: &str, record: &R) -> anyhow::Result<()> {
        stderr::print_on_terminal(done);
        self.print(record).map_err(|error| exit::after(done, error))
    }

    /// Writes a record to standard output, as a row.
    pub(super) fn print<R: Record>(&self, record: &R) -> anyhow::Result<()> {
        let mut listing = self.listing();
        listing.push(record)?;
        Ok(listing.finish()?)
    }
}

/// A listing of these columns on standard output, by their places among the record's; without any, of the usual ones.
pub(super) fn listing_of<R: Record>(
    columns: Option<Vec<usize>>,
    format: Format,
) -> Listing<R, impl std::io::Write + use<R>> {
    let listing = match columns {
        Some(columns) => Listing::of(stdout(), columns, format, Place::of_stdout()),
        None => Listing::new(stdout(), format, Place::of_stdout()),
    };
    listing.on(|sheet| sheet.with_styles(wants_styles()))
}

/// Refuses a database that is not up to date. One that this process created is brought up to date; so is an empty one
/// if `access` allows creation, since another program may be creating it concurrently.
pub(super) fn bring_up_to_date(database: &Database, access: Access) -> Result<()> {
    if database.created() || (access == Access::Create && database.schema_state()? == SchemaState::Empty) {
        database.migrate()?;
        return Ok(());
    }
    database.require_current()
}
