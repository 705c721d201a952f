//! `folio import`: imports records from files of other formats.

use diesel_session::Error as SessionError;
use std::borrow::Cow;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use serde::Serialize;

use super::globals::Globals;
use super::input::{begin, continues_after, is_known_by_number};
use super::output::{self, Column, Format, Record, with_columns};
use super::owner::{OWNER_OPTIONS, OwnerArgs};
use super::{author, exit, hint, preview, stderr, values};
use folio::database::{Database, Isolation, Retry};
use folio::error::{Error, Result};
use folio::exchange::{self, Gathered, Input, Reader, Skipped, gather};
use folio::services::import::{self, Rules, Summary, Tally};
use folio::services::users::{self, UserSelector};

const AFTER: &str = "\
Examples:
  folio import samples/github                           every account and repository in a folder
  gh api --paginate user/repos | folio import -         your own, from standard input
  folio import cv.json notes/ --login octocat           whose the résumé and the notes are
  folio import export.txt --as github
  folio import notes/ --login octocat --verbose         and name every file that is skipped
  folio import notes/ --login octocat --dry-run         what would change, and change nothing
  folio import folio.ndjson --keep-ids                  what 'folio export' wrote, as it was

Formats: Folio's exports; GitHub's JSON, as 'gh api' and 'gh repo list --json' print it, one record
or many, also pages of a search, stars, GraphQL and webhook payloads; JSON Resume; Markdown. A note
is named after the title in its front matter (YAML, TOML or JSON), or the level-1 heading that it
begins with, or its file, and has the tags of its front matter, if that names any. A repository
without GitHub's numbers is found by its owner's login and its name; an owner that is missing is
added by login alone, with a number below zero. CSV and TSV have the names of their columns in the
first line, as 'folio repo list --format csv --header' writes them; an empty cell changes nothing.
Each file may be compressed by gzip, with '.gz' after its name.

Importing again changes only what changed: accounts and repositories are found by their
number, a résumé or note by its user and the file that it came from. A file is known by its
absolute path, symbolic links followed, so it does not matter where you are or how you name it; a
file that was moved is a new one. A document from standard input or a pipe is new unless its
account already has the same text. What a file says replaces what was edited here.

A résumé goes to the account whose login its GitHub profile names or that has its email, in any
letter case; where there is none, it gets a new one. When GitHub's record of such an account comes,
it is the same account and gets its number. If more than one account may be meant, the
résumé is refused with a list of them; choose one with --account. If two repositories have the same
owner and name, the one with the greater number is newer and has the name.

A record of an export is recognised in the same way, and gets a new id; an account that only Folio
has, by its number below zero and its login. With --keep-ids records keep their ids, versions and
times, and none that is there is changed: one with the same id and other values is an error.

Each file is one transaction: nothing of a file that cannot be imported is kept. The other files
of its folder are still imported; each failure is named, and the exit code is 1. A named file that
cannot be imported ends the import, unless --keep-going is given. If another program writes the
same records meanwhile, the file is imported again; a pipe cannot be.

Prints what it did, one line per kind of record: '12 new, 3 changed, 985 unchanged'. With --format
the same as records. Columns: {columns}.

--dry-run prints a line per record that would be new or changed, with the fields that would change,
and the counts on standard error; it makes no database, and what it does is rolled back.";

/// The number of skipped files that are listed without `--verbose`.
const NAMED: usize = 20;

#[derive(Debug, Args)]
#[command(after_help = with_columns::<Row>(AFTER))]
pub(super) struct Import {
    /// Files and folders; '-' is standard input
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// What they are, instead of what their content shows: 'folio', 'github', 'jsonresume', 'markdown',
    /// 'csv' or 'tsv'
    #[arg(long = "as", value_name = "FORMAT", value_parser = values::IMPORT_FORMAT, hide_possible_values = true)]
    given: Option<exchange::Format>,
    /// Continue after a named file that cannot be imported, as with the files of a folder
    #[arg(long)]
    keep_going: bool,
    /// Print what would change, a line per record, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Keep the ids, versions and times of records of an export
    #[arg(long, conflicts_with_all = OWNER_OPTIONS)]
    keep_ids: bool,
    /// List every file that is skipped, not only the first 20
    #[arg(long)]
    verbose: bool,
    #[command(flatten, next_help_heading = "Owner of the résumés and notes")]
    owner: OwnerArgs,
}

pub(super) fn run(globals: &Globals, import: Import) -> anyhow::Result<()> {
    let Import { paths, given, keep_going, dry_run, keep_ids, verbose, owner } = import;
    let Gathered { inputs, skipped } = gather(&paths, given)?;
    report_skipped(&skipped, if verbose { usize::MAX } else { NAMED });
    if inputs.is_empty() {
        let place = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        return Err(Error::Input { place, problem: "it contains nothing to import".to_owned() }.into());
    }
    let database = if dry_run { preview::open(globals)? } else { globals.open_to_add()? };
    // Looked up once and first, so that a mistyped name fails before anything is read, and is not blamed on a record.
    let owner = match owner.selector() {
        Some(selector) => {
            Some(UserSelector::Id(database.named("import").read(|session| users::get(session, &selector))?.id))
        }
        None => None,
    };

    let rules = Rules::new(owner, None).keeping_ids(keep_ids);
    if dry_run {
        return preview::run(globals, &database, &inputs, &rules, keep_going);
    }

    let mut summary = Summary::default();
    let (mut done, mut failures) = (0, 0);
    let mut failed = None;
    for input in &inputs {
        match self::import(&database, input, &rules) {
            Ok(more) => {
                summary.add(more);
                done += 1;
            }
            Err(error) => {
                if !continues_after(&error, input, &inputs, keep_going) {
                    failed = Some(error);
                    break;
                }
                stderr::print(&format!("failed: {error}"));
                failures += 1;
            }
        }
    }
    for remark in &summary.remarks {
        stderr::print(remark);
    }
    let printed = if done == 0 { Ok(()) } else { print(globals, &summary) };
    if let Some(error) = failed {
        if done + failures > 0 {
            stderr::print(&format!(
                "imported {done} of {} inputs; the next one failed, and nothing of it was kept",
                inputs.len()
            ));
        }
        // This error takes precedence over one of printing the summary.
        return Err(error.into());
    }
    if failures > 0 {
        anyhow::bail!("{failures} of {} inputs could not be imported, and nothing of them was kept", inputs.len());
    }
    printed.map_err(|error| exit::after(&format!("imported {done} of {} inputs", inputs.len()), error))?;
    if database.created() || (stderr::is_terminal() && summary.total().new > 0) {
        stderr::print_list("try next:", &next_commands(globals, &summary));
    }
    Ok(())
}

