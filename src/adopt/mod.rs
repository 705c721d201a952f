//! Adopting a database that SQLAlchemy made: in an SQLite file of the Python models that Folio grew from (`users`,
//! `repositories`, `resumes`, `notes`, made by `create_all`), the tables become Folio's own.
//!
//! [`plan`] reads the file and says what would be kept; [`adopt`] converts it in place, in one transaction. Ids and
//! references stay. Names of the enum become its labels, times (UTC, as `datetime.utcnow` writes them) Folio's, an
//! empty email NULL; users without a number count down from -1, as Folio's own do. A table or a column that the models
//! do not have is refused, so that nothing is lost.

mod convert;
mod files;
mod layout;
mod tables;
mod values;

use std::fmt;
use std::path::PathBuf;

use diesel::connection::SimpleConnection as _;
use diesel_migrate::{Target, Up};

use crate::database::Database;
use crate::error::{Error, Result};
use crate::migrations::MIGRATIONS;
use crate::session::Session;
use convert::Conversion;
use files::Files;
use layout::Layout;

/// What to do with rows that Folio's tables cannot take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfit {
    /// Change nothing: [`Error::Unfit`].
    Refuse,
    /// Leave them out, and write them to a file beside the database: [`Adopted::set_aside`].
    SetAside,
}

/// A table of the file, and how many of its rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// The table's name.
    pub table: &'static str,
    /// The noun for several rows.
    pub many: &'static str,
    /// The number of its rows in the file.
    pub rows: u64,
    /// The number of those that Folio's table takes.
    pub kept: u64,
}

/// A row that Folio's table cannot take.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnfitRow {
    /// The table.
    pub table: &'static str,
    /// The row's id.
    pub id: i64,
    /// Why the table cannot take it.
    pub problem: String,
    /// All of its values, as a JSON object; the bytes of a binary value are in hexadecimal, in an array. Of text that is
    /// not UTF-8 only the backup has all.
    pub values: String,
}

/// The table, the id and the problem.
impl fmt::Display for UnfitRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} id {}: {}", self.table, self.id, self.problem)
    }
}

/// What is kept of a file, and what is not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Plan {
    /// The tables, referenced tables first. A table that the file lacks has no rows.
    pub tables: Vec<Tally>,
    /// The rows that cannot be kept.
    pub unfit: Vec<UnfitRow>,
}

/// How far [`plan`] or [`adopt`] has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The current table.
    pub table: &'static str,
    /// Rows of all tables read so far.
    pub done: u64,
    /// Rows of all tables.
    pub total: u64,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Adopted {
    /// What was kept, as counted in the new tables before the commit.
    pub plan: Plan,
    /// The database as it was before: the file's name with `.before-adopt`.
    pub backup: PathBuf,
    /// The rows that were left out, one JSON object a line: the file's name with `.set-aside.jsonl`; `None` if there
    /// were none.
    pub set_aside: Option<PathBuf>,
}

const BACKUP: &str = ".before-adopt";
const SET_ASIDE: &str = ".set-aside.jsonl";

/// The prefix of the old tables' names while their rows are converted.
const BEFORE: &str = "before_adopt_";

/// What [`adopt`] would keep of the file. One read transaction; it writes nothing. `progress` is called after every
/// hundred rows.
///
/// # Errors
///
/// [`Error::NotAdoptable`] if the tables are not those of the models, with the first thing that differs; the errors of a
/// read.
pub fn plan(database: &Database, mut progress: impl FnMut(Step)) -> Result<Plan> {
    database.named("plan to adopt").read(|session| {
        let layout = layout::read(session, database.place())?;
        Conversion::new(session, &layout, "", &mut progress).look()
    })
}

