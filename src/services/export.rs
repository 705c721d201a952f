//! Exporting: every record with all of its fields, as values to serialize. [`import`](super::import) reads them back.

use serde::Serialize;

use super::references::References;
use super::tables::{self, Counts, RecordRow, VisitRecords};
use crate::error::Error;
use crate::exchange::ExportHeader;
use crate::session::Session;

/// The number of rows held in memory at a time.
const PAGE: u32 = 100;

/// A record of an export. It serializes as one object: `record`, the fields of the row, then what it refers to.
#[derive(Debug, Serialize)]
pub struct Exported<'r, R> {
    /// What it is: its kind.
    #[serde(rename = "record")]
    pub kind: &'static str,
    /// Its row, with every field.
    #[serde(flatten)]
    pub row: &'r R,
    /// What it refers to, by what identifies it in every database, and what belongs to it.
    #[serde(flatten)]
    pub references: References,
}

/// Where an export goes.
pub trait Sink {
    /// Why it cannot go on.
    type Error: From<Error> + From<diesel_session::Error>;

    /// Takes the beginning of the export.
    ///
    /// # Errors
    ///
    /// The sink's own.
    fn begin(&mut self, header: &ExportHeader) -> Result<(), Self::Error>;

    /// Takes a record.
    ///
    /// # Errors
    ///
    /// The sink's own.
    fn record<R: RecordRow>(&mut self, record: &Exported<'_, R>) -> Result<(), Self::Error>;
}

/// Passes every record of these kinds to `sink`, in the order of their ids, records that others refer to first; without
/// `kinds`, every record. Returns the number of records of each kind.
///
/// `session` should be a reading session ([`Database::read`](crate::Database::read)), so that all records come from one
/// snapshot. Memory does not grow with the number of records: a hundred are read at a time, with one SELECT for them
/// and at most four for what they refer to and what belongs to them. The history is left out.
///
/// ```
/// use folio::exchange::ExportHeader;
/// use folio::services::export::{self, Exported, Sink};
/// use folio::services::tables::RecordRow;
/// use folio::services::users::{self, Account};
/// # use folio::{Database, Result, migrations::Migrate as _};
///
/// struct Kinds(Vec<&'static str>);
///
/// impl Sink for Kinds {
///     type Error = folio::Error;
///
///     fn begin(&mut self, _: &ExportHeader) -> Result<()> {
///         Ok(())
///     }
///
///     fn record<R: RecordRow>(&mut self, record: &Exported<'_, R>) -> Result<()> {
///         self.0.push(record.kind);
///         Ok(())
///     }
/// }
///
/// # let db = Database::open("sqlite::memory:")?;
/// # db.migrate()?;
/// db.begin(|session| users::add(session, Account::new("octocat")?))?;
/// let mut kinds = Kinds(Vec::new());
/// let counts = db.read(|session| export::records(session, &[], &mut kinds))?;
/// assert_eq!((counts.total(), kinds.0), (1, vec!["user"]));
/// # Ok::<(), folio::Error>(())
/// ```
///
/// # Errors
///
/// Those of the sink, and any error of the reads.
pub fn records<S: Sink>(session: &mut Session<'_>, kinds: &[&str], sink: &mut S) -> Result<Counts, S::Error> {
    let mut used = Used { session, kinds, header: ExportHeader::default() };
    tables::each_of_records(&mut used)?;
    sink.begin(&used.header)?;
    let mut sending = Sending { session, kinds, sink, counts: Counts::default() };
    tables::each_of_records(&mut sending)?;
    Ok(sending.counts)
}

/// Whether records of this kind are wanted.
fn is_wanted<R: RecordRow>(kinds: &[&str]) -> bool {
    kinds.is_empty() || kinds.contains(&R::KIND)
}

/// Reads the greatest key of each table that was used, whether or not its row still exists.
struct Used<'a, 's> {
    session: &'a mut Session<'s>,
    kinds: &'a [&'a str],
    header: ExportHeader,
}

impl VisitRecords for Used<'_, '_> {
    type Error = Error;

    fn visit<R: RecordRow>(&mut self) -> Result<(), Error> {
        if is_wanted::<R>(self.kinds)
            && let Some(state) = self.session.sequence_state::<R>()?
        {
            self.header.used.insert(R::KIND.to_owned(), state.given.max(state.held).max(0));
        }
        Ok(())
    }
}

struct Sending<'a, 's, S> {
    session: &'a mut Session<'s>,
    kinds: &'a [&'a str],
    sink: &'a mut S,
    counts: Counts,
}

impl<S: Sink> VisitRecords for Sending<'_, '_, S> {
    type Error = S::Error;

    fn visit<R: RecordRow>(&mut self) -> Result<(), S::Error> {
        if !is_wanted::<R>(self.kinds) {
            return Ok(());
        }
        let mut sent = 0;
        let mut pages = self.session.every::<R>(PAGE);
        while let Some(rows) = pages.next_rows(self.session)? {
            let references = R::references(self.session, &rows)?;
            for (row, references) in rows.iter().zip(references) {
                self.sink.record(&Exported { kind: R::KIND, row, references })?;
                sent += 1;
            }
        }
        self.counts.push::<R>(sent);
        Ok(())
    }
}
