//! `folio export`: writes records so that they can be imported again.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, ValueHint};
use serde::Serialize;
use serde_json::Value;

use super::beside;
use super::exit::Usage;
use super::globals::Globals;
use super::interrupt::Interrupt;
use super::output::{self, OutputError};
use super::{stderr, values};
use folio::database::Database;
use folio::error::Error;
use folio::exchange::{ExportHeader, FiledRecord};
use folio::services::counted;
use folio::services::export::{self, Exported, Sink};
use folio::services::tables::{Counts, KINDS, RecordRow};

const AFTER: &str = "\
Examples:
  folio export --output folio.ndjson                        everything
  folio export notes resumes > documents.ndjson
  folio export repos | jq -r 'select(.record) | .repo_name'
  folio export | gzip > folio.ndjson.gz
  folio export --as files --output folio-monday             notes and résumés to read and to edit
  folio import folio.ndjson --keep-ids --database-url new.db

Prints a line that names the form and its version, then a record per line: what it is, all of its
fields and tags, and whom it belongs to and what it is about, by number and name. Records come from
one snapshot of the database, in the order of their ids, users before what refers to them. The
history of changes is not exported; 'folio db copy' copies it.

'folio import --keep-ids' of it makes the same database again, on any engine; without --keep-ids the
records get new ids, and those that are there are recognised. With --output, the file appears when
it is complete, in place of one that has the name; what was written is reported on standard error.

--as files makes a folder instead, which 'folio import' reads in the same ways: notes/5-to-do.md,
Markdown with its tags and other fields in the front matter; resumes/4-diver.json, the résumé with
the other fields in a first field 'folio', or Markdown where it is not JSON; folio.ndjson, all other
records.";

#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub(super) struct Export {
    /// What to export: 'users', 'repos', 'resumes', 'notes' [default: everything]
    #[arg(value_name = "NOUN", value_parser = values::EXPORTED, hide_possible_values = true)]
    nouns: Vec<String>,
    /// The form: 'ndjson', or 'files', a folder of Markdown and JSON [default: ndjson]
    #[arg(long = "as", value_name = "FORM", hide_possible_values = true)]
    form: Option<Form>,
    /// The file to write, instead of standard output
    #[arg(long, short, value_name = "PATH", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    Ndjson,
    Files,
}

pub(super) fn run(globals: &Globals, Export { nouns, form, output }: Export) -> anyhow::Result<()> {
    if globals.format.is_some() {
        let refusal =
            "an export has forms of its own: write --as instead of --format, or use 'folio user list' and the like";
        return Err(Usage(refusal.to_owned()).into());
    }
    let is_named = |kind: &&&str| nouns.iter().any(|noun| noun.strip_suffix('s') == Some(**kind));
    let kinds: Vec<&str> = KINDS.iter().filter(is_named).copied().collect();
    let to_files = form == Some(Form::Files);
    let output = output.filter(|path| path.as_os_str() != "-");
    if to_files && output.is_none() {
        return Err(Usage("--as files makes a folder: name it by --output".to_owned()).into());
    }
    let database = globals.open_to_read()?;
    let Some(path) = output else {
        let failed = |error| OutputError::from(error).into();
        return output::json_lines(|out| write(&database, &kinds, out, &failed)).map(drop);
    };
    let failed = |error| Error::io(path.display(), error).into();
    let counts = if to_files {
        beside::folder(&path, |folder| write_files(&database, &kinds, folder, &failed))?
    } else {
        beside::file(&path, |out| write(&database, &kinds, out, &failed))?
    };
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

/// Writes the records of these kinds into a folder.
fn write_files(
    database: &Database,
    kinds: &[&str],
    folder: &Path,
    failed: &dyn Fn(io::Error) -> anyhow::Error,
) -> anyhow::Result<Counts> {
    let index = File::create(folder.join("folio.ndjson")).map_err(failed)?;
    let mut out = BufWriter::new(index);
    let lines = Lines { out: &mut out, failed, interrupt: Interrupt::listen() };
    let mut files = Files { lines, folder };
    let counts = database.named("export").read(|session| export::records(session, kinds, &mut files))?;
    out.flush().and_then(|()| out.get_ref().sync_all()).map_err(failed)?;
    Ok(counts)
}

/// An export as files: records with a text have one of their own.
struct Files<'o> {
    lines: Lines<'o, BufWriter<File>>,
    folder: &'o Path,
}

impl Sink for Files<'_> {
    type Error = anyhow::Error;

    fn begin(&mut self, header: &ExportHeader) -> anyhow::Result<()> {
        self.lines.begin(header)
    }

    fn record<R: RecordRow>(&mut self, record: &Exported<'_, R>) -> anyhow::Result<()> {
        let filed = match serde_json::to_value(record)? {
            Value::Object(fields) => FiledRecord::new(&fields),
            _ => None,
        };
        let Some(FiledRecord { file_name, content }) = filed else { return self.lines.record(record) };
        self.lines.check()?;
        let folder = self.folder.join(R::table().name);
        let written = fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join(file_name), content));
        written.map_err(self.lines.failed)
    }
}

/// An export as lines of JSON.
struct Lines<'o, W> {
    out: &'o mut W,
    failed: &'o dyn Fn(io::Error) -> anyhow::Error,
    interrupt: Interrupt,
}

impl<W: Write> Lines<'_, W> {
    /// Ends the export if a signal has arrived.
    fn check(&self) -> anyhow::Result<()> {
        if self.interrupt.asked() { Err(anyhow!("interrupted; nothing was exported")) } else { Ok(()) }
    }

    fn line(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        self.check()?;
        output::write_json(self.out, value).and_then(|()| self.out.write_all(b"\n")).map_err(self.failed)
    }
}

impl<W: Write> Sink for Lines<'_, W> {
    type Error = anyhow::Error;

    fn begin(&mut self, header: &ExportHeader) -> anyhow::Result<()> {
        self.line(header)
    }

    fn record<R: RecordRow>(&mut self, record: &Exported<'_, R>) -> anyhow::Result<()> {
        self.line(record)
    }
}
