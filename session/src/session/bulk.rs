//! Many rows at once, without handles, in bounded memory: a stream in, and pages out.

use std::marker::PhantomData;

use diesel::query_builder::QueryFragment;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType};

use super::failure::Failure;
use super::flush::step::Action;
use super::given::{Keys, grouped};
use super::handle::Handle;
use super::history::record::{Operation, is_recorded};
use super::history::row::HistoryRow;
use super::sql::{EveryRow, Page, is_integer, read_into};
use super::written::Write;
use super::{ColumnSet, Columns, Entity, FilterExpression, New, Persist, Session};
use crate::connection::{Executor, SessionConnection};
use crate::error::{Error, Result};

/// The number of rows of a stream whose references are read together.
const READ_TOGETHER: usize = 1_000;

/// The number of rows of a stream that are held in memory and sent together.
const ROWS_HELD: usize = 10_000;

/// Fewer rows are held if their values take more bytes than this.
const BYTES_HELD: usize = 1 << 22;

impl<C: SessionConnection> Session<'_, C> {
    /// Flushes, then inserts a stream of new rows and returns their number: no handles, no keys back, at most 10,000 rows
    /// in memory, and fewer if they are long. PostgreSQL gets them by COPY if they are many, and every engine in few
    /// statements: see [Bulk](https://github.com/folio-rs/folio/blob/main/docs/writing.md#bulk). Rows may refer by handle
    /// only to rows that are in the database; if the value referred to must be read first, that takes at most one SELECT
    /// for every 1,000 rows.
    ///
    /// # Errors
    ///
    /// [`Error::ReadOnlySession`]; bad handles; errors of the flush or an INSERT. Once a row was sent, an error rolls
    /// back and poisons the innermost level.
    pub fn insert_all<N>(&mut self, rows: impl IntoIterator<Item = N>) -> Result<u64>
    where
        N: New,
        N::Entity: Persist<C>,
    {
        if self.transaction.is_read() {
            return Err(Error::ReadOnlySession);
        }
        self.flush()?;
        let mut rows = rows.into_iter();
        let mut inserted = 0;
        loop {
            let sent = self.next_of(&mut rows).and_then(|rows| self.insert_some::<N::Entity>(rows));
            match sent {
                Ok(0) => return Ok(inserted),
                Ok(sent) => inserted += sent,
                Err(error) => {
                    if inserted > 0 && self.check().is_ok() {
                        self.poison(&error);
                    }
                    return Err(error);
                }
            }
        }
    }

    /// The next rows of a stream, with their references resolved to keys, and the columns of which each gives values that
    /// the database would fill otherwise.
    fn next_of<N>(&mut self, rows: &mut impl Iterator<Item = N>) -> Result<Vec<(ColumnSet, N::Entity)>>
    where
        N: New,
        N::Entity: Persist<C>,
    {
        let (mut next, mut bytes) = (Vec::new(), 0);
        while next.len() < ROWS_HELD && bytes < BYTES_HELD {
            let some: Vec<N> = rows.by_ref().take(READ_TOGETHER).collect();
            if some.is_empty() {
                break;
            }
            let whole = self.rows_of(&some)?;
            bytes += whole.iter().map(Persist::size).sum::<usize>();
            next.extend(some.iter().map(New::given).zip(whole));
        }
        Ok(next)
    }

    /// Inserts rows, and returns their number.
    fn insert_some<E: Persist<C>>(&mut self, rows: Vec<(ColumnSet, E)>) -> Result<u64> {
        let inserted = rows.len() as u64;
        if inserted == 0 {
            return Ok(0);
        }
        let groups = grouped(E::table(), rows.into_iter());
        self.open()?;
        self.writes(Write::Step(E::table(), Action::Insert));
        for (given, mut rows) in groups {
            let mut executor = Executor::new(&mut **self.connection, &self.observers).copying(Some(&self.copies));
            let sent = match is_recorded::<E>(self.records_history) {
                // The history needs the keys.
                true => Persist::insert(&mut executor, &mut rows, given),
                false => Persist::insert_only(&mut executor, &rows, given),
            };
            let sent = sent.map_err(|error| Failure::of::<E, C>(&executor, error, "inserting into"));
            sent.map_err(|failure| self.failed(failure))?;
            self.keep_inserted(rows.iter())?;
        }
        Ok(inserted)
    }

    /// The rows that these become, with their references resolved to keys; values of rows that they refer to are read
    /// if they are not in memory.
    pub(super) fn rows_of<N>(&mut self, news: &[N]) -> Result<Vec<N::Entity>>
    where
        N: New,
        N::Entity: Persist<C>,
    {
        let (mut unread, mut found) = (Vec::new(), Ok(()));
        for new in news {
            new.parents(&mut |parent| {
                if found.is_ok() {
                    found = self.check_parent(("new", N::Entity::table().name), parent, &mut unread);
                }
            });
        }
        found?;
        if !unread.is_empty() {
            self.read_parents(unread)?;
        }
        let find = |entity| self.maps.position(entity).and_then(|position| self.maps.at(position)).map(|map| map as _);
        let keys = Keys { map: &find, deferred: ColumnSet::EMPTY };
        news.iter().map(|new| new.row(&keys)).collect()
    }

    /// Writes the history of rows that were inserted other than by a flush.
    pub(super) fn keep_inserted<'r, E: Persist<C>>(&mut self, inserted: impl Iterator<Item = &'r E>) -> Result<()> {
        let Some(history) = E::history().filter(|_| is_recorded::<E>(self.records_history)) else { return Ok(()) };
        let stamp = self.stamp();
        let kept = inserted.map(|row| stamp.row::<E>(Operation::Insert, &history, &row.key(), None));
        let kept = kept.collect::<Result<Vec<HistoryRow>>>().and_then(|rows| {
            let mut executor = Executor::new(&mut **self.connection, &self.observers);
            let doing = "recording changes in the history";
            E::insert_history(&mut executor, &rows)
                .map_err(|error| Failure::new(executor.connection, error, "diesel_session_history", doing).error)
        });
        // The rows themselves are inserted already.
        kept.inspect_err(|error| self.poison(error))
    }
}