/// Imports one input in one transaction, and restarts from its beginning after a conflict with another program.
fn import(database: &Database, input: &Input, rules: &Rules) -> Result<Summary> {
    let attempts = if input.can_be_read_again() { 20 } else { 1 };
    let retry = Retry::default().attempts(attempts).only_after(is_conflict);
    // Rows that keep their ids are not looked up by anything else that is unique.
    let retry = if rules.keep_ids { retry } else { retry.also_after_unique() };
    let mut opened = Some(input.open()?);
    if let Some(header) = opened.as_ref().and_then(Reader::header).filter(|_| rules.keep_ids) {
        import::advance_sequences(&mut database.session()?, header)?;
    }
    let done = author::unit(database, "import").retrying(retry, |session| {
        let records = match opened.take() {
            Some(records) => records,
            None => input.open()?,
        };
        let is_known_by_number = is_known_by_number(&records);
        // An input that cannot be read again runs at a level that avoids conflicts other than those on the same rows.
        let is_careful = is_known_by_number && attempts == 1;
        session.set_isolation(if is_careful { Isolation::RepeatableRead } else { Isolation::Serializable })?;
        let (rules, progress) = begin(input, &records, rules)?;
        import::apply(session, records, &rules, |summary| progress.show(&summary.total().to_string()))
    });
    done.map_err(|error: Error| match error.session() {
        Some(cause) if is_conflict(cause) || (cause.is_unique() && !rules.keep_ids) => conflict(input, cause),
        _ => error,
    })
}

/// Whether the error is a conflict with a concurrent transaction. A lock timeout is not one: `--busy-timeout` sets how
/// long to wait for a lock.
fn is_conflict(error: &SessionError) -> bool {
    matches!(error.root(), SessionError::Conflict { .. } | SessionError::StaleRow { .. })
}

fn conflict(input: &Input, cause: &SessionError) -> Error {
    let said = match cause {
        SessionError::Conflict { source } => source.to_string(),
        other => other.to_string(),
    };
    let problem = format!(
        "another program was writing the same records, so nothing of this input was imported; import it again ({said})"
    );
    Error::Input { place: input.name(), problem }
}

fn report_skipped(skipped: &[Skipped], named: usize) {
    for Skipped { path, reason, .. } in skipped.iter().take(named) {
        stderr::print(&format!("skipped {}: {reason}", path.display()));
    }
    if let Some(more @ 1..) = skipped.len().checked_sub(named) {
        stderr::print(&format!("skipped {more} more; --verbose names them all"));
    }
}

/// Writes the summary: in sentences, unless a format was requested.
fn print(globals: &Globals, summary: &Summary) -> anyhow::Result<()> {
    let kinds = [
        ("users", summary.users),
        ("repositories", summary.repositories),
        ("résumés", summary.resumes),
        ("notes", summary.notes),
        ("in all", summary.total()),
    ];
    let shown = kinds.into_iter().filter(|(kind, tally)| tally.total() > 0 || *kind == "in all");
    if globals.format.is_some_and(|format| format != Format::Table) {
        let mut listing = globals.listing();
        for (kind, tally) in shown {
            listing.push(&Row { kind, tally })?;
        }
        return Ok(listing.finish()?);
    }
    let mut sentences = String::new();
    for (kind, tally) in shown {
        sentences.push_str(&format!("{kind:<13} {tally}\n"));
    }
    Ok(output::write(&sentences)?)
}

/// The outcome for the records of one kind.
struct Row {
    kind: &'static str,
    tally: Tally,
}

impl Record for Row {
    const COLUMNS: &'static [Column] =
        &[Column::text("kind"), Column::number("new"), Column::number("changed"), Column::number("unchanged")];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        let Self { kind, tally } = self;
        let counts = [tally.new, tally.changed, tally.unchanged].map(|count| Some(count.to_string().into()));
        [Some((*kind).into())].into_iter().chain(counts).collect()
    }

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Counts {
            kind: &'static str,
            new: u64,
            changed: u64,
            unchanged: u64,
        }
        let Self { kind, tally: Tally { new, changed, unchanged, .. } } = *self;
        Counts { kind, new, changed, unchanged }
    }
}

/// Suggestions for next commands after an import.
fn next_commands(globals: &Globals, summary: &Summary) -> Vec<String> {
    let listings = [
        (summary.users, "folio user list"),
        (summary.repositories, "folio repo list"),
        (summary.resumes, "folio resume list"),
        (summary.notes, "folio note list"),
    ];
    let shown = listings.into_iter().filter(|(tally, _)| tally.total() > 0);
    let listings = shown.map(|(_, command)| hint::command(command, globals.database_url.as_deref()));
    listings.chain(["folio --help".to_owned()]).collect()
}
