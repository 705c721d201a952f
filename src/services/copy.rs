//! Copies every record from one database into another, on any two engines: values unchanged, keys included, in one
//! transaction, and compared before the commit.

use std::hash::{DefaultHasher, Hasher};

use super::counted;
use super::tables::{self, Counts, Row, Visit};
use crate::error::{Error, Result};
use crate::session::Session;

/// The number of rows read at a time.
const PAGE: u32 = 100;

/// The number of rows held in memory and sent at once.
const ROWS_AT_ONCE: usize = 10_000;

/// Fewer rows are held if they take more bytes than this.
const BYTES_AT_ONCE: u64 = 4 << 20;

/// The progress of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The current operation.
    pub doing: Doing,
    /// The current table.
    pub table: &'static str,
    /// Rows of all tables processed by this operation so far.
    pub done: u64,
    /// Rows of all tables.
    pub total: u64,
}

/// An operation of a copy on rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Reading rows from the source and inserting them into the target.
    Copying,
    /// Reading them back from the target.
    Comparing,
}

/// Copies every row of [every table](tables::each) of `source` into `target`, which must have the tables and no
/// records, and returns the number of rows of each.
///
/// Rows keep all their values: keys, versions, times to the microsecond. They are inserted in one transaction of the
/// target, a page at a time, parents first. The target's rows are then read back within it and compared with those that
/// were sent, by their number and by a checksum over every value in the order of the keys (Rust's `DefaultHasher`,
/// which is SipHash, over the decoded rows, because engines store values differently). Only then does the transaction
/// commit. The key sequences are advanced first, past the source's and never back, so that no new record gets a key
/// that was used before. No engine rolls that back, so a failed copy leaves a gap in the keys.
///
/// `source` should be a reading session ([`Database::read`](crate::Database::read)), so that all rows come from one
/// snapshot. `target` must not be in a transaction. `progress` is called after every page; an error that it returns
/// stops the copy.
///
/// ```
/// use folio::models::User;
/// use folio::services::{copy, users};
/// # use folio::{Database, Result, migrations::Migrate as _};
/// # let (from, to) = (Database::open("sqlite::memory:")?, Database::open("sqlite::memory:")?);
/// # from.migrate()?;
/// # to.migrate()?;
/// from.begin(|session| users::add(session, users::Account::new("octocat")?))?;
/// let copied = from.read(|source| copy::everything(source, &mut to.session()?, |_| Ok::<(), folio::Error>(())))?;
/// assert_eq!((copied.of::<User>(), copied.total()), (1, 1));
/// # Ok::<(), folio::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::NotEmpty`]; [`Error::CopyDiffers`]; [`AlreadyInTransaction`](diesel_session::Error::AlreadyInTransaction); any error of either database, such as
/// [`Unreadable`](diesel_session::Error::Unreadable) for a stored value that cannot be decoded, or [`Violation`](diesel_session::Error::Violation) for a row that references
/// a missing one. Nothing is copied then.
pub fn everything<E: From<Error> + From<diesel_session::Error>>(
    source: &mut Session<'_>,
    target: &mut Session<'_>,
    mut progress: impl FnMut(Step) -> Result<(), E>,
) -> Result<Counts, E> {
    target.begin(refuse_records)?;
    let total = tables::counts(source)?.total();
    tables::each(&mut AdvancingSequences { source, target })?;
    // The rows come with their history.
    let recorded = target.record_history(false);
    let copied = target.begin(|target| {
        refuse_records(target)?;
        let mut sending =
            Sending(Copy { source, target, progress: &mut progress, total, copied: 0, compared: 0 }, Vec::new());
        tables::each(&mut sending)?;
        let Sending(copy, sent) = sending;
        // Only after all inserts: one table's rows may have changed another table's, by a trigger for example.
        let mut comparing = Comparing { copy, sent: sent.into_iter(), copied: Counts::default() };
        tables::each(&mut comparing)?;
        Ok(comparing.copied)
    });
    target.record_history(recorded);
    copied
}

fn refuse_records(target: &mut Session<'_>) -> Result<()> {
    let counts = tables::counts(target)?;
    // What belongs to records is named only where there are none.
    let has_records = counts.records().any(|count| count.rows > 0);
    let held = counts
        .iter()
        .filter(|count| count.rows > 0 && (count.is_record || !has_records))
        .map(|count| counted(count.rows, count.one, count.many));
    let held: Vec<String> = held.collect();
    if held.is_empty() {
        return Ok(());
    }
    Err(Error::NotEmpty { place: "the target".to_owned(), held: held.join(", ") })
}

