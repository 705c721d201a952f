//! Copying every record from one database into another, whatever engines they are on: as it is stored, keys included,
//! in one transaction, and compared before that is committed.

use std::hash::{DefaultHasher, Hasher};

use super::counted;
use super::tables::{self, Counts, Row, Visit};
use crate::error::{Error, Result};
use crate::session::Session;

/// So many rows are in memory at a time.
const PAGE: u32 = 100;

/// One INSERT holds at most so many bytes of rows, unless it holds one row: servers limit what they take at once.
const BYTES_AT_ONCE: u64 = 4 << 20;

/// How far a copy has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// What is done to the rows.
    pub doing: Doing,
    /// Whose rows.
    pub table: &'static str,
    /// How many rows of all tables that is done to.
    pub done: u64,
    /// How many there are.
    pub total: u64,
}

/// What a copy does to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Reads them in the source and inserts them into the target.
    Copying,
    /// Reads them back from the target.
    Comparing,
}

/// Copies every row of [every table](tables::each) of `source` into `target`, which must have the tables and no records, and gives how much that was.
///
/// Rows keep every value they have: keys, versions, times to the microsecond. One transaction of the target takes them
/// all, a page at a time, parents first. Then the target's rows are read back within it and compared with those that
/// were sent, by their number and by a checksum over every value in the order of the keys (Rust's `DefaultHasher`, which
/// is SipHash, over the rows as they are decoded, so that engines may store them each in its own way). Only then it
/// commits. So that no new record gets a key that was ever given, the counters of generated keys are moved first: behind
/// the source's, never back; an engine undoes that with no transaction, and where a copy fails, some keys are left out.
///
/// `source` should be a session that reads ([`Database::read`](crate::Database::read)), so that all rows are of one
/// moment. `target` must be in no transaction. `tell` hears of every page, and stops the copy by an error of its own.
///
/// ```
/// use folio::models::User;
/// use folio::services::{copy, users};
/// # use folio::{Database, Result};
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
/// [`Error::NotEmpty`]; [`Error::CopyDiffers`]; [`Error::AlreadyInTransaction`]; what either database says against it,
/// as [`Error::Unreadable`] for a stored value that does not fit, or [`Error::ForeignKey`] for a row that refers to none.
/// Nothing is copied then.
pub fn everything<E: From<Error>>(
    source: &mut Session<'_>,
    target: &mut Session<'_>,
    mut tell: impl FnMut(Step) -> Result<(), E>,
) -> Result<Counts, E> {
    target.begin(refuse_records)?;
    let total = tables::counts(source)?.total();
    tables::each(&mut KeepingKeys { source, target })?;
    target.begin(|target| {
        refuse_records(target)?;
        let mut sending = Sending(Copy { source, target, tell: &mut tell, total, copied: 0, compared: 0 }, Vec::new());
        tables::each(&mut sending)?;
        let Sending(copy, sent) = sending;
        // Only when all are there: one table's rows may have changed what stands in another.
        let mut comparing = Comparing { copy, sent: sent.into_iter(), copied: Counts::default() };
        tables::each(&mut comparing)?;
        Ok(comparing.copied)
    })
}

fn refuse_records(target: &mut Session<'_>) -> Result<()> {
    let counts = tables::counts(target)?;
    let held = counts.iter().filter(|count| count.rows > 0).map(|count| counted(count.rows, count.one, count.many));
    let held: Vec<String> = held.collect();
    if held.is_empty() {
        return Ok(());
    }
    Err(Error::NotEmpty { place: "the target".to_owned(), held: held.join(", ") })
}

/// Keeps the keys that the source has given from being given again in the target.
struct KeepingKeys<'a, 's, 't> {
    source: &'a mut Session<'s>,
    target: &'a mut Session<'t>,
}

impl Visit for KeepingKeys<'_, '_, '_> {
    type Error = Error;

    fn visit<R: Row>(&mut self) -> Result<()> {
        self.source.sequence_state::<R>()?.map_or(Ok(()), |used| self.target.advance_sequence::<R>(used))
    }
}

/// Sends each table, and gathers what must be found afterwards.
struct Sending<'a, 's, 't, E>(Copy<'a, 's, 't, E>, Vec<Sum>);

impl<E: From<Error>> Visit for Sending<'_, '_, '_, E> {
    type Error = E;

    fn visit<R: Row>(&mut self) -> Result<(), E> {
        let sum = self.0.send::<R>()?;
        self.1.push(sum);
        Ok(())
    }
}

/// Compares each table with what was sent of it.
struct Comparing<'a, 's, 't, E> {
    copy: Copy<'a, 's, 't, E>,
    sent: std::vec::IntoIter<Sum>,
    copied: Counts,
}

impl<E: From<Error>> Visit for Comparing<'_, '_, '_, E> {
    type Error = E;

    fn visit<R: Row>(&mut self) -> Result<(), E> {
        let sent = self.sent.next().unwrap_or_default();
        self.copy.compare::<R>(&sent)?;
        self.copied.push::<R>(sent.rows);
        Ok(())
    }
}

/// A copy under way.
struct Copy<'a, 's, 't, E> {
    source: &'a mut Session<'s>,
    target: &'a mut Session<'t>,
    tell: &'a mut dyn FnMut(Step) -> Result<(), E>,
    total: u64,
    copied: u64,
    compared: u64,
}

impl<E: From<Error>> Copy<'_, '_, '_, E> {
    /// Copies a table, and gives what must be found in the target afterwards.
    fn send<R: Row>(&mut self) -> Result<Sum, E> {
        let mut sum = Sum::default();
        let mut pages = self.source.every::<R>(PAGE);
        while let Some(rows) = pages.next_rows(self.source)? {
            let (mut start, mut bytes) = (0, sum.bytes);
            for (place, row) in rows.iter().enumerate() {
                sum.add(row);
                if sum.bytes - bytes > BYTES_AT_ONCE {
                    self.target.insert_whole(&rows[start..=place])?;
                    (start, bytes) = (place + 1, sum.bytes);
                }
            }
            self.target.insert_whole(&rows[start..])?;
            self.copied += rows.len() as u64;
            (self.tell)(Step { doing: Doing::Copying, table: R::table().name, done: self.copied, total: self.total })?;
        }
        Ok(sum)
    }

    /// Reads a table back, and holds it against what was sent.
    fn compare<R: Row>(&mut self, sent: &Sum) -> Result<(), E> {
        let table = R::table().name;
        let mut found = Sum::default();
        let mut pages = self.target.every::<R>(PAGE);
        while let Some(rows) = pages.next_rows(self.target)? {
            rows.iter().for_each(|row| found.add(row));
            self.compared += rows.len() as u64;
            (self.tell)(Step { doing: Doing::Comparing, table, done: self.compared, total: self.total })?;
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

/// How many rows of a table there were, and a checksum of them in their order.
#[derive(Default)]
struct Sum {
    rows: u64,
    /// About how much there was in them.
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

/// Hands the values on to the checksum, and weighs them on the way.
impl Hasher for Sum {
    fn write(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hasher.write(bytes);
    }

    fn finish(&self) -> u64 {
        self.hasher.finish()
    }
}
