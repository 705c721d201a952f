//! `folio db copy`: copies every record of one database into another.

use diesel_session::Error as SessionError;
use folio::migrations::Migrate as _;
use std::borrow::Cow;

use anyhow::anyhow;
use clap::{Args, ValueHint};
use serde::Serialize;

use super::environment::given_url;
use super::exit::{self, Usage};
use super::globals::Globals;
use super::interrupt::Interrupt;
use super::open::bring_up_to_date;
use super::output::{self, Column, Format, Record, with_columns};
use super::progress::RowProgress;
use super::{hint, stderr};
use folio::database::{Access, Database};
use folio::error::Error;
use folio::services::copy::{self, Doing, Step};
use folio::services::tables::Counts;

const AFTER: &str = "\
Examples:
  folio db copy folio.db postgres://app@db.example.org/folio   from the file beside you
  folio db copy mariadb://app@db.example.org/folio there.db    from a server into a file
  folio db copy folio.db sqlite::memory:                       a dry run: nothing is kept

Copies every user, repository, résumé and note as it is stored: ids, versions and times stay.
New records get ids that were never used. FROM_URL is only read, in one consistent snapshot: others
may go on writing there, and what they write in the meantime is not copied.

TO_URL is created if it does not exist, and an empty database gets Folio's tables; one that already
contains records is refused. The copy is one transaction. Before it is committed, every row is read
back and compared by number and checksum. A copy that fails or is interrupted leaves no record
behind, and can be started again as it was.

Prints how much it copied, one line per kind of record: '28 copied'. With --format the same as
records. Columns: {columns}. Exit code 3 if either database lacks migrations.";

#[derive(Debug, Args)]
#[command(after_help = with_columns::<Row>(AFTER))]
pub(super) struct Copy {
    /// The database to copy: a path or a URL
    #[arg(value_name = "FROM_URL", value_hint = ValueHint::AnyPath)]
    from: String,
    /// The database to copy into: a path or a URL
    #[arg(value_name = "TO_URL", value_hint = ValueHint::AnyPath)]
    to: String,
}

pub(super) fn run(globals: &Globals, Copy { from, to }: &Copy) -> anyhow::Result<()> {
    if globals.database_url.is_some() {
        return Err(Usage("db copy takes its two databases as arguments; leave --database-url out".to_owned()).into());
    }
    let (from_url, to_url) = (given_url(from, "FROM_URL")?, given_url(to, "TO_URL")?);
    hint::warn_of_password(from, "FROM_URL", from_url.address().password_elsewhere());
    hint::warn_of_password(to, "TO_URL", to_url.address().password_elsewhere());
    // The source first: if it cannot be copied, no target is created.
    let source = globals.open_at(from, &from_url, Access::Read).map_err(no_source)?;
    source.require_current().map_err(|error| hint::with_advice(error.into(), Some(from)))?;
    let target = globals.open_at(to, &to_url, Access::Create)?;
    if source.is_same(&target)? {
        return Err(anyhow!("{} is the database to copy and the one to copy into; name another one", target.place()));
    }
    bring_up_to_date(&target, Access::Create).map_err(|error| hint::with_advice(error.into(), Some(to)))?;

    let copied = copy_everything(&source, &target)?;
    let done = format!("{} holds the whole copy", target.place());
    print(globals, &copied).map_err(|error| exit::after(&done, error))?;
    if to_url.address().is_private() {
        stderr::print_on_terminal("copied and compared; what was in memory is gone again");
    } else if stderr::is_terminal() {
        stderr::print_list("copied and compared; to use it:", &hint::how_to_use(to));
    }
    Ok(())
}

/// Names a missing database as the source.
fn no_source(error: anyhow::Error) -> anyhow::Error {
    match exit::session_error(&error) {
        Some(SessionError::NoDatabase { place }) => {
            let said = format!("there is no database to copy at {place}");
            error.context(said)
        }
        _ => error,
    }
}

/// Copies in one transaction of the target, and adds the state of the target to an error.
fn copy_everything(source: &Database, target: &Database) -> anyhow::Result<Counts> {
    let interrupt = Interrupt::listen();
    let progress = RowProgress::new();
    let done = source.named("copy").read(|from| -> anyhow::Result<Counts> {
        copy::everything(from, &mut target.session()?, |Step { doing, table, done, total, .. }| {
            let doing = match doing {
                Doing::Copying => "copying",
                Doing::Comparing => "comparing",
            };
            progress.show(doing, table, done, total);
            if interrupt.asked() { Err(anyhow!("interrupted")) } else { Ok(()) }
        })
    });
    drop(progress);
    done.map_err(|error| match error.downcast_ref::<Error>() {
        Some(Error::NotEmpty { held, .. }) => {
            Error::NotEmpty { place: target.place().to_owned(), held: held.clone() }.into()
        }
        _ if exit::session_error(&error).is_some_and(SessionError::is_commit_unknown) => error,
        _ => {
            let said = format!("{error}; nothing was copied into {}", target.place());
            error.context(said)
        }
    })
}

/// Writes the numbers of copied records: in sentences, unless a format was requested.
fn print(globals: &Globals, copied: &Counts) -> anyhow::Result<()> {
    let in_all = ("in all", copied.total());
    let kinds = copied.iter().map(|count| (count.many, count.rows)).chain([in_all]);
    if globals.format.is_some_and(|format| format != Format::Table) {
        let mut listing = globals.listing();
        for (kind, copied) in kinds {
            listing.push(&Row { kind, copied })?;
        }
        return Ok(listing.finish()?);
    }
    let sentences: String = kinds.map(|(kind, copied)| format!("{kind:<13} {copied} copied\n")).collect();
    Ok(output::write(&sentences)?)
}

/// The number of copied records of one kind.
#[derive(Serialize)]
struct Row {
    kind: &'static str,
    copied: u64,
}

impl Record for Row {
    const COLUMNS: &'static [Column] = &[Column::text("kind"), Column::number("copied")];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        vec![Some(self.kind.into()), Some(self.copied.to_string().into())]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}