impl<C: SessionConnection> Session<'_, C> {
    /// Flushes, then inserts rows exactly as they are, with the keys, versions, times and other values that a new row
    /// gets from a default or from the database. The statements are those of [`insert_all`](Self::insert_all); no handles,
    /// nothing kept in memory, nothing read back.
    ///
    /// The session does not advance the engine's key sequence: on PostgreSQL it stays where it is.
    ///
    /// ```
    /// # include!("../../docs/example_tables.rs");
    /// # fn main() -> Result<()> {
    /// let db = database()?;
    /// let moment = "2001-02-03T04:05:06.000007Z".parse()?;
    /// let (id, username) = (Id::new(12), "step".try_into()?);
    /// let step = User { id, user_id: 1, username, email: None, updated_at: moment };
    /// db.begin(|session| session.insert_whole(std::slice::from_ref(&step)))?;
    /// let found: Vec<User> = db.read(|session| session.rows(User::query()))?;
    /// assert_eq!(found, [step]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`insert_all`](Self::insert_all).
    pub fn insert_whole<E: Persist<C>>(&mut self, rows: &[E]) -> Result<()> {
        if self.transaction.is_read() {
            return Err(Error::ReadOnlySession);
        }
        self.flush()?;
        if rows.is_empty() {
            return Ok(());
        }
        self.open()?;
        self.writes(Write::Step(E::table(), Action::Insert));
        let mut executor = Executor::new(&mut **self.connection, &self.observers).copying(Some(&self.copies));
        let sent = Persist::insert_only(&mut executor, rows, E::table().writable());
        let Err(error) = sent else { return self.keep_inserted(rows.iter()) };
        let mut failure = Failure::of::<E, C>(&executor, error, "inserting into");
        failure.error = Persist::diagnose(&mut executor, failure.error, &rows.iter().collect::<Vec<_>>());
        Err(self.failed(failure))
    }

    /// Every row of a table that the filters of `E` do not exclude, in pages of `size`, in order of their keys; see [`Batches::next`] and
    /// [`Batches::next_rows`]. No SQL yet.
    pub fn every<E: Persist<C>>(&self, size: u32) -> Batches<E, EveryRow<E>> {
        match self.filter_expression() {
            Ok(filter) => Batches::new(EveryRow(filter), size, None),
            Err(error) => Batches::new(EveryRow(FilterExpression::nothing()), size, Some(Box::new(error))),
        }
    }
}

impl<C: SessionConnection> Session<'_, C> {
    /// The columns of the key whose sort order differs from the order in which they compare.
    fn ordered_by_label<E: Persist<C> + Columns<C::Backend>>(&mut self) -> Result<ColumnSet> {
        let table = E::table();
        let mut found = ColumnSet::EMPTY;
        for column in table.key.iter().copied().filter(|column| !is_integer::<E, C::Backend>(*column)) {
            match self.connection.sorts_by_index(table.name, table.columns[column].name) {
                Ok(true) => found = found.with(column),
                Ok(false) => {}
                Err(error) => {
                    return Err(self.fail(error, table.name, &format!("asking for the order of {}", table.name)));
                }
            }
        }
        Ok(found)
    }
}

