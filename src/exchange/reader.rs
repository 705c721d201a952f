//! One reader for all formats: a stream of records, each with its location.

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use super::detect::{Bytes, Head, Likeness, Replay};
use super::document;
use super::export::{ExportHeader, ExportReader, ExportedRecord};
use super::filed;
use super::format::{Extension, Format};
use super::github::GithubReader;
use super::json_resume;
use super::markdown;
use super::place::{Fault, Flaw, Located, Place};
use super::progress::{Counted, Progress};
use super::record::Record;
use super::sheet::SheetReader;
use super::values::{MAX_RECORD, Values};
use crate::error::{Error, Result};

/// The records of one input, read on demand, one in memory at a time. It ends after an error.
pub struct Reader {
    input: Arc<str>,
    format: Format,
    progress: Progress,
    records: Records,
}

enum Records {
    Folio(Box<ExportReader<Replay<Bytes>>>),
    Github(Box<GithubReader<Replay<Bytes>>>),
    Sheet(Box<SheetReader<Replay<Bytes>>>),
    /// A single record: the whole input.
    Resume(Bytes),
    Note(Bytes, Option<String>),
    /// No more records.
    Ended,
}

/// How a reader names and interprets its input.
pub(super) struct Naming {
    /// Its name in errors.
    pub input: Arc<str>,
    /// The file's name without its extension.
    pub stem: Option<String>,
    pub extension: Extension,
    /// Whether text that is not JSON may be read as Markdown.
    pub text_is_markdown: bool,
}

/// Reads the records of `reader`, named `name` in errors, in the given format. Without one, the format is detected from
/// the content: JSON by its fields; other text is Markdown. For files use [`Input::open`](super::Input::open), which
/// also considers the file name.
///
/// # Errors
///
/// [`Error::Input`] if the format is not given and cannot be detected, [`Error::Io`] if nothing can be read. An invalid
/// record is an error of the iterator when it gets there.
///
/// ```
/// use folio::exchange::{self, Format, Record};
///
/// let mut records = exchange::read(&b"# To do\n\n- everything\n"[..], "a note", None)?;
/// assert_eq!(records.format(), Format::Markdown);
/// match records.next().transpose()?.map(|located| located.value) {
///     Some(Record::Note(note)) => assert_eq!(note.name, "To do"),
///     other => panic!("expected a note, got {other:?}"),
/// }
/// assert!(records.next().is_none());
/// # Ok::<(), folio::Error>(())
/// ```
pub fn read(reader: impl Read + Send + 'static, name: &str, format: Option<Format>) -> Result<Reader> {
    let naming = Naming { input: name.into(), stem: None, extension: Extension::Other, text_is_markdown: true };
    Reader::new(reader, naming, format, None)
}

impl Reader {
    pub(super) fn new(
        reader: impl Read + Send + 'static,
        naming: Naming,
        given: Option<Format>,
        total: Option<u64>,
    ) -> Result<Self> {
        let progress = Progress::of(total);
        let failed = |error| Error::io(&naming.input, error);
        let bytes: Bytes = Box::new(Counted { reader, progress: progress.clone() });
        let head = Head::open(bytes).map_err(failed)?;
        if head.is_utf16() {
            return Err(Place::whole(&naming.input).refuse("this is UTF-16; save it as UTF-8"));
        }
        // A file with one of these extensions is of that format, whatever its content.
        let by_name = match naming.extension {
            Extension::Markdown => Some(Format::Markdown),
            Extension::Csv => Some(Format::Csv),
            Extension::Tsv => Some(Format::Tsv),
            Extension::Json | Extension::Other => None,
        };
        let (format, records) = match given.or(by_name) {
            Some(format @ (Format::Folio | Format::Github)) => {
                (format, Records::many(format, &naming, Values::new(head.into_replay(), MAX_RECORD))?)
            }
            Some(format @ (Format::Csv | Format::Tsv)) => {
                let reader = SheetReader::new(&naming.input, format, head.into_replay())?;
                (format, Records::Sheet(Box::new(reader)))
            }
            Some(format) => (format, Records::one(format, naming.stem, Box::new(head.into_replay()))),
            None => {
                let detected = head.detect().map_err(failed)?;
                match recognise(detected.likeness, &naming)? {
                    format @ (Format::Folio | Format::Github) => {
                        (format, Records::many(format, &naming, detected.into_values())?)
                    }
                    format => (format, Records::one(format, naming.stem, Box::new(detected.into_bytes()))),
                }
            }
        };
        Ok(Self { input: naming.input, format, progress, records })
    }

