//! `folio migrate adopt`: converts an SQLite database that SQLAlchemy made into Folio's.

use std::borrow::Cow;

use anyhow::anyhow;
use clap::{Args, ValueHint};
use serde::Serialize;

use super::confirm::Confirm;
use super::environment::given_url;
use super::exit::{self, Usage};
use super::globals::Globals;
use super::output::{self, Column, Format, Record, with_columns};
use super::progress::RowProgress;
use super::{hint, stderr};
use diesel_session::Error as SessionError;
use folio::adopt::{self, Plan, Step, Tally, Unfit};
use folio::database::{Access, Database, Engine};
use folio::migrations::{Migrate as _, SchemaState};
use folio::services::counted;

const AFTER: &str = "\
Examples:
  folio migrate adopt database.db --dry-run       what would be kept, and what not
  folio migrate adopt database.db                 convert it, after a confirmation
  folio migrate adopt database.db --set-aside --yes

FILE is an SQLite file that a Python program made with SQLAlchemy's create_all from models with
the tables users, repositories, resumes and notes. Its tables become Folio's, with all rows, ids
and references, in one transaction. Times are read as UTC, as datetime.utcnow writes them.
The original stays beside it, as FILE.before-adopt.

Rows that Folio's tables cannot take are listed on standard error: orphans, names that are
empty or too long, a second repository with one name, statuses other than public and private.
Then nothing is changed, exit code 1, unless --set-aside writes them to FILE.set-aside.jsonl.

On a terminal it asks; elsewhere it needs --yes, exit code 2 without it. Prints how many rows of
each kind the file has and how many are kept: '28 of 30 kept'. With --format the same as records.
Columns: {columns}. A database that is already Folio's is left alone.";

#[derive(Debug, Args)]
#[command(after_help = with_columns::<Row>(AFTER))]
pub(super) struct Adopt {
    /// The file: a path, or sqlite://FILE
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: String,
    /// Leave out the rows that cannot be kept, and write them to FILE.set-aside.jsonl
    #[arg(long)]
    set_aside: bool,
    /// Only show what would be kept
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    confirm: Confirm,
}

pub(super) fn run(globals: &Globals, Adopt { file, set_aside, dry_run, confirm }: &Adopt) -> anyhow::Result<()> {
    if globals.database_url.is_some() {
        return Err(Usage("migrate adopt takes its file as an argument; leave --database-url out".to_owned()).into());
    }
    let url = given_url(file, "FILE")?;
    if url.address().engine() != Engine::Sqlite || url.address().is_private() {
        return Err(Usage("FILE: only an SQLite file can be adopted".to_owned()).into());
    }
    // Only a connection that may write restores a file that an interrupted adoption left half-way.
    let access = if *dry_run { Access::Read } else { Access::Write };
    let database = globals.open_at(file, &url, access).map_err(no_file)?;
    let place = database.place();
    match database.schema_state()? {
        SchemaState::Foreign(_) => {}
        SchemaState::Empty => {
            let create = hint::command("folio db create", Some(file));
            return Err(anyhow!("{place} contains no tables to adopt; to create Folio's in it: {create}"));
        }
        _ => {
            database.require_current().map_err(|error| hint::with_advice(error.into(), Some(file)))?;
            stderr::print(&format!("nothing to do: {place} is already Folio's"));
            return Ok(());
        }
    }
    let plan = showing("reading", |progress| adopt::plan(&database, progress))?;
    let unfit = if *set_aside { Unfit::SetAside } else { Unfit::Refuse };
    if *dry_run {
        print(globals, &plan)?;
    }
    report(&plan, unfit, place)?;
    if *dry_run {
        return Ok(());
    }
    confirm.ask_to(["convert", "converts", "converted"], &format!("{place} ({})", rows(&plan)))?;
    convert(globals, &database, unfit, file)
}

/// Names a missing file as the one to adopt.
fn no_file(error: anyhow::Error) -> anyhow::Error {
    match exit::session_error(&error) {
        Some(SessionError::NoDatabase { place }) => {
            let said = format!("there is no file to adopt at {place}");
            error.context(said)
        }
        _ => error,
    }
}

/// Lists the rows that cannot be kept; an error if there are any and they are not set aside.
fn report(plan: &Plan, unfit: Unfit, place: &str) -> anyhow::Result<()> {
    if plan.unfit.is_empty() {
        return Ok(());
    }
    let rows: Vec<String> = plan.unfit.iter().map(ToString::to_string).collect();
    let count = counted(rows.len() as u64, "row", "rows");
    stderr::print_list(&format!("{count} cannot be kept:"), &rows);
    match unfit {
        Unfit::SetAside => Ok(()),
        _ => Err(anyhow!("nothing was changed; correct {place} first, or add --set-aside to leave {count} out")),
    }
}

/// "2 of 3 users, 4 of 4 notes".
fn rows(plan: &Plan) -> String {
    let of = |Tally { many, rows, kept, .. }: &Tally| format!("{kept} of {rows} {many}");
    plan.tables.iter().map(of).collect::<Vec<_>>().join(", ")
}

/// Shows on a terminal how far the work has come.
fn showing<R>(doing: &'static str, work: impl FnOnce(&dyn Fn(Step)) -> R) -> R {
    let progress = RowProgress::new();
    work(&|Step { table, done, total, .. }| progress.show(doing, table, done, total))
}

fn convert(globals: &Globals, database: &Database, unfit: Unfit, file: &str) -> anyhow::Result<()> {
    let adopted = showing("converting", |progress| adopt::adopt(database, unfit, progress))?;
    let done = format!("adopted {}", database.place());
    print(globals, &adopted.plan).map_err(|error| exit::after(&done, error))?;
    if let Some(set_aside) = &adopted.set_aside {
        let count = counted(adopted.plan.unfit.len() as u64, "row", "rows");
        stderr::print(&format!("set {count} aside in {}", set_aside.display()));
    }
    stderr::print(&format!("{done}; the original is {}", adopted.backup.display()));
    if stderr::is_terminal() {
        stderr::print_list("to use it:", &hint::how_to_use(file));
    }
    Ok(())
}

/// Writes the numbers of rows: in sentences, unless a format was requested.
fn print(globals: &Globals, plan: &Plan) -> anyhow::Result<()> {
    if globals.format.is_some_and(|format| format != Format::Table) {
        let mut listing = globals.listing();
        for Tally { many, rows, kept, .. } in &plan.tables {
            listing.push(&Row { kind: many, rows: *rows, kept: *kept })?;
        }
        return Ok(listing.finish()?);
    }
    let line = |Tally { many, rows, kept, .. }: &Tally| format!("{many:<13} {kept} of {rows} kept\n");
    Ok(output::write(&plan.tables.iter().map(line).collect::<String>())?)
}

/// The numbers of rows of one kind.
#[derive(Serialize)]
struct Row {
    kind: &'static str,
    rows: u64,
    kept: u64,
}

impl Record for Row {
    const COLUMNS: &'static [Column] = &[Column::text("kind"), Column::number("rows"), Column::number("kept")];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        vec![Some(self.kind.into()), Some(self.rows.to_string().into()), Some(self.kept.to_string().into())]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}