/// A query read page by page, from [`Query::batches`](super::Query::batches) or [`Session::every`]. It borrows nothing.
#[must_use = "pages are read by `next`"]
pub struct Batches<E: Entity, Q> {
    query: Q,
    size: u32,
    after: Option<E::Key>,
    /// The columns of the key by whose labels pages are ordered, once known.
    by_label: Option<ColumnSet>,
    /// Rows that the last page brought into memory.
    last: Vec<Handle<E>>,
    keep: bool,
    done: bool,
    /// Why the query cannot run: a filter needs a value that was not given.
    refused: Option<Box<Error>>,
    entity: PhantomData<fn() -> E>,
}

impl<E: Entity, Q> std::fmt::Debug for Batches<E, Q> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batches").field("size", &self.size).field("after", &self.after).finish_non_exhaustive()
    }
}

impl<E: Entity, Q> Batches<E, Q> {
    pub(super) fn new(query: Q, size: u32, refused: Option<Box<Error>>) -> Self {
        Self {
            query,
            size: size.max(1),
            after: None,
            by_label: None,
            last: Vec::new(),
            keep: false,
            done: false,
            refused,
            entity: PhantomData,
        }
    }

    /// Keeps the rows in the session, which otherwise forgets each page when the next is read.
    pub fn keep(mut self) -> Self {
        self.keep = true;
        self
    }

    /// Flushes, forgets the rows that the last page brought into memory, and reads the next page: the query within
    /// `SELECT … FROM (the query) WHERE key > the last one's ORDER BY key LIMIT size`. `None` at the end.
    ///
    /// Pages are in order of the key, whatever the query's own order, and each page reads the database's current state.
    ///
    /// # Errors
    ///
    /// Errors of the flush or the query.
    pub fn next<C>(&mut self, session: &mut Session<'_, C>) -> Result<Option<Vec<Handle<E>>>>
    where
        C: SessionConnection,
        C::Backend: HasSqlType<BigInt>,
        i64: ToSql<BigInt, C::Backend>,
        E: Persist<C> + Columns<C::Backend>,
        Q: QueryFragment<C::Backend>,
    {
        let Some(rows) = self.page(session)? else { return Ok(None) };
        let next = session.maps.of::<E>().next();
        let handles = session.take_all(rows, false)?;
        if !self.keep {
            self.last = handles.iter().copied().filter(|handle| handle.raw.index >= next).collect();
        }
        Ok(Some(handles))
    }

    /// As [`next`](Self::next), but returns plain values as they are in the database, which the session does not track.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub fn next_rows<C>(&mut self, session: &mut Session<'_, C>) -> Result<Option<Vec<E>>>
    where
        C: SessionConnection,
        C::Backend: HasSqlType<BigInt>,
        i64: ToSql<BigInt, C::Backend>,
        E: Persist<C> + Columns<C::Backend>,
        Q: QueryFragment<C::Backend>,
    {
        self.page(session)
    }

    /// Forgets the last page and reads the next.
    fn page<C>(&mut self, session: &mut Session<'_, C>) -> Result<Option<Vec<E>>>
    where
        C: SessionConnection,
        C::Backend: HasSqlType<BigInt>,
        i64: ToSql<BigInt, C::Backend>,
        E: Persist<C> + Columns<C::Backend>,
        Q: QueryFragment<C::Backend>,
    {
        if self.done {
            return Ok(None);
        }
        if let Some(error) = &self.refused {
            return Err(Error::clone(error));
        }
        session.flush()?;
        for handle in self.last.drain(..) {
            // The caller may have removed the row already.
            let _ = session.forget(handle);
        }
        session.open()?;
        let by_label = match self.by_label {
            Some(known) => known,
            None => *self.by_label.insert(session.ordered_by_label::<E>()?),
        };
        let page = Page::<E, Q> { query: &self.query, after: self.after.clone(), size: self.size.into(), by_label };
        let mut rows: Vec<E> = Vec::new();
        let read = read_into(&mut session.executor(), page, &mut rows);
        let table = E::table().name;
        read.map_err(|error| {
            let before = rows.last().map(Entity::key).or_else(|| self.after.clone());
            match (session.fail(error, table, &format!("reading {table}")), before) {
                // Among many rows the caller needs to know where to search.
                (Error::Unreadable { table, problem }, Some(before)) => {
                    let row = E::key_in_words(&before);
                    Error::Unreadable { table, problem: format!("{problem} (in the row after {row})") }
                }
                (error, _) => error,
            }
        })?;
        self.done = rows.len() < usize::try_from(self.size).unwrap_or(usize::MAX);
        let Some(last) = rows.last() else { return Ok(None) };
        self.after = Some(last.key());
        Ok(Some(rows))
    }
}
