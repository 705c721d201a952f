//! `folio export`: writes records so that they can be imported again.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, ValueHint};
use serde::Serialize;

use super::beside;
use super::exit::Usage;
use super::globals::Globals;
use super::interrupt::Interrupt;
use super::output::{self, OutputError};
use super::{stderr, values};
use folio::database::Database;
use folio::error::Error;
use folio::exchange::ExportHeader;
use folio::services::counted;
use folio::services::export::{self, Exported, Sink};
use folio::services::tables::{Counts, KINDS, Row};

const AFTER: &str = "\
Examples:
  folio export --output folio.ndjson                        everything
  folio export notes resumes > documents.ndjson
  folio export repos | jq -r 'select(.record) | .repo_name'
  folio export | gzip > folio.ndjson.gz
  folio import folio.ndjson --keep-ids --database-url new.db

Prints a line that names the form and its version, then a record per line: what it is, all
of its fields, and whom it belongs to and what it is about, by number and name. Records come from one
snapshot of the database, in the order of their ids, users before what refers to them.

'folio import --keep-ids' of it makes the same database again, on any engine; without --keep-ids the
records get new ids, and those that are there are recognised. With --output, the file appears when
it is complete, in place of one that has the name; what was written is reported on standard error.";

#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Export {
    /// What to export: 'users', 'repos', 'resumes', 'notes' [default: everything]
    #[arg(value_name = "NOUN", value_parser = values::EXPORTED, hide_possible_values = true)]
    nouns: Vec<String>,
    /// The file to write, instead of standard output
    #[arg(long, short, value_name = "PATH", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
}

pub(super) fn run(globals: &Globals, Export { nouns, output }: Export) -> anyhow::Result<()> {
    if globals.format.is_some() {
        let refusal = "an export has a form of its own: leave out --format, or use 'folio user list' and the like";
        return Err(Usage(refusal.to_owned()).into());
    }
    let is_named = |kind: &&&str| nouns.iter().any(|noun| noun.strip_suffix('s') == Some(**kind));
    let kinds: Vec<&str> = KINDS.iter().filter(is_named).copied().collect();
    let database = globals.open_to_read()?;
    let Some(path) = output.filter(|path| path.as_os_str() != "-") else {
        let mut out = output::stdout();
        let failed = |error| OutputError::from(error).into();
        write(&database, &kinds, &mut out, &failed)?;
        return out.flush().map_err(failed);
    };
    let failed = |error| Error::io(path.display(), error).into();
    let counts = beside::file(&path, |out| write(&database, &kinds, out, &failed))?;
    let counts = counts.iter().map(|count| counted(count.rows, count.one, count.many));
    stderr::print(&format!("exported to {}: {}", path.display(), counts.collect::<Vec<_>>().join(", ")));
    Ok(())
}

/// Writes the records of these kinds, a line each.
fn write(
    database: &Database,
    kinds: &[&str],
    out: &mut impl Write,
    failed: &dyn Fn(io::Error) -> anyhow::Error,
) -> anyhow::Result<Counts> {
    let mut lines = Lines { out, failed, interrupt: Interrupt::listen() };
    database.named("export").read(|session| export::records(session, kinds, &mut lines))
}

/// An export as lines of JSON.
struct Lines<'o, W> {
    out: &'o mut W,
    failed: &'o dyn Fn(io::Error) -> anyhow::Error,
    interrupt: Interrupt,
}

impl<W: Write> Lines<'_, W> {
    fn line(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        if self.interrupt.asked() {
            return Err(anyhow!("interrupted; nothing was exported"));
        }
        output::write_json(self.out, value).and_then(|()| self.out.write_all(b"\n")).map_err(self.failed)
    }
}

impl<W: Write> Sink for Lines<'_, W> {
    type Error = anyhow::Error;

    fn begin(&mut self, header: &ExportHeader) -> anyhow::Result<()> {
        self.line(header)
    }

    fn record<R: Row>(&mut self, record: &Exported<'_, R>) -> anyhow::Result<()> {
        self.line(record)
    }
}
