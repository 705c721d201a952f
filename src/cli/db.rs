//! `folio db`: the database itself.

use std::borrow::Cow;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand, ValueHint};
use folio::migrations::Migrate as _;
use serde::Serialize;

use super::confirm::Confirm;
use super::copy::{self, Copy};
use super::exit::Usage;
use super::globals::Globals;
use super::output::{self, Column, Record, Signal, with_columns};
use super::overview::held;
use super::stderr;
use super::when::when;
use folio::database::Access;
use folio::migrations::SchemaState;
use folio::models::{Note, Repository, Resume, User};
use folio::services::{counted, history, tables};
use folio::types::Timestamp;
use folio::upkeep;

const INFO: &str = "\
Examples:
  folio db info
  folio db info --format json | jq -r '.[0].bytes'

Prints what the database is: on a terminal a field per line, in a pipe a row. 'schema' is
'up to date', 'behind' if it lacks migrations, 'newer' if it has some of a later version, 'empty', or
'of others'; the records are counted if it is up to date. Columns: {columns}.";

const CHECK: &str = "\
Examples:
  folio db check
  folio db check && folio db backup folio-monday.db

Looks for rows that refer to a row that is not there, and in a SQLite file for everything that
SQLite's integrity check finds, the full-text index included. A server checks its own files by its
own programs. Prints a line for each problem, of lost references at most 100 for each foreign key,
and then exits with 1; of a sound database it prints nothing.";

const BACKUP: &str = "\
Examples:
  folio db backup folio-monday.db
  folio --database-url folio-monday.db user list

Copies the file of a SQLite database in one consistent state, while others go on writing. The copy
appears under its name when it is complete; a file that is there already is never replaced. A
database on a server is backed up by the server's own programs; 'folio db copy' copies its records.
Prints the size of the copy in bytes.";

const FORGET: &str = "\
Examples:
  folio db forget --before 1y
  folio db forget --before 2026-01-31 --yes

Removes from the history what was changed before a time; until then, it is kept for good.
The records stay as they are, but what is forgotten is not in 'folio log' any more and cannot be
undone. What one command changed is forgotten as a whole. A time is 2026-01-31, 2026-01-31T23:59,
an age such as 90d, 6mo or 1y, 'yesterday', or seconds since 1970. On a terminal it asks;
elsewhere it needs --yes. Prints the number of changes that it removed.";

const VACUUM: &str = "\
Examples:
  folio db vacuum

Gives back the space of removed records, which the history has until 'folio db forget': VACUUM in
SQLite and PostgreSQL, OPTIMIZE TABLE in MySQL and MariaDB. A server also counts its rows again,
which it plans queries by. A SQLite file needs as much room again meanwhile, and nobody else may use
it. Prints the size before and after, in bytes.
Columns: {columns}.";

const DROP: &str = "\
Examples:
  folio db drop
  folio db drop --database-url old.db --yes       in a script

Drops the database and everything in it: a SQLite file and the files beside it, or the database on a
server, whose user must be allowed to. On a terminal it says what the database holds, and asks for
its name; elsewhere it needs --yes, exit code 2 without it. A database that is not Folio's is not
dropped. Prints nothing on standard output.";

const CREATE: &str = "\
Examples:
  folio db create
  folio db create --database-url sqlite:///srv/folio.db

Prints nothing on standard output. An existing database is not changed: that is
not a failure if it is up to date, and exit code 3 if it lacks migrations.";

#[derive(Debug, Subcommand)]
pub(super) enum DbCommand {
    /// Create a database with all of Folio's tables
    #[command(after_help = CREATE)]
    Create(Create),
    /// Show what the database is, its size, its schema and how much it holds
    #[command(after_help = with_columns::<InfoRow>(INFO))]
    Info,
    /// Look for damage, and for rows that refer to nothing
    #[command(after_help = CHECK)]
    Check,
    /// Copy a SQLite file while others write
    #[command(after_help = BACKUP)]
    Backup(Backup),
    /// Remove old changes from the history
    #[command(after_help = FORGET)]
    Forget(Forget),
    /// Give back the space of removed records
    #[command(after_help = with_columns::<Sizes>(VACUUM))]
    Vacuum,
    /// Drop the database and everything in it
    #[command(after_help = DROP)]
    Drop(Drop),
    /// Copy every record into another database, on any engine
    Copy(Copy),
}

#[derive(Debug, Args)]
pub(super) struct Create {}

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to make
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    to: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Forget {
    /// Changes before this time
    #[arg(long, value_name = "TIME", required = true, value_parser = when)]
    before: Timestamp,
    #[command(flatten)]
    confirm: Confirm,
}

#[derive(Debug, Args)]
pub(super) struct Drop {
    #[command(flatten)]
    confirm: Confirm,
}

/// What a vacuum did.
#[derive(Serialize)]
struct Sizes {
    before: u64,
    after: u64,
}