    /// The format that was given or recognised.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The first line of an export; `None` for other input.
    #[must_use]
    pub fn header(&self) -> Option<&ExportHeader> {
        match &self.records {
            Records::Folio(records) => Some(records.header()),
            _ => None,
        }
    }

    /// The progress of reading the input; the value is updated as the input is read.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }
}

impl Records {
    /// The records of an input that may have several.
    fn many(format: Format, naming: &Naming, values: Values<Replay<Bytes>>) -> Result<Self> {
        Ok(match format {
            Format::Folio => Self::Folio(Box::new(ExportReader::new(&naming.input, values)?)),
            _ => Self::Github(Box::new(GithubReader::of(Arc::clone(&naming.input), values))),
        })
    }

    /// The single record of an input of any other format.
    fn one(format: Format, stem: Option<String>, bytes: Bytes) -> Self {
        if format == Format::JsonResume { Self::Resume(bytes) } else { Self::Note(bytes, stem) }
    }
}

/// The format of an input that the user named, or the error if it has none.
fn recognise(likeness: Likeness, naming: &Naming) -> Result<Format> {
    let problem = match (naming.extension, likeness) {
        (_, Likeness::Is(format)) => return Ok(format),
        // The reader of this format reports what the first record lacks, with its location.
        (_, Likeness::OtherJson | Likeness::OtherGithub) | (Extension::Json, Likeness::NoJson) => {
            return Ok(Format::Github);
        }
        (_, Likeness::NoJson) if naming.text_is_markdown => return Ok(Format::Markdown),
        (_, Likeness::Empty) => "it is empty",
        (_, Likeness::Utf16) => "this is UTF-16; save it as UTF-8",
        (_, Likeness::Headers) => "this begins with HTTP headers, as 'gh api -i' prints them; leave out -i",
        (_, Likeness::Html) => {
            "this is an HTML page, not JSON; check the address that it came from, or use --as markdown if it is a note"
        }
        (_, Likeness::NoJson) => "neither its name nor its content tells the format; say with --as which it is",
    };
    Err(Place::whole(&naming.input).refuse(problem))
}

impl Iterator for Reader {
    type Item = Result<Located<Record>>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.records {
            Records::Folio(records) => return records.next().map(|record| record.map(located)),
            Records::Github(records) => return records.next().map(|record| record.map(located)),
            Records::Sheet(records) => return records.next(),
            _ => {}
        }
        let input = Arc::clone(&self.input);
        match std::mem::replace(&mut self.records, Records::Ended) {
            Records::Resume(bytes) => {
                let own = |text| Ok(json_resume::parse(text)?.into());
                Some(one_record(input, bytes, filed::of_object, own))
            }
            Records::Note(bytes, stem) => {
                let own = |text| Ok(markdown::parse(text, stem.as_deref())?.into());
                Some(one_record(input, bytes, filed::of_markdown, own))
            }
            Records::Folio(_) | Records::Github(_) | Records::Sheet(_) | Records::Ended => None,
        }
    }
}

impl std::iter::FusedIterator for Reader {}

/// The one record of an input: of an export, or by `own` of the input's own format.
fn one_record(
    input: Arc<str>,
    bytes: Bytes,
    exported: fn(&str) -> Result<Option<ExportedRecord>, Flaw>,
    own: impl FnOnce(String) -> Result<Record, Fault>,
) -> Result<Located<Record>> {
    let read = || -> Result<Record, Fault> {
        let text = document::read(bytes, MAX_RECORD)?;
        match exported(&text)? {
            Some(record) => Ok(record.into()),
            None => own(text),
        }
    };
    let value = read().map_err(|fault| fault.in_input(&input))?;
    Ok(Located { place: Place::whole(&input), value })
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { input, format, progress, records: _ } = self;
        f.debug_struct("Reader")
            .field("input", input)
            .field("format", format)
            .field("progress", progress)
            .finish_non_exhaustive()
    }
}

fn located<T: Into<Record>>(Located { place, value }: Located<T>) -> Located<Record> {
    Located { place, value: value.into() }
}