/// Converts the file's tables into Folio's, in one transaction, and leaves a backup beside the file.
///
/// The old tables are renamed, the [migrations](MIGRATIONS) applied, the rows converted, inserted with their ids and
/// counted, and the old tables dropped. Then the backup and the rows that are left out are written and synced, all before
/// the COMMIT. Whatever fails before it leaves the file as it was, and removes the files beside it again. The backup is
/// made in memory first, so the file must fit there. `progress` is called after every hundred rows.
///
/// ```
/// use folio::adopt::{self, Unfit};
/// use folio::migrations::{Migrate as _, SchemaState};
/// use folio::{Database, models::User, prelude::HasQuery as _};
///
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("database.db");
/// # std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/seed/database.db"), &file)?;
/// # let file = file.display().to_string();
/// let db = Database::open(&file)?; // made by SQLAlchemy
/// assert!(adopt::plan(&db, |_| ())?.unfit.is_empty());
/// let adopted = adopt::adopt(&db, Unfit::Refuse, |step| println!("{} of {} rows", step.done, step.total))?;
/// assert!(adopted.backup.ends_with("database.db.before-adopt"));
/// assert_eq!(db.schema_state()?, SchemaState::Current);
/// assert_eq!(db.read(|session| session.query(User::query()).count())?, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::NotAdoptable`] as for [`plan`]; [`Error::Unfit`] for a row that Folio's table cannot take, if `unfit` is
/// [`Unfit::Refuse`]; [`Error::Input`] if one of the files beside it exists with different content, and [`Error::Io`] if
/// it cannot be written; [`Error::CopyDiffers`] if the rows in a new table are not as many as were kept of the old one;
/// [`Locked`](diesel_session::Error::Locked) while another program writes the file, and the other errors of the
/// database.
pub fn adopt(database: &Database, unfit: Unfit, mut progress: impl FnMut(Step)) -> Result<Adopted> {
    let mut files = Files::default();
    let unit = database.named("adopt");
    let adopted = unit.begin(|session| convert(session, database.place(), unfit, &mut files, &mut progress));
    match &adopted {
        Ok(_) => {
            files.keep();
            // As `migrate` leaves a database. Without it everything works too, only that readers wait for the writer.
            let _ = database.maintenance().and_then(|mut connection| connection.set_persistent());
        }
        // The conversion may have been committed after all.
        Err(error) if error.is_commit_unknown() => files.keep(),
        Err(_) => {}
    }
    adopted
}

fn convert(
    session: &mut Session<'_>,
    place: &str,
    unfit: Unfit,
    files: &mut Files,
    progress: &mut dyn FnMut(Step),
) -> Result<Adopted> {
    let layout = layout::read(session, place)?;
    let file = files::of(session.connection()?, place)?;
    // Before the first change: it is read through this connection, which sees its own changes.
    let original = files::image(session.connection()?, place)?;
    for table in layout.tables() {
        run(session, &format!("ALTER TABLE {table} RENAME TO {BEFORE}{table}"))?;
    }
    // Their transactions are savepoints in this one.
    MIGRATIONS.up(session.connection()?, Up::to(Target::All).into_existing(), |_| ())?;
    let plan = Conversion::new(session, &layout, BEFORE, progress).insert()?;
    if let (Unfit::Refuse, Some(first)) = (unfit, plan.unfit.first()) {
        return Err(Error::Unfit { place: place.to_owned(), rows: plan.unfit.len(), first: first.to_string() });
    }
    drop_old(session, &layout)?;
    let backup = files.write(&file, BACKUP, &original)?;
    let set_aside = match &*plan.unfit {
        [] => None,
        rows => {
            let lines = files::lines(rows).map_err(|error| Error::io(file.display(), error))?;
            Some(files.write(&file, SET_ASIDE, &lines)?)
        }
    };
    Ok(Adopted { plan, backup, set_aside })
}

/// Drops the old tables, referring tables first: dropping a referenced one would delete its rows, and cascade.
fn drop_old(session: &mut Session<'_>, layout: &Layout) -> Result<()> {
    layout.tables().rev().try_for_each(|table| run(session, &format!("DROP TABLE {BEFORE}{table}")))
}

fn run(session: &mut Session<'_>, sql: &str) -> Result<()> {
    Ok(session.connection()?.batch_execute(sql)?)
}