impl Record for Sizes {
    const COLUMNS: &'static [Column] = &[Column::number("before"), Column::number("after")];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        [self.before, self.after].map(|bytes| Some(bytes.to_string().into())).into()
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

/// What is shown of a database.
#[derive(Serialize)]
struct InfoRow {
    engine: &'static str,
    version: String,
    place: String,
    bytes: u64,
    schema: &'static str,
    users: Option<u64>,
    repositories: Option<u64>,
    resumes: Option<u64>,
    notes: Option<u64>,
}

impl Record for InfoRow {
    const COLUMNS: &'static [Column] = &[
        Column::text("engine"),
        Column::text("version"),
        Column::text("place"),
        Column::number("bytes"),
        Column::text("schema").signals(&[
            ("up to date", Signal::Good),
            ("behind", Signal::Attention),
            ("newer", Signal::Attention),
            ("of others", Signal::Bad),
        ]),
        Column::number("users"),
        Column::number("repositories"),
        Column::number("resumes"),
        Column::number("notes"),
    ];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        let number = |number: Option<u64>| number.map(|number| number.to_string().into());
        vec![
            Some(self.engine.into()),
            Some((&*self.version).into()),
            Some((&*self.place).into()),
            number(Some(self.bytes)),
            Some(self.schema.into()),
            number(self.users),
            number(self.repositories),
            number(self.resumes),
            number(self.notes),
        ]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

pub(super) fn run(globals: &Globals, command: DbCommand) -> anyhow::Result<()> {
    match command {
        DbCommand::Create(Create {}) => create(globals),
        DbCommand::Info => info(globals),
        DbCommand::Check => check(globals),
        DbCommand::Backup(Backup { to }) => {
            let bytes = upkeep::backup(&globals.open(Access::Read)?, &to)?;
            Ok(output::write(&format!("{bytes}\n"))?)
        }
        DbCommand::Forget(arguments) => forget(globals, &arguments),
        DbCommand::Vacuum => {
            let database = globals.open_to_change()?;
            let before = upkeep::info(&database)?.bytes;
            upkeep::vacuum(&database)?;
            globals.show(&Sizes { before, after: upkeep::info(&database)?.bytes }, None)
        }
        DbCommand::Drop(Drop { confirm }) => drop_database(globals, &confirm),
        DbCommand::Copy(arguments) => copy::run(globals, &arguments),
    }
}

fn create(globals: &Globals) -> anyhow::Result<()> {
    let database = globals.open(Access::Create)?;
    // An empty file has no owner yet, whichever program created it.
    if database.created() || database.schema_state()? == SchemaState::Empty {
        database.migrate()?;
    } else {
        database.require_current()?;
        stderr::print(&format!("{} is there already, and up to date", database.place()));
    }
    Ok(())
}

fn info(globals: &Globals) -> anyhow::Result<()> {
    let database = globals.open(Access::Read)?;
    let upkeep::Info { engine, version, bytes, .. } = upkeep::info(&database)?;
    let state = database.schema_state()?;
    let schema = match state {
        SchemaState::Current => "up to date",
        SchemaState::Empty => "empty",
        SchemaState::Behind(_) => "behind",
        SchemaState::Newer(_) => "newer",
        _ => "of others",
    };
    let counts = match state {
        SchemaState::Current => Some(database.named("db info").read(tables::counts)?),
        _ => None,
    };
    let counts = counts.as_ref();
    globals.show(
        &InfoRow {
            engine: engine.name(),
            version,
            place: database.place().to_owned(),
            bytes,
            schema,
            users: counts.map(tables::Counts::of::<User>),
            repositories: counts.map(tables::Counts::of::<Repository>),
            resumes: counts.map(tables::Counts::of::<Resume>),
            notes: counts.map(tables::Counts::of::<Note>),
        },
        None,
    )
}

fn forget(globals: &Globals, Forget { before, confirm }: &Forget) -> anyhow::Result<()> {
    let database = globals.open_to_change()?;
    let old = database.named("db forget").read(|session| history::forgettable(session, *before))?;
    if old > 0 {
        confirm.ask(&format!("{} from the history", counted(old, "change", "changes")))?;
    }
    let removed = database.named("db forget").begin(|session| history::forget(session, *before))?;
    Ok(output::write(&format!("{removed}\n"))?)
}

fn drop_database(globals: &Globals, confirm: &Confirm) -> anyhow::Result<()> {
    let database = globals.open(Access::Write)?;
    let place = database.place().to_owned();
    let held = match database.schema_state()? {
        SchemaState::Current => held(&database.named("db drop").read(tables::counts)?),
        SchemaState::Behind(_) | SchemaState::Newer(_) => "records of another version".to_owned(),
        SchemaState::Empty => "nothing".to_owned(),
        _ => return Err(anyhow!("{place} is not a database of Folio's; nothing was dropped")),
    };
    let Some(name) = upkeep::name(&database)? else {
        return Err(Usage("a database in memory is gone when the command ends".to_owned()).into());
    };
    confirm.ask_for_name(&name, &format!("{place}, which holds {held}"))?;
    upkeep::drop_database(database)?;
    stderr::print(&format!("dropped {place}"));
    Ok(())
}

fn check(globals: &Globals) -> anyhow::Result<()> {
    let database = globals.open_to_read()?;
    let problems = upkeep::problems(&database)?;
    if problems.is_empty() {
        stderr::print_on_terminal(&format!("{} is sound", database.place()));
        return Ok(());
    }
    output::write(&(problems.join("\n") + "\n"))?;
    let found = counted(u64::try_from(problems.len())?, "problem", "problems");
    Err(anyhow!("{found} in {}", database.place()))
}