/// Advances the target's key sequences past the keys that the source has used.
struct AdvancingSequences<'a, 's, 't> {
    source: &'a mut Session<'s>,
    target: &'a mut Session<'t>,
}

impl Visit for AdvancingSequences<'_, '_, '_> {
    type Error = Error;

    fn visit<R: Row>(&mut self) -> Result<()> {
        self.source.sequence_state::<R>()?.map_or(Ok(()), |used| Ok(self.target.advance_sequence::<R>(used)?))
    }
}

/// Copies each table, and collects the sums to find in the target afterwards.
struct Sending<'a, 's, 't, E>(Copy<'a, 's, 't, E>, Vec<Sum>);

impl<E: From<Error> + From<diesel_session::Error>> Visit for Sending<'_, '_, '_, E> {
    type Error = E;

    fn visit<R: Row>(&mut self) -> Result<(), E> {
        let sum = self.0.send::<R>()?;
        self.1.push(sum);
        Ok(())
    }
}

/// Compares each table with the rows that were sent.
struct Comparing<'a, 's, 't, E> {
    copy: Copy<'a, 's, 't, E>,
    sent: std::vec::IntoIter<Sum>,
    copied: Counts,
}

impl<E: From<Error> + From<diesel_session::Error>> Visit for Comparing<'_, '_, '_, E> {
    type Error = E;

    fn visit<R: Row>(&mut self) -> Result<(), E> {
        let sent = self.sent.next().unwrap_or_default();
        self.copy.compare::<R>(&sent)?;
        self.copied.push::<R>(sent.rows);
        Ok(())
    }
}

/// A copy in progress.
struct Copy<'a, 's, 't, E> {
    source: &'a mut Session<'s>,
    target: &'a mut Session<'t>,
    progress: &'a mut dyn FnMut(Step) -> Result<(), E>,
    total: u64,
    copied: u64,
    compared: u64,
}

impl<E: From<Error> + From<diesel_session::Error>> Copy<'_, '_, '_, E> {
    /// Copies a table, and returns the sum to find in the target afterwards.
    fn send<R: Row>(&mut self) -> Result<Sum, E> {
        let (mut sum, mut held, mut sent) = (Sum::default(), Vec::new(), 0);
        let mut pages = self.source.every::<R>(PAGE);
        while let Some(rows) = pages.next_rows(self.source)? {
            self.copied += rows.len() as u64;
            for row in rows {
                sum.add(&row);
                held.push(row);
                if held.len() >= ROWS_AT_ONCE || sum.bytes - sent > BYTES_AT_ONCE {
                    self.target.insert_whole(&held)?;
                    held.clear();
                    sent = sum.bytes;
                }
            }
            (self.progress)(Step {
                doing: Doing::Copying,
                table: R::table().name,
                done: self.copied,
                total: self.total,
            })?;
        }
        self.target.insert_whole(&held)?;
        Ok(sum)
    }

    /// Reads a table back, and compares it with the rows that were sent.
    fn compare<R: Row>(&mut self, sent: &Sum) -> Result<(), E> {
        let table = R::table().name;
        let mut found = Sum::default();
        let mut pages = self.target.every::<R>(PAGE);
        while let Some(rows) = pages.next_rows(self.target)? {
            rows.iter().for_each(|row| found.add(row));
            self.compared += rows.len() as u64;
            (self.progress)(Step { doing: Doing::Comparing, table, done: self.compared, total: self.total })?;
        }
        let problem = if found.rows != sent.rows {
            format!("{} rows instead of {}", found.rows, sent.rows)
        } else if found.checksum() != sent.checksum() {
            format!("the checksums of its {} rows differ", sent.rows)
        } else {
            return Ok(());
        };
        Err(Error::CopyDiffers { table, problem }.into())
    }
}

/// The number of a table's rows, and a checksum over them in order.
#[derive(Default)]
struct Sum {
    rows: u64,
    /// Their approximate size.
    bytes: u64,
    hasher: DefaultHasher,
}

impl Sum {
    fn add<R: Row>(&mut self, row: &R) {
        row.hash(self);
        self.rows += 1;
    }

    fn checksum(&self) -> u64 {
        self.hasher.finish()
    }
}

/// Passes the values to the checksum, and counts their bytes.
impl Hasher for Sum {
    fn write(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hasher.write(bytes);
    }

    fn finish(&self) -> u64 {
        self.hasher.finish()
    }
}
